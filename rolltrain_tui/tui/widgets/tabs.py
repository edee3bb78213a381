"""The names of the panels that share one place on a small screen."""

from collections.abc import Sequence

from rolltrain_tui.tui.widgets.panel import Panel, Span


class TabLine(Panel):
    def show_tabs(self, names: Sequence[tuple[str, str]], chosen: str) -> None:
        """(id, title) of each tab."""
        spans: list[Span] = [(" ", "")]
        for tab, title in names:
            spans += [(f" {title} ", "tab" if tab == chosen else "muted", f"screen.tab('{tab}')"), (" ", "")]
        self.show([[*spans, ("  Tab", "key"), (" next", "muted")]])
