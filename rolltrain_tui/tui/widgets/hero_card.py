"""A hero class on a card: its portrait, what it does to the training, and what it can."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from rolltrain_tui.rules.classes.abilities import ABILITIES, Ability
from rolltrain_tui.rules.classes.classes import HeroClass
from rolltrain_tui.tui.widgets.fact import Fact

RECHARGE = {"short": "short rest", "long": "long rest", "": "rest"}
COST = {"action": "an action", "bonus": "a bonus action", "free": "free"}


def charges(ability: Ability, level: int) -> str:
    """ "2 per long rest, a bonus action"."""
    most = ability.power.most(level)
    return f"{'no charges' if most is None else f'{most} per {RECHARGE[ability.recharge]}'}, {COST[ability.cost]}"


def head(row: HeroClass, die: str) -> Content:
    """Title, first ability score and hit die."""
    return Content.assemble((row.title, "bold $accent"), (f"\n{row.primary} first, {die}", "$foreground-muted"))


class HeroSheet(Vertical):
    """Everything about one class."""

    DEFAULT_CSS = """
    HeroSheet { height: auto; }
    HeroSheet .sheet-top { height: auto; margin-bottom: 1; }
    HeroSheet .sheet-portrait { width: 18; height: auto; color: $secondary; text-wrap: nowrap; }
    HeroSheet .sheet-motto { width: 1fr; height: auto; }
    HeroSheet .sheet-ability { height: auto; margin-top: 1; }
    """

    def __init__(self, hero_class: HeroClass, level: int) -> None:
        super().__init__()
        self.hero_class, self._level = hero_class, level

    def compose(self) -> ComposeResult:
        row = self.hero_class
        with Horizontal(classes="sheet-top"):
            yield Static(Content("\n".join(row.portrait)), classes="sheet-portrait")
            yield Static(Content.assemble(head(row, f"d{row.hit_die} hit die"), f"\n\n{row.motto}"), classes="sheet-motto")
        yield Fact("Best when", row.best_when)
        yield Fact("Difficulty", row.difficulty)
        for name in row.abilities:
            ability = ABILITIES[name]
            title = Content.assemble(
                ("◆ ", "$accent"), (ability.title, "bold"), (f"  {charges(ability, self._level)}", "$foreground-muted")
            )
            yield Static(title, classes="sheet-ability")
            yield Fact("On command", ability.live)
            if ability.passive:
                yield Fact("By itself", ability.passive)


class HeroCard(Widget):
    """One class, to be picked: portrait, title and motto."""

    DEFAULT_CSS = """
    HeroCard > .card-portrait { width: 18; height: auto; color: $secondary; text-wrap: nowrap; }
    HeroCard > .card-motto { height: auto; padding: 0 1; }
    """

    picked: reactive[bool] = reactive(False)

    class Clicked(Message):
        """The player clicked this card."""

        def __init__(self, hero_class: str) -> None:
            super().__init__()
            self.hero_class = hero_class

    def __init__(self, hero_class: HeroClass) -> None:
        super().__init__()
        self.hero_class = hero_class

    def compose(self) -> ComposeResult:
        row = self.hero_class
        yield Static(Content("\n".join(row.portrait)), classes="card-portrait")
        yield Static(Content.assemble(head(row, f"d{row.hit_die}"), f"\n\n{row.motto}"), classes="card-motto")

    def watch_picked(self, picked: bool) -> None:
        self.set_class(picked, "-picked")
        self.border_title = Content("▸ chosen" if picked else "")

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Clicked(self.hero_class.name))
