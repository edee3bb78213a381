"""When an app under test has come to rest, told by its event loop and not by a clock."""

import asyncio
import time
from typing import Any

from textual.app import App

NAP = 0.02
"""Seconds, longer than Textual waits before it draws."""


async def wait_for_idle(_least: float = NAP, most: float = 1) -> None:
    """Textual's function of this name, also right where a busy machine gives the app's thread no time: to Textual it then looks idle.

    It returns when nothing waits for the thread and the last nap took next to none of its time. An app that is never calm has `most`
    seconds, and one for which something always waits has as many of its thread's own time.
    """
    loop = asyncio.get_running_loop()
    begun, begun_at = time.thread_time(), time.monotonic()
    while time.thread_time() - begun < most:
        before = time.thread_time()
        await asyncio.sleep(NAP)
        calm = time.thread_time() - before < NAP / 20 or time.monotonic() - begun_at > most
        await asyncio.sleep(0)  # what is due by now is queued behind this
        if calm and not loop._ready:  # type: ignore[attr-defined]
            return


async def all_drawn(app: App[Any]) -> None:
    """Until nothing waits for the app's thread, and drawing brings nothing new; an app that is never at rest has a thousand rounds."""
    loop = asyncio.get_running_loop()
    for _ in range(1000):
        await asyncio.sleep(0)
        if app.return_code is not None:
            return
        if not loop._ready:  # type: ignore[attr-defined]
            app.screen._on_timer_update()
            if not loop._ready:  # type: ignore[attr-defined]
                return
