"""Everybody their own game: a process for each guest, drawn in the browser by textual-serve's way of talking to it.

A guest plays with the rights of who serves, so the games have saves and settings of their own, their number is capped, and each ends
when its guest leaves: asked first, so that its run is saved, then made to.
"""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from rolltrain_tui.serve.web.limits import Bucket, Seats

SMALLEST, LARGEST = (20, 8), (300, 100)
"""Columns and rows that a guest's window may have: a terminal of a million cells would take all memory."""
LONGEST_INPUT = 16_384
"""Bytes of a message: a paste."""
KEYS = (200.0, 60.0)
"""Most messages of a guest: at once, and a second."""
QUIT_SECONDS, TERM_SECONDS = 8.0, 2.0
"""How long a game may take to save and quit, and to end when it is told to."""


@dataclass(slots=True)
class Guests:
    """The games of the guests."""

    command: Sequence[str]
    saves: Path
    seats: Seats
    running: set["GuestGame"] = field(default_factory=set)

    async def play(self, request: web.Request, browser: str) -> web.StreamResponse:
        """One guest, from the first picture to the end of its process. HTTPServiceUnavailable where no seat is free."""
        if not self.seats.take(browser):
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(heartbeat=30.0, compress=False, max_msg_size=LONGEST_INPUT)
        try:
            await socket.prepare(request)
            with tempfile.TemporaryDirectory(prefix="rolltrain-guest-") as settings:
                game = GuestGame(shlex.join(self.command), socket, {"ROLLTRAIN_SAVES": str(self.saves), "ROLLTRAIN_CONFIG": settings})
                self.running.add(game)
                try:
                    await game.start(*clamped(request.query.get("width"), request.query.get("height")))
                    await _hear(socket, game)
                finally:
                    await game.end()
                    self.running.discard(game)
        finally:
            self.seats.leave(browser)
        return socket

    async def end(self) -> None:
        """All games end."""
        await asyncio.gather(*(game.end() for game in tuple(self.running)))


class GuestGame(AppService):
    """textual-serve's process of an app, in a session of its own, so that all of it can be ended."""

    def __init__(self, command: str, socket: web.WebSocketResponse, environment: Mapping[str, str]) -> None:
        async def close() -> None:
            await socket.close()

        super().__init__(command, write_bytes=socket.send_bytes, write_str=socket.send_str, close=close, download_manager=DownloadManager())
        self._environment = environment

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        own = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}  # many games share the cores
        return {**super()._build_environment(width, height), **own, **self._environment}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            *shlex.split(self.command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        return self._process

    async def on_meta(self, data: bytes) -> None:
        """The game has ended; it may ask for nothing else of a browser."""
        if json.loads(data).get("type") == "exit":
            await self.remote_close()

    async def on_packed(self, payload: bytes) -> None:
        """Files are not handed out."""

    async def end(self) -> None:
        """Ask it to save and quit; end it where it does not."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError):
            await asyncio.wait_for(self.stop(), QUIT_SECONDS)
        for by_force in (False, True):
            if process.returncode is not None:
                return
            with contextlib.suppress(ProcessLookupError):
                _end(process, by_force)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), TERM_SECONDS)


def _end(process: Process, by_force: bool) -> None:
    """Ask a process and its own to end, or end them. Windows knows no groups, and no asking."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL if by_force else signal.SIGTERM)


async def _hear(socket: web.WebSocketResponse, game: GuestGame) -> None:
    """Keys and sizes, until the guest leaves. Everything else is dropped."""
    bucket = Bucket(*KEYS)
    async for message in socket:
        if message.type != WSMsgType.TEXT:
            break
        if not bucket.take():
            continue
        match _parsed(message.data):
            case ["stdin", str(keys)]:
                await game.send_bytes(keys.encode("utf-8", errors="replace"))
            case ["resize", {"width": width, "height": height}]:
                await game.set_terminal_size(*clamped(width, height))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def clamped(width: object, height: object) -> tuple[int, int]:
    """A size that a game can be drawn in, whatever was asked for."""
    wished = [int(str(value)) if str(value).isascii() and str(value).isdigit() and len(str(value)) < 7 else 0 for value in (width, height)]
    low, high = SMALLEST, LARGEST
    return (min(max(wished[0] or 80, low[0]), high[0]), min(max(wished[1] or 24, low[1]), high[1]))
