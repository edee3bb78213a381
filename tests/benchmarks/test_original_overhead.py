import pytest
from original_overhead import main

pytestmark = pytest.mark.slow


def test_it_measures() -> None:
    """A few rounds run to the end and compare three arms; what the ratios are is not for a test to say."""
    found = main(["--rounds", "2", "--block", "8", "--clock", "cpu"])
    assert found["plain loop"] == 1.0
    assert set(found) == {"plain loop", "the game", "the original, restated"}
