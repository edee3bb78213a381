"""The lessons of the last games, in the order in which they are learned; and how they are saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.algorithm import Rows, Told
from rolltrain_tui.modes.dungeon.dials import Settings
from rolltrain_tui.modes.dungeon.exam.health import TOLD
from rolltrain_tui.modes.dungeon.games.games import Standing
from rolltrain_tui.training.state.snapshots import LearnerStateError

PREFIX, EXAMPLES = "dungeon.lessons.", "dungeon.examples."
ORDER = "dungeon.order"
BOOLEANS, WHOLE = ("mask",), ("text", "length", "commands", "words", "action")
"""Columns that are not float32."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """Never changed in place: an earlier one can be put back."""

    rows: Rows
    """N lessons; not empty."""
    told: Told
    """Measurements of the games."""
    since: int
    """The turn in which they were played."""
    order: Tensor = torch.empty(0, dtype=torch.long)  # noqa: RUF009 - never changed
    """Lessons of this pass that are still to come."""
    examples: Rows | None = None
    """Commands that are to be imitated besides: offers, and which of the commands it is. None where there are none."""

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
        own = {f"{EXAMPLES}{name}": column.clone() for name, column in (self.examples or {}).items()}
        return {f"{PREFIX}{name}": column.clone() for name, column in self.rows.items()} | own | {ORDER: self.order.clone()}


def own_state(games: Sequence[Standing], buffer: Buffer) -> dict[str, Any]:
    """JSON values. What a player remembers, and what was refused, stands only where there is some."""
    rows = [[game.seed, list(game.state), *([list(game.past), game.refused] if game.past or game.refused else [])] for game in games]
    return {"games": rows, "since": buffer.since, "told": dict(buffer.told)}


def standings(state: Mapping[str, Any]) -> tuple[Standing, ...]:
    """Inverse of `own_state`, of a state that was checked."""
    found = []
    for seed, own, *more in state["games"]:
        past, refused = more or ((), 0)
        found.append(Standing(seed, tuple(own), tuple(past), refused))
    return tuple(found)


def check(state: Mapping[str, Any], games: int) -> None:
    """LearnerStateError for a state that cannot be read."""
    clock, found, since = state.get("clock"), state.get("games"), state.get("since")
    good = isinstance(clock, int) and clock >= 0 and isinstance(found, list) and len(found) == games
    good = good and isinstance(since, int) and isinstance(state.get("told"), dict)
    good = good and isinstance(state.get("demonstrations", []), list)
    recent = state.get("recent")
    good = good and isinstance(state.get("since_order"), int) and isinstance(state.get("dials"), dict)
    good = good and state["dials"].keys() == Settings().state().keys()
    good = good and isinstance(recent, list) and all(isinstance(turn, list) and len(turn) == len(TOLD) for turn in recent)
    for game in found if good and isinstance(found, list) else ():
        good = good and isinstance(game, list) and len(game) in (2, 4) and isinstance(game[0], int) and isinstance(game[1], list)
        if good and len(game) == 4:
            past, refused = game[2:]
            good = isinstance(past, list) and all(isinstance(move, str) for move in past) and isinstance(refused, int) and refused >= 0
    if not good:
        raise LearnerStateError(f"the saved state stands at turn {clock!r} of the dungeon, with games that cannot be read")


EXAMPLE_COLUMNS = {"text": 2, "length": 1, "commands": 3, "words": 2, "action": 1}


def unpack(tensors: Mapping[str, Tensor], state: Mapping[str, Any], columns: Mapping[str, int]) -> Buffer:
    """Inverse of `pack`. `columns`: the number of dimensions of each. LearnerStateError where a column is missing or is another one."""
    with_examples = any(name.startswith(EXAMPLES) for name in tensors)
    wanted = {PREFIX + name for name in columns} | {ORDER} | ({EXAMPLES + name for name in EXAMPLE_COLUMNS} if with_examples else set())
    if strange := sorted(tensors.keys() ^ wanted):
        raise LearnerStateError(f"the saved lessons have no tensor {strange[0]!r}, or one too many of that name")
    rows = _rows(tensors, PREFIX, columns)
    examples = _rows(tensors, EXAMPLES, EXAMPLE_COLUMNS) if with_examples else None
    order, count = tensors[ORDER].clone(), len(next(iter(rows.values())))
    if order.dtype != torch.int64 or order.dim() != 1 or (len(order) and not 0 <= int(order.min()) <= int(order.max()) < count):
        raise LearnerStateError("the order of the saved lessons names one that is not there")
    return Buffer(rows, dict(state["told"]), state["since"], order, examples)


def _rows(tensors: Mapping[str, Tensor], prefix: str, columns: Mapping[str, int]) -> dict[str, Tensor]:
    rows = {name: tensors[prefix + name].clone() for name in columns}
    count = {len(column) if column.dim() else 0 for column in rows.values()}
    for name, column in rows.items():
        dtype = torch.bool if name in BOOLEANS else torch.int64 if name in WHOLE else torch.float32
        if column.dtype != dtype or column.dim() != columns[name] or len(count) != 1 or not len(column):
            raise LearnerStateError(f"the saved lessons have a column {name!r} of {column.dtype} and shape {tuple(column.shape)}")
    return rows
