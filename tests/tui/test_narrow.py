"""Terminals of fewer than 60 columns: what stands side by side elsewhere stands one above the other."""

from pathlib import Path

import pytest
from support.main_screens import opened
from support.screens_host import until
from textual.pilot import Pilot
from textual.widget import Widget

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "words", "page"),
    [
        ("campaigns", "The First Lesson", "#campaign-page"),
        ("hero_choice", "Barbarian", "#details"),
        ("codex", "BEGIN", "#codex-page"),
        ("arena", "Tiny", "#arena-right"),
    ],
)
async def test_a_page_stands_below_its_list(name: str, words: str, page: str, tmp_path: Path) -> None:
    """It is as wide as the screen, and some lines high; at 60 columns it stands beside the list."""
    for columns, below in ((40, True), (60, False)):
        async with opened(name, (columns, 20), tmp_path / str(columns), words) as app:
            box = app.screen.query_one(page)

            def as_it_should_be(box: Widget = box, columns: int = columns, below: bool = below) -> bool:
                return below == (box.region.width > columns - 4) and box.region.height >= 5

            await until(Pilot(app), as_it_should_be)
