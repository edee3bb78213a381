"""Sittings that are killed: python -m support.sittings FOLDER KILLS SEED. Prints one JSON object.

Each sitting is a forked process that opens the run and trains; it is killed with SIGKILL after a random time, wherever it is then. The next
one opens what is left. A run that came to its end is followed by a new one.
"""

import json
import mmap
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

import rolltrain_tui.modes.text.learner  # noqa: F401 (PyTorch is loaded once, not by each sitting)
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.run import Run
from support.paths import CAMPAIGNS, TINY

EVERY = 5
SETTINGS = (*TINY, "turns=400", "schedule.warmup_turns=2", "save={autosave_every: 5, keep: 3}", "batch.accumulation=2", "twin.mode=on_use")
LONGEST = 0.6
"""Seconds until a sitting is killed."""
OPENED, REACHED, SAVING, ENDED = range(4)


def sit(run: Path, runs: Path, seed: int, board: mmap.mmap) -> None:
    """Open the run, or begin it, and note on the board what has been done."""

    def note(place: int, value: int) -> None:
        struct.pack_into("<q", board, 8 * place, value)

    config = load(CAMPAIGNS / "tiny_gpt.yaml", (*SETTINGS, f"seed={seed}"))
    expedition = Run.resume(run) if run.exists() else Run.begin(config, base=CAMPAIGNS, runs=runs, name="run")
    assert expedition.note == "", expedition.note
    note(OPENED, expedition.campaign.turn)
    campaign, write = expedition.campaign, expedition.write

    def slow_write(**options: object) -> Path:
        note(SAVING, 1)
        path = write(**options)  # type: ignore[arg-type]
        note(SAVING, 0)
        return path

    expedition.write = slow_write  # type: ignore[method-assign]
    for event in expedition.play(Inbox()):
        if isinstance(event, StepTaken):
            note(REACHED, event.turn)
        assert not event.in_story or not campaign.failure, campaign.failure
    note(ENDED, 1)


def main(folder: Path, kills: int, seed: int) -> dict[str, int]:
    rng = random.Random(seed)
    found = {"kills": 0, "in a save": 0, "runs ended": 0, "most turns lost": 0, "refused": 0, "before the first turn": 0}
    board = mmap.mmap(-1, 32)
    number, reached = 0, 0
    while found["kills"] < kills:
        runs = folder / f"{number}"
        run = runs / f"run-seed{number}"
        board[:] = struct.pack("<4q", -1, reached, 0, 0)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                sit(run, runs, number, board)
                code = 0
            finally:
                os._exit(code)
        left, early, status, deadline = rng.uniform(0.0, LONGEST), rng.random() < 0.2, None, 0.0
        while status is None and (not deadline or time.monotonic() < deadline):
            if not deadline and (early or struct.unpack_from("<q", board)[0] >= 0):
                deadline = time.monotonic() + left  # most are killed while they train, some while they open
            time.sleep(0.001)
            done, code = os.waitpid(child, os.WNOHANG)
            status = code if done else None
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            found["kills"] += 1
        opened, now, saving, ended = struct.unpack("<4q", board[:])
        found["in a save"] += status is None and bool(saving)
        found["refused"] += status not in (None, 0)
        if opened >= 0:
            found["most turns lost"] = max(found["most turns lost"], reached - opened)
        else:
            found["before the first turn"] += 1
        reached = now
        if ended or not any(run.glob("saves/*")):
            found["runs ended"] += bool(ended)
            number, reached = number + 1, 0
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
