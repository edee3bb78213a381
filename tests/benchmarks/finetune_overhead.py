"""What the game costs the fine-tuning of a ready model, beside a plain loop on the same model and data.

    python tests/benchmarks/finetune_overhead.py my.yaml --turns 60 --clock cpu

Turns of the campaign and steps of the loop take turns in one process: the medians of both, and the ratio over pairs of neighbours with its
quartiles. The campaign's own dice act (`--set dice.rulebook=off`: none do); evaluations, camps and saves stay outside.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.finetune.config import FinetuneConfig
from rolltrain_tui.modes.finetune.learner import FinetuneLearner, losses
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.run import Run

APART = (
    "evaluation.every=1000000",
    "camps.every=1000000",
    "save.autosave_every=1000000",
    "speech.every=0",
    "twin.mode=off",
    "encounters.mode=off",
)


def main(words: Sequence[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", type=Path)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: the processor time that this program itself used")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    asked = parser.parse_args(words)
    now = time.perf_counter if asked.clock == "wall" else time.process_time
    config = load(asked.campaign, (*asked.settings, *APART, f"turns={asked.turns}", "schedule.warmup_turns=1"))
    assert isinstance(config, FinetuneConfig), "name a campaign of kind finetune"
    base = asked.campaign.parent
    plain = build(config, base=base)
    assert isinstance(plain, FinetuneLearner)
    with tempfile.TemporaryDirectory() as runs:
        run = Run.create(Campaign(config, build(config, base=base)), base=base, runs=Path(runs))
        game, loop = _taken(run, plain, now)
    game, loop = game[asked.warm_up :], loop[asked.warm_up :]
    ratios = [a / b for a, b in zip(game, loop, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    found = {"game_ms": 1000 * statistics.median(game), "plain_ms": 1000 * statistics.median(loop), "ratio": middle, "pairs": len(ratios)}
    print(f"{plain.info().model}: a turn takes {found['game_ms']:.2f} ms, a step of the plain loop {found['plain_ms']:.2f} ms")
    print(f"ratio {middle:.4f}, quartiles {low:.4f} to {high:.4f}, over {len(ratios)} pairs")
    return found


def _taken(run: Run, plain: FinetuneLearner, now: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Seconds of each turn, and of each step of the plain loop between two of them."""
    model, parameters = plain.model, plain.levers.parameters
    optimizer = torch.optim.AdamW(parameters, lr=plain.config.optimizer.learning_rate)
    game: list[float] = []
    loop: list[float] = []
    place = (0, 0)
    began = now()
    for event in run.play(Inbox()):
        if not isinstance(event, StepTaken):
            continue
        game.append(now() - began)
        began = now()
        for _ in range(plain.config.batch.accumulation):
            batch, place = plain.reader.take(place, plain.config.batch.sequences)
            (losses(model, batch).mean() / plain.config.batch.accumulation).backward()
        torch.nn.utils.clip_grad_norm_(parameters, plain.config.optimizer.clip or float("inf"))
        optimizer.step()
        optimizer.zero_grad()
        loop.append(now() - began)
        began = now()
    return game, loop


if __name__ == "__main__":
    main(sys.argv[1:])
