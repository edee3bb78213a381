import pytest
from foreign_overhead import WAYS, main

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


@pytest.mark.parametrize("via", WAYS)
def test_it_measures(via: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On a toy shape it runs its pairs to the end and tells both medians; what they are is not for a test to say."""
    found = main(["--via", via, "--layers", "1", "--width", "12", "--context", "4", "--sequences", "2", "--steps", "12", "--clock", "cpu"])
    assert found["pairs"] == 4
    assert found["game_ms"] > 0 < found["plain_ms"]
    assert "a turn takes" in capsys.readouterr().out
