"""nanoGPT's loop and the game on one NVIDIA card: eager and compiled; float32, TF32 and bfloat16; game on and off.

    python tests/benchmarks/gpu.py [--minutes 8] [--out gpu.json]         the card; the results are JSON
    python tests/benchmarks/gpu.py --smoke                                 tiny sizes on the CPU: does the script run?

Three loops train a GPT of nanoGPT's size for tiny Shakespeare (6 layers, 6 heads, width 384, context 256, batch 64) without dropout:

    plain     nanoGPT's own: pinned batches, fused AdamW, clip, `loss.item()` every tenth step
    learner   the game's training with the game left out: neutral turns
    game      a whole headless run: dice, levers, rules, chronicle

They take blocks of turns in alternation, so that the card's clock falls on all of them. A ratio is the median over blocks of the plain
loop's time over the other's: above 1 is faster than plain. What the time does not suffice for is named in `left_out`.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from rolltrain_tui.bench.bare import GPT
from rolltrain_tui.bench.contest import TURNS_ONLY, bare_material
from rolltrain_tui.cli.shared.exit_codes import WRONG_USE
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import find, load
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.events import StepTaken, TrainingFailed
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.run import Run

Block = Callable[[int], None]
"""Train so many turns."""
LOOPS = ("plain", "learner", "game")
PRECISIONS = ("float32", "tf32", "bfloat16")
SETTLING_MINUTES = 1.5
"""What two compilations may take. A compiled cell does not begin with less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What is trained and for how long."""

    device: str
    model: Mapping[str, int]
    sequences: int
    turns: int
    """In a block."""
    blocks: int
    modes: tuple[str, ...] = ("eager", "compiled")
    precisions: tuple[str, ...] = PRECISIONS


CARD = Sizes(device="cuda", model={"n_layer": 6, "n_head": 6, "n_embd": 384, "context": 256}, sequences=64, turns=20, blocks=10)
SMOKE = Sizes(
    device="cpu",
    model={"n_layer": 1, "n_head": 2, "n_embd": 16, "context": 8},
    sequences=2,
    turns=2,
    blocks=2,
    modes=("eager",),
    precisions=("float32", "bfloat16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One loop in one mode and precision."""

    mode: str
    precision: str
    loop: str
    milliseconds: float
    """Of a turn, median over blocks."""
    over_plain: float
    tokens_per_second: float
    peak_megabytes: float
    """Of the card's memory, with all three loops on it; 0 on a CPU."""


def overrides(sizes: Sizes, mode: str, precision: str) -> tuple[str, ...]:
    dtype = "bfloat16" if precision == "bfloat16" else "float32"
    return (
        *TURNS_ONLY,
        *(f"model.{name}={value}" for name, value in sizes.model.items()),
        f"batch.sequences={sizes.sequences}",
        f"device={{device: {sizes.device}, dtype: {dtype}, threads: 1, compile: {str(mode == 'compiled').lower()}}}",
    )


# ---------------------------------------------------------------------------------------------------------------------
# The three loops


def plain(campaign: Path, settings: tuple[str, ...], device: str, mode: str, precision: str, folder: Path) -> Block:
    """nanoGPT's training loop on the campaign's text."""
    tokens, sizes = bare_material(campaign, settings, folder)
    data, context, batch = torch.load(tokens, weights_only=True), sizes["context"], sizes["batch"]
    model: nn.Module = GPT(sizes["vocabulary"], sizes["n_layer"], sizes["n_head"], sizes["n_embd"], context, sizes["bias"]).to(device)
    on_card = device == "cuda"
    optimizer = torch.optim.AdamW(model.parameters(), lr=sizes["lr"], betas=(0.9, 0.99), weight_decay=0.1, fused=on_card)
    loss_of: Callable[..., Any] = torch.compile(model) if mode == "compiled" else model
    cast: Callable[[], AbstractContextManager[Any]] = (
        (lambda: torch.autocast(device, torch.bfloat16)) if precision == "bfloat16" else nullcontext
    )

    def window(places: torch.Tensor, ahead: int) -> torch.Tensor:
        rows = torch.stack([data[i + ahead : i + ahead + context] for i in places])
        return rows.pin_memory().to(device, non_blocking=True) if on_card else rows

    def block(turns: int) -> None:
        for turn in range(turns):
            places = torch.randint(len(data) - context, (batch,))
            x, y = window(places, 0), window(places, 1)
            with cast():
                loss = loss_of(x, y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            if turn % 10 == 0:
                loss.item()

    return block


def learner(campaign: Path, settings: tuple[str, ...]) -> Block:
    """The game's training, every turn a neutral one."""
    trained = build(load(campaign, settings), base=campaign.parent)

    def block(turns: int) -> None:
        for _ in range(turns):
            trained.step(NEUTRAL)

    return block


def game(campaign: Path, settings: tuple[str, ...], folder: Path, stack: ExitStack) -> Block:
    """A headless run in a folder. It is closed with the stack."""
    run = Run.begin(load(campaign, settings), base=campaign.parent, runs=folder)
    events = run.play(Inbox())
    stack.callback(events.close)  # type: ignore[attr-defined]  # a generator

    def block(turns: int) -> None:
        while turns:
            event = next(events)
            assert not isinstance(event, TrainingFailed), event.error
            turns -= isinstance(event, StepTaken)

    return block


# ---------------------------------------------------------------------------------------------------------------------
# The measurement


@contextmanager
def precise(precision: str) -> Iterator[None]:
    """float32 products in full, or in TF32. bfloat16 leaves the few float32 ones to TF32, as nanoGPT does."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def timed(block: Block, turns: int, device: str) -> float:
    """Milliseconds of a turn, until the card has done its work."""
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    block(turns)
    if device == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - began) / turns


def compare(campaign: Path, sizes: Sizes, mode: str, precision: str) -> list[Cell]:
    """The three loops of one mode and precision, in turns."""
    settings, on_card = overrides(sizes, mode, precision), sizes.device == "cuda"
    if on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    if mode == "compiled":
        torch.compiler.reset()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stack.enter_context(precise(precision))
        field = (
            plain(campaign, settings, sizes.device, mode, precision, folder),
            learner(campaign, settings),
            game(campaign, settings, folder, stack),
        )
        for block in field:
            timed(block, sizes.turns, sizes.device)  # compilation, first touch, the card's clock
        times = [[timed(block, sizes.turns, sizes.device) for block in field] for _ in range(sizes.blocks)]
        peak = torch.cuda.max_memory_allocated() / 2**20 if on_card else 0.0
    tokens = sizes.sequences * sizes.model["context"]
    cells = []
    for loop, own in zip(LOOPS, zip(*times, strict=True), strict=True):
        milliseconds = statistics.median(own)
        ratio = statistics.median(row[0] / ms for row, ms in zip(times, own, strict=True))
        cells.append(
            Cell(
                mode=mode,
                precision=precision,
                loop=loop,
                milliseconds=milliseconds,
                over_plain=ratio,
                tokens_per_second=1000 * tokens / milliseconds,
                peak_megabytes=peak,
            )
        )
    return cells


def measure(sizes: Sizes, minutes: float) -> dict[str, Any]:
    """All cells for which the time suffices: the eager ones first, for they are sure to come."""
    campaign, began = find("tiny_gpt"), time.monotonic()
    cells: list[Cell] = []
    left_out: list[str] = []
    for mode, precision in itertools.product(sizes.modes, sizes.precisions):
        left = minutes - (time.monotonic() - began) / 60
        if left < (SETTLING_MINUTES if mode == "compiled" else 0):
            left_out.append(f"{mode} {precision}")
            continue
        cells += compare(campaign, sizes, mode, precision)
        for cell in cells[-len(LOOPS) :]:
            print(
                f"{cell.mode:<9}{cell.precision:<9}{cell.loop:<8}{cell.milliseconds:8.2f} ms a turn, {cell.over_plain:.3f} x plain",
                file=sys.stderr,
                flush=True,
            )
    return {
        "device": torch.cuda.get_device_name() if sizes.device == "cuda" else sizes.device,
        "torch": torch.__version__,
        "sizes": asdict(sizes),
        "cells": [asdict(cell) for cell in cells],
        "left_out": left_out,
        "seconds": time.monotonic() - began,
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="nanoGPT's loop and the game on one NVIDIA card.")
    parser.add_argument("--minutes", type=float, default=8, help="the longest that it may take")
    parser.add_argument("--out", type=Path, help="where the JSON is written, instead of standard output")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes on the CPU")
    options = parser.parse_args(arguments)
    if not options.smoke and not torch.cuda.is_available():
        print("This benchmark needs an NVIDIA card, and PyTorch finds none here; --smoke runs it on the CPU.", file=sys.stderr)
        return WRONG_USE
    found = json.dumps(measure(SMOKE if options.smoke else CARD, options.minutes), indent=2)
    if options.out is not None:
        options.out.write_text(found + "\n", encoding="utf-8")
    else:
        print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
