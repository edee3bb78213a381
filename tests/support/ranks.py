"""Several processes of one job, started as torchrun starts them but without its agent, which would cost a process more."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from support import warm
from support.paths import ROOT
from support.patience import PATIENCE


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


def free_port() -> int:
    """Below those that a system gives to whoever asks for any: nobody is given it before the ranks listen there."""
    for port in Random().sample(range(20_000, 32_000), 100):
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("", port))
            return port
    raise AssertionError("no free port")


def environment(rank: int, size: int, port: int) -> dict[str, str]:
    told = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size, "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    here = {"MASTER_ADDR": "127.0.0.1", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "GLOO_SOCKET_IFNAME": "lo"}
    return {**os.environ, **here, **{name: str(value) for name, value in told.items()}}


def start(
    size: int, words: Sequence[Sequence[str]], more: Mapping[str, str] | None = None, *, talk: bool = False, loaded: tuple[str, ...] = ()
) -> list[subprocess.Popen[str]]:
    """`python words[rank]` for every rank, or the same words for all.

    `talk`: what is written to their standard input is read; `loaded`: modules that a warm process has loaded besides.
    """
    port = free_port()
    begin = partial(warm.Popen, more=loaded) if words[0][0].startswith("-") else subprocess.Popen
    return [
        begin(
            [sys.executable, *words[rank if len(words) > 1 else 0]],
            env={**environment(rank, size, port), **(more or {})},
            stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for rank in range(size)
    ]


def finish(job: Sequence["subprocess.Popen[str]"]) -> list[Answer]:
    """What each rank answered. A rank that hangs is killed, and its code is then -9."""
    answers = []
    for process in job:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        answers.append(Answer(process.returncode, out, err))
    return answers


def run(size: int, *words: str, more: Mapping[str, str] | None = None, loaded: tuple[str, ...] = ()) -> list[Answer]:
    """The same command on every rank."""
    return finish(start(size, [words], more, loaded=loaded))
