"""What a turn of the game costs beside the original program's own step, on the same model, data and machine, in one run.

    python tests/benchmarks/original_overhead.py

The original (Roll-to-Train) cannot be had here. `original` below is its behaviour restated: every micro-batch is rolled for, its loss is
multiplied as a tensor by roll, monster, class and level in turn, the loss's value is read three more times, a line is written above the
progress bar and the bar is redrawn; mixed precision is asked for twice and switched off on a CPU. All three arms take turns in blocks of
one run: the plain loop, the game on a plain loop's model (`RollToTrain`, its default dice, class and monsters), and the original restated.
"""

import argparse
import io
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Block = Callable[[int], None]


class Classifier(nn.Module):
    """A small transformer; about 3 ms a micro-batch on a CPU."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(256, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.answer = nn.Linear(64, 2)

    def forward(self, input_ids: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.answer(self.blocks(self.words(input_ids)).mean(dim=1))
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def model() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    made = Classifier()
    return made, torch.optim.AdamW(made.parameters(), lr=1e-3)


def batches(n: int) -> list[dict[str, Tensor]]:
    g = torch.Generator().manual_seed(1)
    return [{"input_ids": torch.randint(256, (8, 32), generator=g), "labels": torch.randint(2, (8,), generator=g)} for _ in range(n)]


def endless(data: list[dict[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
    while True:
        yield from data


def plain(data: list[dict[str, Tensor]], accumulation: int) -> Block:
    """Accumulate, clip, step."""
    net, optimizer = model()
    stream = endless(data)

    def block(micro_batches: int) -> None:
        for i in range(micro_batches):
            (net(**next(stream))["loss"] / accumulation).backward()
            if (i + 1) % accumulation == 0:
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()

    return block


def original(data: list[dict[str, Tensor]], accumulation: int) -> Block:
    """The original's per_mini_batch loop with a wizard and its monsters, as its description has it; the terminal is a sink."""
    from tqdm import tqdm

    net, optimizer = model()
    stream, sink = endless(data), io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scaler = torch.amp.GradScaler("cuda")
    dice, history, state = random.Random(0), [], {"charges": 3, "xp": 0, "level": 1, "monster": 0}

    def roll_for(loss: Tensor) -> Tensor:
        total = int(torch.randint(1, 21, (1,)).item()) + 2
        scale = -1.0 if total == 1 else 1.0 if total == 20 else (total - 15) / 100 if total >= 15 else 0.0
        scaled = loss * scale
        tqdm.write(f"Rolled {total}: scaling the loss by {scale:.2f}", file=sink)
        if state["monster"]:
            state["monster"] -= 1
            scaled = scaled * 2.0 if total < 15 else scaled
        if total >= 15 and state["charges"]:
            state["charges"] -= 1
            scaled = scaled * 1.5
        if total >= 15:
            state["xp"] += 10 * total
        return scaled * (1 + 0.1 * (state["level"] - 1))

    def block(micro_batches: int) -> None:
        bar = tqdm(range(micro_batches), file=sink)
        for i in bar:
            batch = next(stream)
            if i % accumulation == 0 and not state["monster"] and dice.random() < 0.1:
                state["monster"] = 3
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with torch.autocast("cuda"):
                    loss = net(**batch)["loss"]
                with torch.autocast("cuda"):
                    before = loss.item()
                    loss = roll_for(loss)
                    history.append(loss.item())
                    scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            bar.set_postfix(loss=loss.item(), before=before)
            if (i + 1) % accumulation == 0:
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
        sink.seek(0)
        sink.truncate()

    return block


def game(data: list[dict[str, Tensor]], accumulation: int, folder: Path) -> Block:
    """The whole campaign, chronicle and all; no evaluation falls into the run."""
    from rolltrain_tui import RollToTrain, Wizard
    from rolltrain_tui.protocol.events import StepTaken
    from rolltrain_tui.protocol.inbox import Inbox

    net, optimizer = model()
    how: dict[str, Any] = {"turns": 10**6, "evaluate_every": 10**6, "runs": folder, "accumulation_steps": accumulation, "intelligence": 15}
    trainer = RollToTrain(net, optimizer, character_class=Wizard(), **how)
    story = trainer._open(data, data[:2], None, on_screen=False).play(Inbox())

    def block(micro_batches: int) -> None:
        turns = micro_batches // accumulation
        while turns:
            turns -= isinstance(next(story), StepTaken)

    return block


def main(words: list[str]) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--block", type=int, default=40, help="micro-batches of each arm in a round")
    parser.add_argument("--accumulation", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time, on a machine that is not quiet")
    given = parser.parse_args(words)
    torch.set_num_threads(given.threads)
    now = time.process_time if given.clock == "cpu" else time.perf_counter
    data = batches(64)
    with tempfile.TemporaryDirectory() as folder:
        arms = {
            "plain loop": plain(data, given.accumulation),
            "the game": game(data, given.accumulation, Path(folder)),
            "the original, restated": original(data, given.accumulation),
        }
        times: dict[str, list[float]] = {arm: [] for arm in arms}
        for turn in range(given.rounds + 1):
            for arm, block in arms.items():
                began = now()
                block(given.block)
                if turn:  # the first round warms up
                    times[arm].append((now() - began) / given.block * 1e3)
    bare = times["plain loop"]
    found = {}
    for arm, own in times.items():
        found[arm] = statistics.median(a / b for a, b in zip(own, bare, strict=True))
        extra = statistics.median(a - b for a, b in zip(own, bare, strict=True))
        print(f"{arm:<24} {statistics.median(own):7.3f} ms a micro-batch, {extra:+7.3f} ms, x{found[arm]:.3f}")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
