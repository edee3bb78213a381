"""A run's charts for a terminal, drawn with plotext: losses, k asked and felt, dice, time line of abilities and monsters.

plotext has one figure per process. It fails on numbers that are not finite or very large; a Curve holds neither.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import ceil, floor
from textwrap import wrap
from typing import Any

from rolltrain_tui.base.grammar import with_minus
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.exports.curve import LARGEST, Curve
from rolltrain_tui.exports.summary import RunSummary
from rolltrain_tui.story.phrases import title

NAME = 22


def charts(summary: RunSummary, what: str, width: int, height: int, colour: bool, rolled: bool = False) -> str:
    """The chart `what`, or all for "all". Each is `width` columns wide; the loss chart is `height` lines high, the others half of it.

    `rolled`: the loss chart has the roll-scaled loss too.
    """
    drawn = [*(CHARTS.values() if what == "all" else [CHARTS[what]])]
    drawn = [partial(losses, rolled=rolled) if chart is losses else chart for chart in drawn]
    text = "\n".join(chart(summary, width, height).rstrip("\n") for chart in drawn)
    return text if colour else _plain(text)


def losses(summary: RunSummary, width: int, height: int, rolled: bool = False) -> str:
    """`rolled`: with the loss times k, a quantity that nobody trains on."""
    objective = summary.objective
    unit = f" in {objective.short_unit}" if objective.unit else ""
    scaled = ", · roll-scaled" if rolled else ""
    curves = f"Loss{unit}: line raw{scaled}, ◆ validation" if objective.of_loss else f"{objective.title}{unit}: ◆ evaluations"
    head, figure = _figure(width, height, f"{curves}, ∘ ghost, ─ {objective.limit_name}", summary.turn)
    raw, val = summary.curves["train/loss"], summary.curves["val/loss"]
    if objective.of_loss:
        if rolled:
            _curve(figure, summary.curves["train/loss_rolled"], width // 2, "·", "orange")
        _curve(figure, raw, width, "braille", "gray", lines=True)
    if summary.ghost is not None:
        points = [point for point in summary.ghost.points if point.turn <= summary.turn and abs(point.value) < LARGEST]
        if points:
            ghost = figure.signal([p.turn for p in points], [p.value for p in points], marker=_marker("∘", "magenta"))
            figure.draw(ghost)
    _curve(figure, val, width // 2, "◆", "yellow")
    if objective.limit is not None:
        _level(figure, objective.limit, 0, max(1, summary.turn), "green")
    return f"{head}\n{figure.build()}"


def scales(summary: RunSummary, width: int, height: int) -> str:
    rows = max(8, height // 2)
    head, figure = _figure(width, rows, "k where measured: o asked, line felt", summary.turn)
    _curve(figure, summary.curves["k/asked"], width // 2, "o", "orange")
    _curve(figure, summary.curves["k/felt"], width // 2, "braille", "green", lines=True)
    means = [mean for name in ("k/asked", "k/felt") if summary.curves[name].bins for mean in summary.curves[name].coarse(width // 2)[1]]
    if means:
        ticks = _even_ticks(min(means), max(means), rows - 4)
        figure.ruler("y").lim(ticks[0], ticks[-1])
        figure.ruler("y").ticks(ticks, [with_minus(f"{tick:g}") for tick in ticks])
    return f"{head}\n{figure.build()}"


def _even_ticks(low: float, high: float, most: int) -> list[float]:
    """Two to seven multiples of a half, a whole, two, four ... around both, at most `most`; plotext's own are such as 1.24 and -0.0.

    Two on one row would be written over one another.
    """
    step = 0.5
    while (last := max(ceil(high / step), floor(low / step) + 1)) - (first := floor(low / step)) >= min(7, most):
        step *= 2
    return [step * place for place in range(first, last + 1)]


def dice(summary: RunSummary, width: int, height: int) -> str:
    counts, sides = summary.counts, summary.sides
    total = sum(counts)
    words = summary.fairness.words if total else "none was cast"
    head, figure = _figure(width, max(8, height // 2), f"Faces of the d{sides} (line: fair die): {words}")
    if total:
        _level(figure, total / sides, 1, sides, "yellow")
    figure.draw(figure.bar(list(range(1, sides + 1)), counts, marker=_marker("█", "cyan"), width=0.6))
    top = max(1, *counts)
    figure.ruler("y").lim(0, top)
    figure.ruler("y").ticks([0, top], ["0", str(top)])
    marks = [face for face in range(1, sides + 1) if sides <= 20 or face % 10 == 0]
    figure.ruler("x").ticks(marks, [str(face) for face in marks])
    return f"{head}\n{figure.build()}"


def timeline(summary: RunSummary, width: int, height: int) -> str:
    """One line for each ability and monster. A cell is marked if it was in force in any turn of the cell."""
    room = max(10, width - NAME - 4)
    lines = [f"{'In force':<{NAME}} ╷{'0':<{room - 1}}{summary.turn}" if summary.lanes else "No ability was used and no monster came."]
    for name in sorted(summary.lanes, key=lambda name: (name in summary.foes, name)):
        cells = [" "] * room
        for first, last in summary.lanes[name].spans:
            for cell in range(_cell(first, summary.turn, room), _cell(last, summary.turn, room) + 1):
                cells[cell] = "▒" if name in summary.foes else "█"
        lines.append(f"{one_line(title(name), NAME):<{NAME}} │{''.join(cells).rstrip()}")
    return "\n".join(lines)


CHARTS: Mapping[str, Callable[[RunSummary, int, int], str]] = {"loss": losses, "timeline": timeline, "k": scales, "dice": dice}


def _cell(turn: int, turns: int, room: int) -> int:
    return min(room - 1, (turn - 1) * room // max(1, turns))


def _figure(width: int, height: int, words: str, turns: int = 0) -> tuple[str, Any]:
    """The words on as many lines as they need, which plotext's own title would leave out on a narrow terminal, and a figure below."""
    import plotext

    head = [line.center(width).rstrip() for line in wrap(words, width)]

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(width, height - 1)
    figure.legend(active=False)  # a legend would hide parts of the curves; the head names the marks
    if turns:
        marks = sorted({round(turns * part / 5) for part in range(6)})
        figure.ruler("x").lim(0, turns)
        figure.ruler("x").ticks(marks, [f"{turn:,}" for turn in marks])
    return "\n".join(head), figure


def _curve(figure: Any, curve: Curve, points: int, marker: str, colour: str, *, lines: bool = False) -> None:
    """Draw a curve with about `points` points."""
    if curve.bins:
        turns, means = curve.coarse(points)
        signal = figure.signal(turns, means, marker=_marker(marker, colour))
        signal.lines(lines)
        figure.draw(signal)


def _level(figure: Any, height: float, first: float, last: float, colour: str) -> None:
    """Draw a level line. plotext's own has a white background under every theme."""
    figure.draw(figure.segment((first, last), (height, height), marker=_marker("─", colour)))


def _marker(symbol: str, colour: str) -> Any:
    import plotext

    return plotext.marker(symbol, plotext.pixel(colour))


def _plain(text: str) -> str:
    import plotext

    return "\n".join(line.rstrip() for line in str(plotext.uncolorize(text)).splitlines())
