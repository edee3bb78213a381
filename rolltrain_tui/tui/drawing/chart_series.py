"""The series that the full chart offers: the objective first, then what each step was, then every signal that was recorded."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.story.phrases import title
from rolltrain_tui.story.scene.history import History
from rolltrain_tui.tui.drawing.plot import Point


@dataclass(frozen=True, slots=True)
class Series:
    title: str
    points: Callable[[History], list[Point]]
    """Its line."""
    objective: bool = False
    """It is what the evaluations measure: with marks, ghost and limit."""


def series_of(history: History, objective: Objective) -> list[Series]:
    """Everything that can be shown of a run, at least one series."""
    unit = f" ({objective.unit})" if objective.unit else ""
    if objective.of_loss:
        rows = [Series(f"Loss{unit}", _column("mean"), objective=True)]
    else:
        rows = [
            Series(f"{objective.title}{unit}", lambda history: list(history.validations), objective=True),
            Series("Training loss", _column("mean")),
        ]
    named = {"grad_norm": "Gradient norm", "lr": "Learning rate", "update_norm": "Update norm", "k": "k felt", "tokens": "Tokens a turn"}
    rows += [Series(name, _column(column)) for column, name in named.items()]
    return rows + [Series(title(signal), _signal(signal)) for signal in history.signals]


def _column(name: str) -> Callable[[History], list[Point]]:
    return lambda history: list(history.series(name))


def _signal(name: str) -> Callable[[History], list[Point]]:
    return lambda history: list(history.signals.get(name, ()))


def value_at(points: list[Point], turn: int) -> float:
    """The last value at or before a turn; NaN before the first."""
    return next((value for at, value in reversed(points) if at <= turn), math.nan)
