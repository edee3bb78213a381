"""What a save holds of the duel itself: replay buffers, games as they stand, older selves, and the rival."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.experience import Tables
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.players.pool import Pool
from rolltrain_tui.modes.duel.side import Rival, Side
from rolltrain_tui.training.state.snapshots import LearnerStateError, Snapshot, fitting


def numbers(sides: Sequence[Side], pool: Pool) -> dict[str, Any]:
    """The part of the state that is not tensors."""
    return {
        "replay": {side.role: [side.replay.position, side.replay.full] for side in sides},
        "written": {side.role: side.replay.stamps for side in sides},
        "older": sorted(pool.older),
    }


def stamps_of(state: Mapping[str, Any], side: Side, rows: int) -> tuple[tuple[int, int], ...]:
    """The turns in which its rows were written. Saves of earlier versions lack them: then the campaign's own pace is assumed, up to now."""
    if "written" in state:
        return tuple((int(turn), int(count)) for turn, count in state["written"][side.role])
    games, every, now = side.config.table.games, side.config.table.every, int(state["clock"])
    moves = [(now - back * every, min(games, rows - back * games)) for back in range(-(-rows // games))]
    return tuple(reversed(moves))


def check_numbers(state: Mapping[str, Any], sides: Sequence[Side]) -> None:
    """LearnerStateError unless these, and the clock, can be read."""
    clock, places = state.get("clock"), state.get("replay")
    good = isinstance(clock, int) and clock >= 0 and isinstance(places, dict) and places.keys() == {side.role for side in sides}
    for place in places.values() if good and isinstance(places, dict) else ():
        good = good and isinstance(place, list) and len(place) == 2 and isinstance(place[0], int) and isinstance(place[1], bool)
    if not good or not isinstance(state.get("older"), list):
        raise LearnerStateError(f"the saved state stands at turn {clock!r} of the duel, with replay buffers {places!r}; it cannot be read")


def tensors(sides: Sequence[Side], pool: Pool, rival: Rival | None) -> dict[str, Tensor]:
    """duel.*, as copies."""
    packed: dict[str, Tensor] = {}
    for side in sides:
        packed |= side.replay.pack(f"duel.{side.role}.replay") | pack_tables(side.tables, f"duel.{side.role}.games")
    for name, net in pool.older.items():
        packed |= {f"duel.{name}.{key}": value.cpu().clone() for key, value in net.state_dict().items()}
    return packed | (rival.capture().pack("duel.rival.") if rival is not None else {})


class Kept:
    """A saved state, read and checked. LearnerStateError where it does not fit."""

    def __init__(
        self, config: DuelConfig, sides: Sequence[Side], rival: Rival | None, found: Mapping[str, Tensor], state: Mapping[str, Any]
    ) -> None:
        """`found`: all tensors duel.* of a save; `state`: what `check_numbers` has passed."""
        self.replay: dict[str, tuple[dict[str, Tensor], int, bool, tuple[tuple[int, int], ...]]] = {}
        self.tables: dict[str, Tables] = {}
        self.older: dict[str, nn.Module] = {}
        self.rival: Snapshot | None = None
        known: set[str] = set()
        for side in sides:
            position, full = state["replay"][side.role]
            rows = side.replay.capacity if full else position
            if not 0 <= position < side.replay.capacity:
                raise LearnerStateError(f"the saved replay buffer stands at slot {position}, and this one has {side.replay.capacity}")
            packed = {}
            for name, column in side.replay.columns.items():
                at = f"duel.{side.role}.replay.{name}"
                packed[name] = fitting(found, at, torch.Size((rows, *column.shape[1:])), column.dtype)
                known.add(at)
            self.replay[side.role] = (packed, position, full, stamps_of(state, side, rows))
            self.tables[side.role], names = unpack_tables(found, f"duel.{side.role}.games", config)
            known |= names
        for name in state["older"]:
            role = str(name).split(".")[1] if str(name).count(".") == 2 else ""
            like = next((side.nets.online for side in sides if side.role == role), None)
            if like is None:
                raise LearnerStateError(f"the saved state has an older self {name!r}, which this campaign does not have")
            net = copy.deepcopy(like).eval().requires_grad_(False)
            weights = {key: fitting(found, f"duel.{name}.{key}", value.shape, value.dtype) for key, value in net.state_dict().items()}
            net.load_state_dict(weights)
            self.older[name] = net
            known |= {f"duel.{name}.{key}" for key in weights}
        if rival is not None:
            self.rival = Snapshot.unpack(found, "duel.rival.", rival.nets, rival.optimizer, 0)
            known |= self.rival.pack("duel.rival.").keys()
        if strange := sorted(found.keys() - known):
            raise LearnerStateError(f"the saved state has a tensor {strange[0]!r}, which this campaign does not know")

    def adopt(self, sides: Sequence[Side], pool: Pool, rival: Rival | None) -> None:
        """Put all of it in its place."""
        for side in sides:
            side.replay.copy_from(*self.replay[side.role])
            side.tables = self.tables[side.role]
        pool.older = self.older
        if rival is not None and self.rival is not None:
            rival.restore(self.rival)


def pack_tables(tables: Tables, prefix: str) -> dict[str, Tensor]:
    parts = {"x": tables.boards.x, "opponent": tables.opponent, "moves": tables.moves, "chosen": tables.chosen}
    return {f"{prefix}.{name}": part.clone().contiguous() for name, part in parts.items()}


def unpack_tables(tensors: Mapping[str, Tensor], prefix: str, config: DuelConfig) -> tuple[Tables, set[str]]:
    """Inverse of `pack_tables`, and the names of the tensors. LearnerStateError."""
    games, dimension = config.table.games, config.game.dimension
    there = tensors.get(f"{prefix}.x")
    points = there.shape[1] if there is not None and there.dim() == 3 and there.shape[1] <= config.game.points else 1
    x = fitting(tensors, f"{prefix}.x", torch.Size((dimension, points, games)), torch.float32)
    opponent = fitting(tensors, f"{prefix}.opponent", torch.Size((games,)), torch.int64)
    moves = fitting(tensors, f"{prefix}.moves", torch.Size((games,)), torch.int64)
    chosen = fitting(tensors, f"{prefix}.chosen", torch.Size((dimension, games)), torch.bool)
    tables = Tables(Boards(x.clone()), opponent.clone(), moves.clone(), chosen.clone())
    return tables, {f"{prefix}.{name}" for name in ("x", "opponent", "moves", "chosen")}
