"""A program's own PyTorch model.

What is trained: any module with its own optimiser, loss and batches. A turn: one step of that optimiser.
What is measured: the mean validation loss, in whatever unit the program's loss has.
What it cannot do: be built from a file. The program hands its parts over; see `integrations.plain.RollToTrain`.
"""

from pathlib import Path
from typing import Any, NoReturn


def refuse(config: Any, *, base: Path) -> NoReturn:
    """No file can build a program's own model. Always raises ValueError."""
    raise ValueError("it trains a program's own model; go on with RollToTrain(...).train(..., resume=...) in that program")
