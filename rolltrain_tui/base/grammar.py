"""Grammar of sentences that are put together from parts."""

import re

HUGE = 1e9
"""Numbers of this size and more are written with a power of ten."""


def capital(words: str) -> str:
    """With a capital at the beginning, and the rest as it is."""
    return words[:1].upper() + words[1:]


def counted(number: int, noun: str, many: str = "") -> str:
    """ "1 turn", "2 turns". `many`: the plural where it is not the noun with an s."""
    return f"{number} {plural(number, noun, many)}"


def plural(number: float, noun: str, many: str = "") -> str:
    """The noun after this number, which stands before it in a form of its own: "1 step", "2,000 steps"."""
    return noun if number == 1 else many or noun + "s"


def fixed(value: float, digits: int = 3) -> str:
    """A number that people read: with so many decimals, and no negative zero."""
    return minus(decimals(value, digits, "z"))


def decimals(value: float, digits: int, flags: str = "") -> str:
    """With so many decimals; from HUGE on as 4.197e+75, since a loss that diverges has hundreds of digits. `flags` are format's."""
    return f"{value:{flags}.{digits}f}" if not abs(value) >= HUGE else f"{value:{flags}.{max(2, digits)}e}"


def minus(number: str) -> str:
    """A number that people read on a screen or in a report, with the sign for minus. What programs read keeps the hyphen."""
    return number.replace("-", "−")


def with_minus(words: str) -> str:
    """Words with numbers in them: the hyphen before a number becomes the sign for minus, any other stays."""
    return re.sub(r"(?<![\w.,-])-(?=\.?\d)", "−", words)
