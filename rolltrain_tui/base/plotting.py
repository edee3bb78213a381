"""The style of all matplotlib pictures: PNG or SVG, the same bytes for the same numbers.

matplotlib belongs to the extra `plots`. It is imported only when a picture is drawn.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["png", "svg"]
KINDS: tuple[Kind, ...] = ("png", "svg")
MISSING = "No pictures: matplotlib is not installed. `pip install 'rolltrain-tui[plots]'` brings it; the same command then draws them."
STYLE: Any = {
    "svg.hashsalt": "rolltrain",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""A fixed salt makes the identifiers in an SVG reproducible; its text stays text. Dollar signs in a foreign name begin no formula."""
INK, GREY, GREEN, AMBER, RED, VIOLET, BLUE = "black", "#6c757d", "#1b7f5c", "#d98e04", "#c0392b", "#8c6bb1", "#2c7fb8"
"""Colours that colour-blind readers can tell apart. Every picture uses a second sign beside colour."""


class NoPlotsError(ValueError):
    """matplotlib is not installed."""


def check_plots() -> None:
    """NoPlotsError where matplotlib is not installed."""
    with plot_style():
        pass


@contextmanager
def plot_style() -> Iterator[None]:
    """Figures made inside have this style. A character that the font lacks becomes a box, without a warning. NoPlotsError."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise NoPlotsError(MISSING) from None
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def image_of(figure: "Figure", kind: Kind) -> bytes:
    """The figure as a file, without a date or a program version in it."""
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=144, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return file.getvalue()
