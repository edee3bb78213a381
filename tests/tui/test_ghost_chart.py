"""The ghost on the loss chart: a dotted line with its name, on any size of screen, and nothing where there is none."""

import math

import pytest
from support.panels import scene_after, text_of

from rolltrain_tui.protocol.events import GhostPoint, GhostSeen
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.chart import GHOST, chart_lines, frame_of


def haunted(turn: int, *, burst_at: float = math.inf, height: float = 1.0) -> Scene:
    """The fake run after so many turns, beside plain training that falls from `height` above 4 nats, and may burst."""
    scene = scene_after(turn)
    losses = ((n, 3.0 + height * math.exp(-n / 90) if n < burst_at else math.nan) for n in range(0, 2001, 50))
    scene.apply(GhostSeen(0, 1, tuple(GhostPoint(n, loss, loss, 0.02) for n, loss in losses)))
    return scene


@pytest.mark.parametrize("size", [(50, 11), (78, 5), (110, 20)], ids=["120x36", "80x24", "large"])
def test_the_ghost_is_a_dotted_line_with_its_name_and_loss(size: tuple[int, int]) -> None:
    """On the chart's place in each layout."""
    drawing = text_of(chart_lines(haunted(300), *size))
    assert f"ghost {3.0 + math.exp(-300 / 90):.2f}" in drawing
    assert "floor 1.31" in drawing or " fl" not in drawing  # where both names stand, neither is written over the other
    assert drawing.count(GHOST) >= 5


def test_the_legend_names_the_ghost_where_there_is_room() -> None:
    """Last in the row of signs."""
    assert text_of(chart_lines(haunted(300), 140, 20)).rstrip().endswith(f"◆ validation {GHOST} ghost")


def test_without_a_ghost_nothing_is_drawn() -> None:
    """Neither line nor name."""
    drawing = text_of(chart_lines(scene_after(300), 140, 20))
    assert (False, False) == (GHOST in drawing, "ghost" in drawing)


def test_the_ghost_walks_no_further_than_the_run() -> None:
    """What it did later is not shown: every mark stands at or before the present turn."""
    scene = haunted(5)
    frame = frame_of(scene, 100, 12, None)
    assert frame is not None
    assert frame.last > scene.turn
    columns = [
        column for line in text_of(chart_lines(scene, 106, 15)).splitlines()[1:-2] for column, c in enumerate(line[6:]) if c == GHOST
    ]
    assert columns
    assert max(columns) <= frame.x(scene.turn) // 2


def test_a_ghost_that_burst_leaves_the_chart() -> None:
    """Where its loss is no number nothing is drawn, and the scale is the run's own."""
    assert "ghost" not in text_of(chart_lines(haunted(300, burst_at=0), 78, 12))
    assert GHOST in text_of(chart_lines(haunted(300, burst_at=100), 78, 12))


def test_a_ghost_far_above_does_not_flatten_the_curve() -> None:
    """A plain run of a thousand nats is left out of the frame."""
    frame = frame_of(haunted(300, height=1000.0), 60, 12, None)
    assert frame is not None
    assert frame.high < 10
    assert 12 == len(chart_lines(haunted(300, height=1000.0), 60, 12))
