"""A run's charts on a terminal, drawn with plotext: losses, k asked and felt, the dice, and the time line of abilities and monsters.

plotext keeps one figure for the whole process and takes no number that is not finite, nor one near the largest; a trend has neither.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.exports.digest import Digest
from rolltrain_tui.exports.trend import LARGEST, Trend
from rolltrain_tui.story.narration import title

NAME = 22


def charts(digest: Digest, what: str, width: int, height: int, colour: bool) -> str:
    """Those called `what`, or all of them, each `width` columns wide; the losses `height` lines high, the others less."""
    drawn = CHARTS.values() if what == "all" else [CHARTS[what]]
    text = "\n".join(chart(digest, width, height).rstrip("\n") for chart in drawn)
    return text if colour else _plain(text)


def losses(digest: Digest, width: int, height: int) -> str:
    figure = _figure(width, height, "Loss in nats: line raw, · roll-scaled, ◆ validation, ∘ ghost, ─ floor", digest.turn)
    raw, rolled, val = (digest.curves[name] for name in ("train/loss", "train/loss_rolled", "val/loss"))
    _curve(figure, rolled, width // 2, "·", "orange")
    _curve(figure, raw, width, "braille", "gray", lines=True)
    if digest.ghost is not None:
        points = [point for point in digest.ghost.points if point.turn <= digest.turn and abs(point.val_loss) < LARGEST]
        if points:
            ghost = figure.signal([p.turn for p in points], [p.val_loss for p in points], marker=_marker("∘", "magenta"))
            figure.draw(ghost)
    _curve(figure, val, width // 2, "◆", "yellow")
    if digest.began is not None and digest.began.floor is not None:
        _level(figure, digest.began.floor, 0, max(1, digest.turn), "green")
    return str(figure.build())


def scales(digest: Digest, width: int, height: int) -> str:
    figure = _figure(width, max(8, height // 2), "k: o asked, line felt", digest.turn)
    _curve(figure, digest.curves["k/asked"], width // 2, "o", "orange")
    _curve(figure, digest.curves["k/felt"], width // 2, "braille", "green", lines=True)
    return str(figure.build())


def dice(digest: Digest, width: int, height: int) -> str:
    counts, sides = digest.counts, digest.sides
    total = sum(counts)
    words = digest.fairness.words if total else "none was cast"
    figure = _figure(width, max(8, height // 2), f"Faces of the d{sides} (line: fair die): {words}")
    if total:
        _level(figure, total / sides, 1, sides, "yellow")
    figure.draw(figure.bar(list(range(1, sides + 1)), counts, marker=_marker("█", "cyan"), width=0.6))
    top = max(1, *counts)
    figure.ruler("y").lim(0, top)
    figure.ruler("y").ticks([0, top], ["0", str(top)])
    marks = [face for face in range(1, sides + 1) if sides <= 20 or face % 10 == 0]
    figure.ruler("x").ticks(marks, [str(face) for face in marks])
    return str(figure.build())


def timeline(digest: Digest, width: int, height: int) -> str:
    """A line for each ability and monster; a cell is marked where it was there for any of its turns."""
    room = max(10, width - NAME - 4)
    lines = [f"{'In force':<{NAME}} ╷{'0':<{room - 1}}{digest.turn}" if digest.lanes else "No ability was used and no monster came."]
    for name in sorted(digest.lanes, key=lambda name: (name in digest.foes, name)):
        cells = [" "] * room
        for first, last in digest.lanes[name].spans:
            for cell in range(_cell(first, digest.turn, room), _cell(last, digest.turn, room) + 1):
                cells[cell] = "▒" if name in digest.foes else "█"
        lines.append(f"{one_line(title(name), NAME):<{NAME}} │{''.join(cells).rstrip()}")
    return "\n".join(lines)


CHARTS: Mapping[str, Callable[[Digest, int, int], str]] = {"loss": losses, "timeline": timeline, "k": scales, "dice": dice}


def _cell(turn: int, turns: int, room: int) -> int:
    return min(room - 1, (turn - 1) * room // max(1, turns))


def _figure(width: int, height: int, words: str, turns: int = 0) -> Any:
    import plotext

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    figure.theme("simple")
    figure.plot_size(width, height)
    figure.title(words)
    figure.legend(active=False)  # it would lie on the curves; the title names the marks
    if turns:
        marks = sorted({round(turns * part / 5) for part in range(6)})
        figure.ruler("x").lim(0, turns)
        figure.ruler("x").ticks(marks, [f"{turn:,}" for turn in marks])
    return figure


def _curve(figure: Any, trend: Trend, points: int, marker: str, colour: str, *, lines: bool = False) -> None:
    """A trend as about so many points."""
    if trend.stretches:
        turns, means = trend.coarse(points)
        signal = figure.signal(turns, means, marker=_marker(marker, colour))
        signal.lines(lines)
        figure.draw(signal)


def _level(figure: Any, height: float, first: float, last: float, colour: str) -> None:
    """A level line. Not plotext's own: it paints its background white under every theme."""
    figure.draw(figure.segment((first, last), (height, height), marker=_marker("─", colour)))


def _marker(symbol: str, colour: str) -> Any:
    import plotext

    return plotext.marker(symbol, plotext.pixel(colour))


def _plain(text: str) -> str:
    import plotext

    return "\n".join(line.rstrip() for line in str(plotext.uncolorize(text)).splitlines())
