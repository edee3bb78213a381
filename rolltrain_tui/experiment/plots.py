"""The pictures of an experiment, each as PNG and SVG: final losses with error bars, loss curves, robustness."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from rolltrain_tui.base.plotting import AMBER, BLUE, GREEN, GREY, INK, KINDS, RED, VIOLET, image_of, plot_style
from rolltrain_tui.base.statistics import Estimate, estimate
from rolltrain_tui.experiment.grid import CONTROL, Arm
from rolltrain_tui.experiment.robustness import Answer, answers
from rolltrain_tui.experiment.table import Outcomes, rows
from rolltrain_tui.protocol.objective import Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"none": GREY, "auto": VIOLET, "random": AMBER, "hinted": BLUE, "oracle": GREEN, "wrong": RED}
STYLES = ("-", "--", ":", "-.")
MARKERS = "osD^vP*X"
VERDICT_COLOURS = {"yes": GREEN, "yes, at a worse loss": AMBER, "as plain at that loss": VIOLET, "no, the opposite": RED}
KEY = (
    "arm minus plain training, mean over seeds with 95 % interval. Filled: the interval leaves zero out.\n"
    "Green: better; violet: better, but as plain training at the same loss; amber: better at a worse loss; red: worse."
)


def draw(outcomes: Outcomes) -> dict[str, bytes]:
    """File name -> picture. Empty without a finite loss. NoPlotsError without matplotlib."""
    with plot_style():
        if not any(isfinite(row.value.mean) for row in rows(outcomes)):
            return {}
        final, curves = ("final_loss", "loss_curves") if outcomes.objective.of_loss else ("final", "curves")
        figures = {final: final_loss(outcomes), curves: loss_curves(outcomes)}
        if found := answers(outcomes):
            figures["questions"] = questions(found)
        return {f"{name}.{kind}": image_of(figure, kind) for name, figure in figures.items() for kind in KINDS}


def final_loss(outcomes: Outcomes) -> "Figure":
    """One dot per arm with a bar of one standard error, grouped by class. A line with a band is plain training."""
    from matplotlib.figure import Figure

    found = [row for row in rows(outcomes) if row.arm != CONTROL and isfinite(row.value.mean)]
    figure = Figure(figsize=(8.0, 1.6 + 0.2 * len(found) + 0.2 * len({row.arm.hero_class for row in found})), layout="constrained")
    axes = figure.add_subplot()
    _plain_line(axes, estimate(list(outcomes.losses(CONTROL).values())))
    books = list(dict.fromkeys(row.arm.rulebook for row in found))
    height, ticks, labels = 0.0, [], []
    for before, row in zip([None, *found], found, strict=False):
        height += 1.0 if before is None or before.arm.hero_class == row.arm.hero_class else 2.0
        ticks.append(height)
        labels.append(row.arm.title)
        axes.errorbar(
            row.value.mean,
            height,
            xerr=_bar(row.value),
            fmt=MARKERS[books.index(row.arm.rulebook) % len(MARKERS)],
            color=COLOURS[row.arm.policy],
            markersize=5,
            capsize=2,
        )
    axes.set_yticks(ticks, labels)
    axes.set_ylim(height + 1, 0)
    axes.set_xlabel(f"final {axis(outcomes.objective)} (mean over seeds ± standard error)")
    axes.grid(axis="x", alpha=0.25)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return figure


def _plain_line(axes: "Axes", plain: Estimate) -> None:
    if isfinite(plain.mean):
        axes.axvline(plain.mean, color="black", linewidth=1.2, label="plain training ± SE")
        axes.axvspan(plain.mean - _bar(plain), plain.mean + _bar(plain), color="black", alpha=0.1, linewidth=0)


def _bar(of: Estimate) -> float:
    return of.standard_error if isfinite(of.standard_error) else 0.0


def loss_curves(outcomes: Outcomes) -> "Figure":
    """One panel per class: mean value by turn with a band of one standard error. Plain training is in every panel."""
    from matplotlib.figure import Figure

    classes = list(dict.fromkeys(arm.hero_class for arm in outcomes.arms if arm != CONTROL))
    columns = min(3, len(classes))
    lines = -(-len(classes) // columns)
    figure = Figure(figsize=(max(6.0, 4.0 * columns), 1.2 + 3.0 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flatten()
    books = list(dict.fromkeys(arm.rulebook for arm in outcomes.arms if arm != CONTROL))
    for panel, hero_class in zip(panels, classes, strict=False):
        _curve(panel, outcomes, CONTROL, "black", "-")
        for arm in outcomes.arms:
            if arm.hero_class == hero_class:
                _curve(panel, outcomes, arm, COLOURS[arm.policy], STYLES[books.index(arm.rulebook) % len(STYLES)])
        panel.set_title(hero_class, fontsize=10)
        panel.grid(alpha=0.25)
    for panel in panels[len(classes) :]:
        panel.set_visible(False)
    panels[0].set_ylim(*_shown(outcomes))
    figure.supxlabel("turn", fontsize=9)
    figure.supylabel(f"{axis(outcomes.objective)} (mean ± standard error)", fontsize=9)
    handles = {label: line for panel in panels for line, label in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=4, frameon=False)
    return figure


def curve_of(outcomes: Outcomes, arm: Arm) -> dict[int, Estimate]:
    """Turn -> mean value over the seeds evaluated at that turn; finite means only."""
    found: dict[int, list[float]] = {}
    for result in outcomes.results(arm).values():
        for turn, loss in result.curve:
            found.setdefault(turn, []).append(loss)
    estimates = {turn: estimate(losses) for turn, losses in sorted(found.items())}
    return {turn: one for turn, one in estimates.items() if isfinite(one.mean)}


def _curve(axes: "Axes", outcomes: Outcomes, arm: Arm, colour: str, style: str) -> None:
    curve = curve_of(outcomes, arm)
    turns, means = list(curve), [one.mean for one in curve.values()]
    bars = [_bar(one) for one in curve.values()]
    label = "plain training" if arm == CONTROL else f"{arm.policy}, {arm.rulebook}"
    axes.plot(turns, means, style, color=colour, linewidth=1.6 if arm == CONTROL else 1.1, label=label)
    axes.fill_between(turns, _shifted(means, bars, -1), _shifted(means, bars, +1), color=colour, alpha=0.12, linewidth=0)


def _shifted(means: Sequence[float], bars: Sequence[float], sign: int) -> list[float]:
    return [mean + sign * bar for mean, bar in zip(means, bars, strict=True)]


def _shown(outcomes: Outcomes) -> tuple[float, float]:
    """Limits of the loss axis, without the first tenth of the curves: the steep beginning would flatten the rest."""
    curves: Mapping[Arm, dict[int, Estimate]] = {arm: curve_of(outcomes, arm) for arm in outcomes.arms}
    last = max((turn for curve in curves.values() for turn in curve), default=0)
    losses = [one.mean for curve in curves.values() for turn, one in curve.items() if turn >= last / 10]
    if not losses:
        return 0.0, 1.0
    room = 0.04 * (max(losses) - min(losses)) or 0.05
    return min(losses) - room, max(losses) + room


def questions(found: Sequence[Answer]) -> "Figure":
    """One panel per measure: each arm's difference from plain training with its 95 % interval. Filled dots: the interval excludes zero."""
    from matplotlib.figure import Figure

    measures = list(dict.fromkeys(answer.measure for answer in found))
    arms = list(dict.fromkeys(answer.arm for answer in found))
    columns = 3
    lines = -(-len(measures) // columns)
    figure = Figure(figsize=(4.0 * columns, lines * (1.1 + 0.24 * len(arms))), layout="constrained")
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).flatten()
    for panel, measure in zip(panels, measures, strict=False):
        panel.axvline(0, color=INK, linewidth=0.8)
        for answer in found:
            if answer.measure == measure and isfinite(answer.difference.mean):
                _interval(panel, answer, arms.index(answer.arm))
        panel.set_title(f"{measure.title} ({'less' if measure.good < 0 else 'more'} is better)", fontsize=9)
        panel.set_yticks(range(len(arms)), [arm.title for arm in arms], fontsize=8)
        panel.set_ylim(len(arms) - 0.5, -0.5)
        panel.locator_params(axis="x", nbins=4)
        panel.grid(axis="x", alpha=0.25)
    for panel in panels[len(measures) :]:
        panel.set_visible(False)
    figure.supxlabel(KEY, fontsize=9)
    return figure


def _interval(axes: "Axes", answer: Answer, height: int) -> None:
    colour = VERDICT_COLOURS.get(answer.verdict, GREY)
    margin = answer.margin if isfinite(answer.margin) else 0.0
    filled = colour if colour != GREY else "white"
    axes.errorbar(answer.difference.mean, height, xerr=margin, fmt="o", color=colour, markerfacecolor=filled, markersize=5, capsize=2)


def axis(objective: Objective) -> str:
    """What an axis of the objective is called."""
    return f"{objective.name}, {objective.unit}" if objective.unit else objective.name
