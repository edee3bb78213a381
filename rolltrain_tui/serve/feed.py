"""The feed: what the phone page shows, in parts that are sent when they change (server-sent events)."""

import asyncio
import json
from collections.abc import Callable, Mapping

from rolltrain_tui.serve.outlet import Outlet

Parts = Mapping[str, object]
"""Part of the page -> what it shows, as plain JSON."""

OVER = "event: over\ndata: null\n\n"
"""The last message."""


class Feed:
    """Parts in, phones out."""

    def __init__(self) -> None:
        self.wanted: Callable[[], None] = lambda: None
        """Tells the app, from any thread, that somebody looks."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outlets: set[Outlet] = set()
        self._parts: dict[str, str] = {}

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on phones are served by this loop."""
        self._loop = loop

    @property
    def watched(self) -> bool:
        return bool(self._outlets)

    def show(self, parts: Parts) -> None:
        """From any thread: how these parts look now."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, parts)

    def show_newest(self, look: Callable[[], Parts]) -> None:
        """From any thread: how parts look when the server comes to it, so that of several changes the last one is shown."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._spread(look()))

    def _spread(self, parts: Parts) -> None:
        for name, shown in parts.items():
            message = f"event: {name}\ndata: {json.dumps(shown, separators=(',', ':'), allow_nan=False)}\n\n"
            if self._parts.get(name) != message:
                self._parts[name] = message
                for outlet in self._outlets:
                    outlet.put(message)

    def join(self, outlet: Outlet) -> None:
        """Everything that is known at once, then what changes."""
        self._outlets.add(outlet)
        self.send_whole(outlet)

    def send_whole(self, outlet: Outlet) -> None:
        outlet.put_whole(self._parts.values())
        self.wanted()

    def leave(self, outlet: Outlet) -> None:
        self._outlets.discard(outlet)

    def end(self) -> None:
        """Nothing follows; every phone hears so."""
        for outlet in self._outlets:
            outlet.put_whole((OVER,))
