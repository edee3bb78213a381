"""A small assignment with one run that was handed in."""

from pathlib import Path

import pytest
from class_grading import Class, assignment, orders

TURNS = 8


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """The class, before anybody hands in."""
    return Class(assignment(TURNS), tmp_path_factory.mktemp("class"))


@pytest.fixture(scope="module")
def anna(room: Class) -> Path:
    """Anna's run."""
    return room.play("Anna", orders(1, TURNS))
