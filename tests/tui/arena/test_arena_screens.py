"""The arena's screens, played by keyboard: everything the shell can do, on an own disk."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.screens_host import ScreensHost, shown, until
from textual.pilot import Pilot
from textual.widgets import Input

from rolltrain_tui.arena.agents.agents import Recipe, Shape
from rolltrain_tui.arena.agents.roster import Roster
from rolltrain_tui.arena.battles.ledger import Ledger
from rolltrain_tui.tui.arena.battle import BattleScreen
from rolltrain_tui.tui.arena.board import BoardScreen
from rolltrain_tui.tui.arena.diagnosis import AgentDiagnosisScreen
from rolltrain_tui.tui.arena.hall import ArenaScreen
from rolltrain_tui.tui.screens.dialogs.ask import AskDialog

pytestmark = pytest.mark.slow

SMALL = Shape(n_embd=8, n_layer=1, n_head=2, context=8)


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    return Roster(tmp_path / "arena")


@pytest.fixture
def two(roster: Roster) -> Roster:
    roster.create("Tiny", SMALL, Recipe(batch=2, warmup=2))
    roster.create("Wild", SMALL, Recipe(batch=2, warmup=2, learning_rate=10.0))
    return roster


def hall(roster: Roster) -> ScreensHost:
    return ScreensHost(ArenaScreen, runs=roster.root.parent)


async def ask(pilot: Pilot[Any], key: str, line: str) -> None:
    """Open a deed's dialog, type its line, take it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, ArenaScreen))
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, AskDialog))
    pilot.app.screen.query_one(Input).value = line
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


async def tells(pilot: Pilot[Any], *texts: str) -> None:
    await until(pilot, lambda: all(text in shown(pilot.app) for text in texts))


async def rests(pilot: Pilot[Any]) -> None:
    """The work is over. Its last words come a moment earlier, and some keys mean something else until then."""
    await until(pilot, lambda: pilot.app.screen.worker is None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_breeding_the_first_agent(roster: Roster, size: tuple[int, int]) -> None:
    """An empty hall says what to do; the dialog tells the cost while it is typed, and why a line will not do."""
    app = hall(roster)
    async with app.run_test(size=size) as pilot:
        await tells(pilot, "Press n to breed an agent", "No agents yet", "best for the energy")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, AskDialog))
        await tells(pilot, "such as Tiny 8 1 2")
        app.screen.query_one(Input).value = "Tiny 9 1 2"
        await tells(pilot, "✖", "cannot be shared evenly")
        await pilot.press("enter")
        assert isinstance(app.screen, AskDialog)
        app.screen.query_one(Input).value = "Tiny 8 1 2"
        await tells(pilot, "1,360 weights", "1.12 MFLOP a step")
        await pilot.press("enter")
        await tells(pilot, "Created Tiny", "untrained")
        assert ["Tiny"] == roster.names()


async def test_on_a_small_screen_every_fact_of_an_agent_is_there(two: Roster) -> None:
    """Facts that do not fit into a line go on in the next; so they do on a screen that becomes small."""
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        for columns, rows in ((120, 36), (80, 24)):
            await pilot.resize_terminal(columns, rows)
            await tells(pilot, "context 8", "MFLOP a step", "betas", "0.95")


async def test_the_curve_fits_its_panel(two: Roster) -> None:
    """After a training, whose facts take a line more, and on a screen that grows: its axis is the panel's last line."""
    app = hall(two)
    async with app.run_test(size=(80, 24)) as pilot:
        await ask(pilot, "t", "30")
        await tells(pilot, "done and kept at step 30")
        await rests(pilot)
        for columns, rows in ((80, 24), (120, 36)):
            await pilot.resize_terminal(columns, rows)
            panel = app.screen.query_one("#arena-chart").content_region
            await until(pilot, lambda last=panel.bottom - 1: "30 steps" in shown(app).split("\n")[last])


async def test_an_empty_hall_names_the_key_that_creates_an_agent(roster: Roster) -> None:
    """Whatever one wants to do with an agent."""
    app = hall(roster)
    async with app.run_test(size=(80, 24)) as pilot:
        await tells(pilot, "No agents yet")
        await pilot.press("t")
        await until(pilot, lambda: any("n creates one" in told.message for told in app._notifications))


async def test_train_config_generate_diagnose(two: Roster) -> None:
    """Training draws its curve and is kept; a setting is acknowledged with its step; lines are scored; the wild one explodes."""
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "Tiny", "Wild")
        await ask(pilot, "t", "30")
        await tells(pilot, "done and kept at step 30")
        assert 30 == two.get("Tiny").agent.step
        await ask(pilot, "c", "learning_rate 0.003")
        await tells(pilot, "learning_rate 0.01 → 0.003, from step 31 on")
        await pilot.press("v")
        await tells(pilot, "Norm of the gradient")
        await ask(pilot, "g", "5 0.8 10")
        await tells(pilot, "novel", "score")
        await pilot.press("j")
        await until(pilot, lambda: two.current() == "Wild")
        await ask(pilot, "t", "40")
        await tells(pilot, "done and kept at step 40")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, AgentDiagnosisScreen))
        await tells(pilot, "Wild is exploding", "Loss above chance", "✖ too high")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ArenaScreen))


async def test_what_an_agent_wrote_stands_above_its_score(two: Roster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve names, of which none is out of sight on a small screen."""
    written = SimpleNamespace(lines=tuple(f"name{n:02}" for n in range(12)), summary=lambda: iter(["5 novel, score 7"]))
    monkeypatch.setattr("rolltrain_tui.arena.training.sampling.sample_report", lambda *_: written)
    app = hall(two)
    async with app.run_test(size=(80, 24)) as pilot:
        await tells(pilot, "Tiny", "Wild")
        await ask(pilot, "g", "12")
        await tells(pilot, *written.lines, "5 novel, score 7")


async def test_a_training_is_stopped_and_changed_live(two: Roster) -> None:
    """While it trains a setting acts and is acknowledged; t stops it; leaving the hall keeps what was learnt."""
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        await ask(pilot, "t", "1000000")
        await until(pilot, lambda: "live" in shown(app))
        await ask(pilot, "c", "learning_rate 0.02")
        await tells(pilot, "learning_rate 0.01 → 0.02, from step")
        await pilot.press("t")
        await tells(pilot, "stopped and kept")
        await rests(pilot)
        kept = two.get("Tiny").agent
        assert kept.step > 0
        assert 0.02 == kept.recipe.learning_rate
        await ask(pilot, "t", "1000000")
        await until(pilot, lambda: "live" in shown(app))
        app.screen.action_back()  # type: ignore[attr-defined]
        assert two.get("Tiny").agent.step >= kept.step


async def test_battle_boards_and_fighting_again(two: Roster) -> None:
    """Two agents race on a split screen, the verdict has its reason, the boards lead back to the match, and it ends the same."""
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "Tiny")
        await ask(pilot, "b", "Tiny Wild 40 seeds=2 samples=4")
        await until(pilot, lambda: isinstance(app.screen, BattleScreen))
        await pilot.press("f")
        await tells(pilot, "★ Tiny wins", "Wild, rank 2", "guessing blindly", "★ wins", "▼ beaten", "Written to the ledger")
        assert 1 == len(Ledger(two.root).matches())
        await rests(pilot)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        await tells(pilot, "Best quality within the budget", "Tiny", "Wild", "#1", "40 steps")
        await pilot.press("b")
        await tells(pilot, "Efficiency: score per GFLOP")
        await pilot.press("b")
        await tells(pilot, "Ratings", "sigma")
        assert not app.screen.active_bindings["enter"].enabled
        await pilot.press("b")
        assert app.screen.active_bindings["enter"].enabled
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BattleScreen))
        await pilot.press("f")
        await tells(pilot, "The same as match #1, to the last bit")
        assert 1 == len(Ledger(two.root).matches())


async def test_a_battle_fits_a_terminal_that_changed_under_the_boards(two: Roster) -> None:
    """Its head, its cards and the axis of its curves are drawn anew when it is seen again."""
    app = hall(two)
    async with app.run_test(size=(80, 24)) as pilot:
        await tells(pilot, "Tiny")
        await ask(pilot, "b", "Tiny Wild 6 seeds=2 samples=4")
        await until(pilot, lambda: isinstance(app.screen, BattleScreen))
        await rests(pilot)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, BoardScreen))
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: app.screen.size.width == 120)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, BattleScreen))
        await tells(pilot, "█ over", "─6 steps", " A Tiny ─", "Q 1.0 ")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_crowd(roster: Roster, size: tuple[int, int]) -> None:
    """More than four contenders share a list, at any size; giving up records nothing."""
    for n in range(6):
        roster.create(f"A{n}", SMALL, Recipe(batch=1, seed=n))
    app = hall(roster)
    async with app.run_test(size=size) as pilot:
        await tells(pilot, "A5")
        await ask(pilot, "b", "A0 A1 A2 A3 A4 A5 100000 seeds=2")
        await until(pilot, lambda: isinstance(app.screen, BattleScreen))
        await tells(pilot, "6 contenders")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ArenaScreen))
    assert [] == Ledger(roster.root).matches()


async def test_a_score_of_one_seed_has_no_error(roster: Roster) -> None:
    """In the list of a crowd, too, no ± follows it."""
    for n in range(5):
        roster.create(f"A{n}", SMALL, Recipe(batch=1, seed=n))
    app = hall(roster)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "A4")
        await ask(pilot, "b", "A0 A1 A2 A3 A4 2 seeds=1 samples=2")
        await until(pilot, lambda: len(re.findall(r"A\d +loss +\d\S* +score +\d", shown(app))) == 5)
        rows = re.findall(r"A\d +loss.*", shown(app))
        assert not [row for row in rows if "±" in row or "nan" in row]


async def test_save_load_rename_copy_delete(two: Roster, tmp_path: Path) -> None:
    """A champion goes out and comes back, an agent gets another name, a double, and is deleted after a question."""
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "Tiny")
        await ask(pilot, "s", str(tmp_path / "t.safetensors"))
        await tells(pilot, "Saved Tiny")
        await ask(pilot, "r", "Huge")
        await tells(pilot, "Tiny is called Huge")
        await ask(pilot, "o", str(tmp_path / "t.safetensors"))
        await tells(pilot, "Loaded Tiny")
        await ask(pilot, "y", "Twin")
        await tells(pilot, "is copied to Twin")
        await pilot.press("x", "k")
        await pilot.press("x", "d")
        await tells(pilot, "Deleted Tiny")
    assert {"Huge", "Twin", "Wild"} == set(two.names())


async def test_a_tournament_and_a_check_of_the_ledger(two: Roster) -> None:
    """A tournament is told match by match with its table; every match of the ledger can be fought again from the hall."""
    two.copy("Tiny", "Copy")
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "Copy")
        await ask(pilot, "u", "Cup Tiny Wild Copy 10 seeds=2 samples=2")
        await tells(pilot, "round 3, match 3 of 3", "points  won")
        await rests(pilot)
        await pilot.press("w")
        await tells(pilot, "Every line of the ledger has been looked at")
        assert "✖ #" not in shown(app)


async def test_damaged_agents_and_palette(two: Roster) -> None:
    """A torn file stands in the list with what is wrong with it; deeds are found by name."""
    (two.folder / "Torn.safetensors").write_bytes(b"x" * 20)
    app = hall(two)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "✖ Torn", "cannot be read")
        await pilot.press("j")
        await tells(pilot, "cut short")
        await pilot.press("g")
        assert isinstance(app.screen, ArenaScreen)
        await pilot.press("ctrl+p")
        await pilot.press(*"leaderboards")
        await tells(pilot, "The leaderboards and ratings")


async def test_rolltrain_arena_opens_the_hall(two: Roster) -> None:
    """Started for the arena, the game opens the hall over the title, and Escape leads back to it."""
    from support.fakes import FakeOutfitter

    from rolltrain_tui.tui.app import RolltrainApp
    from rolltrain_tui.tui.launch import Launch
    from rolltrain_tui.tui.screens.title import TitleScreen

    app = RolltrainApp(Launch(runs=two.root.parent, screen=ArenaScreen), FakeOutfitter())
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "Tiny", "Wild")  # type: ignore[arg-type]
        assert isinstance(app.screen, ArenaScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
