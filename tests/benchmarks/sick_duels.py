"""Does each monster of a duel come to the run made sick for it, and does its counter help?

    python tests/benchmarks/sick_duels.py [--seeds 1 2 3] [--only NAME ...] [--no-cure]

A small `duel_first` with a network of sets, which falls ill more easily than one that knows the symmetry of the game, trains without
dice, in health and in sicknesses, and is examined every 250 turns as a campaign does it; `sickness.py` says how it is judged, after 750
more turns. The counter is what the row of the monster orders. An evaluation is moves over the limit against three fixed agents: less is
better. Swift runs have a network of moves and three times the learning rate; they are examined every 125 turns, and judged after 250
to 1,000.

Measured (torch 2.13, one thread): to how many seeds the monster came, and counter - nothing, counter - wrong counter.

    steps too large        hollow_oracle    5 of 5, turn 750 to 1,250    -.508 ± .054    -.456 ± .048
    no new games           stale_archive    5 of 5, turn 251             -.196 ± .053    -.175 ± .044    51 to 55
    no new games, longer   swollen_oracle   5 of 5, turn 375 to 875      -.200 ± .048    -.201 ± .063    51 to 55
    one opponent           lost_curiosity   7 of 7, turn 251 to 2,375    -.193 ± .052    -.252 ± .056    51 to 57
    one weak opponent      eternal_staller  7 of 8, turn 500 to 2,125    -.206 ± .040    -.159 ± .065    51 to 58, not to 56
    self-play              echo_chamber     4 of 10, turn 625 to 1,125   -.144 ± .028    -.120 ± .046    116 to 125
    healthy                nobody came to 51 to 55 of the small campaign, of its agent, and of the swift one, nor to 2 of the whole one
    healthy, a pool        nobody came to 111 to 115; the echo was .01 to .10 at most, and .04 to .10 in 83 to 87

The recipes of swift runs and that of one weak opponent, which learns as fast, were found on 41 to 45 and 71. By other orders, `every` 4
and `purge`, a network of sets with 320 old transitions gained -.04 ± .10 in 750 turns (5 seeds).

In self-play lost_curiosity came first to 117 and 119. Its recipe was found on 101 to 104, of which three fell ill. A host can only fall
behind its best where it was good; 104 was not, until turn 1,250. With a buffer of 640 four of 101 to 105 fell ill, and two of 111 to 113,
at turn 1,000 and 1,125; there the counter gained .05 and lost .00 in 375 turns. Runs that were good against the fixed agents and whose door
was then shut, at turn 125, 250 or 500, fell ill on some seeds and not on others.

By an older recipe both learned at 3e-3 and neither explored, with 2,000 transitions: the monster came to 11 of 83 to 97, from an echo of
.06 on. Three reached .2 (84, 86, 92), and were cured there: counter - nothing -.061 ± .020, counter - wrong counter -.065 ± .018. Seeds 41
to 43 and 81 were cured when the monster came, whose turn's echo this is:

    seed    echo    nothing    counter    epsilon 0.2    sync    counter, the rival in the pool too
    41      .29     .590       .266       .491           .585    .624
    42      .33     .638       .164       .420           .663    .194
    43      .14     .167       .182       .208           .206    .173
    81      .07     .204       .216       .230

The counter helped where the echo was strong; a weak one passed by itself. With fixed players beside rival and older selves the run fell
ill too (seed 41, turn 500). With a network of sets, no permutation and both rates 3e-3 the counter gained .13 on seed 41 (echo .26), and
lost .02 on 82 (.07), in 750 turns. Such a network falls ill in its first 500 turns against the fixed agents too (41 and 42). A host of
moves that was good when its door was shut stayed good for 500 turns (43 and 44). With usual exploration and buffer, self-play fell ill on
41 and 42 (turn 2,250 and 1,375); the pool and a purge lost .07 on one and gained .09 on the other.

A host of moves at 1e-3 beside a rival at 3e-3, with usual exploration and buffer, went on 1,000 turns after 1,250 of self-play. Seed 42,
every 125 turns: .20 .21 .30 .14 .17 .15 .32 .16; after fixed players and a purge .50 .20 .16 .19 .13 .13 .13 .14. The mean of the last four
is .07 better there, and .01 on seed 43 (.153 and .145). Where self-play does not swing, there is nothing to mend.
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
DOOR = (
    *MOVES, "game.dimension=4", "learning.reward=stall",
    "rival={learning_rate: 1e-2, opponents: [rival], copy_every: 250, copies: 4, "
    "exploration: {mode: constant, initial: 0.0, rate: 1, final: 0.0}, echo: 0.15}",
)  # fmt: skip
"""Host and agent learn side by side, and the host plays fixed agents until its door is shut."""
EVERYONE = ("table.opponents=[random, first, last, rival, older]",)
SHUT = (1001, (("pool", "rival"), ("purge", ""), ("epsilon", "0"), ("every", "1"), ("rate", "3")))
"""From then on it plays the rival alone, remembers its last 125 turns, does not explore, and learns as fast as a swift run."""
HOT = ("optimizer.learning_rate=2e-2", "decay={mode: constant, rate: 1, final: 0}")


def sick(overrides: tuple[str, ...], *monsters: str, turns: int, wrong: tuple[str, str], cure: int = 750, **more: Any) -> Sickness:
    """A run to which these monsters come, and which is cured by what the last one's row says."""
    return Sickness(overrides, monsters, turns=turns, cure=cure, right=BOOK[monsters[-1]], wrong=(wrong,), **more)


ROWS = {
    "healthy": Sickness((), turns=2500),
    "healthy, whole": Sickness((), turns=2500, whole=True),
    "healthy, a pool": Sickness(POOL, turns=1750),
    "healthy, swift": Sickness(SWIFT, turns=2500, clinic=OFTEN),
    "healthy agent": Sickness(AGENT, turns=1500),
    "steps too large": sick(HOT, "hollow_oracle", turns=2500, wrong=("epsilon", "0.5")),
    "no new games": sick(STALE, "stale_archive", turns=500, wrong=("sync", ""), cure=250, clinic=OFTEN),
    "no new games, longer": sick(STALE, "swollen_oracle", turns=1500, wrong=("sync", ""), cure=250, clinic=OFTEN),
    "one opponent": sick((*SWIFT, *RANDOM), "lost_curiosity", turns=3500, wrong=("sync", ""), cure=500, clinic=OFTEN),
    "one weak opponent": sick((*RANDOM, FASTER), "eternal_staller", turns=2500, wrong=("epsilon", "0.5"), cure=1000, clinic=OFTEN),
    "healthy, an open door": Sickness(DOOR, turns=3000, clinic=LATE),
    "healthy, everyone": Sickness((*DOOR, *EVERYONE), turns=3000, clinic=LATE),
    "self-play": sick(DOOR, "echo_chamber", turns=3000, wrong=("epsilon", "0.2"), cure=750, clinic=LATE, turned=SHUT),
}


def learner_of(sickness: Sickness, seed: int) -> DuelLearner:
    size = ("device.threads=1",) if sickness.whole else SMALL
    made = build(load(CAMPAIGNS / "duel_first.yaml", (*size, *sickness.overrides, f"seed={seed}")), base=CAMPAIGNS)
    assert isinstance(made, DuelLearner)
    made.prepare(["examine"])
    return made


if __name__ == "__main__":
    main(CLINIC, ROWS, learner_of, [row.name for row in SIGNALS])
