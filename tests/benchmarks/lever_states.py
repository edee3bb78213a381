"""What does each lever of the abilities do to a run whose steps are too small, right, or too large?

    python tests/benchmarks/lever_states.py [FIRST [SEEDS [LEVER ...]]]        by default FIRST 1, SEEDS 8, and all levers

A GPT of 15,168 weights (one layer, 32 wide) learns names with AdamW at a constant rate, plainly: SLOW a tenth of the best rate for 150
turns, TUNED the best one for 300, HOT ten times that for 300. Then it is copied. A copy takes twenty turns with a lever, another the
same batches without any. Printed is the difference of their validation losses at once, after 10 turns and after 20: mean and standard
error over the seeds, and "*" where that is more than the 95 % point of Student's t. FIRST 0: the sweep that finds the best rate.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from rolltrain_tui.base.statistics import STUDENT_95, Estimate, estimate
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
TUNED = 1e-2
"""The best constant rate of RATES after 300 turns, by the sweep."""
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
STATES = {"SLOW": (TUNED / 10, 150), "TUNED": (TUNED, 300), "HOT": (TUNED * 10, 300)}
"""Name -> learning rate, plain turns before."""
LOOKS = (1, 10, 20)
SEQUENCES = 512

Lever = Callable[[int], StepEffect]
"""Turn after the copy, from 0 -> what that turn takes."""


def during(turns: int, effect: StepEffect) -> Lever:
    return lambda turn: effect if turn < turns else NEUTRAL


def warm_restart(turn: int) -> StepEffect:
    return StepEffect(lr_scale=1 + 0.5 * (1 + math.cos(math.pi * (turn + 0.5) / 20)) / 2)


LEVERS: dict[str, Lever] = {
    "update x1.5, 10 turns": during(10, StepEffect(update_scale=1.5)),
    "and clip x2, no decay": during(10, StepEffect(update_scale=1.5, clip_factor=2.0, decay_factor=0.0)),
    "update x3, 10 turns": during(10, StepEffect(update_scale=3.0)),
    "update x2, once": during(1, StepEffect(update_scale=2.0)),
    "update x0.3, 10 turns": during(10, StepEffect(update_scale=0.3)),
    "update x0.75, 10 turns": during(10, StepEffect(update_scale=0.75)),
    "update x1.25, 10 turns": during(10, StepEffect(update_scale=1.25)),
    "update x2, half batch, 3": during(3, StepEffect(update_scale=2.0, batch_factor=0.5)),
    "rate x1.5 falling to 1": warm_restart,
    "extra step, 2 turns": during(2, StepEffect(extra_steps=1)),
    "extra half step, 2 turns": during(2, StepEffect(extra_steps=1, extra_batch_factor=0.5)),
    "batch x4, 10 turns": during(10, StepEffect(batch_factor=4.0)),
    "half-way to average": during(1, StepEffect(heal_alpha=0.5)),
    "zero first moment": during(1, StepEffect(forget_momentum=True)),
    "cautious, 10 turns": during(10, StepEffect(cautious=True)),
    "agreeing x1.6, 10 turns": during(10, StepEffect(agreeing_gain=1.6)),
    "agreeing x1.2, 10 turns": during(10, StepEffect(agreeing_gain=1.2)),
    "drop worst 2, 10 turns": during(10, StepEffect(drop_worst=2)),
    "one turn held": during(1, StepEffect(update_scale=0.0)),
    "loss x1.5, 3 turns": during(3, StepEffect(loss_scale=1.5)),
}


def learner_at(rate: float, seed: int) -> TextLearner:
    overrides = (
        f"seed={seed}",
        f"optimizer.learning_rate={rate}",
        "model={n_layer: 1, n_head: 2, n_embd: 32, context: 32, dropout: 0.0, bias: false, tie_weights: true}",
        "schedule={warmup_turns: 0, decay: constant, final_fraction: 1.0}",
        "device.threads=1",
    )
    made = build(load(CAMPAIGNS / "tutorial.yaml", overrides), base=CAMPAIGNS)
    assert isinstance(made, TextLearner)
    return made


def brought_to(rate: float, turns: int, seed: int) -> TextLearner:
    learner = learner_at(rate, seed)
    learner.prepare({"heal_alpha"})  # the average looks back
    for _ in range(turns):
        learner.step(NEUTRAL)
    return learner


def differences(run: TextLearner, levers: dict[str, Lever]) -> dict[str, list[float]]:
    """For each lever the loss with it minus the loss without, at each look."""
    plain, arms = run.fork(), {name: run.fork() for name in levers}
    found: dict[str, list[float]] = {name: [] for name in levers}
    for turn in range(max(LOOKS)):
        for name, arm in arms.items():
            arm.follow(plain)
            arm.step(levers[name](turn))
        plain.step(NEUTRAL)
        if turn + 1 in LOOKS:
            without = plain.evaluate(SEQUENCES).value
            for name, arm in arms.items():
                found[name].append(arm.evaluate(SEQUENCES).value - without)
    return found


def told(found: Estimate) -> str:
    beyond = STUDENT_95[min(found.n - 1, len(STUDENT_95)) - 1] if found.n > 1 else math.inf
    return f"{found.mean:+.4f} ± {found.standard_error:.4f}{'*' if abs(found.mean) > beyond * found.standard_error else ' '}"


def sweep() -> None:
    for rate in RATES:
        losses = [brought_to(rate, 300, seed).evaluate(SEQUENCES).value for seed in range(901, 905)]
        print(f"rate {rate:<7g} validation {estimate(losses).mean:.4f}", flush=True)


def main(first: int = 1, seeds: int = 8, *names: str) -> None:
    torch.set_num_threads(1)
    if not first:
        return sweep()
    levers = {name: LEVERS[name] for name in names or LEVERS}
    print(f"{'':<32}" + "".join(f"{when:>20}" for when in ("at once", "after 10", "after 20")))
    for state, (rate, turns) in STATES.items():
        found = [differences(brought_to(rate, turns, seed), levers) for seed in range(first, first + seeds)]
        for name in levers:
            cells = (told(estimate([one[name][look] for one in found])) for look in range(len(LOOKS)))
            print(f"{state:<6} {name:<25}" + "".join(f"{cell:>20}" for cell in cells), flush=True)
    return None


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]), *sys.argv[3:])
