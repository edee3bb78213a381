"""What a text where a number belongs was meant to be."""

import pytest

from rolltrain_tui.config.number_advice import number_advice
from rolltrain_tui.config.yaml_marks import number_in

NUMBERS = {
    "0,002": "0.002", "0,5": "0.5", "-0,5": "-0.5", ",5": "0.5", "5,": "5", "12,3456": "12.3456", "1,5e-3": "0.0015",
    "1.000,5": "1000.5", "1,000.5": "1000.5", "1.234.567,8": "1234567.8", "1,234,567.8": "1234567.8",
    "1,000,000": "1000000", "1.000.000": "1000000", "1 000": "1000", "1_000": "1000", "1'000": "1000", "1\u00a0000,5": "1000.5",
    "１，５": "1.5", "−3": "-3", "2000\u00a0": "2000", "007": "7", "0,0000001": "1e-07",
    "1,234": "1.234 or 1234", "abc": "", "1,2,3": "", "1.2.3": "", "1,00,000": "", "1.000.5": "", "1,5 %": "", "nan": "", "1,0e999": "",
    "": "", "9" * 50: "", ",": "", ".": "",
}  # fmt: skip
WHOLE = {"3,0": "3", "2,000": "2000", "1.000.000": "1000000", "3,5": "", "1.000,5": "", "0,002": "", "1 000": "1000"}


@pytest.mark.parametrize(("text", "meant"), NUMBERS.items())
def test_a_number_keeps_its_size(text: str, meant: str) -> None:
    """A comma is a decimal mark, or parts groups of three digits; where both may be meant, both are named, and else nothing is advised."""
    assert (f"write {meant}" if meant else "") == number_advice(text, whole=False)
    assert all(number_in(number) is not None for number in meant.split(" or ") if meant)


@pytest.mark.parametrize(("text", "meant"), WHOLE.items())
def test_a_whole_number_is_advised_only_where_one_is_meant(text: str, meant: str) -> None:
    """Three digits behind a mark are thousands; a part of one is no whole number."""
    assert (f"write {meant}" if meant else "") == number_advice(text, whole=True)


def test_a_number_in_quotes_loses_them() -> None:
    """It was right but for the quotes."""
    assert "take the quotes away" == number_advice("2000", whole=True) == number_advice("2.5", whole=False)
    assert "" == number_advice("2.5", whole=True)


@pytest.mark.parametrize("text", ["0,2", "2e-3", "5,0"])
def test_no_number_is_advised_that_would_be_refused(text: str) -> None:
    """Too small, no whole number behind its quotes, too large."""
    assert number_advice(text, whole=True, fits=lambda number: 1 <= number <= 4) == ""
