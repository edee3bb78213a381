"""The screen of a diagnosis: the verdict, every signal with its gauge, advice, and the layers."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from rolltrain_tui.tui.expedition.diagnosis import DiagnosisPanel
from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.panel import Line, paragraph
from rolltrain_tui.tui.widgets.training.vitals import advice_lines, layer_lines, signal_lines

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.agents import Agent
    from rolltrain_tui.arena.training.diagnosis import Diagnosis


class AgentDiagnosisScreen(TavernScreen):
    CSS_PATH = "diagnosis.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,d,q", "back", "Back"),
        Binding("up,k", "read(-1)", "", show=False),
        Binding("down,j", "read(1)", "Read on", key_display="↑ ↓", tooltip="A line down, or up (also j, k)"),
        Binding("pageup,b", "read(-12)", "Page up", show=False, tooltip="A page up"),
        Binding("pagedown,space", "read(12)", "Page down", show=False, tooltip="A page down"),
    ]

    def __init__(self, agent: "Agent", found: "Diagnosis") -> None:
        super().__init__()
        self._agent, self._found = agent, found

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="checkup", can_focus=False):
            yield DiagnosisPanel(id="checkup-lines")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one("#checkup").border_title = f"Diagnosis of {self._agent.name}, step {self._agent.step:,}"
        self.call_after_refresh(self.draw)

    @while_open
    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    @while_open
    def draw(self) -> None:
        panel = self.query_one(DiagnosisPanel)
        panel.show_diagnosis(self._lines(panel.size.width))

    def _lines(self, width: int) -> list[Line]:
        found, tone = self._found, "bad+strong" if self._found.sick else "good+strong"
        verdict, table = paragraph(found.verdict, width, tone), signal_lines(found.readings, width)
        return [*verdict, [], *table, [], *advice_lines(found.readings, width), [], *layer_lines(found.layers, width)]

    def action_read(self, by: int) -> None:
        self.query_one("#checkup", VerticalScroll).scroll_relative(y=by, animate=False)
