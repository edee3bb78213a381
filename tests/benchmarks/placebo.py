"""The placebo lesson in numbers: one buff, asked for on the loss and on the update, under five optimisers; and hold against skip.

python tests/benchmarks/placebo.py [SEEDS [FIRST]]          the tables of the codex page `placebo`; by default 5 seeds from 1 on
"""

import math
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
SGD = "optimizer={{name: sgd, learning_rate: {lr}, beta1: {momentum}, beta2: 0.99, eps: 1e-8, weight_decay: 0.0, clip: {clip}}}"
VESSELS = {
    "SGD": SGD.format(lr=0.05, momentum=0.0, clip="null"),
    "SGD, momentum 0.9": SGD.format(lr=0.02, momentum=0.9, clip="null"),
    "SGD, clip 0.25": SGD.format(lr=0.2, momentum=0.0, clip=0.25),
    "AdamW": "optimizer.clip=null",
    "AdamW, clip 0.25": "optimizer.clip=0.25",
}
"""Name -> the one override of the shipped campaign that makes it."""
SCALES = (-1.0, 0.0, 0.5, 2.0, 3.0)
LASTING = ("SGD", "AdamW", "AdamW, clip 0.25")
"""Those that whole runs are played in."""
WARM_UP, TURNS = 150, 200

Dice = Callable[[], StepEffect]


def learner_in(vessel: str, seed: int) -> TextLearner:
    overrides = (f"seed={seed}", f"turns={TURNS}", VESSELS[vessel])
    return build_learner(load(CAMPAIGNS / "placebo.yaml", overrides), base=CAMPAIGNS)


def felt(vessel: str, seed: int) -> dict[float, float]:
    """After a plain warm-up, one turn on a copy for each scale of the loss: what multiple of the plain step the weights felt."""
    learner = learner_in(vessel, seed)
    for _ in range(WARM_UP):
        learner.step(NEUTRAL)
    return {scale: learner.fork().step(StepEffect(loss_scale=scale)).k_effective for scale in SCALES}


def final_loss(vessel: str, seed: int, effect: Callable[[bool], StepEffect]) -> float:
    """A whole run in which a fair coin of the seed's own says, turn by turn, which of two effects holds."""
    learner, coin = learner_in(vessel, seed), random.Random(seed)
    for _ in range(TURNS):
        learner.step(effect(coin.random() < 0.5))
    return learner.evaluate(learner.config.evaluation.final_sequences).value


ARMS: dict[str, Callable[[bool], StepEffect]] = {
    "plain": lambda heads: NEUTRAL,
    "loss x2": lambda heads: StepEffect(loss_scale=2.0 if heads else 1.0),
    "update x2": lambda heads: StepEffect(update_scale=2.0 if heads else 1.0),
    "hold": lambda heads: StepEffect(update_scale=0.0 if heads else 1.0, on_zero="hold"),
    "skip": lambda heads: StepEffect(update_scale=0.0 if heads else 1.0, on_zero="skip"),
}
"""The buff on half of the turns, or nothing at all on half of them."""


def told(numbers: Sequence[float]) -> str:
    """Mean and standard error."""
    error = statistics.stdev(numbers) / math.sqrt(len(numbers)) if len(numbers) > 1 else math.nan
    return f"{statistics.mean(numbers):+.4f} ± {error:.4f}"


def main(count: int = 5, first: int = 1) -> None:
    seeds = range(first, first + count)
    print("k felt on one turn, by k claimed on the loss")
    print(f"{'':<20}" + "".join(f"{scale:>20g}" for scale in SCALES))
    for vessel in VESSELS:
        found = [felt(vessel, seed) for seed in seeds]
        print(f"{vessel:<20}" + "".join(f"{told([one[scale] for one in found]):>20}" for scale in SCALES), flush=True)
    print(f"\nfinal validation loss minus plain training's, {TURNS} turns, {count} seeds from {first} on")
    print(f"{'':<20}{'plain':>20}{'loss x2':>20}{'update x2':>20}{'hold':>20}{'skip':>20}{'hold - skip':>20}")
    for vessel in LASTING:
        losses = {name: [final_loss(vessel, seed, arm) for seed in seeds] for name, arm in ARMS.items()}
        deltas = {name: [a - b for a, b in zip(losses[name], losses["plain"], strict=True)] for name in ARMS if name != "plain"}
        both = [a - b for a, b in zip(losses["hold"], losses["skip"], strict=True)]
        print(f"{vessel:<20}" + "".join(f"{told(column):>20}" for column in (losses["plain"], *deltas.values(), both)), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
