"""The small chart: ghost, validation and batches are told apart, the frame fits the data, and the limit is never lost."""

import math
from dataclasses import replace

import pytest
from support.panels import scene_after, text_of

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.protocol.events import GhostPoint, GhostSeen
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.panel import Line
from rolltrain_tui.tui.widgets.training.chart import chart_lines, frame_of

SIZES = {"120x36": (50, 11), "80x24": (78, 8), "large": (110, 20)}


def haunted(turn: int, *, burst_at: float = math.inf, height: float = 1.0) -> Scene:
    """The fake run after so many turns, beside plain training that falls from `height` above 4 nats, and may burst."""
    scene = scene_after(turn)
    losses = ((n, 3.0 + height * math.exp(-n / 90) if n < burst_at else math.nan) for n in range(0, 2001, 50))
    scene.apply(GhostSeen(0, 1, tuple(GhostPoint(n, loss, loss, 0.02) for n, loss in losses)))
    return scene


def drawn_in(lines: list[Line], tone: str) -> list[tuple[int, int]]:
    """(row, column) of the plot's cells in this tone."""
    found = []
    for row, line in enumerate(lines):
        column = 0
        for text, tones, *_ in line:
            found += [(row, column + i) for i, char in enumerate(text) if tone in tones.split("+") and "\u2800" <= char <= "\u28ff"]
            column += len(text)
    return found


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_ghost_validation_and_mean_have_a_tone_and_a_sign_each(size: tuple[int, int]) -> None:
    """In each layout; the ghost is named with its loss."""
    lines = chart_lines(haunted(300), *size)
    plot = text_of(lines[1:])
    assert "◆" in plot
    assert f"ghost {3.0 + math.exp(-300 / 90):.2f}" in plot
    assert min(len(drawn_in(lines, tone)) for tone in ("cool", "primary", "faint")) >= 5
    assert not set(drawn_in(lines, "cool")) & set(drawn_in(lines, "primary"))


def test_at_80x24_the_plot_has_six_rows() -> None:
    assert 6 == sum("┤" in row or "│" in row[:6] for row in text_of(chart_lines(haunted(300), 78, 8)).splitlines())


def test_the_numbers_stand_behind_the_signs_of_their_curves() -> None:
    """So no legend is needed."""
    line = text_of(chart_lines(haunted(300), 78, 8)[0])
    assert [line.index(sign) for sign in "⣿━◆╍"] == sorted(line.index(sign) for sign in "⣿━◆╍")


def test_the_ghost_is_dashed_and_the_mean_is_not() -> None:
    """Told apart without colour too: the ghost's row of dots has holes."""
    scene = scene_after(300)
    scene.apply(GhostSeen(0, 1, (GhostPoint(0, 4.0, 4.0, 0.02), GhostPoint(2000, 4.0, 4.0, 0.02))))
    lines = chart_lines(scene, 110, 20)
    [row] = {row for row, _ in drawn_in(lines, "cool")}
    columns = [column for at, column in drawn_in(lines, "cool") if at == row]
    assert columns != list(range(columns[0], columns[-1] + 1))


def test_without_a_ghost_nothing_is_drawn() -> None:
    """Neither line nor name."""
    lines = chart_lines(scene_after(300), 140, 20)
    assert [] == drawn_in(lines, "cool")
    assert "ghost" not in text_of(lines)


def test_the_ghost_walks_no_further_than_the_run() -> None:
    """What it did later is not shown: every dot stands at or before the present turn."""
    scene = haunted(5)
    frame = frame_of(scene, 100, 12, None)
    assert frame is not None
    assert frame.last > scene.turn
    columns = [column - 6 for _, column in drawn_in(chart_lines(scene, 106, 15), "cool")]
    assert columns
    assert max(columns) <= frame.x(scene.turn) // 2


def test_a_ghost_that_burst_leaves_the_chart() -> None:
    """Where its loss is no number nothing is drawn, and the scale is the run's own."""
    assert "ghost" not in text_of(chart_lines(haunted(300, burst_at=0), 78, 12))
    assert drawn_in(chart_lines(haunted(300, burst_at=100), 78, 12), "cool")


def test_a_ghost_far_above_does_not_flatten_the_curve() -> None:
    """A plain run of a thousand nats is left out of the frame."""
    frame = frame_of(haunted(300, height=1000.0), 60, 12, None)
    assert frame is not None
    assert frame.high < 10
    assert 12 == len(chart_lines(haunted(300, height=1000.0), 60, 12))


@pytest.mark.parametrize(("newest", "words"), [(-20.0, "↓ ghost −20.00"), (90.0, "↑ ghost 90.00")])
def test_a_ghost_that_leaves_the_chart_is_named_with_its_newest_value(newest: float, words: str) -> None:
    """As in the line above the chart, and not with that of the turn at which it left."""
    scene = scene_after(300)
    points = ((0, 4.2), (150, 4.1), (300, newest))
    scene.apply(GhostSeen(0, 1, tuple(GhostPoint(turn, loss, loss, 0.02) for turn, loss in points)))
    head, *plot = chart_lines(scene, 90, 16)
    assert f"ghost {fixed(newest)}" in text_of(head)
    assert words in text_of(plot)


@pytest.mark.parametrize("window", [500, 100])
def test_a_window_fits_its_data_and_points_to_the_limit(window: int) -> None:
    """Whatever the limit; the arrow says where it lies and its value."""
    scene = scene_after(700)
    for limit in (0.05, -3.0):
        scene.objective = Objective(limit=limit)
        frame = frame_of(scene, 60, 12, window)
        assert frame is not None
        means = [bucket.ema for bucket in scene.losses.since(frame.first)]
        values = [value for turn, value in scene.history.validations if turn >= frame.first]
        assert frame.high - frame.low < 1.3 * (max(means + values) - min(means)) + 0.1
        assert f"↓ floor {fixed(limit, 2)}" in text_of(chart_lines(scene, 66, 15, window))


def test_a_ceiling_out_of_sight_is_above() -> None:
    scene = scene_after(300)
    scene.objective = Objective(name="R²", unit="", better="higher", limit=50.0, of_loss=False)
    drawing = text_of(chart_lines(scene, 78, 12))
    assert "↑ ceiling 50.00" in drawing
    assert "◆" in drawing


def test_an_evaluation_carries_its_error_as_a_bar_above_and_below() -> None:
    scene = scene_after(100)
    scene.history.evaluations[:] = [replace(check, standard_error=0.2) for check in scene.history.evaluations]
    lines = chart_lines(scene, 78, 30)
    marks = [(row, line.index("◆")) for row, line in enumerate(text_of(lines).splitlines()[1:], 1) if "◆" in line]
    assert marks
    for mark, column in marks:
        bar = [row for row, at in drawn_in(lines, "accent") if at == column]
        assert min(bar) < mark < max(bar)


@pytest.mark.parametrize("count", [1, 3])
def test_the_bars_of_the_errors_are_seen_whole(count: int) -> None:
    """Beside one evaluation or several; a bar as long as the chart is high many times over is cut."""
    scene = scene_after(100)
    scene.objective = Objective(name="R²", unit="", better="higher", limit=None, of_loss=False)
    checks = [replace(check, value=0.5 + 0.001 * n, standard_error=0.1) for n, check in enumerate(scene.history.evaluations[:count])]
    scene.history.evaluations[:] = checks
    frame = frame_of(scene, 60, 12, None)
    assert frame is not None
    assert frame.low < 0.4
    assert frame.high > 0.6
    scene.history.evaluations[0] = replace(checks[0], standard_error=9.0)
    frame = frame_of(scene, 60, 12, None)
    assert frame is not None
    assert frame.high - frame.low < 1
