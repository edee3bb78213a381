"""Watching a run that another process plays: the expedition's screen, live and read only."""

from collections.abc import Iterator
from typing import ClassVar, cast

from textual.binding import Binding, BindingType

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.runs.follow import AWAITED, Followed, State
from rolltrain_tui.tui.expedition.expedition import LOOKING, PANELS
from rolltrain_tui.tui.expedition.onlooker import DIAGNOSE, OnlookerScreen
from rolltrain_tui.tui.expedition.verbs import ExpeditionVerbs, codex_verbs
from rolltrain_tui.tui.screens.dialogs.command_palette import Verb
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, keys_of
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.threads.messages import Failed, Message
from rolltrain_tui.tui.widgets.game.die import TUMBLING_SPEED
from rolltrain_tui.tui.widgets.game.status import Pace
from rolltrain_tui.tui.widgets.keys import Key

MARKS: dict[State, tuple[str, str]] = {
    "awaited": ("◌ not begun yet", "muted"),
    "live": ("● live", "good+strong"),
    "left": ("‖ left, saved", "warn"),
    "abandoned": ("✖ nobody plays it", "bad"),
    "ended": ("■ the end", "accent"),
    "gone": ("✖ removed", "bad"),
    "damaged": ("✖ damaged", "bad"),
}
"""How it stands with the run, for the line at the top: words and tone."""
COMMANDING = "1,2,3,4,5,6,7,8,9,space,full_stop,plus,equals_sign,minus,u,p,i,b,g,k,r,t,v,a,o,s,e,m"
"""The keys with which a player commands a run."""
OFF = "You are watching: only who plays the run can command it. ? lists your keys."


class WatchVerbs(ExpeditionVerbs):
    """Offers what the watcher's keys do."""

    def _verbs(self) -> Iterator[Verb]:
        screen = self.screen
        assert isinstance(screen, WatchScreen)
        yield "Diagnose", "Every signal and every layer at the last examination", screen.action_diagnose
        yield "Chart", "The chart on the whole screen: cursor, zoom, other series and runs", screen.action_chart
        yield "Help", "Every key with one line", screen.action_help
        yield "Leave", "The run goes on without you", screen.action_leave
        yield from codex_verbs(screen)


class WatchScreen(OnlookerScreen, inherit_bindings=False):
    """Everything that looks around is the expedition's; keys that command say that they are off."""

    COMMANDS = {WatchVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        DIAGNOSE,
        *LOOKING,
        Binding("q,escape", "leave", "Leave", key_display="q", tooltip="Stop watching; the run goes on without you"),
        *PANELS,
        Binding("end", "follow", "Newest", show=False, tooltip="Log: follow the newest line"),
        Binding(COMMANDING, "only_watch", show=False),
    ]

    _standing = AWAITED

    @property
    def followed(self) -> Followed:
        return cast(Followed, self.bridge.run)

    # Messages in.

    @while_open
    def tick(self) -> None:
        self._tell_how_it_stands()
        super().tick()

    def _tell_how_it_stands(self) -> None:
        """In the run's own sentence, when it has changed."""
        before, self._standing = self._standing, self.followed.standing
        if self._standing == before and before is not AWAITED:
            return
        if self._standing.words:
            self.tell_player(flat(self._standing.words), MARKS[self._standing.state][1], stays="always")
        elif before.over or before is AWAITED:
            self.tell_player("● Live: what you see happens now. The keys that command are off.", "good")

    def _receive(self, message: Message) -> None:
        super()._receive(message)
        if isinstance(message, Failed):
            self.want_picture()

    # The watcher's keys.

    def action_only_watch(self) -> None:
        self.tell_player(OFF, "warn")

    def send(self, command: Command, words: str) -> None:
        self.action_only_watch()

    @property
    def sends_scouts(self) -> bool:
        return False

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(keys_of(self), "Keys for watching"))

    def action_leave(self) -> None:
        self.game.leave("quit")

    # The picture out.

    def _rested(self) -> bool:
        """The training is another process's; this one has nothing to do but to draw."""
        return True

    def _slow_enough_to_read(self) -> bool:
        rate = self._speedometer.rate
        return rate is None or rate <= TUMBLING_SPEED

    def _pace(self, now: float) -> Pace:
        return Pace(measured=self._speedometer.rate, watched=MARKS[self._standing.state])

    def _key_list(self) -> list[Key]:
        return [
            *([Key("h", "Reveal", "screen.reveal")] if self.scene.hidden else []),
            Key("d", "Diagnose", "screen.diagnose"),
            Key("l", "Log", "screen.detail"),
            Key("x", "Chart", "screen.chart"),
            Key("z", "Zoom", "screen.zoom"),
            Key("c", "Codex", "screen.codex"),
            Key("q", "Leave", "screen.leave"),
        ]
