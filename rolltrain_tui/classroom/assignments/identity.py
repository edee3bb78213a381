"""Who hands in: a name as it was typed, and the seed that belongs to it. Names are typed, not proven."""

import hashlib
import unicodedata

from rolltrain_tui.base.safe_text import flat, one_line
from rolltrain_tui.runs.saves.store import plain_name

CELLS = 40
"""A longer name is cut."""
_READ = 400
"""Characters of a name that are looked at."""
_ALSO = frozenset(" '’.,-_()&+@#")
_ENDS = " .,-_'’+@#&"
"""Signs that neither begin nor end a name."""
_MARKS = 2
"""Combining marks on one letter."""


class UnusableName(ValueError):
    """A name that holds nothing to call somebody by; the message says what to do."""


def cleaned(name: str) -> str:
    """A name of letters, digits and a few signs, in one line of at most CELLS cells. UnusableName where nothing is left.

    Control characters, markup, bidirectional overrides and path separators are left out. Letters of every script stay.
    """
    kept, marks = [], 0
    for char in unicodedata.normalize("NFC", name[:_READ]):
        kind = unicodedata.category(char)
        space = kind == "Zs" or char in "\t\n\r"
        if kind == "Mn":
            marks += 1
            if marks <= _MARKS:
                kept.append(char)
        elif space or kind[0] in "LN" or kind == "Mc" or char in _ALSO:
            marks = 0
            kept.append(" " if space else char)
    # A mark may have lost what stood between it and its letter. An ellipsis where the line was cut is no part of the name.
    line = one_line(unicodedata.normalize("NFC", "".join(kept)).strip(_ENDS), CELLS).rstrip(f"…{_ENDS}")
    if not any(unicodedata.category(char)[0] in "LN" for char in line):
        found = "holds no letter or digit" if flat(name).strip() else "is empty"
        raise UnusableName(f"The name {found}. Give a name of letters or digits: --name ANNA.")
    return line


def otherwise(name: str) -> str:
    """A sentence for whoever typed a name that stands otherwise in the table; "" where it stands as it was typed."""
    called = cleaned(name)
    if called == unicodedata.normalize("NFC", " ".join(name.split())):
        return ""
    return f"The name stands in the table as {called}: letters, digits and a few signs, in at most {CELLS} columns."


def key(name: str) -> str:
    """What two spellings of one name have in common: capitals do not matter."""
    return cleaned(name).casefold()


def seed_of(assignment: str, name: str) -> int:
    """The seed of a student in an assignment: 63 bits of SHA-256 of both."""
    digest = hashlib.sha256(f"{assignment}\n{key(name)}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def file_name(name: str) -> str:
    """A file name for a student: ASCII, never a path. Where it does not say the whole name, a part of a hash tells students apart."""
    own = key(name)
    plain = plain_name(own, "student")
    whole = "-" not in own and plain == own.replace(" ", "-")
    return plain if whole else f"{plain}-{hashlib.sha256(own.encode()).hexdigest()[:6]}"
