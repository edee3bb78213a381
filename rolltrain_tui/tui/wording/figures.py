"""How numbers are written: fixed widths where they change in place, units always."""

import math

from rolltrain_tui.base.grammar import minus


def signed(number: int) -> str:
    return minus(f"{number:+d}")


def factor(k: float) -> str:
    """A multiple of the plain update: "×1.500"."""
    return minus(f"×{k:.3f}") if math.isfinite(k) else "×?"


def work(gflop: float) -> str:
    """Floating-point work: "900 GFLOP", "1.24 TFLOP"."""
    for unit, size in (("EFLOP", 1e9), ("PFLOP", 1e6), ("TFLOP", 1e3)):
        if gflop >= size:
            return f"{gflop / size:.2f} {unit}"
    return f"{gflop:.0f} GFLOP" if gflop >= 10 else f"{gflop:.2f} GFLOP"


def count(number: float) -> str:
    """ "812", "12.3 k", "4.56 M"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if number >= size:
            return f"{number / (1e3 if unit == 'k' else size):.{1 if unit == 'k' else 2}f} {unit}"
    return f"{number:.0f}"


def clock(seconds: float) -> str:
    """A duration: "1:19", "2:03:07", "3 d 4 h"."""
    if not math.isfinite(seconds):
        return "–"
    whole = round(seconds)
    if whole >= 86400:
        return f"{whole // 86400} d {whole % 86400 // 3600} h"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def trend(change: float) -> tuple[str, str]:
    """A change of the loss as (text, tone): falling is good; blank when there is none."""
    text = f"{abs(change):.3f}"
    if not math.isfinite(change):
        return " " * 6, "muted"
    if float(text) == 0:
        return f"={text}", "muted"
    return (f"▼{text}", "good") if change < 0 else (f"▲{text}", "bad")


def rate(turns_per_second: float | None) -> str:
    """A tempo: "20/s", "full speed"."""
    return "full speed" if turns_per_second is None else f"{turns_per_second:g}/s"
