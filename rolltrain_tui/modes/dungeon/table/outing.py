"""An evening of adventures: one after another by the same player, with a rival beside them, written down as JSON lines."""

import json
from collections.abc import Sequence
from pathlib import Path

from rolltrain_tui.base.atomic_files import replace
from rolltrain_tui.base.grammar import capital, counted
from rolltrain_tui.modes.dungeon.table.rival import Mind, Rival
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.table.spelling import spelled
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker

PATIENCE = 200
"""Moves after which a rival that plays alone is stopped."""


class Outing:
    """Opens the first world at once. ValueError where a world cannot be made."""

    def __init__(self, maker: Maker, seed: int, mind: Mind | None = None, record: Path | None = None, *, teaches: bool = False) -> None:
        """`mind` plays beside the player. `record`: the file that holds all games as JSON lines. `teaches`: a model learns nearby."""
        self._maker, self._mind, self._record = maker, mind, record
        self.teaches = teaches
        self.lesson = ""
        """The game that the model shall imitate, as an order has it; "" for none."""
        self._games: list[Sitting] = []
        self.open(seed)

    def open(self, seed: int) -> None:
        """The world of a seed, from its beginning."""
        self.close()
        self.sitting = Sitting(self._maker(seed))
        self.rival = Rival(self._mind, self._maker(seed)) if self._mind is not None else None
        self._games.append(self.sitting)

    def again(self) -> None:
        """The same world once more."""
        self.open(self.sitting.world.seed)

    def next(self) -> None:
        self.open(self.sitting.world.seed + 1)

    @property
    def may_teach(self) -> bool:
        """Whether the game that has just ended may become a lesson."""
        return self.teaches and self.sitting.seen.won and spelled(self.sitting, self._maker) != self.lesson

    def teach(self) -> None:
        """The game that was won takes the place of an earlier lesson."""
        self.lesson = spelled(self.sitting, self._maker)

    def race_verdict(self) -> str:
        """After the player's end: the rival plays on alone, up to PATIENCE moves. "" without a rival."""
        if self.rival is None:
            return ""
        while len(self.rival.choices) < PATIENCE and self.rival.move() is not None:
            pass
        name, count = self.rival.mind.name, len(self.rival.choices)
        told = capital(name)
        if not self.rival.seen.done:
            return f"{told} has not won after {counted(count, 'move')}."
        return f"{told} {'won' if self.rival.seen.won else 'lost'} in {counted(count, 'move')}."

    def close(self) -> None:
        """Writes the record and ends what the worlds keep open. OSError where it cannot be written."""
        if not self._games:
            return
        self.sitting.world.close()
        if self.rival is not None:
            self.rival.world.close()
        if self._record is not None:
            write_record(self._record, self._games)


def write_record(path: Path, games: Sequence[Sitting]) -> None:
    """Games as JSON lines: of each a head, then its moves. A game without a move is left out. OSError."""
    rows = [row for game in games if game.record for row in (game.head(), *game.record)]
    replace(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
