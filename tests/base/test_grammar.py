"""Numbers in sentences."""

import pytest

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.story.phrases import number, plus_minus


@pytest.mark.parametrize("value", [4.1971e75, -4.1971e75, 1.7e308, -1.7e308, 1e9])
def test_a_loss_that_diverges_is_a_short_number(value: float) -> None:
    """A sentence with hundreds of digits tells nobody anything."""
    told = (fixed(value), Objective().text(value, unit=False), number(value), plus_minus(value))
    assert all("e+" in words and len(words) <= 14 for words in told)
    assert fixed(4.1971e75) == "4.197e+75"


def test_usual_numbers_keep_their_decimals() -> None:
    """Up to a billion, and without a negative zero."""
    assert ("999999999.000", "1.484", "−2.500", "0.000") == (fixed(999_999_999), fixed(1.4841), fixed(-2.5), fixed(-0.0))
