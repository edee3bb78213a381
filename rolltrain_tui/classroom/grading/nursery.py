"""Examiners where forks are safe: a process with torch loaded, and a fork of it for each submission, since loading takes seconds.

python -m rolltrain_tui.classroom.grading.nursery       reads a folder a line, as the examiner takes them, and says how each ended
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from rolltrain_tui.base.json_records import codec, parse_json
from rolltrain_tui.classroom.grading.examiner import COMPLAINT, LATE, LIMITS, REFERENCE, answer
from rolltrain_tui.classroom.grading.limits import Limits

assert sys.platform != "win32", "it has no forks"

_GLANCE = 0.02
"""Seconds between looks at a fork."""


def main() -> None:
    """For each line of standard input, a folder, fork a child that answers. Tell how it ended: its code, or that it was late."""
    from rolltrain_tui.runs.verification import reexecution  # noqa: F401 - loads torch before the first fork

    for line in sys.stdin:
        refer, _, name = line.rstrip("\n").partition(" ")
        folder = Path(name)
        seconds = codec(Limits).load(parse_json((folder / LIMITS).read_bytes())).seconds
        child = os.fork()
        if child == 0:
            _be_a_child(folder, refer == REFERENCE)
        print(_how_it_ended(child, time.monotonic() + seconds), flush=True)


def _be_a_child(folder: Path, refer: bool) -> NoReturn:
    code = 1
    try:
        complaint = os.open(folder / COMPLAINT, os.O_WRONLY | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(complaint, stream)
        answer(folder, refer)
        code = 0
    except BaseException as error:  # a fork must not go on with its parent's work
        os.write(2, f"\n{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(code)


def _how_it_ended(child: int, deadline: float) -> int | str:
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return LATE
        time.sleep(_GLANCE)


if __name__ == "__main__":
    main()
