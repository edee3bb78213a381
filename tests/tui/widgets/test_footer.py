"""The last line of a screen."""

from typing import Any, ClassVar

import pytest
from support.screens_host import ScreensHost, shown
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.name_list import NameList


class Keyed(Screen[None]):
    """Counts its keys; `b` can be pressed once `a` was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "count", "Apple", tooltip="One more"),
        Binding("up", "count", "Apple"),
        Binding("b", "other", "Bread"),
        Binding("c", "third", "Cheese and much else besides"),
    ]
    counted = 0

    def compose(self) -> ComposeResult:
        yield KeyFooter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "other" and not self.counted else True

    def action_count(self) -> None:
        self.counted += 1
        self.refresh_bindings()

    def action_other(self) -> None:
        self.counted += 10


async def test_a_click_presses_the_key_and_a_key_that_does_not_fit_is_left_out() -> None:
    """Keys of one action stand there once; one that is not usable now does nothing; the pointer is told what a key does."""
    screen = Keyed()
    app = ScreensHost(lambda: screen)
    async with app.run_test(size=(40, 10), tooltips=True) as pilot:
        await pilot.pause()
        assert shown(app).splitlines()[-1] == " a Apple  b Bread           ▏^p palette "
        footer: Any = screen.query_one(KeyFooter)
        for x, counted in ((11, 0), (2, 1), (11, 11)):
            await pilot.click(KeyFooter, offset=(x, 0))
            await pilot.pause()
            assert counted == screen.counted
        told = []
        for x in (3, 12, 20, 38):
            await pilot.hover(KeyFooter, offset=(x, 0))
            told.append(footer.tooltip)
        assert ["One more", "Bread", None] == told[:3]
        assert "palette" in told[3]


class Crowded(Screen[None]):
    """Has a list of its keys, which comes second."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "first", "First"),
        Binding("question_mark,f1", "help", "Help", key_display="?"),
        *(Binding(letter, f"act('{letter}')", f"Deed {letter}") for letter in "defghi"),
    ]


@pytest.mark.parametrize("palette", [True, False])
@pytest.mark.parametrize("compact", [True, False])
async def test_a_line_that_is_not_whole_says_where_the_rest_is(compact: bool, palette: bool) -> None:
    """At every width all keys stand there, or the first ones and at the end the key that lists all."""

    class Narrow(Crowded):
        def compose(self) -> ComposeResult:
            yield KeyFooter(compact=compact, palette=palette)

    app = ScreensHost(Narrow)
    seen = set()
    async with app.run_test(size=(140, 5)) as pilot:
        for width in range(30, 140, 11):
            await pilot.resize_terminal(width, 5)
            await pilot.pause()
            line = shown(app).splitlines()[-1].partition("▏")[0].split()
            whole = line[-1] == "i"
            seen.add(whole)
            assert line[:2] == ["z", "First"]
            assert whole or line[-2:] == ["?", "More"]
            assert whole == ("Help" in line)
    assert seen == {True, False}


async def test_keys_stand_close_only_where_they_must() -> None:
    """On a compact line, two spaces between keys as long as all have room."""

    class Close(Keyed):
        def compose(self) -> ComposeResult:
            yield KeyFooter(compact=True, palette=False)

    app = ScreensHost(Close)
    async with app.run_test(size=(60, 5)) as pilot:
        lines = {}
        for width in (60, 46):
            await pilot.resize_terminal(width, 5)
            await pilot.pause()
            lines[width] = shown(app).splitlines()[-1].rstrip()
    assert lines == {60: " a Apple  b Bread  c Cheese and much else besides", 46: "a Apple b Bread c Cheese and much else besides"}


async def test_enter_comes_first_whatever_has_the_focus() -> None:
    """The keys stand in the same order whether a list has the focus, whose Enter the screen takes, or nothing."""

    class Listed(Screen[None]):
        BINDINGS: ClassVar[list[BindingType]] = [
            Binding("escape", "back", "Back", key_display="esc"),
            Binding("enter", "choose", "Choose", key_display="⏎", priority=True),
            Binding("n", "name", "Name"),
        ]

        def compose(self) -> ComposeResult:
            yield NameList("one", "two")
            yield KeyFooter(palette=False)

    app = ScreensHost(Listed)
    async with app.run_test(size=(60, 5)) as pilot:
        for focused in (True, False):
            app.screen.set_focus(app.screen.query_one(NameList) if focused else None)
            await pilot.pause()
            assert shown(app).splitlines()[-1].split() == ["⏎", "Choose", "esc", "Back", "n", "Name"]
