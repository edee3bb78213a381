"""trajectories.jsonl in a run's folder: what a learner tells of each move of its training, one line of JSON a move, up to a bound."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from rolltrain_tui.base.atomic_files import replace
from rolltrain_tui.protocol.trajectories import Row, TellsTrajectories

FULL = b'{"full": true}\n'
"""The last line where the bound was reached."""


def keep(path: Path, learner: object) -> None:
    """Append the moves that the learner recorded. At the size bound a last line says so, and no more is written. OSError."""
    if not getattr(learner, "trajectory_bytes", 0):  # asked first: to look for a protocol's parts takes longer, in every turn
        return
    assert isinstance(learner, TellsTrajectories), "who records moves also tells them"
    if rows := learner.told_moves():
        append(path, rows, learner.trajectory_bytes)


def append(path: Path, rows: Sequence[Row], most: int) -> None:
    """Whole lines only; a file that is full stays as it is."""
    with path.open("ab+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(FULL)))
        if file.read() == FULL:
            return
        told = b""
        for row in rows:
            line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
            if size + len(told) + len(line) + len(FULL) > most:
                told += FULL
                break
            told += line
        file.write(told)


def cut(path: Path, turn: int) -> None:
    """Keep the moves that were played before `turn` turns were taken; a run that goes on from there plays the later ones again. OSError."""
    if not path.exists():
        return
    kept = []
    with path.open("rb") as file:
        for line in file:
            try:
                played = json.loads(line).get("turn")
            except (ValueError, AttributeError, RecursionError):
                break
            if not isinstance(played, int) or played >= turn:
                break
            kept.append(line)
    replace(path, b"".join(kept))
