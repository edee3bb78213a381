"""The server: a thread of its own beside the game, so that no visitor's request waits for a picture, and no picture for a visitor."""

import asyncio
import errno
import logging
import math
import socket
import threading
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress

from aiohttp import web
from aiohttp.web_runner import AppRunner

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.serve.web import votes
from rolltrain_tui.serve.web.door import Door, address_for_others
from rolltrain_tui.serve.web.limits import FEW_CONNECTIONS, MOST_CONNECTIONS
from rolltrain_tui.serve.web.site import Room, Site

STOP_SECONDS, GUEST_SECONDS = 3.0, 12.0
"""Seconds that the end may take: without guests, and where guests have games to save."""
BACKLOG = 128
HUSHED = logging.getLogger("rolltrain.serve")
"""aiohttp logs here what strangers send; the player need not see it."""
HUSHED.addHandler(logging.NullHandler())
HUSHED.propagate = False


class ServeError(ValueError):
    """Nothing can be served; the message is a sentence for the player."""


class Server:
    """Listens from `start` to `stop`."""

    def __init__(self, site: Site, listening: socket.socket, host: str) -> None:
        self.room: Room = site.room
        self._site, self._socket = site, listening
        port = listening.getsockname()[1]
        shown = address_for_others(host)
        self.base = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
        """The address without the token."""
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name="server", daemon=True)

    @property
    def door(self) -> Door:
        return self.room.door

    @property
    def address(self) -> str:
        """What visitors open."""
        return f"{self.base}#{self.door.token}"

    def start(self) -> None:
        """Returns when visitors can come."""
        self._thread.start()
        self._ready.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Tell those who watch that it is over, and listen no more."""
        with suppress(RuntimeError):  # it has never begun, or is over
            self._loop.call_soon_threadsafe(self._over.set)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS if self.room.guests is None else GUEST_SECONDS)

    def close(self) -> None:
        """Give up what was never started."""
        self._socket.close()
        self._loop.close()

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.run_until_complete(_without_the_rest())
            self._loop.close()

    async def _serve(self) -> None:
        runner = AppRunner(
            self._site.application(), access_log=None, logger=HUSHED, handle_signals=False, shutdown_timeout=1.0, keepalive_timeout=30.0
        )
        await runner.setup()
        self.room.mirror.open(self._loop)
        self.room.feed.open(self._loop)
        leave = self.room.ballot.subscribe(self._tell_of_votes)
        self._tell_of_votes()
        listener = await self._loop.create_server(lambda: self._protocol(runner), sock=self._socket, backlog=BACKLOG)
        self._ready.set()
        await self._over.wait()
        leave()
        listener.close()
        await _within(STOP_SECONDS if self.room.guests is None else GUEST_SECONDS, runner.cleanup())

    def _tell_of_votes(self) -> None:
        self.room.feed.show_newest(lambda: {"vote": votes.shown(self.room.ballot.tally())})

    def _protocol(self, runner: AppRunner) -> asyncio.BaseProtocol:
        """For a new connection: the pages, or a closed door where there are too many."""
        assert isinstance(runner.server, web.Server)
        here = [caller for caller in runner.server.connections if caller.transport is not None and not caller.transport.is_closing()]
        known = self.room.known = {caller: browser for caller in here if (browser := self.room.known.get(caller)) is not None}
        if len(here) >= MOST_CONNECTIONS:
            crowd = Counter(known.values())
            # The oldest connection without a cookie, such as half a request; else the oldest of the browser that has most.
            last = max(here, key=lambda caller: crowd[known[caller]] if caller in known else math.inf)
            if last in known and crowd[known[last]] <= FEW_CONNECTIONS:
                return _Refusal()
            if last.transport is not None:
                last.transport.abort()
        return runner.server()


class _Refusal(asyncio.Protocol):
    """Closes at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


async def _without_the_rest() -> None:
    """Ends the tasks of callers that were cut off in the middle of a request."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def _within(seconds: float, deed: Awaitable[None]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(deed, seconds)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; 0 is any free port. ServeError says why it cannot."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError):
        named = printable(host) or "''"
        raise ServeError(f"--host {named} is no address of this machine; try 127.0.0.1, or 0.0.0.0 for the whole net") from None
    listening = socket.socket(kind)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if host == "::":  # all addresses, of IPv4 too, whatever the system's habit is
        with suppress(OSError):
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            taken = f"port {port} of {printable(host)} is taken by another program"
            raise ServeError(f"{taken}; name a free one with --port, or 0 for any") from None
        raise ServeError(f"nothing can listen on {printable(host)}, port {port}: {error.strerror or error}") from None
    return listening
