"""Where a text is split into what is learned from and what is validated on. No torch: `rolltrain check` asks too."""

from math import ceil

from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.modes.text.corpora.text_file import DataError


def split_at(length: int, validation_fraction: float) -> int:
    """Characters to learn from; the rest is for validation."""
    return length - int(length * validation_fraction)


def refuse_short(title: str, length: int, fraction: float, context: int) -> None:
    """DataError unless each part holds at least context + 1 characters; `title` begins the sentence."""
    need, split = context + 1, split_at(length, fraction)
    if split >= need and length - split >= need:
        return
    total = max(ceil(need / fraction), ceil(need / (1 - fraction)))
    raise DataError(
        f"{title} is too short for a context of {context}: of its {counted(length, 'character')}"
        f" {split} {plural(split, 'is', 'are')} for training and {length - split} for"
        f" validation, and each part needs at least {need}. Use a text of about {total} characters or more, a smaller model.context,"
        f" or another data.validation_fraction than {fraction:g}."
    )
