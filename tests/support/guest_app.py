"""A small app for guests: it shows its size and the last key, and takes its time to quit when it is told to by a folder's file."""

import os
import sys
import time
from pathlib import Path

from textual.app import App
from textual.events import Key, Resize


class GuestApp(App[None]):
    """What it shows is one line."""

    def on_resize(self, event: Resize) -> None:
        self._show(f"size {event.size.width}x{event.size.height} pid {os.getpid()}")

    def on_key(self, event: Key) -> None:
        self._show(f"key {event.key} saves {Path(os.environ['ROLLTRAIN_SAVES']).name}")

    def _show(self, words: str) -> None:
        if self._driver is not None:
            self._driver.write(f"\x1b[1;1H<{words}>")

    def on_unmount(self) -> None:
        if "stubborn" in sys.argv:
            time.sleep(60)


if __name__ == "__main__":
    GuestApp().run()
