"""Hostile text: what a model, a file or a name may hold, and how to tell that none of it reached a terminal."""

import random
import re
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

from rolltrain_tui.protocol.events import Event

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"
_INTRODUCERS = (f"{ESC}]", "\x9d", f"{ESC}P", "\x90", f"{ESC}_", "\x9f", f"{ESC}^", "\x9e", f"{ESC}X", "\x98")
_STRINGS = ("0;owned", "2;owned", "4;1;?", "8;;http://evil/", "10;?", "52;c;ZXZpbA==", "1337;File=:AA==", "777;notify;a;b", "")
_ENDS = (BEL, ST, "\x9c", "")
PAYLOADS = (
    [start + text + end for start in _INTRODUCERS for text in _STRINGS[:4] for end in _ENDS]
    + [start + text + BEL for start in (f"{ESC}]", "\x9d") for text in _STRINGS]
    + [
        ESC + "[" + rest
        for rest in ("2J", "H", "6n", "c", "?1049l", "?1049h", "?25l", "31m", "5i", "8;100;100t", "21t", "?2004h", ">c", "!p")
    ]
    + ["\x9b" + rest for rest in ("2J", "6n", "31m", "?1000h")]
    + [ESC + rest for rest in ("c", "7", "8", "D", "M", "E", "#8", "(0", ")0", "%@", "n", "o", "|", "}", "~", "=", ">", "Z", "", ESC, "[")]
    + [chr(code) for code in (*range(32), 127, *range(0x80, 0xA0))]
    + ["\u202e gnp.exe", "\u2066a\u2069", "\u200b\u200d\ufeff", "\u061c", "\u2028\u2029", "\ud800", "\udfff", "\U000e0041", "\ufff9"]
    + ["z" + "\u0300" * 50, "\u0489" * 20, "\u20d0" * 9, "a\b\b\bevil", "\r\rover", "tab\there", "line\nfeed", "\x0e\x0f", "\x00"]
)
MARKUP = (
    "[/]", "[bold", "[red]x[/blue]", "[@click=app.quit]x[/]", "[0]", "[type=x, v={'a[0]'}]", "[b][i]x[/b]", "[link=http://x]y[/link]",
    "[on red]z[/]", "[[]]", "\\[x]", "$accent", "[$primary]p[/]", ":smile:", "[@click=screen.leave]",
)  # fmt: skip

# What Textual and Rich write themselves: colours, places, modes, keyboard and queries at the start and the end.
_OWN = re.compile(
    rb"\x1b\[[0-9;:]*m|\x1b\[[0-9;]*[HABCDKJfG]|\x1b\[[?>=<]?[0-9;]*[hlu]|\x1b\[\?[0-9;]*\$p|\x1b\[c|\x1b\[>[0-9;]*[qm]|\x1b\[[0-9]* q"
    rb"|\x1b\]22;[a-z-]*\x07|\x1b\[\?2026[hl]|\x1b\[4;[0-9]*m|\x1b\[[0-9]*t|\x1bP\+q[0-9a-f]*\x1b\\|\x1b[78]"
)


def foreign_bytes(output: bytes) -> bytes:
    """What is left of a terminal's input when the screen library's own repertoire is taken away and it could still steer the terminal."""
    rest = _OWN.sub(b"", output)
    text = rest.decode("utf-8", errors="surrogateescape")
    return "".join(char for char in text if is_dangerous(char) and char not in "\r\n").encode("utf-8", errors="surrogateescape")


def is_dangerous(char: str) -> bool:
    """Not printable, and so able to do more than to be seen; newline and tab are left to the caller."""
    return not char.isprintable() and char not in "\n\t"


def random_text(rng: random.Random) -> str:
    """Up to sixty characters of every kind, payloads among them."""
    parts: list[str] = []
    while len(parts) < rng.randint(0, 8):
        kind = rng.randrange(6)
        if kind == 0:
            parts.append(rng.choice(PAYLOADS))
        elif kind == 1:
            parts.append(rng.choice(MARKUP))
        elif kind == 2:
            parts.append("".join(chr(rng.randrange(0x100)) for _ in range(rng.randint(1, 6))))
        elif kind == 3:
            parts.append("".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(1, 4))))
        elif kind == 4:
            parts.append(chr(rng.randrange(0x300, 0x370)) * rng.randint(1, 9))
        else:
            parts.append("The old ranger")
    return "".join(parts)


def poisoned(event: Event, text: str) -> Any:
    """The event with `text` in every field that is plain text."""
    hints = get_type_hints(type(event))
    return replace(event, **{part.name: text for part in fields(event) if hints[part.name] is str})  # type: ignore[type-var]


def text_fields(kind: type) -> list[str]:
    return [name for name, hint in get_type_hints(kind).items() if hint is str or str in get_args(hint)]
