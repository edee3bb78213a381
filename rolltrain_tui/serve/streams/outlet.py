"""What one viewer still has to get: a bounded queue. A viewer that is too slow loses what waits, and gets the whole picture later."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable

MOST_WAITING = 64
Piece = bytes | str
"""What is sent: bytes for a picture, text for what is said about it."""


class Outlet:
    """Belongs to the server's loop."""

    def __init__(self) -> None:
        self.lost = True
        """What comes next would make no sense to this viewer: it waits for the whole picture."""
        self._waiting: deque[Piece] = deque()
        self._news = asyncio.Event()
        self._news.set()

    def put(self, piece: Piece) -> None:
        """Add what has changed, unless this viewer waits for the whole."""
        if self.lost:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lose()
        else:
            self._waiting.append(piece)
            self._news.set()

    def put_whole(self, pieces: Iterable[Piece]) -> None:
        """The whole picture: what waited is out of date."""
        self._waiting.clear()
        self._waiting.extend(pieces)
        self.lost = False
        self._news.set()

    def lose(self) -> None:
        """Forget what waits. The whole picture is asked for when this viewer can take something again."""
        self._waiting.clear()
        self.lost = True
        self._news.set()

    async def pieces(self) -> AsyncIterator[Piece | None]:
        """One after the other, as fast as the viewer takes them. None: it needs the whole picture now."""
        while True:
            await self._news.wait()
            self._news.clear()
            if self.lost:
                yield None
            while self._waiting:
                yield self._waiting.popleft()


class Source:
    """What viewers look at. Any thread hands over what has changed; everything else happens in the server's loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outlets: set[Outlet] = set()

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on viewers are served by this loop."""
        self._loop = loop

    @property
    def watched(self) -> bool:
        return bool(self._outlets)

    def join(self, outlet: Outlet) -> None:
        self._outlets.add(outlet)

    def leave(self, outlet: Outlet) -> None:
        self._outlets.discard(outlet)

    def _call(self, deed: Callable[..., object], *values: object) -> None:
        """From any thread, in the loop; nothing where there is none."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(deed, *values)
