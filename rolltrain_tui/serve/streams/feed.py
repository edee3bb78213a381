"""The feed: what the phone page shows, in parts that are sent when they change (server-sent events)."""

import json
from collections.abc import Callable, Mapping

from rolltrain_tui.serve.streams.outlet import Outlet, Source

Parts = Mapping[str, object]
"""Part of the page -> what it shows, as plain JSON."""

OVER = "event: over\ndata: null\n\n"


class Feed(Source):
    """Parts in, phones out."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: Callable[[], None] = lambda: None
        """Tells the app, from any thread, that somebody looks."""
        self._parts: dict[str, str] = {}

    def show(self, parts: Parts) -> None:
        """From any thread: how these parts look now."""
        self._call(self._spread, parts)

    def show_newest(self, look: Callable[[], Parts]) -> None:
        """From any thread: how parts look when the server comes to it, so that of several changes the last one is shown."""
        self._call(lambda: self._spread(look()))

    def _spread(self, parts: Parts) -> None:
        for name, shown in parts.items():
            message = f"event: {name}\ndata: {json.dumps(shown, separators=(',', ':'), allow_nan=False)}\n\n"
            if self._parts.get(name) != message:
                self._parts[name] = message
                for outlet in self._outlets:
                    outlet.put(message)

    def join(self, outlet: Outlet) -> None:
        """Everything that is known at once, then what changes."""
        super().join(outlet)
        self.send_whole(outlet)

    def send_whole(self, outlet: Outlet) -> None:
        outlet.put_whole(self._parts.values())
        self.wanted()

    def end(self) -> None:
        """Nothing follows; every phone hears so."""
        for outlet in self._outlets:
            outlet.put_whole((OVER,))
