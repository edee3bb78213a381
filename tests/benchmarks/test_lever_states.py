"""A lever is measured against the same run without it."""

import pytest
from lever_states import LEVERS, LOOKS, TUNED, brought_to, differences, during

from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect


@pytest.fixture(scope="module")
def slow() -> TextLearner:
    return brought_to(TUNED / 10, turns=40, seed=1)


def test_copies_read_the_same_batches(slow: TextLearner) -> None:
    """A copy without a lever is where the twin is, to the last bit; and who reads more in a turn reads the same as others afterwards."""
    lost, more = StepEffect(update_scale=0.0, on_zero="skip"), StepEffect(update_scale=0.0, on_zero="skip", batch_factor=4.0)
    found = differences(slow, {"none": lambda turn: NEUTRAL, "lost": during(1, lost), "more": during(1, more)})
    assert found["none"] == [0.0] * len(LOOKS)
    assert all(found["lost"])
    assert found["lost"] == found["more"]


def test_longer_steps_help_where_steps_are_too_small(slow: TextLearner) -> None:
    """At a tenth of the best rate an update half as long again is ahead after ten turns and after twenty, and one of a third is behind."""
    found = differences(slow, {name: LEVERS[name] for name in ("update x1.5, 10 turns", "update x0.3, 10 turns")})
    assert max(found["update x1.5, 10 turns"][1:]) < 0 < min(found["update x0.3, 10 turns"][1:])
