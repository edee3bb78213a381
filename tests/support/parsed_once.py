"""Texts that hundreds of tests read are parsed once a process: style sheets by each app, campaigns and overrides by each run."""

import pickle
from functools import cache
from typing import Any

from textual.css.stylesheet import Stylesheet

from rolltrain_tui.config import overrides, reading
from rolltrain_tui.config.yaml_marks import Document, read_marked


def parse_once() -> None:
    """From now on."""
    _sheets()
    reading.read_marked = overrides.read_marked = _campaign


def _sheets() -> None:
    """Sheets of equal text and variables share their rules, which nobody changes."""
    parse = Stylesheet._parse_rules
    sheets: dict[Any, Any] = {}

    def remembered(self: Stylesheet, *args: Any, **kwargs: Any) -> Any:
        key = (args, tuple(kwargs.items()), tuple(self._variables.items()))
        if key not in sheets:
            sheets[key] = parse(self, *args, **kwargs)
        return sheets[key]

    Stylesheet._parse_rules = remembered  # type: ignore[method-assign]


def _campaign(content: bytes | str) -> Document:
    """A document of its own for each reader. Tests of the parser call the parser."""
    document: Document = pickle.loads(_parsed(content))
    return document


@cache
def _parsed(content: bytes | str) -> bytes:
    return pickle.dumps(read_marked(content))
