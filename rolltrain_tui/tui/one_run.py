"""One run at a time on the screen: it is opened behind a waiting screen, shown, and left once it is saved."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.filter import ANSIToTruecolor, DimFilter, LineFilter
from textual.screen import Screen
from textual.timer import Timer

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.opening import GATHERING, REWINDING, SEEKING
from rolltrain_tui.tui.screens.kinds.base import Destination
from rolltrain_tui.tui.settings import read_settings
from rolltrain_tui.tui.threads.outfitter import RunOpener, TorchOutfitter
from rolltrain_tui.tui.threads.tuning import Tuning

if TYPE_CHECKING:  # the rest of the game is loaded behind the first screen: by the preload, or by what the player opens
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.runs.log.recording import Recording
    from rolltrain_tui.runs.playable import PlayableRun
    from rolltrain_tui.story.scene import Scene
    from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
    from rolltrain_tui.tui.threads.bridge import Bridge

WATCH_SECONDS = 0.05
GRACE_SECONDS = 10.0
"""After a signal, how long the last save may take."""


class OneRunApp(App[None]):
    """What of the app has to do with its run, whether it is played, watched or replayed."""

    def __init__(self, launch: Launch, outfitter: RunOpener | None = None, keep_log_in: Callable[[Path], None] | None = None) -> None:
        """`outfitter` readies expeditions; `keep_log_in` is told, in the worker thread, the folder of each."""
        super().__init__()
        self.launch = launch
        self.outfitter = outfitter or TorchOutfitter(launch)
        self.runs = launch.runs
        self.bridge: Bridge | None = None
        self.farewell = ""
        """What the player must still know once the screen is gone."""
        self.impatient = False
        """The player would not wait for the last save."""
        self._campaign: tuple[Path, tuple[str, ...]] | None = None
        """What was begun, to begin it again; None for a run that was gone on with."""
        self._keep_log_in = keep_log_in
        self._moves = launch.moves
        self._tuning = Tuning()
        self._going: Destination | None = None
        self._over: Screen[Any] | None = None
        """The screen under a replay that was opened from it."""
        self._watch: Timer | None = None

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Of 16 colours, the blend of a dim word and its ground may be the ground's own: there the terminal dims its words itself."""
        found = super().get_line_filters()
        if self.console.color_system != "standard":
            return found
        return [other for other in found if not isinstance(other, DimFilter | ANSIToTruecolor)]  # both blend dim words

    # It is set out on, and shown.

    def start_campaign(self, path: Path, overrides: tuple[str, ...] = ()) -> None:
        """Begin a new run of a campaign."""
        self._campaign = (path, overrides)
        self._set_out(lambda: self.outfitter.begin(path, overrides))

    def resume(self, path: Path) -> None:
        """Go on from a save folder, or from the latest save of a run folder."""
        self._campaign = None
        overrides = self.launch.overrides if path == self.launch.save else ()
        self._set_out(lambda: self.outfitter.resume(path, overrides))

    def branch(self, run: Path, turn: int, *, without: str = "") -> None:
        """Begin a new run that has lived another's turns up to this one. The ability `without` then no longer acts by itself."""
        self._campaign = None
        self._set_out(lambda: self.outfitter.branch(run, turn), f"Turn {turn} is being reached again …", without)

    def watch_replay(
        self, run: "Path | Recording", start: int | None = None, tempo: int | None = None, *, over: Screen[Any] | None = None
    ) -> None:
        """Play a recorded run as if it happened now; nothing is trained and nothing is written. `over`: the screen to come back to."""
        from rolltrain_tui.tui.expedition.reel import FIRST_TEMPO, ReplayInbox, ReplaySource
        from rolltrain_tui.tui.threads.bridge import Bridge

        self._campaign = None
        spool = ReplayInbox(start)
        spool.set_speed(tempo or FIRST_TEMPO)
        self._open(Bridge(lambda: ReplaySource(run), spool), REWINDING, over)

    def watch_run(self, path: Path) -> None:
        """Show a run that another process plays, as it happens; nothing can be asked of it."""
        from rolltrain_tui.protocol.inbox import Inbox
        from rolltrain_tui.runs.follow import Followed
        from rolltrain_tui.tui.threads.bridge import Bridge

        self._campaign = None
        hidden = self.launch.hidden
        self._open(Bridge(lambda: Followed(path, hidden), Inbox(), hidden=hidden), SEEKING)

    def _set_out(self, open_run: "Callable[[], PlayableRun]", words: str = GATHERING, without: str = "") -> None:
        from rolltrain_tui.tui.threads.bridge import Bridge

        explains = self.launch.explain and not self.launch.alone and read_settings().get("explain") is not False
        settle, pauses = partial(self._settle_in, without=without), not self.launch.alone
        bridge = Bridge(open_run, self.new_inbox(), settle, explains=explains, pauses=pauses, hidden=self.launch.hidden)
        bridge.votes = self.launch.votes and not self.launch.alone
        self._moves = ()
        self._open(bridge, words)

    def _open(self, bridge: "Bridge", words: str, over: Screen[Any] | None = None) -> None:
        from rolltrain_tui.tui.screens.loading import LoadingScreen

        if self.bridge is not None:
            self.bridge.stop()  # a replay plays on until then; a run has said its last word
            self.bridge.join(GRACE_SECONDS)
        self.bridge, self._over = bridge, over
        self._show_only(LoadingScreen(words, still=self.launch.reduced_motion))
        self.bridge.start()
        self._look_out(self._watch_opening)

    def _look_out(self, look: Callable[[], None] | None) -> None:
        """Look again and again until told otherwise; whatever was looked out for before is over."""
        if self._watch is not None:
            self._watch.stop()
        self._watch = None if look is None else self.set_interval(WATCH_SECONDS, look)

    def new_inbox(self) -> "Inbox":
        """The inbox of the next expedition: with the recorded moves of the launch, the first time."""
        from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox

        return ScriptedInbox(self._moves) if self._moves else Inbox()

    def _settle_in(self, run: "PlayableRun", without: str = "") -> None:
        """Runs in the worker thread, when everything is loaded and before the first turn."""
        from rolltrain_tui.protocol.commands import SetAuto

        assert self.bridge is not None
        assert run.config is not None
        speed = self.launch.turns_per_second
        self.bridge.inbox.set_speed(run.config.pace.turns_per_second if speed is None else speed or None)
        if self.presenting:
            self.bridge.inbox.pause()  # the teacher begins
        if (charge := self.bridge.scene.charges.get(without)) is not None and charge.auto:
            self.bridge.inbox.put(SetAuto(without, False))
        if self._keep_log_in is not None:
            self._keep_log_in(run.folder)
        self._tuning.settle()

    @property
    def secretive(self) -> bool:
        """Lists do not tell how finished runs are judged."""
        return not self.launch.hidden.isdisjoint({"ghost", "verdict"})

    @property
    def presenting(self) -> bool:
        """Runs begin in presenter mode; one that nobody plays does not, for it would wait for its teacher."""
        if self.launch.alone:
            return False
        return read_settings().get("presenter") is True if self.launch.presenter is None else self.launch.presenter

    def _watch_opening(self) -> None:
        from rolltrain_tui.tui.threads.messages import Failed

        bridge = self.bridge
        if bridge is None:
            self._look_out(None)
        elif bridge.opened:
            self._look_out(None)
            self._show_only(self._screen_of(bridge))
        elif not bridge.playing:
            self._look_out(None)
            failed = next((message for message in bridge.take() if isinstance(message, Failed)), None)
            self._go_back()
            if failed is not None and self._going is None:
                self._explain("It cannot be opened", failed.error)

    def _screen_of(self, bridge: "Bridge") -> "ExpeditionScreen":
        from rolltrain_tui.runs.follow import Followed
        from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
        from rolltrain_tui.tui.expedition.reel import ReplaySource
        from rolltrain_tui.tui.expedition.replay import ReplayScreen
        from rolltrain_tui.tui.expedition.watch import WatchScreen

        kinds: dict[type, type[ExpeditionScreen]] = {ReplaySource: ReplayScreen, Followed: WatchScreen}
        kind = kinds.get(type(bridge.run), ExpeditionScreen)
        return kind(bridge, still=self.launch.reduced_motion, presenting=self.presenting and kind is ExpeditionScreen)

    # It ends, or is left.

    def expedition_left(self) -> None:
        """The run sends nothing more: by its end, by an error, or because it was asked to stop."""
        from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen

        screen = next((screen for screen in self.screen_stack if isinstance(screen, ExpeditionScreen)), None)
        if self._going is not None or screen is None:
            return
        assert self.bridge is not None
        if screen.scene.ending is not None and self.bridge.run is not None:
            self._show_ending(screen.scene, self.bridge.run)
        elif screen.scene.failure:
            self._explain(
                "The training stopped", f"{screen.scene.failure}\n\nThe last save is intact; Continue on the title goes on from it."
            )

    def _show_ending(self, scene: "Scene", run: "PlayableRun") -> None:
        from rolltrain_tui.tui.screens.ending import EndingScreen
        from rolltrain_tui.tui.wording.run_story import RunStory

        path, overrides = self._campaign if self._campaign is not None else (None, ())
        self._show_only(EndingScreen(RunStory(scene=scene, folder=run.folder, path=path, overrides=overrides, events=lambda: run.story)))

    def leave(self, to: Destination) -> None:
        """Stop the run between two turns, wait for its save, then go."""
        from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
        from rolltrain_tui.tui.screens.loading import LoadingScreen

        self._going = to
        if self.bridge is None or not self.bridge.playing:
            self._arrive()
            return
        self.bridge.stop()
        for screen in self.screen_stack:
            if isinstance(screen, ExpeditionScreen | LoadingScreen):
                screen.take_leave()
        self._look_out(self._watch_leaving)

    def _watch_leaving(self) -> None:
        if self.bridge is None or not self.bridge.playing:
            self._arrive()

    def _arrive(self) -> None:
        """The run is at rest: say what could not be saved, and go where the player wanted."""
        from rolltrain_tui.protocol.events import Event, SaveFailed
        from rolltrain_tui.tui.wording.farewell import farewell

        self._look_out(None)
        lost = False
        if self.bridge is not None:
            for news in self.bridge.take():  # the screen may not have taken the last turn
                if isinstance(news, Event):
                    self.bridge.scene.apply(news)
            lost = isinstance(self.bridge.scene.saved, SaveFailed)
        words = farewell(self.bridge)
        to, self._going = self._going, None
        if to == "title":
            self.bridge = None
            self._go_back()
            if lost:
                self._explain("The run could not be saved", words)
        else:
            self.farewell = words
            well = not lost and (self.bridge is None or not self.bridge.scene.failure)
            self.exit(return_code=self.exit_code(well=well))

    def exit_code(self, *, well: bool) -> int:
        """What the process answers with: 0, or 1 where something was lost."""
        return 0 if well else 1

    async def action_quit(self) -> None:
        """Save and quit; asked again while saving, quit at once."""
        if self._going == "quit":
            self.impatient = True
            begun = self.bridge is not None and self.bridge.opened
            lost = "the save; the last autosave is intact" if begun else "the run to be opened; nothing is lost"
            self.farewell = f"Left without waiting for {lost}."
            self.exit(return_code=self.exit_code(well=False))
        else:
            self.leave("quit")

    # The screens around it.

    def to_title(self) -> None:
        """The title, alone on the stack. A run that is under way must have been left before."""
        from rolltrain_tui.tui.screens.title import TitleScreen

        self._over = None
        self._show_only(TitleScreen())

    def _go_back(self) -> None:
        """Go back to the screen from which a run was opened to be watched, else to the title."""
        if self._over is None:
            self.to_title()
            return
        self._clear_away()
        self._over = None

    def _show_only(self, screen: Screen[None]) -> None:
        """Show the screen alone on the stack, or over the screen that the player comes back to."""
        self._clear_away()
        self.push_screen(screen)

    def _clear_away(self) -> None:
        while len(self.screen_stack) > 1 and self.screen is not self._over:
            self.pop_screen()

    def _explain(self, title: str, text: str) -> None:
        from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog

        self.push_screen(ChoiceDialog(title, clean(text), (Choice("ok", "Good to know", "o"),)))
