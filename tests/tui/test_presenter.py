"""Presenter mode: few large panels, pauses at evaluations, answers that stay."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.playing import playing

from rolltrain_tui.tui.settings import read_settings

PICTURES = Path(__file__).with_name("snapshots")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
async def test_presenter_mode_looks_as_it_did(tmp_path: Path, size: tuple[int, int], golden: Callable[[Path, str], None]) -> None:
    """The die and the evaluation are large; it stands still after each evaluation, and the key ends it."""
    async with playing(tmp_path, size=size) as game:
        await game.press("m")
        assert read_settings()["presenter"] is True
        await game.play_to(27)
        await game.press("1")
        await game.play_to(31)
        await game.see("Foe: Loss Dragon", "Rage, 6 more turns")
        golden(PICTURES / f"presenter-{size[0]}x{size[1]}.txt", game.text)
        game.inbox.resume()
        await game.see("‖ paused: the run was evaluated", "space Resume")
        assert game.screen.scene.turn == 50
        assert "Paused at 50" in game.screen.notice
        await game.press("m")
        assert read_settings()["presenter"] is False
        assert not game.app.bridge.pause_on
