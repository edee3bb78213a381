"""The table of the duel, played by keys."""

import re
from pathlib import Path
from typing import Any

import pytest
from support.panels import text_of
from support.paths import CAMPAIGNS, DUEL
from support.playing import under_way
from support.screens_host import ScreensHost, shown, until
from textual.pilot import Pilot

from rolltrain_tui.modes.duel.table.guests import fixed_guests
from rolltrain_tui.modes.duel.table.position import Rules
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.duel import plot
from rolltrain_tui.tui.duel.screen import DuelScreen
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch

pytestmark = pytest.mark.slow
START = ((3, 4, 1), (2, 4, 2), (0, 9, 9))


def table(**how: Any) -> tuple[ScreensHost, Sitting]:
    rules = how.pop("rules", Rules())
    sitting = Sitting(fixed_guests(rules), **how)
    return ScreensHost(lambda: DuelScreen(sitting)), sitting


async def tells(pilot: Pilot[Any], *texts: str) -> None:
    await until(pilot, lambda: all(text in shown(pilot.app) for text in texts))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_game_as_host(size: tuple[int, int]) -> None:
    """Ticked coordinates are marked, Enter plays, falls are named and stay in sight, Enter goes on to the next game as agent."""
    app, sitting = table(start=START)
    async with app.run_test(size=size) as pilot:
        await tells(pilot, "3 points", "par: ", "worst case: ", "Name two or more: press 1 to 3", "Enter Play")
        await pilot.press("1", "enter")
        await tells(pilot, "only x is named")
        assert sitting.position.moves == ()
        await pilot.press("2")
        await tells(pilot, "[x]", "[y]", "Enter: you name x and y")
        await pilot.press("l")
        await tells(pilot, "Naming x and y:", "points left")
        await pilot.press("enter", "l")
        await tells(pilot, "Move 1: you named x and y", "fell: (", "✖", "move 1")
        while not sitting.position.stopped:
            await pilot.press("h", "1", "2", "3", "enter")
        await tells(pilot, "Enter: the next game", "the game.")
        await pilot.press(*"1231231")
        await tells(pilot, "This game is over", "the game.")
        assert shown(app).count("This game is over") == 1, "said once, so that the result stays in sight"
        await pilot.press("enter")
        await tells(pilot, "Game 2", "The host names")


@pytest.mark.parametrize(("size", "shares"), [((80, 24), 0), ((120, 36), 1)])
async def test_shares_of_the_largest_stand_once(size: tuple[int, int], shares: int) -> None:
    """Beside the whole numbers where there is room, else in their place by a key; never twice."""
    app, _ = table(start=((3, 4, 1), (2, 4, 2), (0, 0, 9)))
    async with app.run_test(size=size) as pilot:
        await tells(pilot, "3 points")
        assert shares == shown(app).count("0.333")
        await pilot.press("f")
        await until(pilot, lambda: "shares of the largest" in shown(app))
        await until(pilot, lambda: shown(app).count("0.333") == 1)


@pytest.mark.parametrize(("top", "digits", "scale"), [(7, "147", ""), (18, "149", ", 9 is 18")])
def test_a_digit_of_the_plot_is_the_coordinate_itself_where_all_have_one_digit(top: int, digits: str, scale: str) -> None:
    """Else ninths of the largest, and the title says so."""
    points = ((1, 9, 1 if top < 10 else 2), (3, 5, 4 if top < 10 else 8), (6, 2, top))
    assert f"x →  y ↑  digit: z{scale}" == plot.title(points, (0, 1, 2), 60)
    plotted = [line.partition("│")[2] for line in text_of(plot.plot_lines(points, (), (0, 1, 2), 60, 12)).splitlines() if "│" in line]
    assert digits == "".join(char for line in plotted for char in line if char.isdigit())


async def test_a_game_as_agent_and_everything_beside_it() -> None:
    """A coordinate that was not named is refused; opponent, role, plot and figures change; a watched game goes on by itself."""
    app, sitting = table(start=START, first="agent")
    async with app.run_test(size=(80, 24)) as pilot:
        await tells(pilot, "as agent against Zeillinger", "The host names")
        away = next(axis for axis in range(3) if axis not in sitting.named)
        await pilot.press(str(away + 1))
        await tells(pilot, "is not among them")
        await pilot.press("q")
        await tells(pilot, "No network sits at this table")
        await pilot.press("q", "p", "f")
        await tells(pilot, "y →  z ↑  digit: x", "0.444")
        await pilot.press("o")
        await tells(pilot, "against the random host")
        await pilot.press("r")
        await tells(pilot, "as host against")
        app.screen.action_watch()  # type: ignore[attr-defined]
        await tells(pilot, "plays in your place", "Move 1")
        await pilot.press("question_mark")
        await tells(pilot, "Look ahead: what each answer")


async def test_what_fell_before_the_first_move_is_a_sentence() -> None:
    app, _ = table()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: re.search(r"fell before the first move, such as [^│]*[a-z]\.\s*│", shown(app)))


async def test_the_palette_tells_keys_as_they_are_on_a_keyboard() -> None:
    """Of several that do the same, the first."""
    app, _ = table(start=START)
    async with app.run_test(size=(120, 36)) as pilot:
        await tells(pilot, "3 points")
        await pilot.press("ctrl+p", *"further")
        await tells(pilot, "Points of the table further up", "key pgup")
        assert "pageup" not in shown(app)


async def test_p_brings_the_plot_back_before_it_turns_it() -> None:
    """Where another pane is open, the plot comes back as it was; the next p turns it."""
    app, _ = table(start=START)
    async with app.run_test(size=(80, 24)) as pilot:
        await tells(pilot, "x →  y ↑")
        await pilot.press("l")
        await until(pilot, lambda: "x →  y ↑" not in shown(app))
        await pilot.press("p")
        await tells(pilot, "x →  y ↑")
        await pilot.press("p")
        await tells(pilot, "y →  z ↑")


@pytest.mark.parametrize(("dimension", "points"), [(2, 1), (2, 40), (4, 40), (6, 40)])
async def test_any_size_of_game_fits(dimension: int, points: int) -> None:
    """Rows that have no room can be scrolled to; all answers of six coordinates fit, or say what else to press."""
    app, sitting = table(rules=Rules(dimension=dimension, points=points), seed=1)
    async with app.run_test(size=(80, 24)) as pilot:
        count = len(sitting.position.points)
        await tells(pilot, f"{count} point")
        if count > 8:
            await tells(pilot, "more: PgDn")
            await pilot.press("pagedown")
            await tells(pilot, "▲ PgUp")
        await pilot.press("l")
        if count > 1:
            await tells(pilot, "Points left after each answer:", "press 1 and 2" if dimension == 2 else f"press 1 to {dimension}")
        await pilot.resize_terminal(120, 36)
        await tells(pilot, "Look ahead")


async def test_during_a_campaign_the_run_waits_and_goes_on(tmp_path: Path) -> None:
    """The key of the expedition leads to the table with the network of this turn; back from it the run goes on where it stood."""
    campaign = tmp_path / "duel.yaml"
    campaign.write_text((CAMPAIGNS / "duel_first.yaml").read_text("utf-8"), "utf-8")
    settings = (*DUEL, "turns=100000", "hero.level=1", "pace.turns_per_second=20", "hero.deaths=false")
    app = RolltrainApp(Launch(campaign=campaign, overrides=settings, runs=tmp_path, explain=False))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: under_way(app) and app.screen.scene.turn > 2)  # type: ignore[attr-defined]
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, DuelScreen))
        await tells(pilot, "you are the agent against the network of turn", "The host names")
        assert app.bridge is not None
        assert app.bridge.inbox.paused
        await pilot.press("q")
        await tells(pilot, "Values: net, as host", "★")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ExpeditionScreen) and not app.bridge.inbox.paused)  # type: ignore[union-attr]
        turn = app.screen.scene.turn  # type: ignore[attr-defined]
        await until(pilot, lambda: app.screen.scene.turn > turn)  # type: ignore[attr-defined]
        app.bridge.stop()
        await until(pilot, lambda: not app.bridge.playing)  # type: ignore[union-attr]
