"""Processes whose Python has loaded torch and rolltrain before: a start costs hundredths of a second, not two seconds.

A server, one for each worker, has the modules and a single thread. It forks a process for each start: one like any other, with its own
arguments, environment, streams, session and signals, and the worker as its parent. Tests of the start itself use `subprocess`.
With --long, with more threads, and on systems other than Linux, this is `subprocess` too.
"""

import atexit
import ctypes
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

COLD = "ROLLTRAIN_COLD_STARTS"
"""Where this variable is set, each process is started anew."""
READ_WHEN_LOADED = ("PYTHON", "LC_", "LANG", "OMP_", "GOMP_", "MKL_")
"""Beginnings of the variables that Python and torch read while they start."""
SET_ANEW = ("PYTHONPATH", "PYTHONUNBUFFERED")
LIBRARIES = ("torch", "textual.app", "textual.widgets", "pydantic", "yaml", "plotext", "safetensors", "rolltrain_tui.cli.main")
"""For processes with plug-ins, which rolltrain looks for while it is loaded."""
HOUSE = (
    *LIBRARIES,
    "rolltrain_tui.modes.campaign_file",
    "rolltrain_tui.modes.text.learner",
    "rolltrain_tui.plain.run",
    "rolltrain_tui.runs.run",
    "rolltrain_tui.tui.app",
)
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2): orphans among the descendants become children


class Popen(subprocess.Popen[Any]):
    """`subprocess.Popen` of [sys.executable, "-m" or "-c", ...].

    `terminal`: standard input becomes the controlling terminal; `loaded`: the modules that the process begins with; `more`: those that the
    server loads for this process, and keeps for later ones.
    """

    def __init__(
        self, args: Sequence[str], *, terminal: bool = False, loaded: tuple[str, ...] = HOUSE, more: tuple[str, ...] = (), **how: Any
    ) -> None:
        self._terminal, self._loaded, self._more = terminal, loaded, more
        if terminal and not is_warm():
            how["preexec_fn"] = own_terminal
        super().__init__(args, **how)

    # Private to the standard library, and the same from Python 3.11 to 3.13.
    def _execute_child(self, *values: Any) -> None:
        if not is_warm():
            super()._execute_child(*values)  # type: ignore[misc]
            return
        args, _, preexec_fn, _, pass_fds, cwd, env, *_ = values
        pipes, session = values[10:16], values[-2]
        environment = dict(os.environ if env is None else env)
        assert (args[0], preexec_fn, pass_fds) == (sys.executable, None, ()), "this process must be started anew"
        for name in {*environment, *os.environ} - {*SET_ANEW}:
            same = environment.get(name) == os.environ.get(name)
            assert same or not name.startswith(READ_WHEN_LOADED), f"{name} is read at the start: this process must be started anew"
        asked = (list(map(str, args[1:])), str(cwd or Path.cwd()), environment, bool(session), self._terminal, self._more)
        self.pid = the_server(self._loaded).start(
            asked, [own if end == -1 else end for own, end in enumerate((pipes[0], pipes[3], pipes[5]))]
        )
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run(args: Sequence[str], *, text_in: Any = None, capture_output: bool = False, **how: Any) -> subprocess.CompletedProcess[Any]:
    """`subprocess.run`; `text_in`: what it calls `input`."""
    if capture_output:
        how.update(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if text_in is not None:
        how.update(stdin=subprocess.PIPE)
    with Popen(args, **how) as process:
        try:
            out, err = process.communicate(text_in)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def is_warm() -> bool:
    """Libraries that may start threads while they are loaded cannot be forked afterwards."""
    return sys.platform == "linux" and COLD not in os.environ and os.environ.get("OMP_NUM_THREADS") == "1"


def own_terminal() -> None:
    """The terminal that is standard input becomes that of this process's session."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Server:
    """The process that forks, seen from the worker."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._line, far = socket.socketpair()
        with far:
            command = [sys.executable, "-m", "support.warm_server", str(far.fileno()), *modules]
            path = os.pathsep.join(map(str, (Path(__file__).parents[1], *filter(None, [os.environ.get("PYTHONPATH")]))))
            self._process = subprocess.Popen(command, pass_fds=[far.fileno()], env={**os.environ, "PYTHONPATH": path})
        self._turn = threading.Lock()

    def start(self, asked: tuple[Any, ...], streams: Sequence[int]) -> int:
        """The id of a new process of ours."""
        message = pickle.dumps(asked)
        with self._turn:
            _adopt(True)
            try:
                socket.send_fds(self._line, [len(message).to_bytes(4)], streams)
                self._line.sendall(message)
                answer = self._line.recv(4, socket.MSG_WAITALL)
            finally:
                _adopt(False)
        assert len(answer) == 4, "the server of warm processes has ended"
        return int.from_bytes(answer)

    def close(self) -> None:
        self._line.shutdown(socket.SHUT_RDWR)  # also for copies of the line in processes that a test has forked
        self._line.close()
        self._process.wait()


@cache
def the_server(modules: tuple[str, ...]) -> Server:
    server = Server(modules)
    atexit.register(server.close)
    return server


def _adopt(on: bool) -> None:
    """Whether processes that lose their parent become ours."""
    ctypes.CDLL(None).prctl(SUBREAPER, int(on), 0, 0, 0)
