"""Choose a hero: a class, a name, six scores. Enter at once takes the campaign's own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import ContentSwitcher, Input, OptionList, Static

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.rules.classes.classes import CLASSES, HeroClass
from rolltrain_tui.tui.screens.kinds.reading import ReadingScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.stat_sheet import StatSheet
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.hero_card import HeroCard, HeroSheet
from rolltrain_tui.tui.widgets.name_list import NameList
from rolltrain_tui.tui.widgets.stat_editor import StatEditor

if TYPE_CHECKING:
    from rolltrain_tui.config.game_sections import HeroConfig
    from rolltrain_tui.config.schema import CampaignConfig

NAME_LENGTH = 24


class Cards(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Holds the cards; arrows choose among them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False, tooltip="A line up"),
        Binding("down,j", "scroll_down", "Down", show=False, tooltip="A line down"),
    ]


class HeroChoiceScreen(ReadingScreen):
    """Cards side by side where there is room for them, else a list; below or beside it a page about the class."""

    CSS_PATH = "hero_choice.tcss"
    AUTO_FOCUS = ""  # else the name has the focus until the classes take it, and what is typed ahead changes it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "set_out", "Set out", priority=True, tooltip="Begin the campaign with this hero"),
        Binding("right,l", "pick(1)", "Class", key_display="← →", tooltip="The next class, or the one before (also h, l)"),
        Binding("left,h", "pick(-1)", "", show=False),
        Binding("n", "name", "Name", tooltip="Write the hero's name"),
        Binding("s", "stats", "Stats", tooltip="Class or ability scores"),
    ]

    PAGE = "#details"

    picked: reactive[str] = reactive("")

    def __init__(self, path: Path, campaign: "CampaignConfig", overrides: tuple[str, ...] = ()) -> None:
        """`overrides` come before the hero's in what the campaign is started with."""
        super().__init__()
        self._path, self._campaign, self._overrides = path, campaign, overrides
        self.set_reactive(HeroChoiceScreen.picked, campaign.hero.hero_class)
        self._names = list(CLASSES)

    def compose(self) -> ComposeResult:
        hero = self._campaign.hero
        with Horizontal(id="head"):
            yield Static(Content(f"Choose a hero for {flat(self._campaign.name)}"), classes="screen-title")
            yield Static("Name", id="name-label")
            yield Input(flat(hero.name), max_length=NAME_LENGTH, id="name", compact=True, select_on_focus=True)
        with ContentSwitcher(initial="classes", id="tabs"):
            with Vertical(id="classes"):
                with Cards(id="cards"), Horizontal(id="row"):
                    for row in CLASSES.values():
                        yield HeroCard(row)
                with Horizontal(id="page"):
                    yield NameList(*[row.title for row in CLASSES.values()], id="class-list")
                    with VerticalScroll(id="details", can_focus=False):
                        yield HeroSheet(CLASSES[hero.hero_class], hero.level)
            with VerticalScroll(id="stats", can_focus=False):
                yield StatEditor(StatSheet.of(hero.stats.model_dump()), CLASSES[hero.hero_class].primary, id="editor")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one("#tabs").border_title = "Class"
        self._show_picked()
        self.call_after_refresh(self._focus_again)

    @while_open
    def on_resize(self) -> None:
        self.call_after_refresh(self._focus_again)

    def watch_picked(self) -> None:
        if self.is_mounted:
            self._show_picked()

    def _show_picked(self) -> None:
        row: HeroClass = CLASSES[self.picked]
        for card in self.query(HeroCard):
            card.picked = card.hero_class.name == self.picked
            if card.picked:
                self.query_one(Cards).scroll_to_widget(card, animate=False)
        self.query_one("#class-list", OptionList).highlighted = self._names.index(self.picked)
        details = self.query_one("#details")
        sheets = list(details.query_children(HeroSheet))
        if all(sheet.hero_class is not row for sheet in sheets):
            details.mount(HeroSheet(row, self._campaign.hero.level))  # made when it is first looked at: six at once take a second
        for sheet in sheets:
            sheet.display = sheet.hero_class is row
        details.scroll_home(animate=False)
        self.query_one(StatEditor).primary = row.primary
        self.query_one(StatEditor).refresh()

    @while_open
    def _focus_again(self) -> None:
        """On the cards or the list, whichever this size shows; a name that is being written keeps the focus."""
        if self.query_one("#tabs", ContentSwitcher).current == "classes" and not self.query_one("#name").has_focus:
            self._focus_classes()

    def _focus_classes(self) -> None:
        cards = self.query_one("#cards")
        (cards if cards.display else self.query_one("#class-list")).focus()

    @on(HeroCard.Clicked)
    @while_open
    def _click(self, event: HeroCard.Clicked) -> None:
        self.picked = event.hero_class

    @on(OptionList.OptionHighlighted)
    @while_open
    def _highlight(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_list.has_focus:  # before that, the list marks its first row by itself
            self.picked = self._names[event.option_index]

    def action_pick(self, by: int) -> None:
        if self.query_one("#tabs", ContentSwitcher).current == "classes":
            self.picked = self._names[(self._names.index(self.picked) + by) % len(self._names)]

    def action_name(self) -> None:
        self.query_one("#name").focus()

    def action_stats(self) -> None:
        tabs = self.query_one("#tabs", ContentSwitcher)
        tabs.current = "stats" if tabs.current == "classes" else "classes"
        tabs.border_title = tabs.current.capitalize()
        if tabs.current == "stats":
            self.query_one(StatEditor).focus()
        else:
            self._focus_classes()

    def action_back(self) -> None:
        """From the name or the scores back to the classes, from there to the campaigns."""
        if self.query_one("#tabs", ContentSwitcher).current == "stats":
            self.action_stats()
        elif self.query_one("#name").has_focus:
            self._focus_classes()
        else:
            super().action_back()

    def action_set_out(self) -> None:
        name = self.query_one("#name", Input).value
        sheet = self.query_one(StatEditor).result
        hero = hero_overrides(self._campaign.hero, name=name, hero_class=self.picked, stats=sheet.scores)
        self.host.start_campaign(self._path, (*self._overrides, *hero))


def hero_overrides(hero: "HeroConfig", *, name: str, hero_class: str, stats: Mapping[str, int]) -> tuple[str, ...]:
    """What differs from the campaign's own hero, as `path=value` with YAML values. An empty name is the campaign's."""
    name = name.strip()
    changes = []
    if name and name != flat(hero.name):
        changes.append(f"hero.name={json.dumps(name, ensure_ascii=False)}")
    if hero_class != hero.hero_class:
        changes.append(f"hero.hero_class={hero_class}")
        changes += ["hero.auto=[]"] if hero.auto else []
    if dict(stats) != hero.stats.model_dump():
        changes.append(f"hero.stats={{{', '.join(f'{stat}: {score}' for stat, score in stats.items())}}}")
    return tuple(changes)
