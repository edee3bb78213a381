"""Does each monster of a duel come to the run made sick for it, and does its counter help?

    python tests/benchmarks/sick_duels.py [--seeds 1 2 3] [--only NAME ...] [--no-cure]

A small `duel_first` with a network of sets, which falls ill more easily than one that knows the symmetry of the game, trains without
dice, in health and in sicknesses, and is examined every 250 turns as a campaign does it; `sickness.py` says how it is judged, after 750
more turns. The counter is what the row of the monster orders. An evaluation is moves over the limit against three fixed agents: less is
better. Swift runs have a network of moves and three times the learning rate; they are examined every 125 turns, and judged after 250
to 1,000. One weak opponent is judged after 2,000.

Measured (torch 2.13, one thread): to how many seeds the monster came, and counter - nothing, counter - wrong counter.

    steps too large       hollow_oracle    15 of 15, turn 1,000           -.430 ± .054  -.408 ± .049  51 to 55, 3001 to 3005, 8101 to 8105
    no new games          stale_archive    10 of 10, turn 500             -.130 ± .048  -.133 ± .056  9011 to 9020
    no new games, longer  swollen_oracle   15 of 15, turn 500 to 1,250    -.176 ± .045  -.179 ± .047  as in the first row
    one opponent          lost_curiosity   12 of 15, turn 500 to 1,500    -.169 ± .034  -.130 ± .030  as in the first row
    one weak opponent     eternal_staller  8 of 10, turn 2,000 to 3,250   -.180 ± .034  -.199 ± .044  6001 to 6005, 8101 to 8105
    self-play             echo_chamber     10 of 10, turn 1,375 to 1,750  -.333 ± .052  -.167 ± .050  150 to 154, 3001 to 3005

Seeds from 3001 on were new when they were run. On 8101 to 8105 alone the first, third, fourth and fifth were -.371 ± .086, -.186 ± .080,
-.170 ± .059 and -.218 ± .024. Without new games the counter was judged after 250 turns before: -.100 ± .044 and -.102 ± .045 on 25 seeds,
the fifteen of the first row and 9001 to 9010; -.065 ± .080 on the last ten alone. By then a new network has not learned enough.

Of the healthy runs of the seven kinds below, 8101 to 8108 each and new then, the duel's own monsters came to 4 of 56, and to 9 where signs
of youth count too (`--set diagnosis.youth=counted`): then to 8102 with a pool, 8107 swift, 8108 small, 8103 with an open door and 8107
with everyone.

    healthy; swift; a pool; ordered  nobody came to 8101 to 8108. Noise_swarm, no monster of the duel's, came to 8102 swift
    healthy agent                    swollen_oracle came to 8103 at turn 1,000
    healthy, an open door            echo_chamber came to 8108 at turn 1,375, and of 150 to 154 and 6001 to 6003 to 6001
    healthy, everyone                echo_chamber came to 8104 and 8106 at turn 1,250, and to nobody of 150 to 154

On 9101 to 9105, new, and 9001 with everyone, an echo of .15 was passed twice in a row by 9001 and 9102 with everyone, by nobody with an
open door, and in self-play by all but 9105: the monster came at turns 1,250 to 1,625. One of .25, found on 8101 to 8108, where
nobody passed it so, was passed by none of these healthy runs, and in self-play by 9101 and 9102 alone.

The steps too large were found on 161 to 168: of 3e-2, 4e-2 and 5e-2 the monster came to all eight. Steps of 2e-2, the recipe before,
brought it to 52 to 55 and not to 51.

One weak opponent was found on 161 to 168. With a youth of 1,000 turns the monster came to all eight, and to 170 to 174 at turns 1,375 to
2,250; there counter - nothing was -.255 ± .037 and counter - wrong counter -.269 ± .031. In health nobody came to these 13, but it came to
71 at turn 1,001, which was still young. Hence the youth of 1,500. By the recipe before, with half as many new games and coordinates
renumbered, it came to 14 of 51 to 66, and in 1,000 turns the counter gained -.088 ± .031 and -.115 ± .035.

The recipes of swift runs were found on 41 to 45 and 71. By other orders, `every` 4
and `purge`, a network of sets with 320 old transitions gained -.04 ± .10 in 750 turns (5 seeds).

In self-play a host of four coordinates plays fixed agents for 1,000 turns, and is examined every 125. Then dials shut its door. Its
recipe was found on 140 to 146. There the monster came to 141, 143, 144, 145 and 146, the only ones that were tried, by turn 2,000. On four
of them, all but 145, counter - nothing was -.248 ± .063 and counter - wrong counter -.153 ± .026. Lost_curiosity came first to 141.

`pool everyone` and a purge are a further counter: the rival and its older selves stay among the fixed players. Everyone - nothing was
-.256 ± .045 on 150 to 154 and -.113 ± .051 on the four. Fixed - everyone was -.012 ± .024 and -.135 ± .017.

What came less surely, with the monster's share of runs, mostly of 1,500 to 2,500 turns, on 140 to 145:

    three coordinates, door shut at turn 375 or 500, buffer 640; either rate of the host, five of the rival     4 of 15
    so with two turns between moves, eight wide, or 16 games                                                     2 of 6
    four coordinates, buffer 2,000, door shut at turn 750                                                        3 of 4, to one before
    so with buffer 1,280                                                                                         4 of 4, to one before
    so with buffer 8,000, door shut at turn 1,000, and these dials but for the rate                              2 of 3
    a network of sets, buffer 2,000, door shut at turn 750                                                       5 of 6, to two before

A network of sets swings by itself: with everyone in the pool the monster came to 2 of 3. With four coordinates hosts swing for long: the
echo of 141 and 150 was beyond the bound at turns 500 and 625, when the door was open. Hence the youth of 1,000 turns.

By the recipe before, the agent of three coordinates learned ever faster, from 1e-5 to 3e-3. The monster came to 6 of 116 to 135; there
counter - nothing was -.090 ± .040. When both learned at 3e-3 and neither explored, the counter helped where the echo was .2 and more; a
weaker one passed by itself.
"""

from dataclasses import replace
from typing import Any

from sickness import CAMPAIGNS, Clinic, Sickness, main

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.bestiary import MONSTERS, SIGNALS
from rolltrain_tui.modes.duel.learner import DuelLearner

OWN = {row.name for row in MONSTERS}
BOOK = {row.name: row.orders for row in MONSTERS}
CLINIC = Clinic(every=250, scouting=500, games=192)
OFTEN = Clinic(every=125, scouting=250, games=192)
"""Of runs that learn three times as fast."""
LATE = replace(OFTEN, scouting=1000)
"""With four coordinates hosts are young for longer."""
GROWN = replace(OFTEN, scouting=1500)
"""With a network of sets that learns as fast, too."""
SMALL = (
    "device.threads=1", "game.points=10", "game.limit=60", "table.games=64", "table.buffer=8000", "table.initial=640",
    "network={kind: set, width: 32, layers: null, relu_first: false}", "table.permute=true", "table.opponents=[random, first, last]",
    "decay={mode: exponential, rate: 0.9997, final: 1e-4}", "batch.transitions=64", "evaluation.every=250",
    "learning.gamma=0.9", "exploration.final=0.1",
)  # fmt: skip
RIVAL = "rival={learning_rate: 1e-3, opponents: [%s], copy_every: 250, copies: 4, echo: 0.15}"
MOVES = (
    "network={kind: moves, width: 32, layers: null, relu_first: false}", "table.permute=false",
    "decay={mode: constant, rate: 1, final: 0}",
)  # fmt: skip
FASTER = "optimizer.learning_rate=3e-3"
SWIFT = (*MOVES, FASTER)
STALE = (*SWIFT, "table.every=100000", "table.initial=64", "learning.double=false")
AGENT = ("table.hero=agent", "table.opponents=[random, all, zeillinger]", "table.judges=[random, all, zeillinger]")
POOL = (*MOVES, "table.opponents=[random, first, last, rival, older]", RIVAL % "random, zeillinger, rival, older")
RANDOM = ("table.opponents=[random]",)
ORDERED = (FASTER, "table.permute=false", "table.every=4")
"""Coordinates keep their order, so there is more to learn from the agents that go by it."""
DOOR = (
    *MOVES, "game.dimension=4", "learning.reward=stall",
    "rival={learning_rate: 1e-2, opponents: [rival], copy_every: 250, copies: 4, "
    "exploration: {mode: constant, initial: 0.0, rate: 1, final: 0.0}, echo: 0.15}",
)  # fmt: skip
"""Host and agent learn side by side, and the host plays fixed agents until its door is shut."""
EVERYONE = ("table.opponents=[random, first, last, rival, older]",)
HASTY = (("purge", ""), ("epsilon", "0"), ("every", "1"), ("rate", "3"))
"""From then on it remembers its last 125 turns, does not explore, and learns as fast as a swift run."""
SHUT = (("pool", "rival"), *HASTY)
HOT = ("optimizer.learning_rate=4e-2", "decay={mode: constant, rate: 1, final: 0}")


def sick(overrides: tuple[str, ...], *monsters: str, turns: int, wrong: tuple[str, str], cure: int = 750, **more: Any) -> Sickness:
    """A run to which these monsters come, and which is cured by what the last one's row says."""
    return Sickness(overrides, monsters, turns=turns, cure=cure, right=BOOK[monsters[-1]], wrong=(wrong,), **more)


ROWS = {
    "healthy": Sickness((), turns=2500),
    "healthy, whole": Sickness((), turns=2500, campaign="duel_first"),
    "healthy, a pool": Sickness(POOL, turns=1750),
    "healthy, swift": Sickness(SWIFT, turns=2500, clinic=OFTEN),
    "healthy agent": Sickness(AGENT, turns=1500),
    "steps too large": sick(HOT, "hollow_oracle", turns=2500, wrong=("epsilon", "0.5")),
    "no new games": sick(STALE, "stale_archive", turns=500, wrong=("sync", ""), clinic=OFTEN),
    "no new games, longer": sick(STALE, "swollen_oracle", turns=1500, wrong=("sync", ""), cure=250, clinic=OFTEN),
    "one opponent": sick((*SWIFT, *RANDOM), "lost_curiosity", turns=3500, wrong=("sync", ""), cure=500, clinic=OFTEN),
    "healthy, ordered": Sickness(ORDERED, turns=4000, clinic=GROWN),
    "one weak opponent": sick((*ORDERED, *RANDOM), "eternal_staller", turns=4000, wrong=("epsilon", "0.5"), cure=2000, clinic=GROWN),
    "healthy, an open door": Sickness(DOOR, turns=3000, clinic=LATE, turned=(1001, HASTY)),
    "healthy, everyone": Sickness((*DOOR, *EVERYONE), turns=3000, clinic=LATE),
    "self-play": sick(DOOR, "echo_chamber", turns=3000, wrong=("epsilon", "0.2"), cure=750, clinic=LATE, turned=(1001, SHUT)),
}


def learner_of(sickness: Sickness, seed: int) -> DuelLearner:
    size = ("device.threads=1",) if sickness.campaign else SMALL
    settings = (*size, *sickness.overrides, f"seed={seed}")
    made = build(load(CAMPAIGNS / f"{sickness.campaign or 'duel_first'}.yaml", settings), base=CAMPAIGNS)
    assert isinstance(made, DuelLearner)
    made.prepare(["examine"])
    return made


if __name__ == "__main__":
    main(CLINIC, ROWS, learner_of, [row.name for row in SIGNALS])
