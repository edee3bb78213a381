"""Sick runs meet their monsters. The five-seed table, with the healthy run, is printed by diagnosed_monsters.py."""

from pathlib import Path

import pytest
from diagnosed_monsters import PATIENCE, course

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sickness", ["cold", "dead", "bursting"])
def test_a_sick_run_meets_its_monster(sickness: str, tmp_path: Path) -> None:
    """Within 60 turns of falling sick."""
    found = course(sickness, 0, tmp_path)
    own = found.own(sickness)
    assert own is not None
    assert own <= found.onset + PATIENCE
