"""Style sheets are parsed once a process, not once an app: the hundreds of apps of these tests read the same ones."""

from typing import Any

from textual.css.stylesheet import Stylesheet


def parse_once() -> None:
    """From now on, sheets of equal text and variables share their rules, which nobody changes."""
    parse = Stylesheet._parse_rules
    sheets: dict[Any, Any] = {}

    def remembered(self: Stylesheet, *args: Any, **kwargs: Any) -> Any:
        key = (args, tuple(kwargs.items()), tuple(self._variables.items()))
        if key not in sheets:
            sheets[key] = parse(self, *args, **kwargs)
        return sheets[key]

    Stylesheet._parse_rules = remembered  # type: ignore[method-assign]
