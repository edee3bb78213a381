"""The twin's verdict on interventions whose worth is known. The ten-seed table is printed by twin_verdicts.py."""

import pytest
from twin_verdicts import TUNED, verdict_on_tripling

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("factor", "verdict"), [(0.1, "helped"), (10.0, "hurt")])
def test_tripled_updates_are_judged_rightly(factor: float, verdict: str, seed: int) -> None:
    """Ten turns of tripled updates help at a tenth of the tuned learning rate and hurt at ten times it."""
    assert verdict == verdict_on_tripling(TUNED * factor, seed).verdict
