"""The lessons of the last games, in the order in which they are learned; and how they are saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithm import Rows, Told
from rolltrain_tui.modes.dungeon.dials import Settings
from rolltrain_tui.modes.dungeon.health import TOLD
from rolltrain_tui.modes.dungeon.play import Standing
from rolltrain_tui.training.snapshots import LearnerStateError

PREFIX = "dungeon.lessons."
ORDER = "dungeon.order"
BOOLEANS, WHOLE = ("mask",), ("text", "length", "commands", "words", "action")
"""Columns that are not float32."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """Never changed in place: an earlier one can be put back."""

    rows: Rows
    """N lessons; not empty."""
    told: Told
    """Of the games."""
    since: int
    """The turn in which they were played."""
    order: Tensor = torch.empty(0, dtype=torch.long)  # noqa: RUF009 - never changed
    """Lessons of this pass that are still to come."""

    def __len__(self) -> int:
        return len(next(iter(self.rows.values())))

    def next(self, count: int, stream: torch.Generator) -> tuple[Tensor, Self]:
        """The places of the next `count` lessons, and the buffer after them: each comes once before any comes again."""
        order = self.order
        while len(order) < count:
            order = torch.cat((order, torch.randperm(len(self), generator=stream)))
        return order[:count], replace(self, order=order[count:])

    def first(self, count: int) -> Tensor:
        return torch.arange(min(count, len(self)))

    def pack(self) -> dict[str, Tensor]:
        """As copies on the CPU."""
        return {f"{PREFIX}{name}": column.clone() for name, column in self.rows.items()} | {ORDER: self.order.clone()}


def own_state(games: Sequence[Standing], buffer: Buffer) -> dict[str, Any]:
    """JSON values."""
    return {"games": [[game.seed, list(game.state)] for game in games], "since": buffer.since, "told": dict(buffer.told)}


def standings(state: Mapping[str, Any]) -> tuple[Standing, ...]:
    """Inverse of `own_state`, of a state that was checked."""
    return tuple(Standing(seed, tuple(own)) for seed, own in state["games"])


def check(state: Mapping[str, Any], games: int) -> None:
    """LearnerStateError for a state that cannot be read."""
    clock, found, since = state.get("clock"), state.get("games"), state.get("since")
    good = isinstance(clock, int) and clock >= 0 and isinstance(found, list) and len(found) == games
    good = good and isinstance(since, int) and isinstance(state.get("told"), dict)
    recent = state.get("recent")
    good = good and isinstance(state.get("since_order"), int) and isinstance(state.get("dials"), dict)
    good = good and state["dials"].keys() == Settings().state().keys()
    good = good and isinstance(recent, list) and all(isinstance(turn, list) and len(turn) == len(TOLD) for turn in recent)
    for game in found if good and isinstance(found, list) else ():
        good = good and isinstance(game, list) and len(game) == 2 and isinstance(game[0], int) and isinstance(game[1], list)
    if not good:
        raise LearnerStateError(f"the saved state stands at turn {clock!r} of the dungeon, with games that cannot be read")


def unpack(tensors: Mapping[str, Tensor], state: Mapping[str, Any], columns: Mapping[str, int]) -> Buffer:
    """Inverse of `pack`. `columns`: the number of dimensions of each. LearnerStateError where a column is missing or is another one."""
    wanted = {PREFIX + name for name in columns} | {ORDER}
    if strange := sorted(tensors.keys() ^ wanted):
        raise LearnerStateError(f"the saved lessons have no tensor {strange[0]!r}, or one too many of that name")
    rows = {name: tensors[PREFIX + name].clone() for name in columns}
    count = {len(column) if column.dim() else 0 for column in rows.values()}
    for name, column in rows.items():
        dtype = torch.bool if name in BOOLEANS else torch.int64 if name in WHOLE else torch.float32
        if column.dtype != dtype or column.dim() != columns[name] or len(count) != 1 or not len(column):
            raise LearnerStateError(f"the saved lessons have a column {name!r} of {column.dtype} and shape {tuple(column.shape)}")
    order = tensors[ORDER].clone()
    if order.dtype != torch.int64 or order.dim() != 1 or (len(order) and not 0 <= int(order.min()) <= int(order.max()) < min(count)):
        raise LearnerStateError("the order of the saved lessons names one that is not there")
    return Buffer(rows, dict(state["told"]), state["since"], order)
