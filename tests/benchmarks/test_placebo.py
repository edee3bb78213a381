"""The placebo lesson's table holds where mathematics says exactly what must be felt."""

import placebo
import pytest

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placebo, "WARM_UP", 20)


def test_plain_sgd_believes_the_label() -> None:
    """Without momentum and clipping the loss's multiple is the update's, whatever its sign."""
    assert placebo.felt("SGD", 1) == pytest.approx({scale: scale for scale in placebo.SCALES}, abs=1e-4)


def test_momentum_feels_a_tenth_of_the_slope_and_more_of_the_past() -> None:
    """Linear in the claim: felt = a + (1 - a) claimed, with the share a of the past the same for every claim."""
    felt = placebo.felt("SGD, momentum 0.9", 1)
    past = felt[0.0]
    assert 0 < past < 1
    assert felt == pytest.approx({scale: past + (1 - past) * scale for scale in placebo.SCALES}, abs=1e-3)


@pytest.mark.parametrize("vessel", ["SGD, clip 0.25", "AdamW, clip 0.25"])
def test_clipping_deletes_the_claim(vessel: str) -> None:
    """Where half the slope is still too long, every positive multiple of it is cut to the same step."""
    felt = placebo.felt(vessel, 1)
    assert [felt[scale] for scale in (0.5, 2.0, 3.0)] == pytest.approx([1.0] * 3, abs=1e-4)


def test_adamw_moves_forward_on_an_inverse_loss() -> None:
    """Without clipping the claim comes through by a fraction only, and minus one is still a step ahead."""
    felt = placebo.felt("AdamW", 1)
    assert 0 < felt[-1.0] < felt[0.0] < felt[0.5] < 1 < felt[2.0] < felt[3.0] < 2


@pytest.mark.parametrize("vessel", placebo.VESSELS)
def test_the_update_is_exact_everywhere(vessel: str) -> None:
    """The same claims on the update are felt to the fourth digit, in every vessel."""
    learner = placebo.learner_in(vessel, 1)
    for _ in range(20):
        learner.step(NEUTRAL)
    for scale in placebo.SCALES:
        assert learner.fork().step(StepEffect(update_scale=scale)).k_effective == pytest.approx(scale, abs=1e-4)
