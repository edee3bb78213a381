"""What all sections of a campaign have in common."""

from typing import ClassVar

from rolltrain_tui.config.section import Section


class Shared(Section):
    older: ClassVar = {"camps": 3, "gate": False}
    camps: int
    gate: bool


class OfAMode(Shared):
    older: ClassVar = {"rate": 0.5, "gate": True}
    camps: int
    rate: float


def test_a_section_of_a_mode_keeps_what_older_campaigns_mean_by_the_shared_fields() -> None:
    """What it says itself of older campaigns stands beside that, and goes before; what the campaign says goes before both."""
    assert OfAMode.model_validate({}) == OfAMode(camps=3, gate=True, rate=0.5)
    assert OfAMode.model_validate({"camps": 4, "rate": 0.1}) == OfAMode(camps=4, gate=True, rate=0.1)
    assert Shared.model_validate({}) == Shared(camps=3, gate=False)
