"""The three losses of a run as Roll-to-Train draws them: before the roll, after it, and on validation data."""

from collections.abc import Sequence
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.plotting import AMBER, GREEN, GREY, image_of, plot_style


def draw_losses(raw: Sequence[float], rolled: Sequence[float], validation: Sequence[tuple[int, float]], path: Path) -> Path:
    """Three panels, one below the other, as a PNG. NoPlotsError without matplotlib."""
    with plot_style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 9), layout="constrained")
        above, middle, below = figure.subplots(3, 1, sharex=True)
        turns = range(1, len(raw) + 1)
        for panel, losses, title, colour in ((above, raw, "Loss before the roll", GREY), (middle, rolled, "Loss × k felt", AMBER)):
            panel.plot(turns, losses, color=colour, linewidth=0.8)
            panel.set(title=title, ylabel="loss")
        below.plot([turn for turn, _ in validation], [loss for _, loss in validation], color=GREEN, marker="o", markersize=3)
        below.set(title="Validation loss", ylabel="loss", xlabel="turn")
        atomic_files.replace(path, image_of(figure, "png"))
    return path
