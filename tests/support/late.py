"""Libraries that take seconds to load, and that only the tests of one module need: every worker collects it, one or two run it."""

import importlib
from typing import Any


class Late:
    """A module that is loaded when one of its public names is asked for; pytest asks each object of a test module for private ones."""

    def __init__(self, name: str) -> None:
        self._late_name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self._late_name), name)
