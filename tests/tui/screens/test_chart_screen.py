"""The chart on the whole screen: a cursor that reads, other series and runs, zoom and scale."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.endings import ENDED, MIDDLE, events_of, ghost, story
from support.panels import scene_after, text_of
from support.playing import playing
from support.screens_host import ScreensHost, shown, until
from textual.binding import Binding

from rolltrain_tui.protocol.events import Event, GhostSeen, StepTaken
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.others import others_of
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.history import History, Stay
from rolltrain_tui.tui.drawing.chart_series import series_of
from rolltrain_tui.tui.drawing.chart_view import ChartView
from rolltrain_tui.tui.screens.chart import HELP, ChartScreen
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.widgets.panel import width_of
from rolltrain_tui.tui.widgets.training.full_chart import full_chart_lines
from rolltrain_tui.tui.wording.titles import titled

SCORE = Objective(name="R²", unit="", better="higher", step=0.1, chance=0.0, limit=1.0, of_loss=False)
KEYS = [
    "left",
    "right",
    "shift+left",
    "comma",
    "full_stop",
    "home",
    "end",
    "plus",
    "minus",
    "pageup",
    "pagedown",
    "0",
    "down",
    "up",
    "y",
    "f",
    "g",
    "o",
]
views = st.builds(
    ChartView,
    cursor=st.none() | st.integers(-5, 400),
    window=st.none() | st.integers(0, 200).flatmap(lambda first: st.tuples(st.just(first), st.integers(first + 10, first + 300))),
    series=st.integers(-30, 30),
    log=st.booleans(),
    fit=st.booleans(),
    ghost=st.booleans(),
    others=st.booleans(),
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    scene = scene_after(300)
    scene.apply(ghost(2.0))
    return scene


@given(view=views, width=st.integers(40, 200), height=st.integers(8, 60))
def test_whatever_is_looked_at_the_chart_keeps_its_size(scene: Scene, view: ChartView, width: int, height: int) -> None:
    lines = full_chart_lines(scene, view, [("other", scene.history)], width, height)
    assert len(lines) <= height
    assert all(width_of(line) <= width for line in lines[1:-3])


@given(view=views, newest=st.integers(0, 5000), data=st.data())
def test_no_key_leads_out_of_the_run(view: ChartView, newest: int, data: st.DataObject) -> None:
    """Cursor and window stay inside it, and the cursor inside the window."""
    view = replace(view, window=None)
    for _ in range(8):
        step = data.draw(st.sampled_from(["move", "zoom", "pan"]))
        if step == "move":
            view = view.moved(data.draw(st.integers(-50, 50)), newest)
        elif step == "zoom":
            view = view.zoomed(data.draw(st.booleans()), newest)
        else:
            view = view.panned(data.draw(st.integers(-50, 50)), newest)
        first, last = view.span(newest)
        assert 0 <= view.at(newest) <= newest
        assert 0 <= first < last <= max(10, newest)
        if step == "move":
            assert first <= view.at(newest) <= last


def test_zooming_keeps_the_cursor_in_its_place() -> None:
    view = ChartView(cursor=150).zoomed(True, 600)
    assert (75, 375) == view.window
    assert ChartView() == replace(view.zoomed(False, 600), cursor=None)


@pytest.mark.parametrize("size", [(80, 23), (120, 35)])
def test_the_cursor_reads_every_number_of_its_turn(scene: Scene, size: tuple[int, int]) -> None:
    """Loss, validation with its error and turn, ghost, k, gradient norm, learning rate, ability and monster. The head names the lines."""
    row = scene.history.row_at(35)
    drawing = text_of(full_chart_lines(scene, ChartView(cursor=35), (), *size))
    assert "Turn 35 " in drawing
    assert "━ mean   ◆ val ± error   ╍ ghost" in drawing.splitlines()[0]
    for words in (
        f"batch {row['loss']:.4g}",
        f"mean {row['mean']:.4g}",
        "(turn 0)",
        "ghost ",
        f"k {row['k']:.4g}",
        "lr ",
        "monster Loss Dragon",
    ):
        assert words in drawing, words
    assert "ability Rage" in text_of(full_chart_lines(scene, ChartView(cursor=4), (), *size))


def test_the_strip_shows_who_was_there_when(scene: Scene) -> None:
    drawing = text_of(full_chart_lines(scene, ChartView(), (), 120, 35)).splitlines()
    rage, dragon = (next(line for line in drawing if line.lstrip().startswith(name)) for name in ("Rage", "Loss Dragon"))
    assert "█" in rage
    assert "▒" in dragon
    assert rage.index("█") < dragon.index("▒")


@pytest.mark.parametrize(("width", "longest"), [(80, 15), (100, 19)])
def test_the_lanes_have_their_names_whole(width: int, longest: int) -> None:
    """At 80 columns up to 15 letters, at 100 those of every ability."""
    for ability in ABILITIES:
        if len(name := titled(ability)) <= longest:
            scene = scene_after(30)
            scene.history.stays[:] = [Stay(ability, "ability", 5, 9)]
            assert f"{name} │" in text_of(full_chart_lines(scene, ChartView(), (), width, 24))


def test_a_logarithmic_axis_is_named_and_evenly_labelled(scene: Scene) -> None:
    head, *rows = text_of(full_chart_lines(scene, ChartView(log=True), (), 120, 35)).splitlines()
    assert " · log · " in head
    assert any("┤" in row for row in rows)


def test_f_brings_the_floor_into_the_frame(scene: Scene) -> None:
    fitted = text_of(full_chart_lines(scene, ChartView(window=(200, 300)), (), 120, 35))
    whole = text_of(full_chart_lines(scene, ChartView(window=(200, 300), fit=False), (), 120, 35))
    assert ("↓ floor" in fitted, "↓ floor" in whole, " floor 1.310 " in whole) == (True, False, True)


def test_every_recorded_series_can_be_shown(scene: Scene) -> None:
    """Its name in the head and its value at the cursor; learning rates keep their digits."""
    names = [series.title for series in series_of(scene.history, scene.objective)]
    assert ["Gradient norm", "Learning rate", "Update norm", "k felt", "Tokens a turn"] == names[1:6]
    assert "Update / weight" in names
    for place, name in enumerate(names):
        drawing = text_of(full_chart_lines(scene, ChartView(series=place), (), 120, 35))
        assert f" {name}" in drawing.splitlines()[0]


def test_where_higher_is_better_the_evaluations_are_the_curve() -> None:
    """And the training loss is a series of its own."""
    steps = [StepTaken(turn, 0.5, 0.4, 1.0, 1e-3, 1.0, 1.0, 0.1, 0.1, 64, 1.0, True, ()) for turn in range(1, 2001)]
    scene = Scene.of(events_of(objective=SCORE, middle=steps))
    drawing = text_of(full_chart_lines(scene, ChartView(), (), 100, 30))
    assert "R² · turns" in drawing.splitlines()[0]
    assert "R² 1.412 ±" in drawing
    score, training, *_ = series_of(scene.history, SCORE)
    assert [(check.turn, check.value) for check in scene.history.evaluations] == score.points(scene.history) != []
    assert "Training loss" == training.title


def test_before_the_first_turn_nothing_is_drawn() -> None:
    assert "Nothing was recorded" in text_of(full_chart_lines(Scene(), ChartView(), (), 80, 23))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_x_opens_the_chart_over_the_game_and_every_key_works(tmp_path: Path, size: tuple[int, int]) -> None:
    """The run goes on behind it; escape leads back."""
    async with playing(tmp_path, size=size) as game:
        await game.play_to(60)
        await game.press("x")
        await game.until(lambda: isinstance(game.app.screen, ChartScreen) and "Turn 60 " in game.text)
        for key in KEYS:
            await game.press(key)
        await game.press("end")
        await game.play_behind()
        await game.until(lambda: "Turn 61 " in game.text)
        await game.press("escape")
        await game.until(lambda: game.app.screen is game.screen)


def written(folder: Path, events: Sequence[Event]) -> None:
    folder.mkdir()
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in events:
            chronicle.append(event)


def test_a_long_name_of_what_is_measured_leaves_room_for_the_ghosts_sign() -> None:
    events = events_of(objective=replace(SCORE, name="share of the move limit"), plain=ghost(), middle=MIDDLE)
    head = text_of(full_chart_lines(Scene.of(events), ChartView(), (), 80, 24)).splitlines()[0]
    assert head.count("hare of the move limit") == 1
    assert "◆ evaluations ± error" in head
    assert "╍ ghost" in head


async def test_a_click_puts_the_cursor_on_the_turn_that_was_pointed_at(tmp_path: Path) -> None:
    """Beside the plot, on the labels, it does nothing."""
    async with playing(tmp_path, size=(80, 24)) as game:
        await game.play_to(60)
        await game.press("x")
        await game.until(lambda: isinstance(game.app.screen, ChartScreen) and "Turn 60 " in game.text)
        for column, turn in ((17, 0), (3, 0), (79, 60), (48, 30)):
            await game.pilot.click("#full-chart", offset=(column, 6))
            await game.until(lambda turn=turn: f"Turn {turn} " in game.text)


async def test_other_runs_of_the_campaign_are_laid_over_it(tmp_path: Path) -> None:
    """From the ending too: each with its letter, its name and its value at the cursor; those of other campaigns are not."""
    for name, value in (("this", 1.4), ("earlier", 1.3)):
        written(tmp_path / name, events_of(replace(ENDED, value=value), plain=ghost(), middle=MIDDLE))
    written(tmp_path / "foreign", [replace(events_of()[0], campaign="Another"), *events_of()[1:]])  # type: ignore[call-arg]
    app = ScreensHost(lambda: EndingScreen(story(folder=tmp_path / "this")))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        await pilot.press("o")
        await until(pilot, lambda: re.search(r"A +earlier", shown(app)))
        assert "foreign" not in shown(app)


def test_damaged_runs_are_left_out_of_the_overlay(tmp_path: Path) -> None:
    written(tmp_path / "whole", events_of())
    written(tmp_path / "torn", events_of())
    torn = tmp_path / "torn" / "chronicle.jsonl"
    torn.write_bytes(torn.read_bytes().replace(b"victory", b"v_ctory") + b"x\n")
    (tmp_path / "empty").mkdir()
    scene = Scene.of(events_of())
    assert ["whole"] == [name for name, _ in others_of(tmp_path / "this", scene.campaign, scene.objective)]
    assert isinstance(others_of(tmp_path / "this", scene.campaign, scene.objective)[0][1], History)


async def test_the_help_lists_every_key_once(tmp_path: Path) -> None:
    """In words of its own, and without the keys of scrolling."""
    async with playing(tmp_path, size=(100, 30)) as game:
        await game.press("x")
        await game.until(lambda: isinstance(game.app.screen, ChartScreen))
        bound = {key for binding in ChartScreen.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")}
        await game.press("question_mark")
        await game.until(lambda: "Keys of the chart" in game.text)
        told = " ".join(keys for keys, _ in HELP)
        named = {
            "left": "←",
            "right": "→",
            "up": "↑",
            "down": "↓",
            "plus": "+",
            "minus": "-",
            "escape": "esc",
            "pageup": "pgup",
            "pagedown": "pgdn",
        }
        for key in bound - {"s", "equals_sign", "comma", "semicolon", "full_stop", "shift+left", "shift+right"}:
            assert told.split().count(named.get(key, key)) == 1, key


@pytest.mark.parametrize(("key", "words"), [("g", "There is no ghost"), ("o", "no other run of this campaign")])
async def test_what_is_not_there_to_be_shown_is_told(tmp_path: Path, key: str, words: str) -> None:
    """Each time, and not the first time only."""
    written(tmp_path / "this", events_of())
    scene = Scene.of([event for event in events_of() if not isinstance(event, GhostSeen)])
    app = ScreensHost(lambda: ChartScreen(lambda: scene, tmp_path / "this"))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        for _ in range(2):
            await pilot.press(key)
            await until(pilot, lambda: words in shown(app))
            app.clear_notifications()
            await until(pilot, lambda: words not in shown(app))
            if key == "o":  # which it hides again
                await pilot.press(key)
