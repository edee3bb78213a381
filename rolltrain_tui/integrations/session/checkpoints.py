"""A session's state as two files beside the checkpoint of a foreign loop: safetensors and JSON with a checksum, no code."""

import base64
import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError
from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.runs.saves.manifest import SaveError
from rolltrain_tui.runs.saves.store import dump_state, load_state
from rolltrain_tui.runs.saves.tensors import pack, unpack

STATE, WEIGHTS = "rolltrain.json", "rolltrain.safetensors"


class NoGameError(SaveError):
    """A checkpoint that was saved without a game."""


def stow(session: Session, folder: Path, tensors: Mapping[str, Tensor] | None = None) -> None:
    """Write the session's state into a folder. OSError. `tensors`: the session's, where they have been gathered already."""
    weights = bytes(pack(session.tensors() if tensors is None else tensors))
    state = {"rolltrain": 1, "sha256": hashlib.sha256(weights).hexdigest(), "session": _packed(session.record())}
    atomic_files.replace(folder / WEIGHTS, weights)
    atomic_files.replace(folder / STATE, dump_state(state))


def unpack_into(session: Session, folder: Path) -> None:
    """Exact inverse of stow. NoGameError when nothing was stowed there; SaveError when it is damaged; ValueError when it does not fit."""
    try:
        state: Any = load_state(atomic_files.content_of(folder / STATE))
        weights = atomic_files.content_of(folder / WEIGHTS)
    except FileNotFoundError:
        raise NoGameError(f"{folder} holds no game to go on with; was it saved with the game's callback?") from None
    except OSError as error:
        raise SaveError(f"{folder / STATE} cannot be read: {error.strerror}") from None
    except (RecordError, ValueError) as error:
        raise SaveError(f"{folder / STATE} is damaged: {error}") from None
    if not isinstance(state, dict) or state.get("sha256") != hashlib.sha256(weights).hexdigest():
        raise SaveError(f"{folder / WEIGHTS} is damaged (its checksum is wrong)")
    session.load_state(_unpacked(state.get("session", {})), unpack(weights))


MANY, WORDS = 100, "uint32"
"""Longer lists of 32-bit numbers, such as the state of dice, are written as text of base 64, which takes half the room."""


def _packed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _packed(part) for key, part in value.items()}
    if isinstance(value, list) and len(value) > MANY and all(type(n) is int and 0 <= n < 1 << 32 for n in value):
        return {WORDS: base64.b64encode(struct.pack(f"<{len(value)}I", *value)).decode("ascii")}
    return [_packed(part) for part in value] if isinstance(value, list) else value


def _unpacked(value: Any) -> Any:
    """Inverse of _packed. What was not packed, as in checkpoints of before, stays as it is."""
    if isinstance(value, dict):
        if value.keys() == {WORDS}:
            words = base64.b64decode(value[WORDS])
            return list(struct.unpack(f"<{len(words) // 4}I", words[: len(words) // 4 * 4]))
        return {key: _unpacked(part) for key, part in value.items()}
    return [_unpacked(part) for part in value] if isinstance(value, list) else value
