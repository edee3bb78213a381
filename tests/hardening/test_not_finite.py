"""A loss or a gradient that is not a number: the hero may fall, the run goes on, and nothing is poisoned."""

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.events import CampaignEnded, DeathSaveRolled, Evaluated, Event, HeroFell, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs.layout import CHRONICLE
from rolltrain_tui.runs.log.event_log import read
from rolltrain_tui.runs.run import Run
from rolltrain_tui.story.scene import Scene

pytestmark = pytest.mark.slow

Configure = Callable[..., CampaignConfig]
CAMP, POISONED = 6, (8, 9)
"""The turn of the camp before, and the turns that are spoilt."""
WAYS = {"loss": math.nan, "gradient": math.inf, "one coordinate": math.nan}


def spoil(expedition: Run, way: str) -> None:
    """In those turns what the batch gives is not finite, as a burst network's is."""
    learner: Any = expedition.campaign.learner
    descend = learner._descend

    def spoilt(*batch: Any, **how: Any) -> torch.Tensor:
        loss: torch.Tensor = descend(*batch, **how)
        if expedition.campaign.turn + 1 in POISONED:
            if way == "loss":
                return loss * WAYS[way]
            gradient = learner.levers.parameters[3].grad.view(-1)
            gradient[5 if way == "one coordinate" else slice(None)] = WAYS[way]
        return loss

    learner._descend = spoilt


def played(expedition: Run, inbox: Inbox) -> list[Event]:
    """The run to its end, with a hero whom the first blow fells and whose death saves fail. Every state on the way must be finite."""
    campaign = expedition.campaign
    events = []
    for event in expedition.play(inbox):
        events.append(event)
        if isinstance(event, StepTaken):
            assert not_finite(campaign.tensors()) == []
            if event.turn == POISONED[0] - 1:
                campaign.game.hero.hp = 1
                campaign.game.life.dice.roll = lambda sides: 2  # type: ignore[method-assign]
    return events


def not_finite(tensors: dict[str, torch.Tensor]) -> list[str]:
    """The names of weights, moments, averages and snapshots that hold something else than numbers."""
    return [name for name, tensor in tensors.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())]


def numbers(value: Any) -> list[float]:
    """Every float in an event."""
    if isinstance(value, float):
        return [value]
    if is_dataclass(value):
        return [number for field in fields(value) for number in numbers(getattr(value, field.name))]
    return [number for part in value for number in numbers(part)] if isinstance(value, tuple) else []


def begun(configure: Configure, folder: Path, way: str, *overrides: str) -> Run:
    quiet = (
        "turns=20",
        "encounters={mode: off, chance: 0, effects: real, bestiary: []}",
        "adventure.loot=false",
        f"camps.every={CAMP}",
        f"evaluation.every={CAMP}",
    )
    expedition = Run.begin(configure(*quiet, *overrides), base=CAMPAIGNS, runs=folder)
    spoil(expedition, way)
    return expedition


@pytest.mark.parametrize("way", WAYS)
def test_a_burst_ends_in_a_rollback_and_the_run_goes_on(tiny_config: Configure, tmp_path: Path, way: str) -> None:
    """The spoilt turns are told as not finite, the death saves fail, the weights of the camp come back, and the campaign ends as any."""
    expedition = begun(tiny_config, tmp_path, way)
    learner = expedition.campaign.learner
    hashes: dict[int, str] = {}
    step = learner.step

    def watched(effect: Any) -> Any:
        report = step(effect)
        hashes[expedition.campaign.turn + 1] = learner.weights_sha256()
        back[expedition.campaign.turn + 1] = effect.rollback
        return report

    back: dict[int, bool] = {}
    learner.step = watched  # type: ignore[method-assign]
    events = played(expedition, Inbox())
    steps = {event.turn: event for event in events if isinstance(event, StepTaken)}
    assert list(POISONED) == [turn for turn, taken in steps.items() if not taken.finite]
    assert any(isinstance(event, DeathSaveRolled) for event in events)
    (fell,) = (event for event in events if isinstance(event, HeroFell))
    assert CAMP == fell.back_to_turn
    assert [fell.turn + 1] == [turn for turn, back_to_camp in back.items() if back_to_camp]
    assert {hashes[POISONED[0] - 1]} == {hashes[turn] for turn in POISONED}  # nothing was applied
    (end,) = (event for event in events if isinstance(event, CampaignEnded))
    assert (20, "victory") == (end.turn, end.ending)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_poisoned(tiny_config: Configure, tmp_path: Path, way: str) -> None:
    """Weights, moments and snapshots hold numbers after every turn; so do the chronicle, but for the spoilt readings themselves, and the
    chart."""
    expedition = begun(tiny_config, tmp_path, way, "hero.hero_class=cleric", "hero.auto=[]", "twin={mode: on_use, turns: 3, sequences: 8}")
    played(expedition, ScriptedInbox([(4, UseAbility("healing_word")), (7, UseAbility("healing_word"))]))
    scene = Scene()
    for event in read(expedition.folder / CHRONICLE):
        scene.apply(event)
        if isinstance(event, StepTaken):
            told = [event.loss, event.grad_norm] if event.finite else []
            told += [norm for norm in (event.proposed_norm, event.applied_norm) if norm is not None]
            assert all(map(math.isfinite, [*told, event.loss_ema, event.lr, event.gflop]))
        elif isinstance(event, Evaluated | CampaignEnded):
            assert all(map(math.isfinite, numbers(event)))
        else:
            assert not any(map(math.isinf, numbers(event)))  # what is not known is told as such, never as endless
    assert len(POISONED) == sum(not line.step.finite for line in scene.turn_lines)
    buckets = scene.losses.since(0)
    assert all(math.isfinite(number) for bucket in buckets for number in (bucket.low, bucket.high, bucket.ema))
    assert all(math.isfinite(loss) for _, loss in scene.history.validations)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_rate_beyond_all_reason_leaves_numbers(tiny_config: Configure, tmp_path: Path, optimizer: str) -> None:
    """Without clipping and at an absurd learning rate the loss does burst, and the run still reaches its end with finite weights."""
    wild = (f"optimizer.name={optimizer}", "optimizer.learning_rate=1e12", "optimizer.clip=null", "schedule.warmup_turns=0")
    expedition = Run.begin(tiny_config(*wild), base=CAMPAIGNS, runs=tmp_path)
    events = []
    for event in expedition.play(Inbox()):
        events.append(event)
        assert not_finite(expedition.campaign.tensors()) == []
    assert expedition.campaign.failure is None
    assert any(not event.finite for event in events if isinstance(event, StepTaken))
    assert any(isinstance(event, CampaignEnded) for event in events)
