"""The game with its server: the same app, which also paints for those who come late, and tells phones how it stands."""

import asyncio
import contextvars
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual._compositor import LayoutUpdate
from textual._context import visible_screen_stack
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.serve.address import AddressScreen
from rolltrain_tui.serve.streams import phone
from rolltrain_tui.serve.streams.driver import mirrored, without_terminal
from rolltrain_tui.serve.streams.mirror import only_picture
from rolltrain_tui.serve.web.server import Server
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.terminal.first_picture import FirstPicture
from rolltrain_tui.tui.threads.outfitter import RunOpener
from rolltrain_tui.tui.widgets.keys import Key

PHONE_SECONDS, CHART_SECONDS = 0.4, 1.5
"""Seconds between two looks at the run for the phones: at its state, and at its curve, which moves slowly and is larger."""
PAINT_SECONDS = 0.4
"""Seconds between two whole pictures: one costs as much as many updates."""
AGAIN_SECONDS = 0.05
"""A screen that is being built cannot be painted yet."""
CLEAR = "\x1b[0m\x1b[H"


class ServedApp(RolltrainApp):
    """`server` has been made and is started and stopped with the app."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "show_address", "Watch", show=False, tooltip="Who watches: the address of the room and its code")
    ]

    def __init__(
        self,
        launch: Launch,
        outfitter: RunOpener | None = None,
        keep_log_in: Callable[[Path], None] | None = None,
        *,
        server: Server,
        size: tuple[int, int] | None = None,
        once: bool = False,
        first: FirstPicture | None = None,
    ) -> None:
        """`size`: there is no terminal; the game draws for its viewers alone, so many columns and rows. `once`: it ends with its run."""
        super().__init__(launch, outfitter, keep_log_in, first)
        self.server = server
        self.ballot = server.room.ballot
        self.alone, self._once = size is not None, once
        self.driver_class: type[Driver] = mirrored(without_terminal(*size) if size is not None else self.driver_class, server.room.mirror)
        self._held: Inbox | None = None
        """Waits for the address to be seen."""
        self._painting = False
        self._painted_at = 0.0
        self._chart_at = 0.0

    def on_mount(self) -> None:
        """Textual calls the base class's own as well."""
        self._here, self._around = asyncio.get_running_loop(), contextvars.copy_context()
        self.server.room.mirror.paint = partial(self._call, self._paint)
        self.server.room.feed.wanted = partial(self._call, self._tell_phones)
        self.server.start()
        self.set_interval(PHONE_SECONDS, self._tell_phones)
        if not self.alone:
            self.call_after_refresh(self.action_show_address)

    def _call(self, deed: Callable[[], None]) -> None:
        """From the server's thread."""
        with suppress(RuntimeError):  # the game has just ended
            self._here.call_soon_threadsafe(deed, context=self._around)

    def on_unmount(self) -> None:
        self.server.stop()

    def expedition_left(self) -> None:
        super().expedition_left()
        if self._once:
            self.leave("quit")

    def more_keys(self) -> Sequence[Key]:
        return (Key("w", f"Watching {self.server.room.watching}", "app.show_address"),)

    def action_show_address(self) -> None:
        """The address and its code, over whatever is open. A run that is played here waits meanwhile."""
        room = self.server.room
        if self.bridge is not None and self.launch.followed is None and not self.bridge.inbox.paused:
            self._held = self.bridge.inbox
            self._held.pause()
        self.push_screen(AddressScreen(self.server.address, room.door.public, lambda: room.watching), self._address_seen)

    def _address_seen(self, _: None) -> None:
        if self._held is not None:
            self._held.resume()
            self._held = None

    def _show_only(self, screen: Screen[None]) -> None:
        """An address that lies over the screen before lies over the next one too."""
        was_shown = any(isinstance(shown, AddressScreen) for shown in self.screen_stack)
        super()._show_only(screen)
        if was_shown:
            self.call_after_refresh(self.action_show_address)

    # For the mirror.

    def _paint(self) -> None:
        """The whole picture, for those who wait for it: soon, and once, however many ask. A room of slow viewers asks without end."""
        if not self._painting:
            self._painting = True
            self.set_timer(max(0.001, self._painted_at + PAINT_SECONDS - time.monotonic()), self._paint_now)

    def _paint_now(self) -> None:
        if self.return_code is not None:
            return
        if not self.is_running or self._batch_count or not self.screen_stack or not self.screen.is_mounted:
            self.set_timer(AGAIN_SECONDS, self._paint_now)
            return
        self._painting, self._painted_at = False, time.monotonic()
        self.server.room.mirror.show_whole(self.picture(), (self.size.width, self.size.height))

    def picture(self) -> str:
        """Everything that is on the screen now, as it is written to a terminal. What is still to be drawn there stays to be drawn."""
        width, height = self.size
        compositor = self.screen._compositor
        visible_screen_stack.set(self._background_screens)
        strips: list[Iterable[Strip]] = [[strip] for strip in compositor.render_strips(self.size)]
        return CLEAR + only_picture(LayoutUpdate(strips, Region(0, 0, width, height)).render_segments(self.console))

    # For the phones.

    def _tell_phones(self) -> None:
        feed = self.server.room.feed
        if not feed.watched or self.bridge is None or not self.bridge.opened:
            return
        scene, now = _shown(self.screen_stack) or self.bridge.scene, time.monotonic()
        parts: dict[str, object] = {
            "status": phone.status(scene, phone.pace(self.bridge)),
            "log": phone.log(scene),
            "proof": phone.proof(scene),
            "says": phone.says(scene),
        }
        if now - self._chart_at >= CHART_SECONDS:
            self._chart_at = now
            parts["chart"] = phone.chart(scene)
        feed.show(parts)


def _shown(screens: Sequence[Screen[Any]]) -> Scene | None:
    """What the run's screen shows, on top or behind others."""
    return next((screen.scene for screen in reversed(screens) if isinstance(screen, ExpeditionScreen)), None)
