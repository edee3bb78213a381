"""A run on one page, drawn with matplotlib: losses, abilities in force, k asked and felt, dice against a fair die."""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import TYPE_CHECKING

from rolltrain_tui.base.plotting import AMBER, GREEN, GREY, INK, KINDS, RED, VIOLET, image_of, plot_style
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.exports.summary import RunSummary
from rolltrain_tui.story.phrases import title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


MARKS = 60
"""With more evaluations than this, their marks would merge: only the line is drawn."""
POINTS = 200
"""Points of the curves of k. They vary too much from turn to turn to show more."""


def draw(summary: RunSummary, kinds: Sequence[str] = KINDS) -> dict[str, bytes]:
    """File name -> picture. NoPlotsError without matplotlib."""
    with plot_style():
        figure = overview(summary)
        return {f"run.{kind}": image_of(figure, kind) for kind in KINDS if kind in kinds}


def overview(summary: RunSummary) -> "Figure":
    """Four panels; the first three share the axis of turns."""
    from matplotlib.figure import Figure

    lanes = max(1, len(summary.lanes))
    heights = [3.6, 0.35 + 0.22 * lanes, 1.5, 1.9]
    figure = Figure(figsize=(9.0, sum(heights) + 1.2), layout="constrained")
    losses, timeline, scales, dice = figure.subplots(4, 1, height_ratios=heights)
    for panel in (timeline, scales):
        panel.sharex(losses)
    if summary.began is not None:
        began, hero = summary.began, summary.began.sheet
        figure.suptitle(one_line(f"{began.campaign}: {hero.name}, {title(hero.hero_class)}, rulebook {began.rulebook}", 90), fontsize=11)
    _losses(losses, summary)
    _timeline(timeline, summary)
    _scales(scales, summary)
    _dice(dice, summary)
    scales.set_xlabel("turn")
    losses.set_xlim(0, max(1, summary.turn))
    return figure


def _losses(axes: "Axes", summary: RunSummary) -> None:
    objective = summary.objective
    raw, val = summary.curves["train/loss"], summary.curves["val/loss"]
    if objective.of_loss:  # the training loss shares the axis
        axes.fill_between(raw.turns, [s.low for s in raw.bins], [s.high for s in raw.bins], color=GREY, alpha=0.25, linewidth=0)
        axes.plot(raw.turns, raw.means, color=GREY, linewidth=1.0, label="raw loss of the batch")
    mark = "D" if len(val.bins) <= MARKS else None
    axes.plot(val.turns, val.means, "-", marker=mark, color=INK, linewidth=1.4, markersize=3, label=objective.name)
    if summary.ghost is not None and summary.ghost.points:
        points = [point for point in summary.ghost.points if point.turn <= summary.turn]
        axes.plot([p.turn for p in points], [p.value for p in points], "--", color=VIOLET, linewidth=1.2, label=f"ghost: {objective.par}")
    if objective.limit is not None:
        axes.axhline(
            objective.limit, color=GREEN, linestyle="-.", linewidth=1.0, label=f"{objective.limit_name}: the best that is possible"
        )
    if objective.of_loss:
        axes.set_ylim(*_window(edge for bin_ in (*raw.bins, *val.bins) for edge in (bin_.low, bin_.high)))
    axes.set_ylabel(objective.unit or objective.name)
    axes.grid(alpha=0.25)
    _legend(axes)
    axes.tick_params(labelbottom=False)


def _legend(axes: "Axes") -> None:
    """Place the legend above the panel."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), frameon=False, fontsize=8, ncols=3, borderaxespad=0.1)


def _window(losses: Iterable[float]) -> tuple[float, float]:
    """Limits of the loss axis: from zero, or the lowest loss below it, to the highest."""
    low, *_, high = sorted((0.0, 0.0, *losses))
    return 1.05 * low, 1.05 * high if high > low else 1.0


def _timeline(axes: "Axes", summary: RunSummary) -> None:
    """One lane for each ability and each monster; those of monsters are hatched."""
    names = sorted(summary.lanes, key=lambda name: (name in summary.foes, name))
    for row, name in enumerate(names):
        foe = name in summary.foes
        bars = [(first - 0.5, last - first + 1) for first, last in summary.lanes[name].spans]
        axes.broken_barh(bars, (row - 0.35, 0.7), color=RED if foe else GREEN, alpha=0.7, linewidth=0, hatch="//" if foe else None)
    axes.set_yticks(range(len(names)), [one_line(title(name), 30) for name in names], fontsize=8)
    axes.set_ylim(max(0, len(names) - 1) + 0.6, -0.6)
    if not names:
        axes.text(0.5, 0.5, "no ability was used and no monster came", transform=axes.transAxes, ha="center", va="center", color=GREY)
    axes.grid(axis="x", alpha=0.25)
    axes.tick_params(labelbottom=False, left=False)


def _scales(axes: "Axes", summary: RunSummary) -> None:
    asked, felt = summary.curves["k/asked"], summary.curves["k/felt"]
    axes.axhline(1, color=INK, linewidth=0.6, alpha=0.5)
    axes.plot(*asked.coarse(POINTS), "-", color=AMBER, linewidth=2.6, alpha=0.6, label="k asked by dice and abilities, where measured")
    axes.plot(*felt.coarse(POINTS), "-", color=INK, linewidth=0.8, label="k felt by the weights")
    if not felt.bins:
        axes.text(0.5, 0.6, "every step was plain: k was not measured", transform=axes.transAxes, ha="center", va="center", color=GREY)
    axes.set_ylabel("k")
    axes.grid(alpha=0.25)
    _legend(axes)


def _dice(axes: "Axes", summary: RunSummary) -> None:
    """Count of each face. With a fair die two counts in three lie within the band of one standard deviation."""
    counts, sides = summary.counts, summary.sides
    total = sum(counts)
    expected, deviation = total / sides, sqrt(total / sides * (1 - 1 / sides))
    axes.bar(range(1, sides + 1), counts, width=0.8, color=GREY, alpha=0.7)
    axes.axhline(expected, color=INK, linewidth=1.0, label="fair die ± one standard deviation")
    axes.axhspan(expected - deviation, expected + deviation, color=INK, alpha=0.1, linewidth=0)
    axes.set_xlim(0.3, sides + 0.7)
    axes.set_ylim(0, 1.3 * max(1, *counts, expected + deviation))
    if sides <= 20:
        axes.set_xticks(range(1, sides + 1))
    axes.set_xlabel(f"face of the d{sides}: {summary.fairness.words}" if total else f"face of the d{sides}: none was cast")
    axes.set_ylabel("times")
    _legend(axes)
