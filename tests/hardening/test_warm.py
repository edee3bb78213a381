"""Processes of `support.warm` do what those do that are started anew."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import warm

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not warm.is_warm(), reason="every process is started anew")]

AS_HERE = {name: value for name, value in os.environ.items() if name.startswith(warm.READ_WHEN_LOADED)}
SELF = "import os, sys; print(sys.argv, sys.path, os.getcwd(), os.getppid(), len(os.listdir('/proc/self/fd')), os.environ['A'])"
STREAMS = """
import sys
for s in (sys.stdin, sys.stdout, sys.stderr):
    print(s.encoding, s.errors, s.line_buffering, s.write_through, s.newlines, s.isatty())
"""
LATE = "import atexit, threading; atexit.register(print, 'late'); threading.Timer(0.05, print, ['thread']).start()"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "program",
    [
        SELF,
        STREAMS,
        LATE,
        "print(input()[::-1])",
        "raise SystemExit('no')",
        "raise SystemExit(7)",
        "1 / 0",
        "import os, signal; print('lost or not'); os.kill(os.getpid(), signal.SIGTERM)",
        "import os, signal; os.kill(os.getpid(), signal.SIGINT)",
        "import os; os.close(1); print('nowhere')",
    ],
)
def test_a_warm_process_ends_like_any_other(program: str, unbuffered: str, tmp_path: Path) -> None:
    """The same words on both streams, the same exit code or signal."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    how["env"] = {**AS_HERE, "A": "b", "PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": unbuffered}
    words = [sys.executable, "-c", program, "x", "--y"]
    cold, hot = subprocess.run(words, input="abc\n", **how), warm.run(words, text_in="abc\n", **how)
    assert (cold.returncode, cold.stdout) == (hot.returncode, hot.stdout)
    assert cold.stderr.splitlines()[-1:] == hot.stderr.splitlines()[-1:]
