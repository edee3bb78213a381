"""A person plays an adventure: text, map, bag and commands; beside it a rival's game, if there is one."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from rolltrain_tui.base.grammar import counted, minus
from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.worlds.completion import meant, plain
from rolltrain_tui.protocol.commands import TurnDial
from rolltrain_tui.tui.dungeon.line import CommandLine
from rolltrain_tui.tui.dungeon.panels import bag_lines, closing_choices, command_lines, head_line, map_lines, race_lines, race_title
from rolltrain_tui.tui.expedition.plan import SMALLEST
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.panel import Line, Panel, WholePanel, paragraph
from rolltrain_tui.tui.widgets.story import StoryPanel

RACE = ("dungeon-race-side", "dungeon-race-column")
"""The rival's panel, beside the others where there is room, else among them."""
MOST_ROWS = 5
TOO_SMALL = "This terminal is too small for the dungeon: at least 60 columns and 18 rows."
HELP = (
    ("type", "A command, or the beginnings of its words: g n is go north, t key is take red key; n, e, s, w go"),
    ("1 to 9", "On the empty line: take the command of that number"),
    ("↑ ↓ Enter", "Choose a command and take it"),
    ("Tab", "Complete what is typed"),
    ("F2", "Hint: the next command of a shortest way"),
    ("F3", "Again: the same world from its beginning"),
    ("F4", "Next world: that of the next seed"),
    ("PgUp PgDn", "Back and on in what happened"),
    ("Esc", "Back"),
    ("map", "*here*; ? you have not been there; # a locked door"),
    ("par", "Moves of the shortest way that wins. A refused command costs none"),
)


class DungeonScreen(TavernScreen):
    """Every key goes to the line; only digits on an empty line, arrows, Tab and function keys do not write."""

    CSS_PATH = "play.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", "Choose", key_display="↑↓", tooltip="Choose a command; Enter on an empty line takes it"),
        Binding("up", "choose(-1)", "Choose before", show=False),
        Binding("f2", "hint", "Hint", key_display="F2", tooltip="Hint: the next command of a shortest way"),
        Binding("f3", "again", "Again", key_display="F3", tooltip="The same world from its beginning"),
        Binding("f4", "next", "Next world", key_display="F4", tooltip="The world of the next seed"),
        Binding("pageup", "leaf(-1)", "Back in the story", show=False, tooltip="Back in the story"),
        Binding("pagedown", "leaf(1)", "On in the story", show=False, tooltip="On in the story"),
        Binding("f1", "help", "Help", key_display="F1", tooltip="This list"),
    ]

    def __init__(self, outing: Outing, *, alone: bool = False) -> None:
        """`alone`: no screen is below, and to go back is to quit."""
        super().__init__()
        self.outing = outing
        self._alone = alone
        self._chosen: int | None = None

    def compose(self) -> ComposeResult:
        yield WholePanel(self._head, id="dungeon-head")
        with Horizontal(id="dungeon-upper"):
            yield StoryPanel(id="dungeon-story")
            with Vertical(id="dungeon-side"):
                yield WholePanel(lambda width, height: map_lines(self._sitting, width, height), id="dungeon-map")
                yield WholePanel(self._race, id="dungeon-race-side")
                yield WholePanel(lambda width, _: bag_lines(self._sitting, width), id="dungeon-bag")
            yield WholePanel(self._race, id="dungeon-race-column")
        yield Panel(id="dungeon-commands")
        yield CommandLine()
        yield KeyFooter(palette=False)

    @while_open
    def on_mount(self) -> None:
        for name, title in (("story", "What happens"), ("map", "Map"), ("bag", "You carry"), ("commands", "What you may do")):
            self.query_one(f"#dungeon-{name}", Panel).name_box(title)
        self.set_class(self.outing.rival is not None, "-race")
        self.query_one(CommandLine).focus()
        self.call_after_refresh(self._begin)

    @while_open
    def on_resize(self) -> None:
        self.set_class(any(here < least for here, least in zip(self.size, SMALLEST, strict=True)), "-tiny")
        self.query_one(CommandLine).focus()
        self.call_after_refresh(self._draw)

    def on_unmount(self) -> None:
        self.outing.close()

    def action_back(self) -> None:
        if self._alone:
            self.call_next(self.app.action_quit)
        else:
            self.dismiss(None)

    @property
    def orders(self) -> Sequence[TurnDial]:
        """What the player asks of the run when he is back: see `Mode.sitting`."""
        return [TurnDial("demo", self.outing.lesson)] if self.outing.lesson else []

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(HELP, "The dungeon"))

    # What the player does.

    @on(CommandLine.Picked)
    @while_open
    def _pick_by_digit(self, event: CommandLine.Picked) -> None:
        self.action_pick(event.number - 1)

    @on(CommandLine.Completing)
    @while_open
    def _complete(self) -> None:
        line = self.query_one(CommandLine)
        found = meant(line.value, self._commands) if plain(line.value) else []
        if len(found) == 1:
            line.value = found[0]
            line.cursor_position = len(line.value)
        else:
            self.app.bell()

    @on(Input.Changed)
    @while_open
    def _typed(self) -> None:
        self._draw_commands()

    @on(Input.Submitted)
    @while_open
    def _submit(self, event: Input.Submitted) -> None:
        line, self.query_one(CommandLine).value = event.value, ""
        if plain(line):
            self._take(line)
        elif self._chosen is not None:
            self.action_pick(self._chosen)

    def action_pick(self, index: int) -> None:
        if index < len(self._commands):
            self._take(self._commands[index])
        else:
            self._take(str(index + 1))

    def action_choose(self, by: int) -> None:
        count = len(self._commands)
        self._chosen = (0 if by > 0 else count - 1) if self._chosen is None else (self._chosen + by) % count
        self._draw_commands()

    def action_hint(self) -> None:
        advice = self._sitting.world.advice
        self._story.tell(f"★ A shortest way goes on with: {advice}." if advice else "There is nothing to advise.")

    def action_again(self) -> None:
        self.outing.again()
        self._begin()

    def action_next(self) -> None:
        self.outing.next()
        self._begin()

    def _teach(self) -> None:
        self.outing.teach()
        self._story.tell("★ The model will imitate this game for 24 turns, from the turn after you are back.")
        self._draw()

    def action_leaf(self, by: int) -> None:
        self._story.leaf(by)

    # What comes of it.

    def _take(self, line: str) -> None:
        """A typed line or a picked command: a word of the game itself, or one for the world."""
        sitting, word = self._sitting, plain(line)
        if sitting.seen.done:
            found = meant(line, closing_choices(self.outing))
            word = found[0].partition(",")[0].partition(" ")[0] if len(found) == 1 else word
        own = {
            "again": self.action_again,
            "next": self.action_next,
            "quit": self.action_back,
            "back": self.action_back,
            "teach": self._teach,
            "hint": self.action_hint,
            "help": self.action_help,
        }
        if word in own and word not in sitting.seen.admissible:
            own[word]()
            return
        told = sitting.play(line)
        self._story.tell(f"> {told.command}", "primary")
        if not told.moved:
            self._story.tell(f"✖ {told.text} No move is lost.")
            self._draw()
            return
        self._chosen = None
        gained = f" {minus(f'{told.gained:+}')} {'point' if abs(told.gained) == 1 else 'points'}" if told.gained else ""
        self._story.tell(f"{'★ ' if told.gained else ''}{told.text}{gained}")
        if self.outing.rival is not None:
            self.outing.rival.move()
        if sitting.seen.done:
            self._story.tell(f"{'✔' if sitting.seen.won else '✖'} {sitting.verdict()}")
            if verdict := self.outing.race_verdict():
                self._story.tell(verdict)
        else:
            self._story.tell(sitting.seen.description)
        self._draw()

    @while_open
    def _begin(self) -> None:
        """A world begins: its quest, and where the player stands."""
        sitting = self._sitting
        self._chosen = None
        self._story.tell(f"═ {sitting.world.title}")
        par = f" Par is {counted(sitting.par, 'move')}." if sitting.par else ""
        self._story.tell(f"{sitting.world.objective}{par}", "strong")
        if self.outing.rival is not None:
            self._story.tell(f"Beside you plays {self.outing.rival.mind.name}.", "muted")
        self._story.tell(sitting.seen.description)
        self._draw()

    # What is shown.

    @property
    def _story(self) -> StoryPanel:
        return self.query_one(StoryPanel)

    @property
    def _sitting(self) -> Sitting:
        return self.outing.sitting

    @property
    def _commands(self) -> list[str]:
        sitting = self._sitting
        return closing_choices(self.outing) if sitting.seen.done else list(sitting.seen.admissible)

    @while_open
    def _draw(self) -> None:
        rival = self.outing.rival
        for panel in self.query(WholePanel):
            panel.look_again()
            if rival is not None and panel.id in RACE:
                panel.name_box(race_title(rival))
        self._draw_commands()

    def _head(self, width: int, _: int) -> Sequence[Line]:
        return paragraph(TOO_SMALL, width) if self.has_class("-tiny") else [head_line(self._sitting, width)]

    def _race(self, width: int, height: int) -> list[Line]:
        rival = self.outing.rival
        return race_lines(rival, width, height) if rival is not None else []

    def _draw_commands(self) -> None:
        commands, line, panel = self._commands, self.query_one(CommandLine), self.query_one("#dungeon-commands", Panel)
        line.digits_pick = len(commands) < 10
        found = meant(line.value, commands) if plain(line.value) else []
        rows = command_lines(commands, self._chosen, found, max(20, panel.content_size.width))
        panel.styles.height = max(2, min(MOST_ROWS, len(rows))) + 2
        panel.show(rows)
