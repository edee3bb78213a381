"""The menu widget, where no screen shows it."""

import pytest
from support.screens_host import shown
from textual.app import App, ComposeResult

from rolltrain_tui.tui.widgets.menu import Menu, MenuItem


class MenuHost(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    def compose(self) -> ComposeResult:
        yield Menu([MenuItem("a", "Ale"), MenuItem("b", "Bread", "[b]x[/b]", enabled=False), MenuItem("c", "Cheese", "z" * 200)])

    def on_mount(self) -> None:
        self.query_one(Menu).focus()

    def on_menu_chosen(self, event: Menu.Chosen) -> None:
        self.taken.append(event.key)


async def test_lines() -> None:
    """One line an item: a pointer, labels in a column, details literal and cut to the width."""
    app = MenuHost()
    async with app.run_test(size=(40, 5)) as pilot:
        await pilot.pause()
        lines = [line.rstrip() for line in shown(app).split("\n")]
        assert ["▸ Ale", "  Bread    [b]x[/b]"] == lines[:2]
        assert lines[2].startswith("  Cheese   zzz")
        assert lines[2].endswith("z…")


@pytest.mark.parametrize(("keys", "taken"), [("enter", ["a"]), ("b", []), ("down enter", []), ("c", ["c"]), ("C", ["c"]), ("x", [])])
async def test_taking(keys: str, taken: list[str]) -> None:
    """Enter and first letters take what can be taken; a disabled item is only pointed at."""
    app = MenuHost()
    async with app.run_test() as pilot:
        await pilot.press(*keys.split())
        assert taken == app.taken
