"""Watching a recorded run: the expedition's screen with a reel behind it. Time can be stopped, hurried and turned back."""

from collections.abc import Iterator
from functools import partial
from typing import ClassVar, cast

from textual.binding import Binding, BindingType

from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.runs.log.recording import as_turn
from rolltrain_tui.tui.expedition.expedition import LOOKING, PANELS
from rolltrain_tui.tui.expedition.onlooker import DIAGNOSE, OnlookerScreen
from rolltrain_tui.tui.expedition.reel import FIRST_TEMPO, TEMPI, ReplayInbox, ReplaySource
from rolltrain_tui.tui.expedition.verbs import ExpeditionVerbs, codex_verbs
from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog
from rolltrain_tui.tui.screens.dialogs.command_palette import Verb
from rolltrain_tui.tui.screens.dialogs.question import QuestionDialog
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, keys_of
from rolltrain_tui.tui.widgets.game.status import Pace
from rolltrain_tui.tui.widgets.keys import Key

STEP, STRIDE = 10, 100


class ReplayVerbs(ExpeditionVerbs):
    """Offers what the replay's keys do."""

    def _verbs(self) -> Iterator[Verb]:
        screen = self.screen
        assert isinstance(screen, ReplayScreen)
        yield "Pause or resume", "Stop between two turns", screen.action_pause
        yield "Step", "Show one turn, then pause", screen.action_step
        yield "Go to a turn", "By its number or as a part of the run", screen.action_ask_turn
        for word, line in (("start", "To the beginning"), ("end", "To the last turn that was recorded")):
            yield f"Go to the {word}", line, partial(screen.action_seek, word)
        for tempo in TEMPI:
            yield f"Speed {tempo}x", "Turns a second", partial(screen.set_speed, tempo)
        yield "Diagnose", "Every signal and every layer at the last examination", screen.action_diagnose
        yield "Chart", "The chart on the whole screen: cursor, zoom, other series and runs", screen.action_chart
        yield "Help", "Every key with one line", screen.action_help
        yield "Branch from here", "Play on from this turn, in a run of its own", screen.action_branch
        yield "Leave the replay", "Nothing was changed", screen.action_leave
        yield from codex_verbs(screen)


class ReplayScreen(OnlookerScreen, inherit_bindings=False):
    """Everything that looks around is the expedition's; nothing can be asked of the run."""

    COMMANDS = {ReplayVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", tooltip="Pause, or go on; at the end, from the beginning"),
        Binding("full_stop", "step", "Step", key_display=".", tooltip="Show one turn, then pause"),
        Binding("left", f"shift({-STEP})", "Back", key_display="←", tooltip=f"{STEP} turns back"),
        Binding("right", f"shift({STEP})", "On", key_display="→", tooltip=f"{STEP} turns on"),
        Binding("shift+left,comma", f"shift({-STRIDE})", "Far back", key_display="shift+←", tooltip=f"{STRIDE} turns back (also ,)"),
        Binding("shift+right,semicolon", f"shift({STRIDE})", "Far on", key_display="shift+→", tooltip=f"{STRIDE} turns on (also ;)"),
        Binding("home,0", "seek('start')", "Start", key_display="home", tooltip="To the beginning"),
        Binding("end", "seek('end')", "End", tooltip="To the end"),
        *(Binding(str(n), f"seek('{n}0%')", f"To {n}0 %", show=False, tooltip="To 10 %, 20 % … 90 % of the run") for n in range(1, 10)),
        Binding("g", "ask_turn", "Go to", tooltip="To a turn (412) or a part (50%)"),
        Binding("plus,equals_sign", "speed(1)", "Faster", key_display="+", tooltip="Faster: 1x (a turn a second) to 64x"),
        Binding("minus", "speed(-1)", "Slower", key_display="-", tooltip="Slower"),
        Binding("b", "branch", "Branch", tooltip="Branch: play on from this turn, in a run of its own"),
        DIAGNOSE,
        *LOOKING,
        Binding("q,escape", "leave", "Leave", key_display="q", tooltip="Leave the replay"),
        *PANELS,
    ]

    @property
    def reel(self) -> ReplaySource:
        return cast(ReplaySource, self.bridge.run)

    @property
    def spool(self) -> ReplayInbox:
        return cast(ReplayInbox, self.bridge.inbox)

    @property
    def last(self) -> int:
        """The last turn that was recorded."""
        return self.reel.recording.last

    # The viewer's keys.

    def action_pause(self) -> None:
        if self.spool.paused and self.scene.turn >= self.last:
            self.spool.seek(0)
        if self.spool.paused:
            self.spool.resume()
            self.tell_player(f"▶ Resumed at {self._tempo()}.", "good")
        else:
            self.spool.pause()
            self.tell_player("‖ Paused. Space resumes, . shows one turn, the arrows move through time.", "warn", stays="unless hinted")

    def action_step(self) -> None:
        self.spool.step_once()
        self.tell_player("One turn. Space resumes.", "accent")

    def action_shift(self, turns: int) -> None:
        self.seek(self.scene.turn + turns)

    def action_seek(self, where: str) -> None:
        turn = as_turn(where, self.last)
        assert turn is not None
        self.seek(turn)

    def action_ask_turn(self) -> None:
        def answer(text: str | None) -> None:
            if text and (turn := as_turn(text, self.last)) is not None:
                self.seek(turn)
            elif text:
                self.tell_player("That is no turn: a number, a part such as 50%, start or end.", "warn")

        self.app.push_screen(QuestionDialog("Go to", f"A turn up to {self.last}, or a part of the run such as 50%."), answer)

    def seek(self, turn: int) -> None:
        turn = max(0, min(turn, self.last))
        self.spool.seek(turn)
        self.tell_player(f"⟳ To turn {turn} of {self.last}", "accent")

    def action_speed(self, direction: int) -> None:
        speed = self.spool.turns_per_second or FIRST_TEMPO
        place = min(range(len(TEMPI)), key=lambda n: abs(TEMPI[n] - speed)) + direction
        self.set_speed(TEMPI[max(0, min(place, len(TEMPI) - 1))])

    def set_speed(self, speed: float | None) -> None:
        assert speed is not None, "a recording has no full speed"
        self.spool.set_speed(speed)
        self.tell_player(f"▶ {self._tempo()}: {speed:g} {plural(speed, 'turn')} a second.", "good")

    def action_branch(self) -> None:
        """Ask whether to play on from here; the recording waits for the answer."""
        if self.campaign is None:
            self.tell_player("No branch can begin here: the run's campaign is not beside its chronicle.", "warn")
            return
        turn = min(self.scene.turn, self.last)
        if turn >= self.campaign.turns:
            self.tell_player("The run ends here. A branch begins earlier: ← and home go back.", "warn")
            return
        self.spool.pause()
        text = (
            f"A new run begins, with the first {counted(turn, 'turn')} of this one behind it and everything that was asked in them. "
            f"From turn {turn + 1} on it is yours. The recorded run stays as it is; rolltrain diff lays the two side by side."
        )
        choices = (Choice("branch", "Branch", "b"), Choice("watch", "Go on watching", "w"))

        def answer(taken: str | None) -> None:
            if taken == "branch":
                self.game.branch(self.reel.folder, turn)

        self.app.push_screen(ChoiceDialog(f"What if, after turn {turn}?", text, choices), answer)

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(keys_of(self), "Keys of the replay"))

    def action_leave(self) -> None:
        self.game.leave("title" if self.game.launch.recording is None else "quit")

    # The picture out.

    def _tempo(self) -> str:
        return f"{self.spool.turns_per_second:g}x"

    def _pace(self, now: float) -> Pace:
        return Pace(paused=self.spool.paused, wished=self.spool.turns_per_second, replay=self._tempo())

    def _key_list(self) -> list[Key]:
        return [
            Key("space", f"{'Resume' if self.spool.paused else 'Pause':<6}", "screen.pause"),
            Key("←", str(STEP), f"screen.shift({-STEP})"),
            Key("→", f"{STEP} turns", f"screen.shift({STEP})"),
            Key("+/-", self._tempo(), "screen.speed(1)"),
            Key("home", "Start", "screen.seek('start')"),
            Key("end", "End", "screen.seek('end')"),
            Key("1-9", "10-90 %", "screen.seek('50%')"),
            Key("g", "Go to", "screen.ask_turn"),
            Key("b", "Branch", "screen.branch"),
            Key("q", "Leave", "screen.leave"),
            Key(".", "Step", "screen.step"),
            Key("d", "Diagnose", "screen.diagnose"),
            Key("l", "Log", "screen.detail"),
            Key("x", "Chart", "screen.chart"),
            Key("z", "Zoom", "screen.zoom"),
        ]
