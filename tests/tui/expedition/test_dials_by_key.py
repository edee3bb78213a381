"""The dials of a kind of training, by keys: k lists them, Enter or a number chooses; trainings without dials have no such key."""

from pathlib import Path

import pytest
from support.paths import CAMPAIGNS, DUEL
from support.playing import playing

from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.commands import TurnDial
from rolltrain_tui.protocol.events import MonsterAppeared
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.screens.dialogs.pick import PickScreen

pytestmark = pytest.mark.slow


async def test_a_dial_is_turned_by_keys(tmp_path: Path) -> None:
    """Its list says what each does; then its values; the order goes into the inbox. One that acts once asks for no value."""
    async with playing(tmp_path) as game:
        await game.press("k")
        assert [] == game.inbox.pending()
        assert "Dials" not in game.text
        game.expedition.config = load(CAMPAIGNS / "duel_first.yaml", DUEL)
        await game.press("k")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.until(lambda: "Turns between moves" in game.text and "the target network" in game.text)
        assert "· every" not in game.text
        assert "as the campaign says" in game.text
        await game.press("5")
        await game.until(lambda: "fewer" in game.text and "as the campaign says" in game.text)
        await game.press("2")
        await game.until(lambda: game.inbox.pending())
        assert [TurnDial("every", "2")] == game.inbox.pending()
        assert "takes effect next turn" in game.screen.notice
        await game.press("k")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.press("3")
        await game.until(lambda: len(game.inbox.pending()) == 2)
        assert TurnDial("purge") == game.inbox.pending()[1]


async def test_the_hint_names_a_dial_by_its_title(tmp_path: Path) -> None:
    """On the expedition and in the diagnosis, as the list of the dials does; its name is for typed lines."""
    async with playing(tmp_path) as game:
        game.expedition.config = load(CAMPAIGNS / "duel_first.yaml", DUEL)
        game.screen.scene.apply(MonsterAppeared(1, "swollen_oracle", "3", 50, 12, "it promises too much"))
        await game.until(lambda: "k  Turns between moves 2" in game.text)
        await game.press("d")
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
        await game.until(lambda: "k  Turns between moves 2" in game.text)


async def test_the_dials_open_over_the_diagnosis_too(tmp_path: Path) -> None:
    """d, then k; what is chosen there is ordered, and the diagnosis stands there again."""
    async with playing(tmp_path) as game:
        game.expedition.config = load(CAMPAIGNS / "duel_first.yaml", DUEL)
        await game.press("d")
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
        await game.press("k")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.press("3")
        await game.until(lambda: game.inbox.pending())
        assert [TurnDial("purge")] == game.inbox.pending()
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
