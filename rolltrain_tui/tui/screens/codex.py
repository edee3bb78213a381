"""The codex: what every mechanic really does to the training."""

import re
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Markdown, OptionList, Static
from textual.widgets.option_list import Option

from rolltrain_tui.tui.screens.kinds.reading import ReadingScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.name_list import NameList

if TYPE_CHECKING:
    from rolltrain_tui.story.codex import Page


class CodexScreen(ReadingScreen):
    """Pages by group at the left, the open one at the right. What is typed into the search is looked for in titles and texts."""

    CSS_PATH = "codex.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", tooltip="Look for words in all pages"),
        Binding("space", "read(1)", "Read on", tooltip="Turn the page's text on"),
        Binding("b", "read(-1)", "Read back", show=False, tooltip="Turn the page's text back"),
    ]

    PAGE = "#codex-page"

    def __init__(self, slug: str = "") -> None:
        """`slug` "": the first page. An unknown one opens the first page and says so."""
        super().__init__()
        self._slug = slug
        self._pages: dict[str, Page] = {}
        self._shown: list[str] = []

    def compose(self) -> ComposeResult:
        with Horizontal(id="codex"):
            with Vertical(id="contents"):
                yield Input(placeholder="Search", id="codex-search", compact=True)
                yield NameList(id="codex-list")
            with VerticalScroll(id="codex-page", can_focus=False):
                yield Markdown(id="codex-text", open_links=False)
        yield Static("", id="codex-found")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        from rolltrain_tui.story.codex import pages

        self._pages = {page.slug: page for page in pages()}
        if self._slug and self._slug not in self._pages:
            self.notify(f"The codex has no page {self._slug!r}.", severity="warning", markup=False)
        self._list("")
        self.query_one(OptionList).focus()

    def open_page(self, slug: str) -> bool:
        """Go to a page; False when there is none of that name."""
        if slug not in self._pages:
            return False
        self._slug = slug
        if slug not in self._shown:
            self.query_one(Input).value = ""
            self._list("")
        names = self.query_one(OptionList)
        names.highlighted = names.get_option_index(slug)
        return True

    def _list(self, words: str) -> None:
        found = [page for page in self._pages.values() if matches(page, words)]
        heads = Counter(_head(page) for page in self._pages.values())
        self._shown = [page.slug for page in found]
        names = self.query_one(OptionList)
        with self.app.batch_update():
            names.clear_options()
            group = ""
            for page in found:
                if page.group != group:
                    group = page.group
                    names.add_option(Option(Content(group.upper()), disabled=True))
                head = _head(page)
                names.add_option(Option(Content(f" {head if heads[head] == 1 else page.title}"), id=page.slug))
        if found:
            stays = self._slug if self._slug in self._shown else found[0].slug
            names.highlighted = names.get_option_index(stays)
        words_found = f"{len(found)} of {len(self._pages)} pages" if words.strip() else ""
        line = self.query_one("#codex-found", Static)
        line.update(Content(words_found if found else "No page speaks of that."))
        line.display = bool(words.strip())

    @on(OptionList.OptionHighlighted)
    @while_open
    async def _open(self, event: OptionList.OptionHighlighted) -> None:
        page = self._pages.get(event.option_id or "")
        if page is not None and page.slug in self._shown:
            self._slug = page.slug
            await self.query_one(Markdown).update(page.text)
            self.query_one("#codex-page").scroll_home(animate=False)

    @on(Input.Changed)
    @while_open
    def _search(self, event: Input.Changed) -> None:
        self._list(event.value)

    @on(Input.Submitted)
    @while_open
    def _found(self) -> None:
        self.query_one(OptionList).focus()

    @on(Markdown.LinkClicked)
    @while_open
    def _follow(self, event: Markdown.LinkClicked) -> None:
        if not self.open_page(slug_of(event.href)):
            self.notify(event.href, title="This link leads out of the game", markup=False)

    def action_search(self) -> None:
        self.query_one(Input).focus()

    def action_back(self) -> None:
        """The search is emptied first; then the codex closes."""
        search = self.query_one(Input)
        if search.has_focus or search.value:
            search.value = ""
            self.query_one(OptionList).focus()
        else:
            super().action_back()


def _head(page: "Page") -> str:
    """What a title begins with; the page itself has the rest of it."""
    return page.title.split(": ")[0]


def matches(page: "Page", words: str) -> bool:
    """Every word stands somewhere in the page's title, group or text, whatever its case."""
    text = f"{page.title} {page.group} {page.text}".casefold()
    return all(word in text for word in words.casefold().split())


def slug_of(href: str) -> str:
    """The page that a link names: "rage", "rage.md", "codex:rage" and "../heroes/rage.md#proof" are all `rage`."""
    return re.sub(r"\.md$", "", href.split("#")[0].removeprefix("codex:").rsplit("/", 1)[-1])
