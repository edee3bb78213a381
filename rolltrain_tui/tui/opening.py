"""What the title and the loading screen say, and how they look at first, without Textual: loading that takes most of a start.

`title` and `loading` give the frame that Textual will draw first, line by line, so that the terminal can have it at once
(`first_picture`). A test compares both, characters and colours.
"""

from dataclasses import dataclass

from rolltrain_tui.tui.drawing.polyhedra import picture

LOGO = r"""
    ____        ____       __            ______           _
   / __ \____  / / /      / /_____      /_  __/________ _(_)___
  / /_/ / __ \/ / /_____ / __/ __ \______/ / / ___/ __ `/ / __ \
 / _, _/ /_/ / / /_____// /_/ /_/ /_____/ / / /  / /_/ / / / / /
/_/ |_|\____/_/_/       \__/\____/     /_/ /_/   \__,_/_/_/ /_/
""".strip("\n")

DIE = """
   ⣀⡤⠖⡟⠲⢤⣀
⢠⣴⠾⠥⠤⢤⣷⡤⠤⠬⠷⣦⡄
⢸⣇  ⢀⡞ ⢳⡀  ⣸⡇
⢸⠘⣆⢠⠏{}⠹⡄⣰⠃⡇
⢸⣀⡼⣯⠤⠤⠤⠤⠤⣽⢧⣀⡇
⠘⠳⢤⡈⢧⡀ ⢀⡼⢁⡤⠞⠃
   ⠉⠓⠿⣤⠿⠚⠉
""".strip("\n")

TAGLINE = "Every turn trains a real model one step. The die has a say in it."
WAITING = "Loading PyTorch …"
TUMBLE = (7, 14, 2, 18, 11, 5, 16, 9, 3, 13)
"""What the die shows while PyTorch is loaded."""
NAME = "Roll-to-Train"
"""Where the logo has no room."""
WIDE = 86
"""Columns from which the die stands beside the name."""
HIGH = 24
"""Rows from which there is a die."""
MENU = (
    ("new", "New campaign", "Choose an adventure and a hero"),
    ("load", "Load a save", ""),
    ("arena", "Arena", "Breed small models, train them, let them battle"),
    ("dungeon", "Dungeon", "Play a text adventure by yourself; nothing is trained"),
    ("watch", "Watch a replay", "A run as it was played"),
    ("codex", "Codex", "What every mechanic really does to the training"),
    ("quit", "Quit", ""),
)
"""Key, label and a few words of each item."""
NEEDS_RUNS = ("load", "watch")
NO_RUNS = "No saves yet"
FOOTER = (("Enter", "Choose"), ("?", "Help"), ("t", "Theme"))
PALETTE = ("^p", "palette")
LOADING_DIE = (22, 11)
"""Columns and rows."""
LOADING_HINT = "The first time takes a few seconds. Escape goes back."
READING = "The campaign is read …"
REWINDING = "The chronicle is opened …"
SEEKING = "The run is looked for …"
LAYING = "The table is laid …"
DIGGING = "The dungeon is dug …"
SERVING = "The doors are opened …"
MUSTERING = "The members gather …"
GATHERING = "The party gathers: reading the data, building the model …"


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one theme, as the terminal gets them: rrggbb."""

    background: str
    bar: str
    """Behind the footer."""
    words: str
    text: str
    detail: str
    off: str
    logo: str
    die: str
    accent: str
    key: str
    mark: str
    rule: str


THEMES = {
    "tavern": Colours(
        background="16110d", bar="1e1712", words="eadfce", text="a19f9e", detail="a1988c", off="80786d",
        logo="dfa458", die="86b3a4", accent="f4c95c", key="f5c95c", mark="efa04b", rule="463f37",
    ),
    "parchment": Colours(
        background="f4ead7", bar="e9dcc1", words="17100a", text="615d56", detail="625a4f", off="7f776b",
        logo="793f0c", die="1f5c50", accent="27408b", key="27408b", mark="7c4200", rule="bfb39c",
    ),
    "high-contrast": Colours(
        background="000000", bar="000000", words="ffffff", text="d6d6d6", detail="d6d6d6", off="a8a8a8",
        logo="fee14d", die="5ce1ff", accent="fee14d", key="ffe14d", mark="feb83d", rule="333333",
    ),
    "blue-orange": Colours(
        background="0e1318", bar="141b22", words="e6ebf0", text="9ea0a2", detail="9ca1a6", off="7a7f84",
        logo="7fb8e6", die="b9c6d3", accent="f4d76e", key="f5d76e", mark="f4e8b0", rule="3e444b",
    ),
}  # fmt: skip
"""Textual mixes some of them from the colours in `themes`; the test has the terminal's."""

Run = tuple[str, str]
"""Text, and the name of its colour; with "+bold" or "+italic" behind."""
Line = list[Run]


def title(columns: int, rows: int, face: int = TUMBLE[0]) -> list[Line] | None:
    """The title's first frame, a line for each row; None where it does not fit. `face`: what the die shows."""
    wide = columns >= WIDE
    content: list[Line] = [
        *(_beside(columns, face) if wide else _above(columns, face)),
        _centred([(TAGLINE, "text+italic")], columns),
        *_blank(2 if wide else 1),
        *_menu(columns),
    ]
    room = rows - 2
    if columns < 80 or rows < HIGH or len(content) > room:
        return None
    above = (room - len(content)) // 2
    torch: Line = [("◌ ", "mark"), (WAITING, "text")]
    lines: list[Line] = [*_blank(above), *content, *_blank(room - above - len(content))]
    return [*lines, _at(columns - 2 - _width(torch), torch), _footer(columns)]


def loading(words: str, columns: int, rows: int) -> list[Line] | None:
    """The loading screen's first frame without the hint, for no key is answered yet; None where it does not fit."""
    die = picture(20, 0, *LOADING_DIE)
    content: list[Line] = [
        *(_centred([(line, "logo")], columns) for line in die),
        [],
        _centred([(words, "words")], columns),
    ]
    if columns < 64 or len(content) + 1 > rows:
        return None
    above = (rows - len(content) - 1) // 2
    return [*_blank(above), *content, *_blank(rows - above - len(content))]


def _faces(face: int) -> list[Line]:
    """The die's lines, with `face` in the middle one."""
    lines: list[Line] = [[(line, "die")] for line in DIE.split("\n")]
    before, after = DIE.split("\n")[3].split("{}")
    lines[3] = [(before, "die"), (f"{face:^3}", "accent+bold"), (after, "die")]
    return lines


def _beside(columns: int, face: int) -> list[Line]:
    die, logo = _faces(face), ["", *LOGO.split("\n"), ""]
    left = (columns - 13 - 4 - 65) // 2
    rows = zip(die, logo, strict=True)
    return [*(_at(left, [*line, (" " * (17 - _width(line)), ""), (name, "logo")]) for line, name in rows), []]


def _above(columns: int, face: int) -> list[Line]:
    left = (columns - 65) // 2
    return [*(_at(left + 26, line) for line in _faces(face)), *(_at(left, [(line, "logo")]) for line in LOGO.split("\n"))]


def _menu(columns: int) -> list[Line]:
    left = (columns - min(columns, 100)) // 2 + (6 if columns >= WIDE else 2)
    label = max(len(name) for _, name, _ in MENU)
    lines = []
    for index, (key, name, detail) in enumerate(MENU):
        off, words = key in NEEDS_RUNS, detail or (NO_RUNS if key == "load" else "")
        tone, more = ("accent+bold", "words") if index == 0 else ("off", "off") if off else ("words", "detail")
        lines.append(_at(left, [("▸ " if index == 0 else "  ", "accent+bold"), (name.ljust(label), tone), ("   ", ""), (words, more)]))
    return lines


def _footer(columns: int) -> Line:
    line: Line = [part for key, words in FOOTER for part in ((f" {key}", "key+bold"), (f" {words} ", "words"))]
    right: Line = [("▏", "rule"), (PALETTE[0], "key+bold"), (f" {PALETTE[1]} ", "words")]
    return [*line, (" " * (columns - _width(line) - _width(right)), ""), *right]


def _blank(lines: int) -> list[Line]:
    return [[] for _ in range(lines)]


def _at(column: int, line: Line) -> Line:
    return [(" " * column, ""), *line]


def _centred(line: Line, columns: int) -> Line:
    return _at((columns - _width(line)) // 2, line)


def _width(line: Line) -> int:
    return sum(len(text) for text, _ in line)
