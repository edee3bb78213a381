"""A box of prepared lines. Giving it new ones redraws only the lines that differ, which is what keeps the screen cheap."""

from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.widget import Widget

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.story.scene import Scene

Span = tuple[str, ...]
"""(text, tone) or (text, tone, action): tones are those of TONES joined by "+", an action is run by a click."""
Line = Sequence[Span]

TONES = {
    "muted": "$foreground 66%",
    "off": "$foreground-disabled",
    "faint": "$foreground 34%",
    "strong": "bold",
    "primary": "$primary",
    "accent": "bold $accent",
    "good": "$success",
    "bad": "$error",
    "warn": "$warning",
    "cool": "$secondary",
    "hp": "$error",
    "xp": "$accent",
    "energy": "$secondary",
    "track": "$foreground 18%",
    "edge": "$foreground 20%",
    "band": "on $warning 22%",
    "key": "bold $accent",
    "shortcut": "bold $footer-key-foreground",
    "tab": "bold $background on $primary",
    "struck": "strike $foreground 66%",
}
"""Styles in the variables of the theme. Component classes would be matched against all style sheets for each panel and tone:
two thirds of the time in which the game opens."""


def safe(text: str) -> str:
    """The last door before the terminal: whatever a panel forgot to clean is cleaned here. Costs nothing where there is nothing to do."""
    return text if text.isprintable() else flat(text)


class Panel(Widget):
    """Subclasses give `show` their lines; nothing else of theirs needs to know how they are drawn."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Panel { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}
        self._title = ""

    def show(self, lines: Iterable[Line]) -> None:
        """Draw these lines from the top; what does not fit is cut, and a line that is says so by an ellipsis."""
        before, self._lines = self._lines, list(lines)
        changed = [y for y, line in enumerate(self._lines) if y >= len(before) or before[y] != line]
        changed += range(len(self._lines), len(before))
        if changed:
            for y in changed:
                self._strips.pop(y, None)
            width, height = self.content_size  # looked up once: it costs as much as drawing a line
            self.refresh(*(Region(0, y, width, 1) for y in changed if y < height))

    def name_box(self, title: str) -> None:
        """The words in the upper edge, taken literally."""
        if title != self._title:
            self._title = title
            self.border_title = safe(title).replace("[", r"\[")

    def style_of(self, tone: str) -> Style:
        """The style of a tone, or of several joined by "+"."""
        if (style := self._styles.get(tone)) is None:
            style = self._styles[tone] = sum((self._single(part) for part in tone.split("+") if part), Style.null())
        return style

    def _single(self, tone: str) -> Style:
        known = self.app.theme_variables  # Textual itself would look for the app in the context, and a viewer's thread has none
        style = VisualStyle.parse(TONES[tone], {word[1:]: known[word[1:]] for word in TONES[tone].split() if word.startswith("$")})
        backdrop = self.background_colors[1]
        ink = (backdrop + style.foreground).rich_color if style.foreground is not None else None
        ground = (backdrop + style.background).rich_color if style.background is not None else None
        return Style(color=ink, bgcolor=ground, bold=style.bold, strike=style.strike)

    def notify_style_update(self) -> None:
        self._styles.clear()
        self._strips.clear()
        super().notify_style_update()

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, for copying."""
        return selection.extract("\n".join("".join(span[0] for span in line).rstrip() for line in self._lines)), "\n"

    def on_resize(self) -> None:
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        if (strip := self._strips.get(y)) is None:
            strip = self._strips[y] = self._draw(y)
        return strip

    def _draw(self, y: int) -> Strip:
        width = self.content_size.width
        line = self._lines[y] if y < len(self._lines) else ()
        base = self._base_style()
        strip = Strip([Segment(safe(span[0]), base + self._styled(span)) for span in line if span[0]])
        if strip.cell_length > width > 0 and strip.crop(width).text.strip():  # else a number could look like a shorter one
            strip = Strip([*strip.crop(0, width - 1), Segment("…", base)])
        strip = strip.adjust_cell_length(width, base)
        if not self.ALLOW_SELECT:
            return strip
        strip = strip.apply_offsets(0, y)
        if (selection := self.text_selection) is not None and (chosen := selection.get_span(y)) is not None:
            start, end = chosen
            end = width if end == -1 else min(end, width)
            mark = self.screen.get_component_rich_style("screen--selection")
            picked = Strip(Segment.apply_style(strip.crop(start, end), post_style=mark))
            strip = Strip.join([strip.crop(0, start), picked, strip.crop(end, width)])
        return strip

    def _base_style(self) -> Style:
        if (style := self._styles.get("base")) is None:
            style = self._styles["base"] = self.rich_style
        return style

    def _styled(self, span: Span) -> Style:
        style = self.style_of(span[1])
        return style + Style.from_meta({"@click": span[2]}) if len(span) > 2 else style


class WholePanel(Panel):
    """A panel that is whole at its first frame: it asks for its lines when it knows its size, and again when that changes."""

    def __init__(self, look: Callable[[int, int], Iterable[Line]], *, id: str | None = None, classes: str | None = None) -> None:
        """`look` gives the lines for a width and a height."""
        super().__init__(id=id, classes=classes)
        self._look = look
        self._looked: tuple[int, int] | None = None

    def look_again(self) -> None:
        """Show what there is now."""
        self._looked = self.content_size.width, self.content_size.height
        self.show(self._look(*self._looked))

    def render_line(self, y: int) -> Strip:
        if self._looked != (size := (self.content_size.width, self.content_size.height)):
            self._looked, self._lines = size, list(self._look(*size))
            self._strips.clear()
        return super().render_line(y)


class ScenePanel(Panel):
    """A panel that knows how to tell its part of a scene."""

    def show_scene(self, scene: Scene) -> None:
        raise NotImplementedError


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(span[0]) for span in line)


def cut(text: str, width: int) -> str:
    """At most `width` cells of a text, an ellipsis where it was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" if width > 0 else ""


def cut_line(line: Line, width: int) -> Line:
    """At most `width` cells of a line; the span that is cut ends with an ellipsis."""
    kept: list[Span] = []
    for span in line:
        if width <= 0:
            break
        kept.append((cut(span[0], width), *span[1:]))
        width -= cell_len(kept[-1][0])
    return kept


def justify(left: Line, right: Line, width: int) -> Line:
    """`left` at the left edge, `right` at the right one, a space between; `left` gives way."""
    room = width - width_of(right)
    gap = room - width_of(left)
    if gap >= 1:
        return [*left, (" " * gap, ""), *right]
    kept = cut_line(left, room - 1)
    return [*kept, (" " * max(0, room - width_of(kept)), ""), *right]


def bar(value: float, most: float, width: int, tone: str) -> Line:
    """A gauge of `width` cells, filled in eighths."""
    share = min(1.0, max(0.0, value / most)) if most > 0 else 0.0
    eighths = round(share * width * 8)
    full, part = divmod(eighths, 8)
    filled = "█" * full + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[part]
    return [(filled, tone), ("░" * (width - len(filled)), "track")]


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken at spaces where there are any; line breaks in the text stay."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.replace("\t", "    ").split(" "):
            candidate = f"{line} {word}" if line else word
            while len(candidate) > (far := 4 * width) > 0 or cell_len(candidate) > width > 0:
                if line:
                    lines.append(line)
                    candidate, line = word, ""
                else:  # of a very long word only the beginning is measured
                    head = set_cell_size(candidate[:far], width).rstrip() or candidate[0]
                    lines.append(head)
                    candidate = candidate[len(head) :]
            line = candidate
        lines.append(line)
    return lines


def paragraph(text: str, width: int, tone: str = "") -> list[Line]:
    """The text on as many lines as it needs, all of one tone."""
    return [[(line, tone)] for line in wrap(text, width)]
