"""Advice for a text where a number belongs: decimal commas, grouped digits, zeros in front, digits of other scripts."""

import math
import re
import unicodedata
from collections.abc import Callable

from rolltrain_tui.config.yaml_marks import number_in

LONGEST = 40
"""Characters of a text that is advised on."""
_GROUPED = r"[1-9]\d{0,2}(?:%s\d{3})+"
_SPACES = re.compile(r"(?<=\d)[ _'’](?=\d{3}(?!\d))")


def number_advice(text: str, *, whole: bool, fits: Callable[[float], bool] = math.isfinite) -> str:
    """What to write instead of `text`; "" where it is not clear which number is meant.

    `whole`: only whole numbers are allowed. `fits`: whether a number of this size is; else nothing is advised.
    """
    if (quoted := number_in(text)) is not None:
        return "take the quotes away" if fits(quoted) and (not whole or quoted == int(quoted)) else ""
    meant = [number for number in _readings(text) if not whole or number == int(number)]
    meant = meant[-1:] if whole else meant  # nobody writes a whole number with three zeros behind a decimal mark
    meant = [number for number in meant if fits(number)]
    return f"write {' or '.join(dict.fromkeys(_written(number, whole) for number in meant))}" if meant else ""


def _readings(text: str) -> list[float]:
    """The numbers that people write like this: with a decimal comma, then with commas, dots or spaces between groups of three digits."""
    if len(text) > LONGEST:
        return []
    plain = _SPACES.sub("", unicodedata.normalize("NFKC", text).replace("−", "-").replace("٫", ",").strip())
    match = re.fullmatch(r"([-+]?)([\d.,]*\d[\d.,]*)([eE][-+]?\d+)?", plain)
    if match is None:
        return []
    sign, digits, power = match[1], match[2], match[3] or ""
    ways = [_decimal(digits, mark, other) for mark, other in ((",", "."), (".", ","))]
    return [number for way in ways if way and math.isfinite(number := float(f"{sign}{way}{power}"))]


def _decimal(digits: str, mark: str, other: str) -> str:
    """The digits with `mark` read as the decimal mark and `other` between groups; "" where that is not how they are written."""
    whole, _, rest = digits.partition(mark)
    if mark in rest or other in rest:
        return ""
    grouped = re.fullmatch(_GROUPED % re.escape(other), whole) is not None
    if not grouped and not whole.isdigit() and whole:
        return ""
    return f"{whole.replace(other, '') or '0'}.{rest or '0'}"


def _written(number: float, whole: bool) -> str:
    """The number as a campaign file takes it."""
    if whole or (number == int(number) and abs(number) < 1e15):
        return str(int(number))
    return repr(number)
