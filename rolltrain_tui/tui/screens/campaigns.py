"""Choose an adventure, and the text it is about."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import clean, flat
from rolltrain_tui.config.shipped import AILMENTS
from rolltrain_tui.modes import MODES
from rolltrain_tui.story.judgement import mark_of
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.tui.launch import own_text
from rolltrain_tui.tui.screens.kinds.base import in_thread
from rolltrain_tui.tui.screens.kinds.reading import ReadingScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.fact import Fact
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.name_list import NameList

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.runs.results import Result

PEEK_BYTES = 65536


class CampaignsScreen(ReadingScreen):
    """The campaigns that come with the game, each with its story; an unreadable one is shown with what is wrong."""

    CSS_PATH = "campaigns.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Choose a hero", priority=True, tooltip="On to the choice of a hero"),
        Binding("slash", "own_text", "Your own text", tooltip="Train on a text file of yours instead"),
        Binding("down", "step(1)", "Down", show=False, priority=True, tooltip="The one below"),
        Binding("up", "step(-1)", "Up", show=False, priority=True, tooltip="The one above"),
    ]
    PAGE = "#campaign-page"

    @dataclass
    class CampaignsRead(Message):
        """Each campaign file with what it says, or with what is wrong with it."""

        found: "list[tuple[Path, CampaignConfig | str]]"
        results: "list[Result]"
        """The player's finished runs."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[tuple[Path, CampaignConfig | str]] = []
        self._results: list[Result] = []
        self._typed_steps, self._typed_enter = 0, False
        """What was pressed before the campaigns were read."""

    def compose(self) -> ComposeResult:
        yield Static("Choose a campaign", classes="screen-title")
        with Horizontal(id="campaigns"):
            yield NameList(id="campaign-list")
            with VerticalScroll(id="campaign-page", can_focus=False):
                yield Static("The campaigns are read …", id="campaign-story")
                yield Vertical(id="campaign-facts")
        with Vertical(id="own"):
            yield Input(placeholder="Your own text (optional): the path of a UTF-8 file", id="own-text", compact=True)
            yield Static("", id="own-trouble")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.read_campaigns(self.host.runs)

    @in_thread("to read the campaigns")
    def read_campaigns(self, runs: Path) -> None:
        from rolltrain_tui.modes.campaign_file import CampaignFileError, load, shipped
        from rolltrain_tui.runs.results import results_in

        found: list[tuple[Path, CampaignConfig | str]] = []
        for path in shipped():
            try:
                found.append((path, load(path)))
            except (CampaignFileError, OSError) as error:
                found.append((path, str(error)))
        self.post_message(self.CampaignsRead(found, results_in(runs)))

    @on(CampaignsRead)
    @while_open
    def _show(self, event: CampaignsRead) -> None:
        found, self._results = event.found, [] if self.host.secretive else event.results
        self._found = found
        names = self.query_one(OptionList)
        names.clear_options()
        for path, campaign in found:
            names.add_option(_entry(path, campaign))
        if found:
            names.highlighted = min(max(self._typed_steps, 0), len(found) - 1)
            if self._typed_enter:
                self.action_choose()

    @on(OptionList.OptionHighlighted)
    @while_open
    async def _turn_page(self, event: OptionList.OptionHighlighted) -> None:
        path, campaign = self._found[event.option_index]
        story, facts = self.query_one("#campaign-story", Static), self.query_one("#campaign-facts")
        if isinstance(campaign, str):
            story.update(Content.assemble(("✖ This campaign cannot be played yet.", "bold $error")))
            rows = [("", clean(campaign))]
        else:
            story.update(Content.assemble((flat(campaign.name), "bold $accent"), "\n\n", clean(campaign.story.strip())))
            rows = [*_best(campaign, self._results), *facts_of(path, campaign)]
        with self.app.batch_update():
            await facts.remove_children()
            await facts.mount(*[Fact(name, value) for name, value in rows])

    @on(OptionList.OptionSelected)
    @while_open
    def _picked(self) -> None:
        self.action_choose()

    @on(Input.Changed)
    @while_open
    def _look_at_text(self, event: Input.Changed) -> None:
        trouble = text_trouble(event.value)
        words = (
            Content.assemble(("✖ ", "$error"), trouble) if trouble else Content("✔ The model will read this text." if event.value else "")
        )
        self.query_one("#own-trouble", Static).update(words)

    def action_own_text(self) -> None:
        self.query_one(Input).focus()

    def action_back(self) -> None:
        if self.query_one(Input).has_focus:
            self.query_one(OptionList).focus()
        else:
            super().action_back()

    def action_step(self, by: int) -> None:
        names = self.query_one(OptionList)
        if self._found:
            names.action_cursor_down() if by > 0 else names.action_cursor_up()
        elif not self._typed_enter:
            self._typed_steps += by

    def action_choose(self) -> None:
        index = self.query_one(OptionList).highlighted
        if index is None:
            self._typed_enter = True
            return
        path, campaign = self._found[index]
        text = self.query_one(Input).value
        if isinstance(campaign, str):
            self.notify("This campaign has mistakes; they are listed beside it.", severity="error", markup=False)
        elif campaign.missing:
            self.notify(campaign.missing, severity="error", markup=False)
        elif text_trouble(text):
            self.query_one(Input).focus()
            self.app.bell()
        else:
            from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen

            self.app.push_screen(HeroChoiceScreen(path, campaign, own_text_overrides(text)))


def _entry(path: Path, campaign: "CampaignConfig | str") -> Content:
    if isinstance(campaign, str):
        return Content.assemble(f"✖ {flat(path.name)}", ("\ncannot be read", "dim"))
    size = f" · {campaign.size}" if campaign.size else ""
    ailment = AILMENTS.get(path.stem)
    return Content.assemble(
        flat(campaign.name), (f"\n{counted(campaign.turns, 'turn')}{size}", "dim"), (f"\n{ailment}", "dim") if ailment else ""
    )


def _best(campaign: "CampaignConfig", results: "list[Result]") -> list[tuple[str, str]]:
    """The best of the player's finished runs, where there is one."""
    from rolltrain_tui.runs.results import records_of

    record = records_of(results, campaign.name, campaign.turns)
    if record is None:
        return []
    best, objective = record.best, record.best.setup.objective
    value = f"{objective.text(best.ended.value, 4)}{plus_minus(best.ended.standard_error, 4)}"
    many = counted(record.attempts, "finished run")
    return [("Your best", f"{value} ({mark_of(best.judgement.outcome)}), of {many}")]


def facts_of(path: Path, campaign: "CampaignConfig") -> list[tuple[str, str]]:
    """What a player wants to know before setting out."""
    dice = campaign.dice
    return [
        *([("Missing", f"✖ {campaign.missing}")] if campaign.missing else []),
        ("Kind", MODES[campaign.kind].title),
        ("Turns", f"{campaign.turns}, each one real optimiser step"),
        *((label, flat(words)) for label, words in campaign.card().items()),
        ("Dice", f"{dice.die} against DC {dice.dc}, rulebook {dice.rulebook}"),
        (
            "Hero",
            f"{flat(campaign.hero.name)}, {campaign.hero.hero_class} {campaign.hero.level}{', hardcore' if campaign.hero.hardcore else ''}",
        ),
        ("File", flat(path.name)),
    ]


def own_text_overrides(text: str) -> tuple[str, ...]:
    """The player's own file as overrides of the campaign; nothing for an empty field."""
    if not text.strip():
        return ()
    return own_text(Path(text.strip()))


def text_trouble(text: str) -> str:
    """Why the named file cannot be read as a text, "" when it can (or none is named). The campaign looks closer when it begins."""
    if not text.strip():
        return ""
    path = Path(text.strip()).expanduser()
    try:
        if not path.is_file():
            return "There is no such file." if not path.exists() else "This is not a text file."
        with path.open("rb") as file:
            head = file.read(PEEK_BYTES)
        if not head.strip():
            return "This file is empty."
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < PEEK_BYTES)
    except UnicodeDecodeError:
        return "This file is not UTF-8 text."
    except (OSError, ValueError) as error:
        return f"This file cannot be read: {clean(str(error))}"
    return "This file holds NUL bytes: it is not a text." if b"\0" in head else ""
