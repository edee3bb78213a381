"""Trained: a model that a program brings along, with its own loaders, optimiser and schedule.
A turn: one optimiser step on the loader's next micro-batches.
Measured: the model's own loss on the validation loader, or on the first training batches where there is none.
Not possible: being built from a campaign file (see `integrations.plain.RollToTrain`), and levers that its batches cannot serve.
"""

from pathlib import Path
from typing import Any, NoReturn


def refuse(config: Any, *, base: Path) -> NoReturn:
    """No file can build a program's own model. Always raises ValueError."""
    raise ValueError("this campaign trains a program's own model; go on with RollToTrain(...).train(..., resume=...) in that program")
