"""A canvas of braille dots: two across and four down in every character cell."""

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of the dot in row y, column x of a cell (Unicode block U+2800)."""
_CHARACTERS = tuple(chr(0x2800 + bits) for bits in range(256))
SOLID, DASHED = (1, 0), (6, 4)
"""Dots of a line that are drawn, and that are left out after them."""


class Canvas:
    """`columns` x `rows` cells, so 2 columns x 4 rows dots, origin at the upper left. Dots outside are left out."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = max(0, columns), max(0, rows)
        self.width, self.height = 2 * self.columns, 4 * self.rows
        self.cells = [bytearray(self.columns) for _ in range(self.rows)]

    def dot(self, x: int, y: int) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            self.cells[y >> 2][x >> 1] |= _DOTS[y & 3][x & 1]

    def column(self, x: int, top: int, bottom: int) -> None:
        """A vertical stroke, ends included."""
        for y in range(max(0, top), min(self.height - 1, bottom) + 1):
            self.dot(x, y)

    def line(self, x0: float, y0: float, x1: float, y1: float, dash: tuple[int, int] = SOLID, run: int = 0) -> int:
        """A straight stroke, ends included. `run`: dots of a longer line before it; the number of dots up to its end."""
        steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0))))
        for i in range(steps + 1):
            if (run + i) % sum(dash) < dash[0]:
                self.dot(round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps))
        return run + steps

    def text(self, row: int) -> str:
        """A row as characters, blanks as spaces."""
        return "".join(_CHARACTERS[bits] if bits else " " for bits in self.cells[row])
