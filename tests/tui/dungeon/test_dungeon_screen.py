"""The dungeon's screen, played by keys at both sizes: a win, a race, and what hostile text can do (nothing)."""

from pathlib import Path
from random import Random

import pytest
from support import fake_textworld
from support.hostile import MARKUP, PAYLOADS, is_dangerous
from support.screens_host import ScreensHost, shown, until
from textual.pilot import Pilot

from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.table.rival import mind_of
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.dungeon.worlds.textworld import TextWorlds
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.dungeon.line import CommandLine
from rolltrain_tui.tui.dungeon.play import DungeonScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.title import TitleScreen

SIZES = [(80, 24), pytest.param((120, 36), marks=pytest.mark.slow)]


def a_game(seed: int = 7, against: str | None = None) -> ScreensHost:
    outing = Outing(BuiltIn(WorldSettings()), seed, mind_of(against) if against else None)
    return ScreensHost(lambda: DungeonScreen(outing))


def outing_of(app: ScreensHost) -> Outing:
    assert isinstance(app.screen, DungeonScreen)
    return app.screen.outing


async def begun(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: "You are in the" in shown(pilot.app))


async def typed(pilot: Pilot[None], line: str) -> None:
    pilot.app.screen.query_one(CommandLine).value = line
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_a_race_is_won_by_keys_and_the_next_world_opens(size: tuple[int, int]) -> None:
    app = a_game(against="random")
    async with app.run_test(size=size) as pilot:
        await begun(pilot)
        outing = outing_of(app)
        way, par = outing.sitting.world.walkthrough, outing.sitting.par
        await pilot.press("9")
        await pilot.pause()
        assert "There is no command 9" in shown(app)
        await pilot.press(str(outing.sitting.seen.admissible.index(way[0]) + 1))
        await pilot.pause()
        assert "Random play" in shown(app)
        await typed(pilot, way[1])
        place = outing.sitting.seen.admissible.index(way[2])
        await pilot.press(*["down"] * (place + 1), "enter")
        await pilot.pause()
        assert outing.sitting.world.moves == 3
        for command in way[3:]:
            await typed(pilot, command)
        await until(pilot, lambda: f"Won in {par} moves" in shown(app))
        assert "Random play won in" in " ".join(shown(app).split())
        await pilot.press("1")
        await until(pilot, lambda: "seed 8" in shown(app) and "move 0" in shown(app))
        assert outing.sitting.world.seed == 8


async def test_a_terminal_too_small_says_so_and_the_game_goes_on_in_a_larger_one() -> None:
    app = a_game()
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(pilot)
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: "at least 60 columns and 18 rows" in " ".join(shown(app).split()))
        assert "What you may do" not in shown(app)
        await pilot.resize_terminal(60, 18)
        await begun(pilot)
        await pilot.press("l", "o", "o", "k", "enter")
        await until(pilot, lambda: "> look" in shown(app))


async def test_a_refused_and_an_unclear_line_say_why_and_tab_completes() -> None:
    app = a_game()
    async with app.run_test(size=(120, 36)) as pilot:
        await begun(pilot)
        await typed(pilot, "g w")
        await typed(pilot, "g")
        assert "g may mean: go east, go west." in shown(app)
        await typed(pilot, "fly")
        assert "I do not know how to fly." in shown(app)
        assert outing_of(app).sitting.world.moves == 1
        line = app.screen.query_one(CommandLine)
        line.value = "t k"
        await pilot.press("tab")
        await pilot.pause()
        assert line.value == "take black key"
        line.value = ""
        await pilot.press("f2")
        await pilot.pause()
        assert "goes on with: take black key." in shown(app)
        await pilot.press("f3")
        await until(pilot, lambda: "move 0" in shown(app))
        await pilot.press("f1")
        await until(pilot, lambda: "a locked door" in shown(app))


async def test_hostile_lines_are_refused_and_nothing_dangerous_is_shown() -> None:
    app = a_game()
    dice = Random(3)
    async with app.run_test(size=(80, 24)) as pilot:
        await begun(pilot)
        for text in [*dice.sample(PAYLOADS, 5), *dice.sample(MARKUP, 3), "x" * 1_000_000]:
            await typed(pilot, text)
        assert outing_of(app).sitting.world.moves == 0
        assert not set(filter(is_dangerous, shown(app)))
        await typed(pilot, "go west")
        assert outing_of(app).sitting.world.moves == 1


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07\x1b[2J[@click=app.quit]x[/]", "x" * 2_000_000])
async def test_a_hostile_world_cannot_do_anything_to_the_screen(hostile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escapes, markup and megabytes in every text of a game of another library."""
    library = fake_textworld.installed(monkeypatch)
    library.hostile = hostile
    outing = Outing(TextWorlds("simple", folder=tmp_path), 1, mind_of("random"))
    app = ScreensHost(lambda: DungeonScreen(outing))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "What you may do" in shown(app))
        for line in ("g n", "g n", "t c"):
            await typed(pilot, line)
        await until(pilot, lambda: "Won in 3 moves" in shown(app))
        assert not set(filter(is_dangerous, shown(app)))
        assert app.is_running


@pytest.mark.slow
async def test_the_palette_of_the_title_opens_an_adventure_and_escape_goes_back() -> None:
    app = RolltrainApp(Launch())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
        (open_dungeon,) = [command.callback for command in app.get_system_commands(app.screen) if command.title == "Dungeon"]
        open_dungeon()
        await begun(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))


async def test_a_game_that_was_won_beside_a_run_becomes_an_order_when_the_player_is_back() -> None:
    """The closing line offers it; Escape leaves, and whoever opened the screen hears of it."""
    app = ScreensHost(TitleScreen)
    back: list[object] = []
    async with app.run_test() as pilot:
        screen = DungeonScreen(Outing(BuiltIn(WorldSettings()), 7, mind_of("random"), teaches=True))
        app.push_screen(screen, back.append)
        await begun(pilot)
        assert screen.orders == []
        for command in screen.outing.sitting.world.walkthrough:
            await typed(pilot, command)
        assert "teach the model this game" in shown(app)
        assert "back to the run" in shown(app)
        await pilot.press("1")
        await pilot.pause()
        assert "The model will imitate this game" in shown(app)
        assert "teach the model" not in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert back == [None]
        assert [(order.dial, order.value.split(", ")[0]) for order in screen.orders] == [("demo", "7")]
