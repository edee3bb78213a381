"""The diagnosis of an agent and of a campaign give the same numbers for the same history, with the same bounds."""

import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from support.lists import of_any_length

from rolltrain_tui.arena.agents.agent_file import GRADIENTS, LOSSES, Champion
from rolltrain_tui.arena.training.diagnosis import SCOUTING, TOLD, examine, heard, verdict
from rolltrain_tui.arena.training.dice import STATS, StepResult
from rolltrain_tui.arena.training.events import Trained
from rolltrain_tui.arena.training.model_batch import gradient, views
from rolltrain_tui.arena.training.training import corpus_for, train, trainer_of
from rolltrain_tui.game.setup import seeded_game
from rolltrain_tui.modes.text.learner import probe_offsets
from rolltrain_tui.protocol.events import Examined
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.game import Game, GameRules
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.rules.heroes import new_hero
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.training.tensors.measures import agree_fraction

HEARD = ("loss_rise", "above_chance", "gradient_spike", "non_finite", "projected_gain")


def campaign(losses: Sequence[float], norms: Sequence[float], vocabulary: int) -> Game:
    """A campaign's game after these turns. The hero is strong enough to survive every loss that is not finite."""
    rules = GameRules(rulebook=RULEBOOKS["hero"], scouting=SCOUTING, objective=Objective(chance=math.log(vocabulary)))
    game = seeded_game(rules, new_hero("hero", "barbarian", 20, STATS, ()), 0)
    for turn, (loss, norm) in enumerate(zip(losses, norms, strict=True), start=1):
        game.begin_turn(turn, ())
        game.end_turn(turn, StepResult(loss, norm, math.isfinite(loss) and math.isfinite(norm)))
    return game


def same(ours: Sequence[Reading], theirs: Sequence[Reading]) -> bool:
    """Equal readings; NaN equals NaN."""
    return [repr(reading) for reading in ours] == [repr(reading) for reading in theirs]


def one_step(dice: Random) -> tuple[float, float]:
    """Loss and gradient norm; of twenty losses one is not finite."""
    return dice.choice((math.nan, math.inf)) if dice.random() < 0.05 else dice.uniform(1e-3, 1e3), dice.uniform(1e-3, 1e3)


@given(of_any_length(one_step, 90, least=0))
def test_one_history_gives_one_set_of_numbers(history: list[tuple[float, float]]) -> None:
    """Every signal of a history is the campaign's number beside the campaign's bounds, also with losses that are not finite."""
    losses, norms = [loss for loss, _ in history], [norm for _, norm in history]
    ours, theirs = heard(losses, norms, 27), campaign(losses, norms, 27).monitor
    assert same([ours.reading(name) for name in HEARD], [theirs.reading(name) for name in HEARD])


def test_an_agent_explodes_where_it_is_worse_than_a_guess_and_its_steps_are_too_large(agent: Any) -> None:
    """One of the two alone is an illness of another name."""
    champion = agent()
    champion = replace(champion, agent=replace(champion.agent, step=70))
    worse, wild = Reading("above_chance", 9.0, None, 0.1), Reading("gradient_spike", 9.0, None, 3.0)
    assert "is exploding" in verdict([worse, wild], [40.0], champion)
    for one in (worse, wild):
        assert "is not well" in verdict([one], [40.0], champion)
    assert "has dead neurons" in verdict([Reading("dead_units", 1.0, None, 0.5)], [2.0], champion)


@pytest.mark.parametrize(("rate", "steps"), [(0.01, 80), (10.0, 70), (0.003, 12)])
def test_an_agent_is_examined_as_a_campaign_is(agent: Any, rate: float, steps: int) -> None:
    """An agent's readings are those of a campaign with its history and the same look at its weights."""
    champion = trained(agent(learning_rate=rate), steps)
    found = examine(champion)
    values = {reading.signal: reading.value for reading in found.readings if reading.signal not in HEARD}
    game = campaign(champion.blobs[LOSSES].numbers(), champion.blobs[GRADIENTS].numbers(), champion.agent.vocabulary)
    [examined] = [event for event in game.examined(steps, values, found.layers) if isinstance(event, Examined)]
    assert same(found.readings, [reading for reading in examined.readings if reading.signal in TOLD])
    assert TOLD == tuple(reading.signal for reading in found.readings)
    assert set(HEARD) < set(TOLD) < set(SIGNALS)


def test_the_update_ratio_is_that_of_real_steps(agent: Any) -> None:
    """The ratio is the mean over the next steps of |update| / |weights|, and the layers' parts add up to it."""
    champion = trained(agent(), 30)
    found = examine(champion)
    [ratio] = [reading.value for reading in found.readings if reading.signal == "update_ratio"]
    weights = math.hypot(*(layer.weight_norm for layer in found.layers))
    moves = [layer.update_ratio * layer.weight_norm for layer in found.layers]
    assert ratio == pytest.approx(math.hypot(*moves) / weights, rel=0.1)
    further = trained(champion, 1)
    step = math.dist(weights_of(champion), weights_of(further))
    assert ratio == pytest.approx(step / math.hypot(*weights_of(champion)), rel=0.5)


def test_the_weights_are_examined_as_they_are(agent: Any) -> None:
    """Agreement and the gradient's norm are those of the weights and moments in the agent's file, before any further step."""
    champion = trained(agent(), 30)
    trainer = trainer_of(champion, corpus_for(champion.agent))
    windows = trainer.corpus.train[torch.tensor(probe_offsets(12, len(trainer.corpus.train) - 8)).unsqueeze(1) + torch.arange(9)]
    slope = torch.zeros_like(trainer.models.theta)
    gradient(trainer.models, windows.unsqueeze(0), views(trainer.models.shape, trainer.models.vocabulary, slope))
    found = examine(champion)
    values = {reading.signal: reading.value for reading in found.readings}
    assert agree_fraction([slope], [trainer.first]) == pytest.approx(values["agree_fraction"], abs=0.01)
    assert slope.norm().item() == pytest.approx(math.hypot(*(layer.gradient_norm for layer in found.layers)), rel=1e-4)
    assert trainer.models.theta.norm().item() == pytest.approx(math.hypot(*(layer.weight_norm for layer in found.layers)), rel=1e-6)


def trained(champion: Champion, steps: int) -> Champion:
    return next(event.champion for event in train(champion, steps) if isinstance(event, Trained))


def weights_of(champion: Champion) -> list[float]:
    return [number for name, blob in champion.blobs.items() if name.startswith("theta.") for number in blob.numbers()]
