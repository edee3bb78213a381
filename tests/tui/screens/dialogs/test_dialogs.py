"""The small question, and the list of keys."""

from typing import ClassVar

import pytest
from support.screens_host import ScreensHost, shown, until
from textual.binding import Binding, BindingType
from textual.screen import Screen

from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog, delete_dialog, quit_dialog
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, TavernScreen, keys_of


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ("enter", "stay"),
        ("right enter", "quit"),
        ("right right enter", "title"),
        ("left enter", "title"),
        ("t", "title"),
        ("S", "stay"),
        ("escape", None),
    ],
)
async def test_answers(keys: str, answer: str | None) -> None:
    """Enter takes the choice with the focus, a letter takes its own, Escape takes none."""
    app = ScreensHost(quit_dialog)
    async with app.run_test() as pilot:
        await pilot.press(*keys.split())
        assert [answer] == app.answers


async def test_deleting_is_not_the_first_answer() -> None:
    """Enter at once keeps the save."""
    app = ScreensHost(lambda: delete_dialog("Delete this save?", "Brakka"))
    async with app.run_test() as pilot:
        await pilot.press("enter")
        assert ["keep"] == app.answers


async def test_a_click_answers() -> None:
    """The choices are buttons."""
    app = ScreensHost(quit_dialog)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click("#answer-stay")
        assert ["stay"] == app.answers


@pytest.mark.parametrize("size", [(80, 24), (60, 18)])
async def test_all_is_seen(size: tuple[int, int]) -> None:
    """Title, text and all choices are on the screen; foreign text is literal; many choices stand below each other."""
    app = ScreensHost(quit_dialog)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert all(f"{words}  {key}" in shown(app) for words, key in (("Stay", "s"), ("Save and quit", "q"), ("Save, to the title", "t")))
    choices = [Choice(f"c{n}", f"A rather long choice {n}", str(n)) for n in range(5)]
    app = ScreensHost(lambda: ChoiceDialog("[b]Why[/b]", "because [/]", choices))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for text in ("[b]Why[/b]", "because [/]", *(choice.label for choice in choices)):
            assert text in shown(app)


async def test_a_long_text_leaves_the_choices_on_screen() -> None:
    """A page of errors scrolls inside the dialog."""
    app = ScreensHost(lambda: ChoiceDialog("Errors", "\n".join(f"line {n}" for n in range(200)), [Choice("ok", "Good to know", "o")]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "Good to know" in shown(app)


@pytest.mark.parametrize("key", ["escape", "enter", "q", "question_mark", "f1"])
async def test_help_closes(key: str) -> None:
    """The list of keys shows every key with its line and closes with any of the expected keys."""
    app = ScreensHost(lambda: HelpScreen([("space", "Pause [or] go on"), ("+ -", "Faster, slower")], "Keys"))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert all(text in shown(app) for text in ("space", "Pause [or] go on", "+ -", "Faster, slower"))
        assert "reads on" not in shown(app)
        await pilot.press(key)
        assert [None] == app.answers


class ManyKeys(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"seek({n})", f"To {n}0 %", tooltip="To a part of the run") for n in range(1, 10)),
        Binding("up,k", "up", "Up"),
    ]


async def test_keys_of_the_same_words_share_a_row() -> None:
    """Of many, the first and the last are named."""
    app = ScreensHost(ManyKeys)
    async with app.run_test():
        rows = keys_of(app.screen)
    assert [("1 … 9", "To a part of the run"), ("↑ k", "Up")] == [row for row in rows if row[1] in ("To a part of the run", "Up")]


@pytest.mark.parametrize("close", ["action_close", "action_back"])
async def test_a_key_typed_twice_closes_one_screen(close: str) -> None:
    """The second one may reach the screen that has gone; what lies below it stays."""
    app = ScreensHost(lambda: HelpScreen([]) if close == "action_close" else TavernScreen())
    async with app.run_test() as pilot:
        app.push_screen(HelpScreen([]) if close == "action_close" else TavernScreen())
        await pilot.pause()
        upper, below = app.screen, app.screen_stack[:-1]
        for _ in range(2):
            getattr(upper, close)()
        await pilot.pause()
        assert below == app.screen_stack


@pytest.mark.slow
async def test_long_help_scrolls() -> None:
    """More keys than lines: the border says so, and the list scrolls with the arrows."""
    app = ScreensHost(lambda: HelpScreen([(f"k{n}", f"words {n}") for n in range(60)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "↓ reads on" in shown(app))
        assert "words 3" in shown(app)
        assert "words 20" not in shown(app)
        await pilot.press(*["down"] * 10, *["j"] * 3)
        await until(pilot, lambda: "words 20" in shown(app))
        assert "words 3 " not in shown(app)
        assert "Escape closes" in shown(app)
