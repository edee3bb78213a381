"""The dials of the dungeon: each is found in the training as it was asked for; they are kept, and taken back."""

import pytest
import torch
from support.paths import BY, CAMPAIGNS, DUNGEON, HELD, WRITING
from support.small_learners import dungeon_learner

from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.dials import refusal
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepAbandoned


@pytest.mark.parametrize(
    ("dial", "value", "asked", "found"),
    [
        ("entropy", "0.05", 0.05, 0.05),
        ("entropy", "0", 0.0, 0.0),
        ("value", "2", 2.0, 2.0),
        ("kl", "0.3", 0.3, 0.3),
        ("rate", "0.1", 0.1, 0.1),
        ("every", "2", 2.0, 2.0),
        ("worlds", "3", 1.0, 1.0),
        ("temperature", "0.5", 0.5, 0.5),
        ("again", "", 0.0, 0.0),
    ],
)
def test_what_was_asked_is_found(dial: str, value: str, asked: float, found: float) -> None:
    """Within a few turns the training shows what was asked for, and the report has both numbers."""
    hero = dungeon_learner()
    for _ in range(2):
        hero.step(NEUTRAL)
    measured = dict(hero.step(StepEffect(dials=((dial, value),))).measured)
    for _ in range(4):
        measured |= hero.step(NEUTRAL).measured
    assert measured[f"dial.{dial}"] == pytest.approx(found, rel=2e-2, abs=1e-4)
    assert measured[f"dial.{dial}.asked"] == pytest.approx(asked)
    assert {dial} == {name.split(".")[1] for name in measured if name.startswith("dial.")}


def test_own_brings_back_what_the_file_says() -> None:
    """After own, the learner learns as one whose dials were never turned."""
    hero, other = dungeon_learner(), dungeon_learner()
    for dial, value in (("entropy", "1"), ("value", "3"), ("rate", "7"), ("every", "9"), ("worlds", "2"), ("temperature", "3")):
        for asked in (value, "own"):
            hero.settle(hero.settings.turned({dial: asked}))
    assert [hero.step(NEUTRAL).loss for _ in range(4)] == [other.step(NEUTRAL).loss for _ in range(4)]


def test_a_stopped_turn_takes_its_dials_back_and_a_save_keeps_them() -> None:
    """Dials, coefficients, games and lessons stand as before; the turn can be taken again, and a copy goes on like it."""
    hero = dungeon_learner(*HELD)
    hero.step(NEUTRAL)
    before, tensors = hero.state_dict(), {name: tensor.clone() for name, tensor in hero.tensors().items()}
    effect = StepEffect(dials=(("kl", "1"), ("worlds", "2"), ("rate", "2"), ("entropy", "0.3"), ("every", "1")))
    seen = iter(range(100))
    hero.should_stop = lambda: next(seen) >= 5
    with pytest.raises(StepAbandoned):
        hero.step(effect)
    assert hero.state_dict() == before
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in hero.tensors().items())
    hero.should_stop = lambda: False
    assert hero.step(effect).measured["dial.rate"] == pytest.approx(2)
    twin = hero.fork()
    assert twin.settings == hero.settings
    assert [twin.step(NEUTRAL).loss for _ in range(2)] == [hero.step(NEUTRAL).loss for _ in range(2)]
    assert hero.buffer.since == 3


def test_a_dial_that_cannot_act_says_why() -> None:
    """GRPO learns no values and has no distance of that kind; what PPO has can be turned."""
    dials = load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, "ppo=null", BY["grpo"])).dials
    assert "learns no values" in refusal(dials, "value", "1")
    assert "no such distance" in refusal(dials, "kl", "0.1")
    assert refusal(dials, "entropy", "0.1") == ""
    writing = load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *WRITING)).dials
    assert "writes its commands" in refusal(writing, "temperature", "1")
    assert refusal(dials, "temperature", "1") == ""
    own = load(CAMPAIGNS / "dungeon_first.yaml", DUNGEON).dials
    assert {refusal(own, dial.name, dial.choices[0] if dial.choices else "") for dial in own} == {""}
    assert "between" in refusal(own, "rate", "1000") or "from 0.0001 to 100" in refusal(own, "rate", "1000")
