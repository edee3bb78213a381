"""The diagnosis: the table of signals, the layers, and the words on the expedition when something is sick."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.fakes import Asked, FakeExpedition, examined, fake_config
from support.panels import text_of
from support.playing import playing
from support.screens_host import ScreensHost, shown, until
from textual.containers import VerticalScroll
from textual.screen import Screen

from rolltrain_tui.protocol.events import MonsterAppeared, ScoutsReturned, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.readings import Pace, Reading, ScoutReport
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.rules.health.pace import first_trip_turns
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.pauses import pause_reason
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen, diagnosis_lines
from rolltrain_tui.tui.widgets.game.compact import compact_lines
from rolltrain_tui.tui.widgets.game.monster import monster_lines
from rolltrain_tui.tui.widgets.panel import Line, width_of
from rolltrain_tui.tui.widgets.training.vitals import bounds, gauge, histogram, number, place, sick_line, verdict

SIZES = [(60, 18), (80, 24), (120, 36), (200, 60)]
HOT = {"temperature": 0.31, "update_ratio": 0.2}


def scene_with(**values: float) -> Scene:
    """A scene whose last examination found these values."""
    return Scene.of([examined(150, **values)])


def opened(scene: Scene, *overrides: str, player: Asked | None = None) -> ScreensHost:
    return ScreensHost(lambda: DiagnosisScreen(scene, fake_config(*overrides), player))


@pytest.mark.parametrize("size", SIZES)
async def test_every_signal_stands_there_with_value_range_and_verdict(size: tuple[int, int]) -> None:
    """From the smallest terminal to the largest the whole table is there; what does not fit on the screen is scrolled to."""
    app = opened(scene_with(**HOT))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "2 of 11 signals out of bounds" in shown(app))
        seen = shown(app)
        for _ in range(6):
            await pilot.press("pagedown")
            await pilot.pause()
            seen += shown(app)
        rows = [row for row in SIGNALS.everywhere.values() if row.name != STEP_EXCESS]  # no scouts were out
        for row in rows:
            assert row.title in seen
        ranges = [bounds(Reading(row.name, 0, row.low, row.high)) for row in rows]
        for words in ("after turn 150", "0.310", "✖ too high", "✔ healthy", "· unknown", "bouncing", "block 3 mlp", *ranges):
            assert words in seen


@pytest.mark.parametrize("size", [(80, 24), (120, 24)])
async def test_opened_from_another_screen_it_is_whole_beside_its_scrollbar(size: tuple[int, int]) -> None:
    """The last column of the page is not behind the bar."""
    scene = scene_with(**HOT)
    for name in "abcdefgh":  # so many sentences that the page must scroll
        scene.apply(MonsterAppeared(150, "dead_neuron_lich", "3", 50, 12, f"{name} " * 40))
    app = ScreensHost(Screen)
    async with app.run_test(size=size) as pilot:
        app.push_screen(DiagnosisScreen(scene, fake_config()))
        await until(pilot, lambda: "signals out of bounds" in shown(app))
        await pilot.pause()
        assert app.screen.query_one("#diagnosis", VerticalScroll).show_vertical_scrollbar
        assert "after turn 150" in shown(app)


@pytest.mark.parametrize("size", SIZES)
async def test_a_sign_of_youth_is_not_called_sick(size: tuple[int, int]) -> None:
    """Page and corner call nothing sick, the page says that the run is young, and the game does not pause; an older run is sick."""
    young = replace(examined(150, dead_units=0.6), uncounted=("dead_units",))
    scene = Scene.of([young])
    assert not scene.sick
    assert pause_reason(young, {"sick"}) is None
    assert "sick" not in text_of(compact_lines(scene, 200)) + text_of(monster_lines(scene, 60, 8))
    app = opened(scene)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "· young: 1 of 11 signals out of bounds" in shown(app))
        for _ in [reading for reading in young.readings if reading.signal != "dead_units"]:
            if "Dead units: " in shown(app):
                break
            await pilot.press("down")
            await pilot.pause()
        await until(pilot, lambda: "does not count yet" in " ".join(shown(app).split()))
        assert "· young" in text_of(diagnosis_lines(scene, None, size[0])).split("verdict")[-1]  # in the row of the signal
        assert "✖" not in shown(app)
        await pilot.press("home")
        scene.apply(replace(young, turn=200, uncounted=()))
        await until(pilot, lambda: "✖ 1 of 11 signals out of bounds" in shown(app))
    assert "sick" in text_of(monster_lines(scene, 60, 8))


async def test_it_follows_the_run_while_it_is_open() -> None:
    """A new examination is shown without a key."""
    scene = scene_with()
    app = opened(scene)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "all 11 signals within bounds" in shown(app))
        assert "No signal is out of range" in shown(app)
        scene.apply(examined(200, gap=0.9))
        await until(pilot, lambda: "1 of 11 signals out of bounds" in shown(app) and "after turn 200" in shown(app))


async def test_pages_scroll_and_stay_within() -> None:
    """Page down and up by pages, End and Home to the ends."""
    app = opened(scene_with(**HOT))
    async with app.run_test(size=(60, 18)) as pilot:
        await until(pilot, lambda: "signals out of bounds" in shown(app))
        page = app.screen.query_one("#diagnosis")
        tops = []
        for key in ("pagedown", "end", "pageup", "home"):
            await pilot.press(key)
            await pilot.pause()
            tops.append(page.scroll_offset.y)
        assert 0 < tops[0] < tops[1] == page.max_scroll_y
        assert 0 == tops[3] < tops[2] < tops[1]


async def test_the_arrows_choose_a_signal_which_is_then_explained() -> None:
    """Its meaning and how it went stand below the page, also of a healthy one, and its row is in view."""
    scene = scene_with(gap=0.1)
    scene.apply(examined(200, gap=0.2))
    app = opened(scene)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Loss over its best: the smoothed training loss" in shown(app))
        for row in (row for row in SIGNALS.everywhere.values() if row.name != STEP_EXCESS):
            await until(pilot, lambda row=row: f"{row.title}: {row.meaning[:20]}" in shown(app))  # type: ignore[misc]
            assert row.title in shown(app).split(f"{row.title}: ")[0]
            if row.name == "gap":
                assert "turn 150 to 200: 0.100 to 0.200 nats" in shown(app)
            await pilot.press("down")


async def test_a_click_on_a_signal_chooses_it() -> None:
    """Above the cursor and below it."""
    app = opened(scene_with(gap=0.1))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Loss over its best: " in shown(app))
        for title in ("Gradient spike", "Loss above chance"):
            row = next(y for y, line in enumerate(shown(app).splitlines()) if line.strip().startswith(title))
            await pilot.click(offset=(5, row))
            await until(pilot, lambda title=title: f"{title}: " in shown(app))  # type: ignore[misc]


def returned(pace: str, best: float, turn: int = 150) -> ScoutsReturned:
    here = (ScoutReport(1 / 3, -0.04, 0.007, False), ScoutReport(3.0, 0.1, 0.007, False), ScoutReport(1 / 9, -0.5, 0.01, True))
    return ScoutsReturned(turn, cast(Pace, pace), best, best * 0.8, best * 1.2, here, 7.0)


WIZARD = Sheet(
    name="Ilmarra", hero_class="wizard", level=5, hp=20, max_hp=20,
    charges=(Charge("arcane_recovery", 3, 3, "long", False), Charge("spell_mastery", None, None, "", False)),
)  # fmt: skip


async def test_the_verdict_of_the_scouts_stands_first_with_its_cause_its_cure_and_the_key() -> None:
    """The best step with its interval, what each scout found, what a practitioner would do, and what this hero can press."""
    scene = scene_with(**HOT)
    scene.sheet = WIZARD
    scene.apply(returned("hot", 0.11))
    player = Asked()
    app = opened(scene, player=player)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "HOT: the steps are too large" in shown(app))
        words = " ".join(shown(app).replace("│", " ").split())
        for part in (
            "The best step now is 0.11 x yours (0.09 to 0.13)",
            "×0.33 −0.040 ±0.007",
            "×0.11 −0.500 ±0.010",
            "lowers the learning rate",
        ):
            assert part in words
        assert "2 c Calm: the steps are too large" in words
        await pilot.press("2")
        assert player.orders == [2]


@pytest.mark.parametrize("known", [{}, {STEP_EXCESS: 0.54}])
@pytest.mark.parametrize(("turn", "shown_as"), [(150, "9.09"), (149, "0.540")])
def test_the_table_does_not_contradict_the_scouts_above_it(known: dict[str, float], turn: int, shown_as: str) -> None:
    """Scouts come back after the examination of their turn: the step's row shows what they measured, not what earlier ones did."""
    scene = scene_with(**known)
    scene.apply(returned("hot", 0.11, turn))
    rows = [text_of([line]) for line in diagnosis_lines(scene, fake_config(), 80)]
    found = [row.split()[4] for row in rows if row.startswith("Step over the best")]
    assert found == ([shown_as] if known or turn == 150 else [])
    assert any("1 of" in row and "out of bounds" in row for row in rows) == (turn == 150)


async def test_a_acts_in_the_diagnosis_too_and_the_hint_names_it() -> None:
    """Dice that undo most of what they do: the paladin's aura may act by itself, as the number in that list says."""
    scene = scene_with()
    charges = (Charge("divine_smite", 2, 2, "long", False), Charge("aura_of_protection", 1, 1, "short", False))
    scene.sheet = Sheet(hero_class="paladin", hp=9, max_hp=9, expected_k=0.07, charges=charges)
    player = Asked()
    app = opened(scene, player=player)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "a 2 Aura of Protection by itself: the dice undo" in " ".join(shown(app).split()))
        await pilot.press("a")
        assert player.orders == ["auto"]
    assert "No signal is out of range, and yet something ails the run: see above." in text_of(diagnosis_lines(scene, None, 79))
    assert not any("Keep going" in text_of(diagnosis_lines(scene, None, width)) for width in (79, 119, 199))


async def test_the_dials_can_be_reached_from_the_diagnosis() -> None:
    """The hint names k for a dial of the mode; k opens the dials here too, and a click on the hint turns the dial."""
    scene, player = scene_with(), Asked()
    scene.sheet = WIZARD
    scene.apply(MonsterAppeared(150, "swollen_oracle", "3", 50, 12, "it promises too much"))
    app = opened(scene, player=player)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "▸  k " in shown(app))
        await pilot.press("k")
        assert player.orders == ["dials"]
        await app.run_action("screen.turn_dial('double', 'on')")
        assert player.orders[1] == ("double", "on")


async def test_in_a_replay_the_page_names_no_key_that_acts() -> None:
    """What would have helped is told; the keys that give orders are not there, in the footer neither."""
    scene = scene_with(**HOT)
    scene.sheet = WIZARD
    scene.apply(returned("hot", 0.11))
    app = opened(scene)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Calm helps: the steps are too large" in shown(app))
        assert "2 c" not in shown(app)
        assert "Measure" not in shown(app)
        await pilot.press("m", "2", "a", "k")
        assert isinstance(app.screen, DiagnosisScreen)


async def test_m_sends_scouts_and_says_so() -> None:
    """What they will cost stands there before, the answer under the signal."""
    scene = scene_with()
    app = opened(scene, "diagnosis.scouts=camps", player=Asked())
    async with app.run_test(size=(80, 24)) as pilot:
        price = f"m sends them after the next turn; they train for {first_trip_turns(scene.turn + 1)} turns"
        await until(pilot, lambda: price in " ".join(shown(app).replace("│", " ").split()))
        await pilot.press("m")
        await until(pilot, lambda: "scouts: next turn" in shown(app))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [((), "the evaluation after turn 50"), (("diagnosis.examine=false",), "diagnosis.examine is false")],
)
async def test_before_the_first_examination_it_says_what_comes(overrides: tuple[str, ...], words: str) -> None:
    """What will stand here and when, or why it will not."""
    app = opened(Scene(), *overrides)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Here will stand" in shown(app))
        assert words in " ".join(shown(app).replace("│", " ").split())


@pytest.mark.slow
async def test_d_opens_it_over_the_expedition_and_closes_it(tmp_path: Path) -> None:
    """The run goes on behind it; d and Escape lead back."""
    async with playing(tmp_path) as game:
        for key in ("d", "escape"):
            await game.press("d")
            await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
            await game.play_behind()
            await game.press(key)
            await game.until(lambda: game.app.screen is game.screen)


@pytest.mark.slow
async def test_an_order_given_there_says_where_space_resumes(tmp_path: Path) -> None:
    """On this page space turns the page; on the expedition it resumes, after a dialog too."""
    async with playing(tmp_path, hero_class="wizard") as game:
        await game.play_to(50)
        await game.press("2", "s")
        await game.until(lambda: "Steady: takes effect next turn (paused: space resumes)" in game.text)
        await game.press("d")
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
        await game.press("1")
        await game.until(lambda: "Arcane Recovery: takes effect next turn (paused: back in the game, space resumes)" in game.text)


@pytest.mark.slow
async def test_the_palette_opens_it(tmp_path: Path) -> None:
    """ctrl+p finds it by name."""
    async with playing(tmp_path) as game:
        await game.press("ctrl+p")
        await game.press(*"diagnose")
        await game.until(lambda: "Every signal and every layer" in game.text)
        await game.press("enter", "enter")
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))


@pytest.mark.slow
async def test_the_end_of_the_run_closes_it(tmp_path: Path) -> None:
    """When the last turn is done behind it, the ending comes and nothing breaks."""
    async with playing(tmp_path, "turns=12") as game:
        await game.press("d")
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
        game.inbox.resume()
        await game.until(lambda: "THE END" in game.text)


async def test_closed_while_it_opens() -> None:
    """A key that comes while it is still being put on the screen does no harm."""
    app = opened(Scene())
    async with app.run_test() as pilot:
        for _ in range(10):
            screen = DiagnosisScreen(scene_with(), None)
            app.push_screen(screen)
            screen.action_back()
            await until(pilot, lambda screen=screen: screen not in app.screen_stack)  # type: ignore[misc]


@pytest.mark.parametrize("width", [40, 57, 66, 76, 90, 111, 112, 116, 167, 168, 196, 300])
def test_no_line_is_wider_than_its_page(width: int) -> None:
    """Whatever is sick and whoever is here, at every width that the game is played at."""
    scene = scene_with(**dict.fromkeys(SIGNALS, 1000000000.0))
    scene.apply(MonsterAppeared(150, "loss_dragon", "5", 100, 15, "word " * 60))
    assert max(map(width_of, diagnosis_lines(scene, None, width))) <= max(width, 57)


def test_a_monster_is_named_with_its_reason() -> None:
    """Who is here, and why, stands above the table."""
    scene = scene_with(**HOT)
    scene.apply(MonsterAppeared(150, "loss_dragon", "5", 100, 15, "The temperature is 0.031 nats [/]"))
    assert "‡ Loss Dragon is here. Turn 150: The temperature is 0.031 nats [/]" in text_of(diagnosis_lines(scene, None, 100))


def test_a_signal_or_layer_unknown_here_is_shown_literally() -> None:
    """A newer chronicle may know more signals; names are cleaned."""
    scene = scene_with()
    assert scene.examined is not None
    layers = (replace(scene.examined.layers[0], name="evil\x1b[2J", gradient_norm=math.inf, histogram=()),)
    scene.apply(replace(scene.examined, readings=(Reading("new\x1b[2J", 1.0, None, 0.5),), layers=layers))
    words = text_of(diagnosis_lines(scene, None, 100))
    assert "new␛[2J" in words
    assert "evil␛[2J" in words
    assert "∞" in words


def test_without_layers_it_says_why() -> None:
    """With examine off only what the steps tell is known."""
    scene = scene_with()
    assert scene.examined is not None
    scene.apply(replace(scene.examined, layers=()))
    assert "diagnosis.examine of this campaign is off" in text_of(diagnosis_lines(scene, None, 100))


finite = st.floats(-1e6, 1e6)
BOUND = st.none() | st.floats(-10, 10)


@given(finite, BOUND, BOUND, st.integers(8, 40))
def test_a_gauge_shows_the_side_of_the_bound(value: float, low: float | None, high: float | None, width: int) -> None:
    """It keeps its width, has one mark, and the mark of a healthy value is never drawn beyond a bound."""
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high)
    reading = Reading("gap", value, low, high)
    text = text_of(gauge(reading, width))
    assert (width, 1) == (len(text), text.count("●"))
    assert 0 <= place(reading) <= 1
    if reading.condition == "healthy":
        sick = [x for x, (char, tone) in enumerate(_cells(gauge(reading, width))) if (char, tone) == ("╌", "bad")]
        at = text.index("●")
        assert not any(low is not None and x > at for x in sick if high is None)
        assert not any(high is not None and x < at for x in sick if low is None)


def _cells(line: Line) -> list[tuple[str, str]]:
    return [(char, span[1]) for span in line for char in span[0]]


def test_an_unknown_value_has_no_mark() -> None:
    """NaN is no place on a gauge, and no verdict."""
    reading = Reading("gap", math.nan, None, 0.3)
    assert "●" not in text_of(gauge(reading, 20))
    assert ("· unknown", "muted") == verdict(reading)


@example(-99995000000.0)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_keeps_to_its_column(value: float) -> None:
    """Eight cells hold anything that a run may show."""
    assert len(number(value)) <= 8 or abs(value) >= 1e12


def test_numbers_and_ranges_are_short() -> None:
    """Three digits that count, and the bounds as they were set."""
    assert ["0", "0.0310", "1.30", "12.5", "640", "12.3 k", "1.2e-05", "−0.0040", "–", "∞"] == [
        number(value) for value in (0.0, 0.031, 1.3, 12.5, 640, 12300, 1.2e-5, -0.004, math.nan, math.inf)
    ]
    ranges = [bounds(Reading("x", 0, low, high)) for low, high in ((1e-4, 0.1), (None, 1.3), (0.5, None), (None, None))]
    assert ["1e-4–0.1", "≤ 1.3", "≥ 0.5", "any"] == ranges


def test_a_histogram_shows_every_bin_that_holds_anything() -> None:
    """The fullest bin is a full block, an empty one is blank."""
    assert " ▁▄█" == histogram((0, 1, 40, 80), 4)
    assert "" == histogram((), 10)


def test_what_is_sick_stands_on_the_expedition_and_nothing_when_healthy() -> None:
    """The first sick signal with its value, how many more, and the key that tells all; in the wide panel and the small one."""
    scene = Scene.of(list(_story(4)))
    assert "sick" not in text_of(monster_lines(scene, 36, 17)) + text_of(compact_lines(scene, 78))
    scene.apply(examined(150, **HOT))
    for words in (text_of(monster_lines(scene, 36, 17)), text_of(compact_lines(scene, 78))):
        assert "sick: Update / weight 0.200 +1 · d" in words
    scene.apply(examined(200))
    assert "sick" not in text_of(monster_lines(scene, 36, 17))
    assert [] == sick_line((), 40)


@pytest.mark.parametrize("height", [1, 2, 5, 17])
def test_a_sick_run_keeps_the_foes_panel_within_its_height(height: int) -> None:
    """The line about it takes one of the panel's own."""
    scene = Scene.of(list(_story(40)))
    scene.apply(examined(50, **HOT))
    assert len(monster_lines(scene, 33, height)) <= height


def _story(turns: int) -> Any:
    for event in FakeExpedition(Path("nowhere"), fake_config()).play(Inbox([])):
        yield event
        if isinstance(event, StepTaken) and event.turn == turns:
            return
