"""A server without a game, and a visitor who has been let in."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rolltrain_tui.serve.serving import Serving
from rolltrain_tui.serve.start import make_server
from rolltrain_tui.serve.web.server import Server
from support.patience import PATIENCE, named

SIZE = (80, 24)


@contextlib.contextmanager
def serving(host: str = "127.0.0.1", runs: Path = Path("nowhere"), **how: Any) -> Iterator[Server]:
    """Listening on a free port; its mirror answers with a picture that never changes."""
    server = make_server(Serving(host=host, port=0, **how), runs)
    server.room.mirror.paint = lambda: server.room.mirror.show_whole("\x1b[1;1Hthe whole picture", SIZE)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def origin_of(server: Server) -> str:
    return server.base.rstrip("/")


@asynccontextmanager
async def visitor(server: Server, *, enter: bool = True, **headers: str) -> AsyncIterator[Any]:
    """A client session of a page of the server's own; `enter`: the token was traded for the cookie."""
    import aiohttp

    async with aiohttp.ClientSession(
        base_url=server.base, cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": origin_of(server), **headers}
    ) as session:
        if enter:
            async with session.post("/enter", json={"token": server.door.token}) as answer:
                assert answer.status == 204
        yield session


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds: what the server does comes a moment after what a visitor sees of it."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"it did not come about: {named(holds)}"
        await asyncio.sleep(0.05)
