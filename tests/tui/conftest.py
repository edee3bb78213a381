"""Which tests of the screens are slow."""

import inspect
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAST = {"test_snapshots", "test_game_parts", "test_menu"}
"""Modules that play the app among the fast tests: each main screen opens, and the game begins and ends."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that plays the app is slow: each app takes a tenth of a second or more."""
    for item in items:
        if HERE in item.path.parents and item.path.stem not in FAST and inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.slow)
