"""What replays and followed runs share: the keys that look around, where nothing can be asked of the run."""

from textual.binding import Binding, BindingType

from rolltrain_tui.protocol.events import Event, ItemFound
from rolltrain_tui.tui.messages import Left, Message
from rolltrain_tui.tui.screens.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.screens.expedition import ExpeditionScreen

LOOKING: tuple[BindingType, ...] = (
    Binding("d", "diagnose", "Diagnose", tooltip="Every signal and every layer at the last examination"),
    Binding("l", "detail", "Log", tooltip="Log: every turn, or the story only"),
    Binding("x", "chart", "Chart", tooltip="Chart on the whole screen: cursor, zoom, other series and runs"),
    Binding("z", "zoom", "Zoom", tooltip="Chart: the whole run, the last 500 turns, the last 100"),
    Binding("c", "codex", "Codex", tooltip="What every mechanic really does to the training"),
    Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="This list"),
)
PANELS: tuple[BindingType, ...] = (
    Binding("tab", "next_tab(1)", "Next panel", show=False, tooltip="Small screens: the next panel"),
    Binding("shift+tab", "next_tab(-1)", "Panel before", show=False, tooltip="Small screens: the panel before"),
    Binding("pageup,up", "scroll_log(1)", "Log back", show=False, tooltip="Log: back"),
    Binding("pagedown,down", "scroll_log(-1)", "Log on", show=False, tooltip="Log: on"),
)


class OnlookerScreen(ExpeditionScreen, inherit_bindings=False):
    """The expedition's screen for a run that somebody else plays, or has played."""

    def action_diagnose(self) -> None:
        self.app.push_screen(DiagnosisScreen(self.scene, self.campaign))

    def _receive(self, message: Message) -> None:
        if not isinstance(message, Left):  # it comes because the onlooker leaves, or after a failure that was told
            super()._receive(message)

    def _react(self, event: Event) -> None:
        if not isinstance(event, ItemFound):  # the bag cannot be opened here
            super()._react(event)
