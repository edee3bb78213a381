"""Pictures of the main screens, cell by cell as text, in the two sizes that people have. `pytest --regenerate` draws them anew."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.main_screens import opened
from support.screens_host import a_run, shown

from rolltrain_tui.story.codex import Page

PICTURES = Path(__file__).with_name("snapshots")
SIZES = {"80x24": (80, 24), "120x36": (120, 36)}
PAGES = [
    Page("rage", "Rage", "The hero", "# Rage\n\nUpdates ×1.5, see [the wizard](wizard.md).\n\n| level | k |\n|---|---|\n| 1 | 1.5 |"),
    Page("floor", "The floor", "The training", "# The floor\n\nEntropy, in nats."),
]
SCREENS = {"title": "3 saves", "hero_choice": "", "diagnosis": "", "ending": "", "codex": "Updates ×1.5", "arena": "", "game": ""}
"""Each with words that it shows here only."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_looks_as_it_did(
    name: str, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, str], None]
) -> None:
    """The characters of every line."""
    clock = 1_000_000.0
    runs = [a_run(f"run-{number}", saved_at=clock - 60 * number) for number in (1, 2, 3)]
    monkeypatch.setattr("rolltrain_tui.runs.saves.list_runs", lambda root: runs)
    monkeypatch.setattr("rolltrain_tui.tui.screens.title.time.time", lambda: clock)
    monkeypatch.setattr("rolltrain_tui.story.codex.pages", lambda: PAGES)
    monkeypatch.setattr("rolltrain_tui.tui.widgets.notice.NoticeLine.tick", lambda *now: None)  # what it says stays
    async with opened(name, SIZES[size], tmp_path, SCREENS[name]) as app:
        golden(PICTURES / f"{name}-{size}.txt", shown(app))
