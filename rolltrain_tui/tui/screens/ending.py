"""The end of a run: what was reached, how it went, and what to do next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Sparkline, Static

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.protocol.events import CampaignEnded
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.tui.screens.base import TavernScreen, still_open
from rolltrain_tui.tui.widgets.fact import Fact
from rolltrain_tui.tui.widgets.menu import Menu, MenuItem
from rolltrain_tui.tui.words import loss

VICTORY = (r"   \ | /   ", r"  .-'^'-.  ", r"--|  *  |--", r"  '-._.-'  ", r"   / | \   ")
FALLEN = (r"    ___    ", r"   /   \   ", r"  | RIP |  ", r"  |     |  ", r"__|_____|__")
STORY_LINES = 10
WITHOUT_DICE = "dice.rulebook=off"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """What the ending tells. `lines` are foreign and cleaned here; `losses` is any series that went down (training or validation)."""

    ended: CampaignEnded
    campaign: str
    hero: str
    folder: Path
    lines: Sequence[str]
    losses: Sequence[float]
    path: Path | None
    """The campaign file to play again; None when it is not known (a save from elsewhere)."""
    overrides: tuple[str, ...] = ()
    objective: Objective = VALIDATION_LOSS
    twin_gflop: float = 0.0
    """The twins' energy, on top of the run's own."""


class EndingScreen(TavernScreen):
    """Victory or the fall, with the story of the run in ten lines."""

    CSS_PATH = "ending.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "title", "Title", tooltip="Back to the title"),
        Binding("p", "again", "Play again", tooltip="The same campaign from its first turn"),
        Binding("w", "without", "Without dice", tooltip="The same campaign as plain training: rulebook off"),
        Binding("t", "title", "Title", show=False),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, story: RunStory) -> None:
        super().__init__()
        self._story = story

    @property
    def won(self) -> bool:
        return self._story.ended.ending == "victory"

    def compose(self) -> ComposeResult:
        story = self._story
        with VerticalScroll(id="ending", classes="-victory" if self.won else "-fallen"):
            with Horizontal(id="ending-head"):
                yield Static(Content("\n".join(VICTORY if self.won else FALLEN)), id="ending-art")
                with Vertical(id="ending-words"):
                    yield Static(Content(headline(story)), id="ending-title")
                    yield Static(Content(verdict(story.ended, story.objective)), id="ending-verdict")
                    yield Sparkline(drawable(story.losses), id="ending-loss", summary_function=mean)
            if story.ended.title or story.ended.text:
                with Vertical(id="ending-tale"):
                    yield Static(Content(flat(story.ended.title)), id="ending-name")
                    yield Static(Content(flat(story.ended.text)), id="ending-text")
            with Horizontal(id="ending-body"):
                with Vertical(id="ending-facts"):
                    for name, value in facts_of(story.ended, story.objective, story.twin_gflop):
                        yield Fact(name, value)
                with Vertical(id="ending-story"):
                    for line in story.lines[:STORY_LINES]:
                        yield Fact("·", flat(line))
            yield Static(Content(f"Kept in {flat(str(story.folder))}"), id="ending-folder")
        yield Menu(self._items(), id="ending-menu")
        yield Footer()

    def on_mount(self) -> None:
        if not still_open(self):
            return
        self.query_one("#ending-story").border_title = "The story of the run"
        self.query_one("#ending-facts").border_title = "In numbers"
        self.query_one("#ending-loss").display = len(drawable(self._story.losses)) > 1
        self.call_after_refresh(self._focus)

    def _focus(self) -> None:
        """Short screens have no menu: the footer says the same, and the arrows are for reading."""
        menu = self.query_one(Menu)
        (menu if menu.display else self.query_one("#ending")).focus()

    def _items(self) -> list[MenuItem]:
        known = self._story.path is not None
        return [
            MenuItem("again", "Play again", "" if known else "The campaign's file is not known", enabled=known),
            MenuItem("without", "Without the dice", "The same campaign as plain training, to compare", enabled=known),
            MenuItem("title", "Title"),
            MenuItem("quit", "Quit"),
        ]

    @on(Menu.Chosen)
    def _choose(self, event: Menu.Chosen) -> None:
        {"again": self.action_again, "without": self.action_without, "title": self.action_title, "quit": self.action_leave}[event.key]()

    def action_again(self) -> None:
        self._play(self._story.overrides)

    def action_without(self) -> None:
        self._play((*self._story.overrides, WITHOUT_DICE))

    def _play(self, overrides: tuple[str, ...]) -> None:
        if self._story.path is None:
            self.app.bell()
        else:
            self.host.start_campaign(self._story.path, overrides)

    def action_title(self) -> None:
        self.host.to_title()

    def action_leave(self) -> None:
        self.call_next(self.app.action_quit)


def headline(story: RunStory) -> str:
    hero, campaign = flat(story.hero), flat(story.campaign)
    if story.ended.ending == "victory":
        return f"VICTORY   {hero} has seen {campaign} through."
    if story.ended.ending == "spent":
        return f"SPENT   The energy for {campaign} is gone, and {hero} rests."
    return f"FALLEN   Here {hero}'s part in {campaign} ends."


def verdict(ended: CampaignEnded, objective: Objective = VALIDATION_LOSS) -> str:
    """The distance to what can be known. (The best of the way was measured on a smaller probe set: no verdict is made of it.)"""
    if not math.isfinite(ended.value):
        return "The weights were lost to a loss that is no number. The best ones are in the last camp."
    if objective.limit is not None and objective.better == "lower":
        above = objective.text(ended.value - objective.limit)
        return f"{above} above the floor, the chance in the data that no model can foresee."
    if objective.limit is not None:
        return f"{objective.text(objective.limit - ended.value)} below the ceiling of {objective.limit:g}."
    return f"No {objective.limit_name} is known here; compare with the same campaign without the dice."


def facts_of(ended: CampaignEnded, objective: Objective = VALIDATION_LOSS, twin_gflop: float = 0.0) -> list[tuple[str, str]]:
    mark = {"victory": "✔", "spent": "■"}.get(ended.ending, "✖")
    unit = f" {objective.short_unit}" if objective.unit else ""
    return [
        ("Ending", f"{mark} {ended.ending}, turn {ended.turn}"),
        ("Validation" if objective.of_loss else objective.title, f"{loss(ended.value, 4)} ± {loss(ended.standard_error, 4)}{unit}"),
        ("On the way", f"{loss(ended.best, 4)}{unit} at best"),
        (objective.limit_name.title(), f"{loss(objective.limit, 4)}{unit}" if objective.limit is not None else "not known"),
        ("Training", f"{loss(ended.train_loss, 4)}{unit if objective.of_loss else ' (loss)'}"),
        ("Level", f"{ended.sheet.level}, {ended.sheet.xp} XP"),
        ("Falls", str(ended.sheet.deaths)),
        ("Work", f"{ended.gflop + twin_gflop:,.0f} GFLOP" + (f", twin {twin_gflop:,.0f}" if twin_gflop else "")),
    ]


def drawable(series: Sequence[float]) -> list[float]:
    """The series without what is no number, from just below its lowest point up, so that the lowest still shows."""
    kept = [value for value in series if math.isfinite(value)]
    low, high = min(kept, default=0.0), max(kept, default=0.0)
    return [value - low + 0.08 * (high - low) for value in kept]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
