"""Do the signals tell a sick run from a healthy one?

The tutorial's model trains in health and in sicknesses that have a monster, without dice. Every 20 turns it is evaluated and examined as
a campaign does it, and the signals stand in a table; a "!" is a value beyond the bounds of `rules.health.signals`.

    python tests/benchmarks/sick_runs.py [SEEDS [NAME...]]          by default 0,1,2 and all

Measured at turns 40 to 200 (healthy: 10 seeds, the others 7; 3001 to 3005 of them nobody had looked at; torch 2.13, one thread):

                update_ratio    weight_growth   temperature    gap            dead_units   agree_fraction
    healthy     .0070 - .0125    7 - 17         -.10 - +.03    -.08 - +.08    0 - .004     .39 - .56
    hot, .1     .008 - .056     -55 - +55       -.08 - +.07    -.04 - +.04    0 - .71      .43 - .58
    cold        .00001           0              -.001          -.02 - +.01    0            .47 - .76
    clipped     .26 - .59       -7 - 472         5 - 2,340     -16 - +23      0 - 1        .45 - .53
    overfit     .005 - .014      9 - 22         -.01 - +.33    .56 - 4.3      0 - .002     .39 - .54
    dead        .0008 - .0018    .05 - .18      -.11 - +.04    -.03 - +.03    .80 - .84    .41 - .64

With the campaign's warm-up of 30 turns, rates of .03, .1 and .3 grow the weights by 50 to 200 % in 100 turns instead. Exploding and
bursting runs are heard by the loss, not found in the model: no turn is finite any more. The temperature does not tell hot from healthy
here: the Tiny GPT, in health, rises to +.115 by turn 600 and learns on, so the bound is set beyond that. At turn 20 a healthy run may
have a sixth of its units dead for a moment. The noise scale is often unknown, since six sequences a half seldom show a direction late on.
"""

import math
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.gpt import MLP
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.health.signals import SIGNALS

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
SHOWN = (20, 40, 60, 100, 200)
EVERY, SEQUENCES = 20, 64
EXAMINED = ("update_ratio", "weight_growth", "temperature", "gap", "val_rise", "dead_units", "agree_fraction", "noise_scale")
WORDS = (
    "Once a goblin lent a giant nine green glass beads and asked for ten of them back by the next full moon. The giant could not count "
    "to ten, so he ate the goblin's gate, two geese and a gardener, and called it even. Nobody in the village disagreed, for the giant "
    "stood very close to them when he asked, and his breath was warm and smelled of gardener and of geese.\n"
)


def numb(learner: TextLearner) -> None:
    """Push four in five hidden units so far down that little wakes them."""
    for mlp in (module for module in learner.model.modules() if isinstance(module, MLP)):
        assert mlp.fc.bias is not None
        with torch.no_grad():
            mlp.fc.bias[: 4 * len(mlp.fc.bias) // 5] = -8.0


def unharmed(_: TextLearner) -> None:
    """As it was built."""


SICK: dict[str, tuple[tuple[str, ...], Callable[[TextLearner], None]]] = {
    "healthy": ((), unharmed),
    "hot": (("optimizer.learning_rate=0.1", "schedule.warmup_turns=0", "schedule.decay=constant"), unharmed),
    "cold": (("optimizer.learning_rate=1e-6",), unharmed),
    "exploding": (("optimizer.name=sgd", "optimizer.learning_rate=10", "optimizer.clip=null", "schedule.warmup_turns=0"), unharmed),
    "clipped": (("optimizer.name=sgd", "optimizer.learning_rate=10", "schedule.warmup_turns=0"), unharmed),
    "bursting": (("optimizer.name=sgd", "optimizer.learning_rate=1000", "optimizer.clip=null", "schedule.warmup_turns=0"), unharmed),
    "overfit": (("data.corpus=file", "data.path=short.txt", "data.validation_fraction=0.3"), unharmed),
    "dead": (("model.bias=true",), numb),
}
"""Sickness -> what is changed in the campaign, and in the learner before its first turn."""


def learner_of(campaign: str, sickness: str, seed: int, base: Path) -> TextLearner:
    overrides, harm = SICK[sickness]
    machine = ("device={device: cpu, dtype: float32, threads: 1, compile: false}", f"evaluation.every={EVERY}")
    rate = ("optimizer.learning_rate=3e-3",) if campaign == "tutorial" else ()  # at which the table above was measured
    learner = build_learner(load(CAMPAIGNS / f"{campaign}.yaml", (*rate, f"seed={seed}", *machine, *overrides)), base=base)
    learner.prepare(["examine"])
    harm(learner)
    return learner


def course(learner: TextLearner, turns: int) -> dict[int, dict[str, float]]:
    """Turn -> signal -> value, at every examination."""
    found, val = {}, []
    for turn in range(1, turns + 1):
        learner.step(NEUTRAL)
        if turn % EVERY == 0:
            evaluation = learner.evaluate(SEQUENCES)
            val.append(evaluation.value)
            rise = min(val[-3:]) - min(val) if len(val) >= 3 and all(map(math.isfinite, val)) else math.nan
            found[turn] = {**learner.examine(evaluation).values, "val_rise": rise, "val": evaluation.value}
    return found


def main(seeds: str = "0,1,2", *names: str) -> None:
    print(f"{'sickness':<10}{'seed':>4}{'turn':>5}{'val':>14}" + "".join(f"{name:>16}" for name in EXAMINED))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "short.txt").write_text(WORDS, encoding="utf-8")
        for sickness in names or SICK:
            for seed in map(int, seeds.split(",")):
                for turn, values in course(learner_of("tutorial", sickness, seed, Path(folder)), max(SHOWN)).items():
                    if turn in SHOWN:
                        cells = "".join(f"{cell(name, values[name]):>16}" for name in EXAMINED)
                        print(f"{sickness:<10}{seed:>4}{turn:>5}{values['val']:>14.6g}{cells}", flush=True)


def cell(name: str, value: float) -> str:
    """The value, with a mark where it is sick."""
    signal = SIGNALS[name]
    return f"{value:.3g}" + ("!" if Reading(name, value, signal.low, signal.high).condition == "sick" else " ")


if __name__ == "__main__":
    main(*sys.argv[1:])
