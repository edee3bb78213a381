"""A panel of sentences, the newest at the bottom; it follows them unless it is scrolled back."""

from rolltrain_tui.tui.widgets.panel import Panel, paragraph

KEPT = 500
TONES = {"✖": "bad", "✔": "good", "★": "accent", "▲": "good", "═": "warn"}
"""A sentence that begins with a mark has its colour."""


class StoryPanel(Panel):
    ALLOW_SELECT = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._story: list[tuple[str, str]] = []
        self._back = 0

    def tell(self, text: str, tone: str | None = None) -> None:
        """Add a sentence, or several by line; its text must be clean."""
        for line in text.split("\n"):
            self._story.append((line, TONES.get(line[:1], "") if tone is None else tone))
        del self._story[:-KEPT]
        self._back = 0
        self.redraw()

    def leaf(self, by: int) -> None:
        """Scroll by half pages, back where `by` is negative."""
        self._back = max(0, self._back - by * max(1, self.content_size.height // 2))
        self.redraw()

    def redraw(self) -> None:
        width, height = max(10, self.content_size.width), max(1, self.content_size.height)
        lines = [line for text, tone in self._story for line in paragraph(text, width, tone)]
        self._back = min(self._back, max(0, len(lines) - height))
        end = len(lines) - self._back
        self.show(lines[max(0, end - height) : end])

    def on_resize(self) -> None:
        super().on_resize()
        self.redraw()
