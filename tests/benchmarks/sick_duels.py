"""Does each monster of a duel come to the run made sick for it, and does its counter help?

    python tests/benchmarks/sick_duels.py [SEEDS [FIRST_SEED [NAME...]]]

A small `duel_first` with a network of sets, which falls ill more easily than one that knows the symmetry of the game, trains without
dice, in health and in six sicknesses, and is examined every 250 turns as a campaign does it. The
first column tells the turns at which its monsters came. In the turn in which the monster of the sickness comes, the run is forked: one
copy goes on as it is, one turns the dial that the monster is weak to, one turns another dial. After 750 more turns each is told by the
mean of its last two evaluations, moves over the limit against three fixed agents: less is better. At the end: the counter against nothing
and against the wrong counter, as mean difference over the seeds with its standard error.

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

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from pathlib import Path

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.due_monsters import DueMonsters
from rolltrain_tui.rules.signal_monitor import SignalMonitor

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
EVERY, SCOUTING, CURE, GAMES = 250, 500, 750, 192
SMALL = (
    "device.threads=1", "game.points=10", "game.limit=60", "table.games=64", "table.buffer=8000", "table.initial=640",
    "network={kind: set, width: 32, layers: null, relu_first: false}", "table.permute=true", "table.opponents=[random, first, last]",
    "decay={mode: exponential, rate: 0.9997, final: 1e-4}", "batch.transitions=64", f"evaluation.every={EVERY}",
)  # fmt: skip
Dials = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sickness:
    """What makes the run sick, how long it may take, and two ways to go on."""

    overrides: tuple[str, ...]
    monster: str = ""
    turns: int = 2500
    right: Dials = ()
    wrong: Dials = ()
    whole: bool = False
    """The campaign as it is, and not the small one."""


MEET: Dials = (("pool", "fixed"), ("purge", ""))
STALE = ("table.every=100000", "table.permute=false", "table.initial=320", "learning.double=false")
RIVAL = "rival={learning_rate: 1e-3, opponents: [%s], copy_every: 250, copies: 4}"
MOVES = (
    "network={kind: moves, width: 32, layers: null, relu_first: false}", "table.permute=false",
    "decay={mode: constant, rate: 1, final: 0}",
)  # fmt: skip
HOT = ("optimizer.learning_rate=2e-2", "decay={mode: constant, rate: 1, final: 0}")
SICK = {
    "healthy": Sickness(()),
    "healthy, whole": Sickness((), whole=True),
    "healthy, a pool": Sickness(
        (*MOVES, "table.opponents=[random, first, last, rival, older]", RIVAL % "random, zeillinger, rival, older"), turns=1750
    ),
    "steps too large": Sickness(HOT, "hollow_oracle", right=(("rate", "0.05"), ("reset", "")), wrong=(("epsilon", "0.5"),)),
    "no new games": Sickness(STALE, "stale_archive", right=(("every", "4"), ("purge", "")), wrong=(("sync", ""),)),
    "no new games, longer": Sickness(STALE, "swollen_oracle", 3500, (("every", "4"), ("purge", "")), (("gamma", "0.99"),)),
    "one opponent, whole": Sickness(
        ("table.opponents=[random]", "network={kind: set, width: 64, layers: null, relu_first: false}", "table.permute=true"),
        "lost_curiosity",
        2000,
        MEET,
        (("sync", ""),),
        whole=True,
    ),
    "one weak opponent": Sickness(("table.opponents=[random]",), "eternal_staller", 3500, MEET, (("epsilon", "0.5"),)),
    "self-play": Sickness((*MOVES, "table.opponents=[rival]", RIVAL % "rival"), "echo_chamber", right=MEET, wrong=(("every", "4"),)),
}


def learner_of(sickness: Sickness, seed: int) -> DuelLearner:
    size = ("device.threads=1",) if sickness.whole else SMALL
    made = build(load(CAMPAIGNS / "duel_first.yaml", (*size, *sickness.overrides, f"seed={seed}")), base=CAMPAIGNS)
    assert isinstance(made, DuelLearner)
    made.prepare(["examine"])
    return made


def trained(learner: DuelLearner, turns: int, dials: Dials = ()) -> float:
    """The mean of the last two evaluations on the way, after the dials were turned."""
    values = []
    for turn in range(turns):
        learner.step(StepEffect(dials=dials) if dials and not turn else NEUTRAL)
        if (turn + 1) % EVERY == 0:
            values.append(learner.evaluate(GAMES).value)
    return sum(values[-2:]) / len(values[-2:])


def fallen_ill(learner: DuelLearner, sickness: Sickness) -> list[tuple[int, str]]:
    """Trains until its monster comes, or to the end: (turn, monster) for each that came, and stops at that of the sickness."""
    monitor, due, came = SignalMonitor(SCOUTING, learner.objective), DueMonsters(), []
    for turn in range(1, sickness.turns + 1):
        report = learner.step(NEUTRAL)
        monitor.hear(turn, report)
        if turn % EVERY:
            continue
        evaluation = learner.evaluate(GAMES)
        monitor.validated(evaluation.value)
        monitor.examined(turn, learner.examine(evaluation).values)
        learner.remember(evaluation)
        due.hear(monitor, "examination")
        while (found := due.due(turn, None, scouting=turn <= SCOUTING)) is not None:
            came.append((turn, found.monster.name))
            due.pause(turn, found.monster.name)
            if found.monster.name == sickness.monster:
                return came
    return came


def told(values: Sequence[float]) -> str:
    """Mean and standard error over the seeds."""
    mean = sum(values) / len(values)
    error = sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)) if len(values) > 1 else nan
    return f"{mean:+.3f} ± {error:.3f} ({mean / error:+.1f} SE, {len(values)} seeds)"


def main(seeds: int, first: int, names: Sequence[str]) -> None:
    torch.set_num_threads(1)
    gains: dict[str, tuple[list[float], list[float]]] = {}
    for seed in range(first, first + seeds):
        for name in names or SICK:
            sickness = SICK[name]
            learner = learner_of(sickness, seed)
            came = fallen_ill(learner, sickness)
            line = f"{name:<22} seed {seed}: {', '.join(f'{monster} {turn}' for turn, monster in came) or 'nobody'}"
            if came and came[-1][1] == sickness.monster:
                nothing, right, wrong = (trained(learner.fork(), CURE, dials) for dials in ((), sickness.right, sickness.wrong))
                line += f"; nothing {nothing:.3f}, counter {right:.3f}, wrong {wrong:.3f}"
                own = gains.setdefault(name, ([], []))
                own[0].append(right - nothing)
                own[1].append(right - wrong)
            print(line, flush=True)
    for name, (nothing, wrong) in gains.items():
        print(f"{name:<22} counter - nothing {told(nothing)}; counter - wrong counter {told(wrong)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, int(sys.argv[2]) if len(sys.argv) > 2 else 1, sys.argv[3:])
