"""Numbers three lines high, to be read from the last row of a room."""

GLYPHS = {
    "0": ("█▀█", "█ █", "▀▀▀"),
    "1": ("▄█ ", " █ ", "▀▀▀"),
    "2": ("▀▀█", "█▀▀", "▀▀▀"),
    "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"),
    "5": ("█▀▀", "▀▀█", "▀▀▀"),
    "6": ("█▀▀", "█▀█", "▀▀▀"),
    "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"),
    "9": ("█▀█", "▀▀█", "▀▀▀"),
    ".": (" ", " ", "▄"),
    "−": ("   ", "▀▀▀", "   "),
    "+": (" ▄ ", "▀█▀", "   "),
}
ROWS = 3


def big(text: str) -> tuple[str, ...]:
    """Three lines, all equally long. Characters that have no large form are left out."""
    glyphs = [GLYPHS[char] for char in text.replace("-", "−") if char in GLYPHS]
    return tuple(" ".join(glyph[row] for glyph in glyphs) for row in range(ROWS))
