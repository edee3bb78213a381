"""The app on its terminal: the first picture and the first screen, what is typed and resized, and signals that end it."""

import secrets
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.events import Event, InputEvent, MouseDown, Resize
from textual.screen import Screen

from rolltrain_tui.base.safe_text import clean, flat
from rolltrain_tui.tui import themes
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.one_run import GRACE_SECONDS, OneRunApp
from rolltrain_tui.tui.screens.dialogs.command_palette import GamePalette
from rolltrain_tui.tui.terminal.ending_signals import EndingSignals
from rolltrain_tui.tui.terminal.first_picture import FirstPicture
from rolltrain_tui.tui.terminal.other_keyboards import by_place
from rolltrain_tui.tui.terminal.resizes import Resizes
from rolltrain_tui.tui.terminal.terminal import Modes
from rolltrain_tui.tui.threads.outfitter import RunOpener

if TYPE_CHECKING:  # the rest of the game is loaded behind the first screen: by the preload, or by what the player opens
    from rolltrain_tui.classroom.ballot import Ballot
    from rolltrain_tui.tui.widgets.keys import Key

PRELOAD_AFTER = 0.25
"""Seconds. The first screen is drawn before: while torch is imported, everything else waits for the interpreter."""
STRICT_SHARE, LENIENT_SHARE = 0.02, 0.25
"""Shares of the time that resizes may take while a window is dragged: at full speed, and otherwise."""


class RolltrainApp(OneRunApp):
    """Title, choice of a hero, expedition, ending. One expedition at a time; it is saved before it is left."""

    TITLE = "Rolltrain"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", tooltip="Save and quit; a second time: quit at once", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, tooltip="Back to the shell; the training stands still until `fg`"),
    ]

    def __init__(
        self,
        launch: Launch,
        outfitter: RunOpener | None = None,
        keep_log_in: Callable[[Path], None] | None = None,
        first: FirstPicture | None = None,
    ) -> None:
        """`first`: what the terminal shows until the first screen is drawn."""
        super().__init__(launch, outfitter, keep_log_in)
        self._first = first
        self._picture = first is not None and first.shown
        self.torch_ready = False
        self.torch_line = ""
        self._signals = EndingSignals(
            stop=self._stop_run,
            leave=partial(self.leave, "quit"),
            saved=self._wait_for_save,
            put_back=(Modes() if first is None else first.as_it_was).put_back,
        )
        self.resizes = Resizes(self, self._share_for_resizes)

    @cached_property
    def ballot(self) -> "Ballot":
        """Where the room votes."""
        from rolltrain_tui.classroom.ballot import Ballot

        return self.launch.ballot or Ballot()

    # The beginning and the end of the app.

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        if sys.platform != "win32" and usual.__name__ == "LinuxDriver":
            from rolltrain_tui.tui.terminal.driver import GameDriver

            return GameDriver
        return usual  # Windows, or one that was asked for

    def on_load(self) -> None:
        if self._first is not None:
            self._first.hand_over()

    def takes_over_picture(self) -> bool:
        """The first time, where there is one: the terminal shows it already."""
        had, self._picture = self._picture, False
        return had

    def on_mount(self) -> None:
        themes.install(self)
        self._tuning.begin()
        if not self.is_headless:
            self._signals.listen()
        self._open_first_screen()
        self.set_timer(PRELOAD_AFTER, threading.Thread(target=self._preload, name="preload", daemon=True).start)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent) and not self._ready_for_input():
            return
        if isinstance(event, MouseDown) and self._gone_from(event):
            return
        event = by_place(event, self)
        if not isinstance(event, Resize) or self.resizes.takes(event):
            await super().on_event(event)

    def _ready_for_input(self) -> bool:
        """False before a screen has its widgets and after the last one has gone: keys typed then are dropped."""
        return self.return_code is None and bool(self.screen_stack) and self.screen.is_mounted

    def _gone_from(self, event: MouseDown) -> bool:
        """Whether a click hits a widget that was removed since the last picture, such as a notice: Textual would ask for its parent."""
        widget, _ = self.screen.get_widget_and_offset_at(int(event.x), int(event.y))
        return widget is not None and widget.parent is None

    def _share_for_resizes(self) -> float:
        """The share of time that resizes may take: a small one at full speed; otherwise training rests between turns and leaves more."""
        inbox = self.bridge.inbox if self.bridge is not None and self.bridge.playing else None
        return STRICT_SHARE if inbox is not None and not inbox.paused and inbox.turns_per_second is None else LENIENT_SHARE

    def on_unmount(self) -> None:
        self._tuning.end()
        if not self.is_headless:
            self._signals.let_go()

    def _open_first_screen(self) -> None:
        launch = self.launch
        if launch.recording is not None:
            self.watch_replay(launch.recording, launch.start, launch.tempo)
        elif launch.followed is not None:
            self.watch_run(launch.followed)
        elif launch.only is not None:
            self.push_screen(launch.only())
        elif launch.screen is not None:
            self.to_title()
            self.push_screen(launch.screen())
        elif launch.save is not None:
            self.resume(launch.save)
        elif launch.campaign is None:
            self.to_title()
        elif launch.alone or any(override.startswith("hero.") for override in launch.overrides):
            self.start_campaign(launch.campaign, launch.all_overrides())
        else:
            self._choose_hero(launch.campaign)

    def _choose_hero(self, path: Path) -> None:
        from rolltrain_tui.config.overrides import without_own_text
        from rolltrain_tui.modes.campaign_file import load
        from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen

        overrides = self.launch.all_overrides()
        try:
            settings, text = without_own_text(overrides)
            campaign = load(path, settings, data=text)
        except (ValueError, OSError) as error:
            self.to_title()
            self._explain("This campaign cannot be played", str(error))
        else:
            if any(act.press for act in campaign.acts):  # it teaches the game: a choice of heroes would come before any lesson
                self.start_campaign(path, overrides)
                return
            self.to_title()
            self.push_screen(HeroChoiceScreen(path, campaign, overrides))

    def _preload(self) -> None:
        """Load what the first screen did not need. Runs in a thread of its own."""
        from rolltrain_tui.base.allocator import tune_allocator
        from rolltrain_tui.rules.plugins import installed

        tune_allocator()  # the thread that trains inherits the memory of this one
        for fault in installed().faults:
            self.notify(flat(fault), title="Left out", severity="warning", timeout=12, markup=False)
        if not self.launch.trains:
            return
        try:
            self.torch_line = f"{self.outfitter.preload()} · ready"
            self.torch_ready = True
        except Exception as error:  # the title says so, and the game can still be looked at
            self.torch_line = f"torch cannot be used: {clean(str(error))}"

    # Screens.

    def open_dungeon(self) -> None:
        """A text adventure over what is open, in any world."""
        from rolltrain_tui.modes.dungeon.table.outing import Outing
        from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
        from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
        from rolltrain_tui.tui.dungeon.play import DungeonScreen

        self.push_screen(DungeonScreen(Outing(BuiltIn(WorldSettings()), secrets.randbelow(10_000))))

    def open_codex(self, slug: str) -> None:
        """The codex over what is open; an empty slug opens its first page."""
        from rolltrain_tui.tui.screens.codex import CodexScreen

        self.push_screen(CodexScreen(slug))

    def more_keys(self) -> "Sequence[Key]":
        """Keys of the app's own that the line of keys shows on every screen of a run."""
        return ()

    def action_command_palette(self) -> None:
        """Without an id, which Textual's own has: a palette may still lie below a screen that was opened over it."""
        if not isinstance(self.screen, GamePalette):
            self.push_screen(GamePalette())

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's own commands, without those for which the game has a verb."""
        yield SystemCommand("Theme", "Another theme: by night, by day, high contrast, blue and orange", lambda: themes.next_theme(self))
        if self.bridge is None:
            yield SystemCommand("Dungeon", "Play a text adventure by yourself; nothing is trained", self.open_dungeon)

    # The end.

    def exit_code(self, *, well: bool) -> int:
        return self._signals.code or super().exit_code(well=well)

    def action_help_quit(self) -> None:
        """Ctrl+C: in a text field it copies, so it ends nothing, and says what does."""
        self.notify("Ctrl+Q saves the run and quits.", title="Ctrl+C ends nothing here", markup=False)

    def _stop_run(self) -> None:
        if self.bridge is not None:
            self.bridge.stop()

    def _wait_for_save(self) -> None:
        if self.bridge is not None:
            self.bridge.join(GRACE_SECONDS)
