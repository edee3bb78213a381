"""The end of a run: what it was worth, what decided it, and what to do next."""

from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Digits, Sparkline, Static

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import clean, flat
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.results import Record
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, TavernScreen, in_thread, keys_of
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.fact import FactList
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.wording.run_story import RunStory, drawable, facts_of, figure, figure_words, headline, samples_of, subtitle
from rolltrain_tui.tui.wording.titles import titled

WITHOUT_DICE = "dice.rulebook=off"
FEWEST = 4
"""Evaluations that look like a curve; fewer are slabs as wide as a hand."""
NAMES, MARK = 12, 2
"""Cells before the facts, and before the lines of the story."""


class EndingScreen(TavernScreen):
    """The judgement, the numbers and the story of the run; every way on has a key."""

    CSS_PATH = "ending.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "title", "Back", tooltip="Back to the title"),
        Binding("p", "again", "Again", tooltip="Play the same campaign from its first turn"),
        Binding("n", "without", "No dice", show=False, tooltip="The same campaign as plain training: rulebook off"),
        Binding("w", "replay", "Replay", tooltip="Watch this run from its first turn"),
        Binding("b", "branch", "Branch", tooltip="Branch before the worst move: play on from there without that ability"),
        Binding("x", "chart", "Chart", tooltip="The chart on the whole screen: cursor, zoom, other series and runs"),
        Binding("e", "export", "Export", tooltip="Write table, picture and report card into the run's folder"),
        Binding("h", "reveal", "Reveal", tooltip="Reveal what was kept back"),
        Binding("l", "log", "Log", tooltip="The whole log of the run"),
        Binding("t", "title", "Title", show=False),
        Binding("q", "leave", "Quit"),
    ]

    @dataclass
    class RecordFound(Message):
        """The finished runs of this campaign have been read."""

        record: Record | None

    @dataclass
    class Revealed(Message):
        """The run has been read again with nothing kept back."""

        story: RunStory

    def __init__(self, story: RunStory) -> None:
        super().__init__()
        self._story = story
        self._revealed: RunStory | None = None
        """To be shown as soon as no other screen lies over this one."""

    def compose(self) -> ComposeResult:
        story = self._story
        with VerticalScroll(id="ending", classes=f"-{story.judgement.outcome}"):
            yield Static(Content(headline(story)), id="ending-title")
            yield Static(Content(subtitle(story)), id="ending-subtitle")
            with Horizontal(id="ending-head"):
                yield Digits(figure(story), id="ending-figure")
                yield Static(Content("\n".join(figure_words(story))), id="ending-words")
                with Vertical(id="ending-way"):
                    yield Sparkline(drawable(story.losses), id="ending-loss", summary_function=fmean)
                    yield Static(Content(f"{story.objective.title}, first evaluation to last"), id="ending-way-words")
            if story.ended.title or story.ended.text:
                yield Static(Content.assemble((flat(story.ended.title), "bold"), "  ", flat(story.ended.text)), id="ending-tale")
            with Horizontal(id="ending-body"):
                yield FactList(facts_of(story, "sought"), NAMES, id="ending-facts")
                yield FactList([("·", flat(line)) for line in story.lines], MARK, id="ending-story")
            yield FactList(samples_of(story.scene), NAMES, id="ending-samples")
            yield Static(Content(f"Saved in {flat(str(story.folder))}"), id="ending-folder")
        yield KeyFooter(compact=True, palette=False)

    @while_open
    def on_mount(self) -> None:
        self.query_one("#ending-story").border_title = "The story of the run"
        self.query_one("#ending-facts").border_title = "In numbers"
        self.query_one("#ending-samples").border_title = "It said"
        self.query_one("#ending-samples").display = bool(samples_of(self._story.scene))
        self.query_one("#ending-head").display = bool(figure(self._story))
        if len(drawable(self._story.losses)) < FEWEST:
            self.query_one("#ending-way").display = False
        self.query_one("#ending").focus()
        self._look_for_record()

    # Personal bests.

    @in_thread("to look for the best run")
    def _look_for_record(self) -> None:
        from rolltrain_tui.runs.results import record_of, result_of, results_in

        here = result_of(self._story.folder)
        found = None if here is None else record_of(results_in(self._story.folder.parent), here.setup)
        self.post_message(self.RecordFound(found))

    @on(RecordFound)
    @while_open
    def _show_record(self, event: RecordFound) -> None:
        self.query_one("#ending-facts", FactList).rows = tuple(facts_of(self._story, event.record))

    # The ways on.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A way that leads nowhere here is shown dimmed, in its place."""
        if action == "reveal":
            return self._kept_back
        if action == "branch":
            return True if self._story.worst is not None else None
        if action in ("again", "without"):
            return True if self._story.path is not None else None
        return True

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(keys_of(self), "Keys of the ending"))

    def action_again(self) -> None:
        self._play(self._story.overrides)

    def action_without(self) -> None:
        self._play((*self._story.overrides, WITHOUT_DICE))

    def _play(self, overrides: tuple[str, ...]) -> None:
        if self._story.path is not None:
            self.host.start_campaign(self._story.path, overrides)

    @property
    def _kept_back(self) -> bool:
        return bool(self._story.scene.hidden) and self._story.events is not None

    def action_reveal(self) -> None:
        """The same ending with everything in it. The whole run is read for it, which takes a second for ten thousand turns."""
        if self._kept_back:
            self.notify("The whole run is read again …", title="Reveal", markup=False)
            self._reveal()

    @in_thread("to read the whole run")
    def _reveal(self) -> None:
        self.post_message(self.Revealed(self._story.revealed()))

    @on(Revealed)
    @while_open
    def _take_revealed(self, event: Revealed) -> None:
        self._revealed = event.story
        self._show_revealed()

    @on(events.ScreenResume)
    @while_open
    def _show_revealed(self) -> None:
        if self._revealed is not None and self.is_current:
            self.app.switch_screen(EndingScreen(self._revealed))

    def action_replay(self) -> None:
        if self._kept_back:
            self.notify("A replay would show what is kept back. Reveal it first: h.", severity="warning", markup=False)
            return
        self.host.watch_replay(self._story.folder)

    def action_branch(self) -> None:
        """Ask, for a run begins; then go on from the turn before the worst move."""
        from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog

        worst = self._story.worst
        if worst is None:
            return
        turn, ability = worst.since - 1, titled(worst.ability)
        text = (
            f"A new run begins with the first {counted(turn, 'turn')} of this one. From turn {turn + 1} on it is yours, and "
            f"{ability} does not act by itself. This run stays as it is."
        )
        choices = (Choice("branch", "Branch", "b"), Choice("stay", "Stay", "s"))

        def answer(taken: str | None) -> None:
            if taken == "branch":
                self.host.branch(self._story.folder, turn, without=worst.ability)

        self.app.push_screen(ChoiceDialog(f"Turn {turn + 1} again, without {ability}?", text, choices), answer)

    def action_chart(self) -> None:
        from rolltrain_tui.tui.screens.chart import ChartScreen

        self.app.push_screen(ChartScreen(lambda: self._story.scene, self._story.folder))

    def action_log(self) -> None:
        from rolltrain_tui.tui.screens.run_log import RunLogScreen

        self.app.push_screen(RunLogScreen(self._story.scene))

    def action_export(self) -> None:
        self.notify("Writing the table, the picture and the report card …", title="Export", markup=False)
        self._export()

    @in_thread("to export the run")
    def _export(self) -> None:
        from rolltrain_tui.exports.export import chronicle_of, write_all

        folder = self._story.folder / layout.EXPORT
        names, note = write_all(chronicle_of(self._story.folder), folder)
        self.notify(clean(f"{', '.join(names)} are in {folder}. {note}"), title="Export", timeout=12, markup=False)

    def action_title(self) -> None:
        self.host.to_title()

    def action_leave(self) -> None:
        self.call_next(self.app.action_quit)
