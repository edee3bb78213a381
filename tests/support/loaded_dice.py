"""Dice whose faces a test chooses."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from rolltrain_tui.rules.dice import Dice, DiceError


class LoadedDice:
    """Dice that show the given faces, then those of `then`. Without `then`, DiceError when the faces run out."""

    def __init__(self, faces: Iterable[int], then: Dice | None = None) -> None:
        self._faces = deque(faces)
        self._then = then

    def roll(self, sides: int) -> int:
        if self._faces:
            return self._loaded(sides)
        if self._then is None:
            raise DiceError(f"The loaded dice have run out of faces: a d{sides} was asked for.")
        return self._then.roll(sides)

    def _loaded(self, sides: int) -> int:
        face = self._faces.popleft()
        if not 1 <= face <= sides:
            raise DiceError(f"The loaded face {face} does not exist on a d{sides}.")
        return face

    def state_dict(self) -> dict[str, Any]:
        return {"faces": list(self._faces), "then": self._then.state_dict() if self._then else None}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        if not {"faces", "then"} <= state.keys():
            raise DiceError("This is not the state of loaded dice.")
        self._faces = deque(state["faces"])
        if self._then is not None and state["then"] is not None:
            self._then.load_state_dict(state["then"])
