"""The widget that all panels are: lines in, cells out."""

import pytest
from textual.app import App, ComposeResult

from rolltrain_tui.tui import themes
from rolltrain_tui.tui.widgets.panel import Panel

pytestmark = pytest.mark.slow


class Framed(App[None]):
    def compose(self) -> ComposeResult:
        yield Panel()

    def on_mount(self) -> None:
        themes.install(self)


@pytest.mark.parametrize(
    ("words", "shown"),
    [("felt 2.025", "felt 2.025"), ("felt 2.0253", "felt 2.02…"), ("felt 2.025      ", "felt 2.025"), ("日日日日日日", "日日日日 …")],
)
async def test_a_line_that_is_too_long_says_so(words: str, shown: str) -> None:
    """A number that is cut must not look like another one; blanks may go in silence."""
    app = Framed()
    async with app.run_test(size=(10, 3)) as pilot:
        panel = app.query_one(Panel)
        panel.show([[(words[:5], ""), (words[5:], "strong")]])
        await pilot.pause()
        assert panel.render_line(0).text.rstrip() == shown
        assert panel.render_line(0).cell_length == 10
