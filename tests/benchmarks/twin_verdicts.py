"""Does the twin's verdict know a good intervention from a bad one?

A tiny GPT learns names at a tenth of its tuned learning rate, and at ten times it. From some turn on every update is tripled for ten
turns, and a twin walks beside it without. Where the rate was too small that must have helped, where it was too large it must have hurt.

    python tests/benchmarks/twin_verdicts.py [SEEDS [FIRST]]          the sweep that finds the tuned rate, then a table
"""

import statistics
import sys
from pathlib import Path

from rolltrain_tui.game.counterfactual import Comparison, Twin, look_turns
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
TUNED = 1e-2
"""The best constant rate of RATES after WARM_UP turns, by the sweep below."""
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
WARM_UP, HELD, SEQUENCES = 100, 10, 256


def learner_at(rate: float, seed: int, context: int = 16) -> TextLearner:
    """A GPT of some ten thousand weights at a constant learning rate."""
    overrides = (
        f"seed={seed}",
        f"optimizer.learning_rate={rate}",
        "turns=1000",
        "data.corpus=names",
        f"model={{n_layer: 1, n_head: 2, n_embd: 24, context: {context}, dropout: 0.0, bias: false, tie_weights: true}}",
        "batch={sequences: 16, accumulation: 1}",
        "schedule={warmup_turns: 0, decay: constant, final_fraction: 1.0}",
        "device={device: cpu, dtype: float32, threads: 1, compile: false}",
    )
    return build_learner(load(CAMPAIGNS / "tiny_gpt.yaml", overrides), base=CAMPAIGNS)


def verdict_on_tripling(rate: float, seed: int, turns: int = 2 * HELD, *, one_look: bool = False) -> Comparison:
    """After WARM_UP turns at `rate`: tripled updates for HELD of `turns` turns against none, judged as the game judges, or by a single
    look after the last turn at as much text."""
    hero = learner_at(rate, seed)
    for _ in range(WARM_UP):
        hero.step(NEUTRAL)
    twin, looks = Twin(hero), (turns,) if one_look else look_turns(turns)
    for turn in range(turns):
        twin.step(NEUTRAL)
        hero.step(StepEffect(update_scale=3.0) if turn < HELD else NEUTRAL)
        if turn + 1 in looks:
            twin.look(SEQUENCES // len(looks))
    return twin.judge()


def sweep(seeds: range) -> None:
    for rate in RATES:
        losses = []
        for seed in seeds:
            learner = learner_at(rate, seed)
            for _ in range(WARM_UP):
                learner.step(NEUTRAL)
            losses.append(learner.evaluate(SEQUENCES).value)
        print(f"rate {rate:<7g} validation {statistics.mean(losses):.4f}")


def main(count: int = 10, first: int = 0) -> None:
    seeds = range(first, first + count)
    sweep(seeds[:3])
    for name, rate, right in (("a tenth", TUNED / 10, "helped"), ("tenfold", TUNED * 10, "hurt")):
        for turns, one_look in ((HELD, False), (2 * HELD, False), (2 * HELD, True)):
            found = [verdict_on_tripling(rate, seed, turns, one_look=one_look) for seed in seeds]
            hits = sum(one.verdict == right for one in found)
            deltas = ", ".join(f"{one.delta:+.4f}±{one.standard_error:.4f}" for one in found)
            how = f"judged over {turns} turns{' by one look' if one_look else ''}"
            print(f"{name} of the tuned rate, {how}: {right} in {hits} of {count} seeds ({deltas})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
