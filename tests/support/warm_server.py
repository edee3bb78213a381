"""The server behind `support.warm`: python -m support.warm_server FD MODULE ..."""

import atexit
import gc
import io
import os
import pickle
import runpy
import socket
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from support.warm import own_terminal


def serve(line: socket.socket) -> tuple[Any, ...]:
    """Fork a process for each request. Returns in those processes alone, with what was asked of each."""
    while True:
        head, streams, _, _ = socket.recv_fds(line, 4, 3)
        if not head:
            os._exit(0)  # the worker ends
        *asked, more = pickle.loads(line.recv(int.from_bytes(head), socket.MSG_WAITALL))
        load(more)
        read, write = os.pipe()
        if not (between := os.fork()):
            between = os.getpid()
            if child := os.fork():
                os.write(write, child.to_bytes(4))
                os._exit(0)  # which leaves the child to the worker
            while os.getppid() == between:
                time.sleep(0.0005)
            line.close()
            for own, stream in enumerate(streams):
                os.dup2(stream, own)
            os.closerange(3, max(*streams, read, write) + 1)
            return tuple(asked)
        for end in (*streams, write):
            os.close(end)
        os.waitpid(between, 0)
        line.sendall(os.read(read, 4))
        os.close(read)


def load(modules: Sequence[str]) -> None:
    """The modules, for all processes that are forked from now on."""
    if {*modules} <= {*sys.modules}:
        return
    for module in modules:
        import_module(module)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a process with threads must not be forked"
    gc.collect()
    gc.freeze()  # pages that no collection touches stay shared


def become(words: list[str], folder: str, environment: dict[str, str], session: bool, terminal: bool) -> tuple[str, str]:
    """What Python does of itself at a start. Gives what to run: ("-m", module) or ("-c", code)."""
    if session:
        os.setsid()
    if terminal:
        own_terminal()
    os.chdir(folder)
    added = {str(Path(part or folder).absolute()) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    os.environ.clear()
    os.environ.update(environment)
    kind, what, *rest = words
    path = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.path[:] = [folder if kind == "-m" else "", *path, *(part for part in sys.path[1:] if part not in added)]
    sys.argv[:] = [kind, *rest]
    sys.stdin, sys.stdout, sys.stderr = (_stream(number, bool(environment.get("PYTHONUNBUFFERED"))) for number in range(3))
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    return kind, what


def _stream(number: int, unbuffered: bool) -> io.TextIOWrapper:
    """One of the standard streams, as the interpreter opens it."""
    raw = open(number, "rb" if number == 0 else "wb", buffering=0 if unbuffered and number else -1, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(
        raw,
        encoding=sys.__stdout__.encoding,
        errors="backslashreplace" if number == 2 else sys.__stdout__.errors,
        newline=None if number == 0 else "\n",
        line_buffering=not unbuffered and (number == 2 or raw.isatty()),
        write_through=unbuffered,
    )


class Leaving:
    """Ends a process before the interpreter takes its thousand modules apart, which takes longer than most runs of these tests."""

    code: int | None = None

    def leave(self) -> None:
        """Called after all else that happens at an exit; a stream that cannot be written is left to the interpreter."""
        if self.code is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.code)


def main() -> None:
    leaving = Leaving()
    atexit.register(leaving.leave)  # the first to be registered is the last to be called
    number, *modules = sys.argv[1:]
    with socket.socket(fileno=int(number)) as line:
        load(modules)
        asked = serve(line)
    kind, what = become(*asked)
    try:
        if kind == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
    except SystemExit as left:
        leaving.code = left.code if isinstance(left.code, int) else int(left.code is not None)
        raise
    except Exception:
        leaving.code = 1
        raise
    leaving.code = 0


if __name__ == "__main__":
    main()
