"""What all pictures of rolltrain have in common: one style, PNG or SVG, the same bytes for the same numbers.

Drawn with matplotlib, the one library that does both formats, axes and legends well. It is an extra (`plots`), imported when a picture is
asked for: the game itself never needs it.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["png", "svg"]
KINDS: tuple[Kind, ...] = ("png", "svg")
MISSING = "No pictures: matplotlib is not installed. `pip install 'rolltrain-tui[plots]'` brings it; the same command then draws them."
STYLE: Any = {"svg.hashsalt": "rolltrain", "svg.fonttype": "none", "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False}
"""Text stays text in SVG, and the same numbers give the same file."""
INK, GREY, GREEN, AMBER, RED, VIOLET = "black", "#6c757d", "#1b7f5c", "#d98e04", "#c0392b", "#8c6bb1"
"""Told apart by colour-blind eyes as well, and never by colour alone."""


class NoPlotsError(Exception):
    """The plotting library is absent."""


@contextmanager
def studio() -> Iterator[None]:
    """Figures made inside have the house's style. NoPlotsError when the library is absent."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise NoPlotsError(MISSING) from None
    with mpl.rc_context(STYLE):
        yield


def picture(figure: "Figure", kind: Kind) -> bytes:
    """The figure as a file."""
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=144, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return file.getvalue()
