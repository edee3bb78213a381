"""Run until something happens, choose where the game pauses, and leave knowing how to go on."""

from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, examined, fake_config
from support.paths import CAMPAIGNS
from support.patience import PATIENCE
from support.playing import SIZE, playing, under_way
from support.screens_host import shown, until
from textual.command import CommandPalette

from rolltrain_tui.protocol.events import AbilityUsed, ForetellingJudged, GateFaced, TwinLost
from rolltrain_tui.story.scene.firsts import Firsts
from rolltrain_tui.story.scene.pauses import RULES, SOMETHING, pause_reason
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.expedition import paused_line
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.kinds.base import HelpScreen
from rolltrain_tui.tui.settings import read_settings

GATE = GateFaced(250, 2.21, 2.25, 2.30, True, 100)


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (GATE, "gate"),
        (TwinLost(9, "rage", 1, 20, "x", 0.0), "verdict"),
        (ForetellingJudged(50, "lower", "lower", 3.1, 2.9, True), "prediction"),
        (examined(100, update_ratio=0.2), "sick"),
    ],
)
def test_what_happens_meets_its_rule(event: object, rule: str) -> None:
    """And none of the others."""
    assert rule in RULES
    assert rule in SOMETHING
    assert rule == pause_reason(event, RULES)  # type: ignore[arg-type]
    assert pause_reason(event, set(RULES) - {rule}) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", RULES)
def test_why_it_paused_and_what_goes_on_fit_a_line_of_80_columns(rule: str) -> None:
    assert len(paused_line(9999, RULES[rule])) <= 80


def test_a_signal_that_was_sick_before_is_no_news() -> None:
    """Only one that has left its range since the last examination."""
    assert pause_reason(examined(120, update_ratio=0.2), RULES, {"update_ratio"}) is None
    assert "sick" == pause_reason(examined(120, update_ratio=0.2, temperature=0.4), RULES, {"update_ratio"})
    assert pause_reason(examined(120), RULES) is None


def test_what_was_explained_once_is_not_explained_again() -> None:
    """A gate comes with its camp; an ability in use is nothing to explain."""
    firsts = Firsts()
    assert not firsts.meet(GATE)
    assert not firsts.meet(AbilityUsed(1, "rage", "", True, 1.5, 10, 1))


@pytest.mark.slow
async def test_it_runs_until_something_happens(tmp_path: Path) -> None:
    """At full speed to the turn of the monster; the top line says why it stopped, and the tempo is the old one."""
    async with playing(tmp_path, "pace.turns_per_second=1") as game:
        await game.press("u")
        await game.until(lambda: game.screen.scene.turn >= 30 and game.inbox.paused)
        assert (30, 1) == (game.screen.scene.turn, game.inbox.turns_per_second)
        await game.see("‖ paused: a monster has come", "Space resumes")
        await game.press("space")
        await game.until(lambda: not game.inbox.paused)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "tempo"), [("space", 20), (".", 20), ("+", 50)])
async def test_a_tempo_key_ends_the_running(tmp_path: Path, key: str, tempo: float) -> None:
    """The tempo is what it was before, and the key does what it always does."""
    async with playing(tmp_path, "pace.turns_per_second=20", "turns=1000000") as game:
        game.app.bridge.run_until(frozenset())
        game.app.bridge.until = frozenset({"nan"})
        await game.see("▶▶ until something happens")
        await game.press(key)
        assert tempo == game.inbox.turns_per_second
        assert (key != "+") == game.inbox.paused
        assert not game.app.bridge.until


@pytest.mark.slow
async def test_the_player_chooses_where_it_pauses(tmp_path: Path) -> None:
    """The dialog ticks the campaign's rules, in a sign and not in colour alone; what is ticked holds from now on."""
    async with playing(tmp_path, "pace.pause_on=[level]") as game:
        await game.press("o")
        await game.until(lambda: "✔ A new level" in game.text and "· A monster has come" in game.text)
        await game.press("space", "end", "up", "enter")
        await game.until(lambda: "✔ A monster has come" in game.text and "✔ Cards explain" in game.text)
        await game.press("escape")
        await game.until(lambda: game.app.screen is game.screen)
        assert frozenset({"level", "encounter"}) == game.app.bridge.pause_on
        assert game.app.bridge.explains
        assert True is read_settings()["explain"]


@pytest.mark.slow
async def test_what_the_rules_would_refuse_is_said_at_the_key(tmp_path: Path) -> None:
    """No order is sent for an ability that is in force, asked for already, or used up."""
    async with playing(tmp_path) as game:
        await game.press("1", "1")
        assert "asked for already" in game.screen.notice
        await game.play_to(2)
        await game.press("1")
        assert "already in force: 8 more turns" in game.screen.notice
        assert [] == game.inbox.pending()
        await game.play_to(11)
        await game.press("1")
        await game.play_to(22)
        await game.press("1")
        assert "No Rage is left until a long rest" in game.screen.notice
        assert 2 == len(game.expedition.drained)


@pytest.mark.slow
async def test_leaving_says_where_the_run_is_and_how_to_go_on(tmp_path: Path) -> None:
    """In the shell stand the last word of the story, the folder and the command."""
    async with playing(tmp_path) as game:
        await game.play_to(2)
        await game.press("ctrl+q")
        await game.until(lambda: game.app.return_code is not None)
        first, saved, on = game.app.farewell.splitlines()
        assert first.startswith("Turn ")
        assert f"Saved after turn 2 in {tmp_path}." == saved
        assert f"Go on: rolltrain play {tmp_path}" == on


@pytest.mark.slow
async def test_a_campaign_with_lessons_starts_at_once(tmp_path: Path) -> None:
    """The tutorial's own hero sets out; a choice of heroes is for the others."""
    outfitter = FakeOutfitter(FakeExpedition(tmp_path, fake_config("turns=1000000")))
    app = RolltrainApp(Launch(campaign=CAMPAIGNS / "tutorial.yaml", runs=tmp_path), outfitter)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: under_way(app))
        assert [("begin", CAMPAIGNS / "tutorial.yaml", ())] == outfitter.asked
        assert app.bridge is not None
        app.bridge.stop()
        assert app.bridge.join(PATIENCE)


@pytest.mark.slow
async def test_the_palette_has_verbs_of_the_game_only(tmp_path: Path) -> None:
    """Nothing of the toolkit's own, but the theme."""
    async with playing(tmp_path) as game:
        assert ["Theme"] == [command.title for command in game.app.get_system_commands(game.screen)]
        await game.press("ctrl+p")
        await game.until(lambda: "Use Rage" in shown(game.app))
        assert "Screenshot" not in shown(game.app)


async def test_a_palette_opens_over_one_that_lies_below(tmp_path: Path) -> None:
    """Keys typed fast may open a screen over the palette. The palette of that screen opens all the same."""
    async with playing(tmp_path, paused=True) as game:
        await game.press("ctrl+p")
        game.app.push_screen(HelpScreen([]))
        await game.press("ctrl+p")
        await game.until(lambda: 2 == sum(isinstance(screen, CommandPalette) for screen in game.app.screen_stack))


async def test_the_palettes_page_keys_need_no_room(tmp_path: Path) -> None:
    """On a terminal of a few rows its list has none of them."""
    async with playing(tmp_path, paused=True) as game:
        await game.pilot.resize_terminal(80, 3)
        await game.press("ctrl+p", "pagedown", "pageup", "down", "end")
        assert isinstance(game.app.screen, CommandPalette)
