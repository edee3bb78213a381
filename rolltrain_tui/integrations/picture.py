"""The original's picture of a run: loss before the roll, loss after it, validation. matplotlib is imported here only."""

from collections.abc import Sequence
from pathlib import Path


class NoPictures(ValueError):  # noqa: N818 - what is missing
    """matplotlib is not installed."""


def draw_losses(raw: Sequence[float], rolled: Sequence[float], validation: Sequence[tuple[int, float]], path: Path) -> Path:
    """Three panels, one below the other, as a PNG. NoPictures says what to install."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise NoPictures("drawing needs matplotlib: pip install 'rolltrain-tui[plots]'") from None
    figure = Figure(figsize=(8, 9), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True)
    turns = range(1, len(raw) + 1)
    for panel, losses, title, colour in ((above, raw, "Loss before the roll", "tab:blue"), (middle, rolled, "Loss × k felt", "tab:orange")):
        panel.plot(turns, losses, color=colour, linewidth=0.8)
        panel.set(title=title, ylabel="nats")
    below.plot([turn for turn, _ in validation], [loss for _, loss in validation], color="tab:green", marker="o", markersize=3)
    below.set(title="Validation loss", ylabel="nats", xlabel="turn")
    figure.savefig(path, dpi=120)
    return path
