"""Does each monster of a duel come to the run made sick for it, and does its counter help?

    python tests/benchmarks/sick_duels.py [--seeds 1 2 3] [--only NAME ...] [--no-cure]

A small `duel_first` with a network of sets, which falls ill more easily than one that knows the symmetry of the game, trains without
dice, in health and in six sicknesses, and is examined every 250 turns as a campaign does it; `sickness.py` says how it is judged, after 750
more turns. An evaluation is moves over the limit against three fixed agents: less is better.

Measured (torch 2.13, one thread): to how many seeds the monster came, and counter - nothing, counter - wrong counter.

    steps too large       hollow_oracle    5 of 5, turn 750 to 1,250     -.508 ± .054    -.456 ± .048
    one opponent, whole   lost_curiosity   2 of 3, turn 750 to 1,000     -.228 ± .077    -.265 ± .059    2 seeds
    no new games          stale_archive    5 of 5, turn 750              -.037 ± .096    -.034 ± .095    cannot be told
    no new games, longer  swollen_oracle   5 of 5, turn 1,000 to 1,500   -.033 ± .083    -.051 ± .045    cannot be told
    one weak opponent     eternal_staller  4 of 4, turn 1,000 to 3,000   -.042 ± .081    -.053 ± .074    cannot be told
    self-play             echo_chamber     2 of 2 with networks of sets and the pool alone, without a purge: +.016 ± .025
    healthy               nobody came to 1 seed of the small campaign, and to 2 of the whole one

A stale buffer does a small host little harm in so few turns, and an empty one takes time to fill: there is little to mend. With a network
of moves, self-play falls ill with seed 7 (campaigns/duel_mirror.yaml) and does well with seed 101.
"""

from sickness import CAMPAIGNS, Clinic, Dials, Sickness, main

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.bestiary import MONSTERS, SIGNALS
from rolltrain_tui.modes.duel.learner import DuelLearner

OWN = {row.name for row in MONSTERS}
CLINIC = Clinic(every=250, scouting=500, games=192)
SMALL = (
    "device.threads=1", "game.points=10", "game.limit=60", "table.games=64", "table.buffer=8000", "table.initial=640",
    "network={kind: set, width: 32, layers: null, relu_first: false}", "table.permute=true", "table.opponents=[random, first, last]",
    "decay={mode: exponential, rate: 0.9997, final: 1e-4}", "batch.transitions=64", "evaluation.every=250",
)  # fmt: skip

MEET: Dials = (("pool", "fixed"), ("purge", ""))
STALE = ("table.every=100000", "table.permute=false", "table.initial=320", "learning.double=false")
RIVAL = "rival={learning_rate: 1e-3, opponents: [%s], copy_every: 250, copies: 4}"
MOVES = (
    "network={kind: moves, width: 32, layers: null, relu_first: false}", "table.permute=false",
    "decay={mode: constant, rate: 1, final: 0}",
)  # fmt: skip
AGENT = ("table.hero=agent", "table.opponents=[random, all, zeillinger]", "table.judges=[random, all, zeillinger]")
ONE = ("table.opponents=[random]", "network={kind: set, width: 64, layers: null, relu_first: false}", "table.permute=true")
HOT = ("optimizer.learning_rate=2e-2", "decay={mode: constant, rate: 1, final: 0}")
ROWS = {
    "healthy": Sickness((), turns=2500),
    "healthy, whole": Sickness((), turns=2500, whole=True),
    "healthy, a pool": Sickness(
        (*MOVES, "table.opponents=[random, first, last, rival, older]", RIVAL % "random, zeillinger, rival, older"), turns=1750
    ),
    "healthy agent": Sickness(AGENT, turns=1500),
    "steps too large": Sickness(
        HOT, "hollow_oracle", turns=2500, cure=750, right=(("rate", "0.05"), ("reset", "")), wrong=(("epsilon", "0.5"),)
    ),
    "no new games": Sickness(STALE, "stale_archive", turns=1000, cure=750, right=(("every", "4"), ("purge", "")), wrong=(("sync", ""),)),
    "no new games, longer": Sickness(
        STALE, "swollen_oracle", turns=3500, cure=750, right=(("every", "4"), ("purge", "")), wrong=(("gamma", "0.99"),)
    ),
    "one opponent, whole": Sickness(ONE, "lost_curiosity", turns=2000, cure=750, right=MEET, wrong=(("sync", ""),), whole=True),
    "one weak opponent": Sickness(
        ("table.opponents=[random]",), "eternal_staller", turns=3500, cure=750, right=MEET, wrong=(("epsilon", "0.5"),)
    ),
    "self-play": Sickness(
        (*MOVES, "table.opponents=[rival]", RIVAL % "rival"), "echo_chamber", turns=2500, cure=750, right=MEET, wrong=(("every", "4"),)
    ),
}


def learner_of(sickness: Sickness, seed: int) -> DuelLearner:
    size = ("device.threads=1",) if sickness.whole else SMALL
    made = build(load(CAMPAIGNS / "duel_first.yaml", (*size, *sickness.overrides, f"seed={seed}")), base=CAMPAIGNS)
    assert isinstance(made, DuelLearner)
    made.prepare(["examine"])
    return made


if __name__ == "__main__":
    main(CLINIC, ROWS, learner_of, [row.name for row in SIGNALS])
