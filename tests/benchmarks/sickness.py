"""What `sick_duels.py` and `sick_dungeons.py` share: runs that are made sick until a monster comes, and are then cured in copies.

A run trains without dice and is examined as a campaign does it. In the turn in which its monsters have come, the run is forked:
one copy goes on as it is, one turns the dials that the monster is weak to, one turns others. Each is told by the mean of its last two
evaluations. At the end stand the counter against nothing and against the wrong counter, as mean difference over the seeds with its
standard error.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan, sqrt
from pathlib import Path
from time import process_time
from typing import Any, TextIO

import torch

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.monsters.due_monsters import DueMonsters
from rolltrain_tui.training.levered_learner import LeveredLearner

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
Dials = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sickness:
    """What makes the run sick, how long it may take, and two ways to go on."""

    overrides: tuple[str, ...]
    monsters: tuple[str, ...] = ()
    """None: a healthy run, to which none of the mode's monsters may come."""
    turns: int = 252
    cure: int = 96
    """Turns after the last of them came."""
    turned: tuple[int, Dials] = (0, ())
    """Dials that make it sick, and the turn in which they are turned; the overrides alone do so where there are none."""
    right: Dials = ()
    wrong: Dials = ()
    campaign: str = ""
    """One as it is shipped, such as dungeon_kitchen; without a name the small one."""
    clinic: "Clinic | None" = None
    """None: it is looked after as the other runs of its mode."""


@dataclass
class Course:
    """How a run went until its monster came."""

    came: list[tuple[int, str]] = field(default_factory=list)
    signals: list[dict[str, float]] = field(default_factory=list)
    """Of each examination, with its turn and its value."""
    gradients: list[float] = field(default_factory=list)
    """Norm of each turn."""
    spike: float = nan
    """The largest, as a multiple of the running average of those before it."""

    def shows(self, sickness: Sickness) -> bool:
        """Whether all of its monsters have come."""
        return bool(sickness.monsters) and set(sickness.monsters) <= {monster for _, monster in self.came}


@dataclass(frozen=True)
class Clinic:
    """How runs of one mode are looked after."""

    every: int
    """Turns between examinations."""
    scouting: int
    games: int
    """Of an evaluation."""

    def fallen_ill(self, learner: LeveredLearner, sickness: Sickness) -> Course:
        """Trains until the monsters of the sickness have come, or to the end."""
        monitor, due, course = SignalMonitor(self.scouting, learner.objective, learner.config.highest), DueMonsters(), Course()
        when, dials = sickness.turned
        for turn in range(1, sickness.turns + 1):
            report = learner.step(StepEffect(dials=dials) if turn == when else NEUTRAL)
            monitor.hear(turn, report)
            course.gradients.append(report.grad_norm)
            course.spike = max(monitor.reading("gradient_spike").value, course.spike)
            youth = {"at_once_only": turn <= self.scouting and learner.config.diagnosis.youth == "ignored"}
            due.hear(monitor, "turn", **youth)
            if turn % self.every == 0:
                evaluation = learner.evaluate(self.games)
                monitor.validated(evaluation.value)
                monitor.examined(turn, found := learner.examine(evaluation).values)
                learner.remember(evaluation)
                due.hear(monitor, "examination", **youth)
                course.signals.append({"turn": turn, "value": evaluation.value, **found})
            while (monster := due.due(turn, None, scouting=turn <= self.scouting)) is not None:
                course.came.append((turn, monster.monster.name))
                due.pause(turn, monster.monster.name)
            if course.shows(sickness):
                return course
        return course

    def trained(self, learner: LeveredLearner, turns: int, dials: Dials = ()) -> float:
        """The mean of the last two evaluations on the way, after the dials were turned."""
        for turn in range(turns):
            learner.step(StepEffect(dials=dials) if dials and not turn else NEUTRAL)
            if turn + 1 == turns - self.every:
                before = learner.evaluate(self.games).value
        return (before + learner.evaluate(self.games).value) / 2


def told(values: Sequence[float]) -> str:
    """Mean and standard error over the seeds."""
    mean = sum(values) / len(values)
    error = sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values)) if len(values) > 1 else nan
    return f"{mean:+.3f} ± {error:.3f} ({mean / error if error else nan:+.1f} SE, {len(values)} seeds)"


def ranges(course: Course, names: Sequence[str], scouting: int) -> str:
    """The smallest and the largest value of each signal after scouting, and the largest spike of the gradient."""
    found = {name: [row[name] for row in course.signals if row["turn"] > scouting and isfinite(row.get(name, nan))] for name in names}
    shown = [f"{name} {min(values):.3g} to {max(values):.3g}" for name, values in found.items() if values]
    return ", ".join([*shown, f"gradient_spike up to {course.spike:.3g}"])


def main(clinic: Clinic, rows: Mapping[str, Sickness], make: Callable[[Sickness, int], LeveredLearner], signals: Sequence[str]) -> None:
    """Reads the command line, and prints a line for each run; monsters of the house are told too. `signals`: whose ranges are printed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--only", nargs="*", default=list(rows), metavar="NAME")
    parser.add_argument("--no-cure", action="store_true", help="only look who comes")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="further settings of every run")
    parser.add_argument("--turns", type=int, help="turns until the monster must have come")
    parser.add_argument("--cure", type=int, help="turns after it came")
    parser.add_argument("--every", type=int, help="turns between examinations, such as evaluation.every of the campaign")
    parser.add_argument("--log", type=argparse.FileType("a"), help="append a line of JSON for each run: signals and gradients")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    gains: dict[str, tuple[list[float], list[float]]] = {}
    for seed in asked.seeds:
        for name in asked.only:
            row, began = rows[name], process_time()
            more = (*row.overrides, *asked.set)
            sickness = replace(row, overrides=more, turns=asked.turns or row.turns, cure=asked.cure or row.cure)
            learner = make(sickness, seed)
            learner.prepare(["examine"])
            own = sickness.clinic or clinic
            own = replace(own, every=asked.every or own.every)
            course = own.fallen_ill(learner, sickness)
            line = f"{name:<22} seed {seed}: {', '.join(f'{monster} {turn}' for turn, monster in course.came) or 'nobody'}"
            if course.shows(sickness) and not asked.no_cure:
                nothing, right, wrong = (
                    own.trained(learner.fork(), sickness.cure, dials) for dials in ((), sickness.right, sickness.wrong)
                )
                line += f"; nothing {nothing:.3f}, counter {right:.3f}, wrong {wrong:.3f}"
                gains.setdefault(name, ([], []))[0].append(right - nothing)
                gains[name][1].append(right - wrong)
            print(f"{line}; {process_time() - began:.0f} CPU-s\n    {ranges(course, signals, own.scouting)}", flush=True)
            _logged(asked.log, name=name, seed=seed, overrides=sickness.overrides, **vars(course))
    for name, (nothing, wrong) in gains.items():
        print(f"{name:<22} counter - nothing {told(nothing)}; counter - wrong counter {told(wrong)}")


def _logged(log: TextIO | None, **found: Any) -> None:
    if log is not None:
        log.write(json.dumps(found) + "\n")
        log.flush()
