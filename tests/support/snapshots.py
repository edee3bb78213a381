"""Small saves, and when two of them are the same."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from rolltrain_tui.runs import saves


def snapshot(turn: int = 37, **summary: Any) -> saves.Snapshot:
    """A small run at a turn, with a tensor of every kind a learner has."""
    generator = torch.Generator().manual_seed(turn)
    return saves.Snapshot(
        config_text=f"name: Die Höhle № {turn}\n",
        state={"turn": turn, "dice": [3, [2**40, None], 0.1], "hero": {"name": "Brakka\u202e", "dead": False}, "loss": math.nan},
        tensors={
            "weights/wte": torch.randn(3, 5, generator=generator),
            "weights/half": torch.randn(3, generator=generator).bfloat16(),
            "streams/data": generator.get_state()[:16].clone(),
            "step": torch.tensor(float(turn)),
            "turns": torch.tensor([turn, -1, 2**62]),
            "mask": torch.tensor([True, False, True]),
            "nothing": torch.zeros(0, 4),
        },
        summary=saves.Summary("The Cave", "Brakka", "wizard", 2, turn, 100, 2.5, None),
        note="",
    ) if not summary else replace(snapshot(turn), summary=replace(snapshot(turn).summary, **summary))  # fmt: skip


def same(first: saves.Snapshot, second: saves.Snapshot) -> bool:
    """Equal to the last bit."""
    return (
        (first.config_text, repr(first.state), first.summary) == (second.config_text, repr(second.state), second.summary)
        and first.tensors.keys() == second.tensors.keys()
        and all(identical(tensor, second.tensors[name]) for name, tensor in first.tensors.items())
    )


def identical(first: torch.Tensor, second: torch.Tensor) -> bool:
    def raw(tensor: torch.Tensor) -> list[Any]:
        return tensor.reshape(-1).view(torch.uint8).tolist() if tensor.numel() else []

    return (first.dtype, first.shape, raw(first)) == (second.dtype, second.shape, raw(second))


def save(run: Path, turn: int, name: str = "", keep: int | None = 3) -> Path:
    return saves.write(run, snapshot(turn), name=name, keep=keep)
