"""The picture of a contest: the best member's final value by method, a line for each seed, and the mean with its standard error."""

from math import isfinite

from rolltrain_tui.base.plotting import GREEN, GREY, INK, KINDS, image_of, plot_style
from rolltrain_tui.base.statistics import estimate
from rolltrain_tui.experiment.evolution.contest import Finished, best, methods


def draw(finished: Finished) -> dict[str, bytes]:
    """File name -> picture; empty where a method has no finite value. NoPlotsError without matplotlib."""
    values = {method: best(finished, method) for method in methods(finished)}
    if not all(isfinite(value) for found in values.values() for value in found.values()):
        return {}
    objective = next(iter(finished.values())).plan.config.objective
    with plot_style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(1.6 + 1.2 * len(values), 3.4), layout="constrained")
        axes = figure.add_subplot()
        places = range(len(values))
        for seed in next(iter(values.values())):
            axes.plot(places, [found[seed] for found in values.values()], color=GREY, linewidth=0.8, marker="o", markersize=3)
        means = [estimate(list(found.values())) for found in values.values()]
        errors = [found.standard_error if isfinite(found.standard_error) else 0.0 for found in means]
        axes.errorbar(places, [found.mean for found in means], errors, fmt="D", color=GREEN, capsize=4, ecolor=INK)
        axes.set_xticks(list(places), list(values))
        axes.set_ylabel(f"{objective.name} of the best member, {objective.unit}")
        axes.set_title("Grey: one seed. Green: mean ± standard error", fontsize=8)
        return {f"contest.{kind}": image_of(figure, kind) for kind in KINDS}
