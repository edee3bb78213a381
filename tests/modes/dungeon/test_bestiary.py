"""The monsters of the dungeon: what brings each, what is measured for it, and what helps."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.paths import CAMPAIGNS, DUNGEON, WRITING, by
from support.rows import numbers_of
from support.signs import sick, who_comes

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.bestiary import MONSTERS, SIGNALS
from rolltrain_tui.modes.dungeon.exam import health
from rolltrain_tui.modes.dungeon.exam.judging import Verdict, judged
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.player.policy import Seen
from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.protocol.dials import refusal
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.rules.monsters.monster import Monster, Symptom

ROWS = pytest.mark.parametrize(("row", "symptom"), [(row, s) for row in MONSTERS for s in row.symptoms])
HEALTHY = {"policy_shift": 0.015, "clip_share": 0.1, "indecision": 0.4, "resolve": 0.6, "stubborn": 0.0, "foresight": 0.3}
HEALTHY |= {"memory_gap": 0.05, "circling": 0.4}
"""As `dungeon_first` shows them after a quarter of its turns."""


def test_the_rows(golden: Callable[[Path, str], None]) -> None:
    """Every number that decides when one comes, how hard it is and what it does, and the bounds of every signal, as last agreed on."""
    golden(Path(__file__).parent / "golden" / "bestiary.txt", numbers_of((*MONSTERS, *SIGNALS)))


@ROWS
def test_it_comes_by_its_signal_and_not_before(row: Monster, symptom: Symptom) -> None:
    """After as many examinations in a row as its row says; one fewer brings nobody."""
    assert who_comes(sick(symptom, SIGNALS, HEALTHY), symptom.hold) == row.name
    assert who_comes(sick(symptom, SIGNALS, HEALTHY), symptom.hold - 1) == ""


def test_nobody_comes_to_a_healthy_run_or_to_a_master() -> None:
    """However often it is examined; one that hesitates no more and wins is no slime, and may stand still."""
    assert who_comes(HEALTHY, 20) == ""
    assert who_comes(HEALTHY | {"indecision": 0.03, "resolve": 0.97, "policy_shift": 1e-4}, 20) == ""


def test_values_of_a_young_player_are_not_judged() -> None:
    """As long as it chooses at random there is nothing to foretell: it may wander, and is not blind."""
    blind = HEALTHY | {"foresight": -0.1}
    assert who_comes(blind, 20) == "blind_seer"
    assert who_comes(blind | {"indecision": 0.85, "resolve": 0.15}, 20) == "wandering_fog"


def test_what_helps_can_be_had() -> None:
    """Every order that a monster is weak to is a dial, with a value that it takes."""
    dials = load(CAMPAIGNS / "dungeon_first.yaml", DUNGEON).dials
    assert {refusal(dials, *order) for row in MONSTERS for order in row.orders} == {""}
    assert all(row.orders and row.ailment for row in MONSTERS)


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ((), set()),
        (by("grpo"), {"policy_shift", "clip_share", "foresight"}),
        (by("decision"), {"policy_shift", "clip_share", "foresight"}),
        (WRITING, {"indecision", "resolve", "stubborn", "circling"}),
    ],
    ids=["ppo", "grpo", "decision", "writing"],
)
def test_an_examination_tells_what_it_can(settings: tuple[str, ...], missing: set[str]) -> None:
    """Finite numbers, and what the algorithm does not tell is left out; nothing changes by looking."""
    hero = build(load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, "diagnosis.scouting=2", *settings)), base=CAMPAIGNS)
    assert isinstance(hero, DungeonLearner)
    hero.prepare(["examine"])
    assert "indecision" not in hero.examine(hero.evaluate(9)).values
    for _ in range(3):
        hero.step(NEUTRAL)
    before = hero.state_dict()
    values = hero.examine(hero.evaluate(9)).values
    own = {signal.name: values[signal.name] for signal in SIGNALS if signal.name in values}
    assert all(map(math.isfinite, own.values()))
    assert own.keys() == {signal.name for signal in SIGNALS} - missing
    assert hero.state_dict() == before


def test_the_measures_are_what_they_say() -> None:
    """Checked by hand: an even choice is all indecision, a sure one none, and a single command is no choice."""
    even, sure = math.log(0.5), math.log(1 - 1e-9)
    logits = torch.tensor([[even, even, -math.inf], [sure, math.log(1e-9), -math.inf], [0.0, -math.inf, -math.inf]])
    look = (Seen(logits, torch.zeros(3)), torch.tensor([2, 2, 1]))
    recent = health.heard((), {"policy/approxkl_avg": 0.1, "policy/clipfrac_avg": 0.2})
    recent = health.heard(recent, {"policy/approxkl_avg": 0.3, "policy/clipfrac_avg": 0.0})
    trained = [Verdict(won=True, score=1, moves=6, par=6, again=0), Verdict(won=False, score=0, moves=10, par=6, again=8)]
    found = health.signals(recent, {"val/explained_variance": 0.7}, [look], 0.75, trained)
    assert (found["memory_gap"], found["circling"]) == (0.25, 0.5)
    assert found["indecision"] == pytest.approx(0.5, abs=1e-6)
    assert found["policy_shift"] == pytest.approx(0.2)
    assert found["clip_share"] == pytest.approx(0.1)
    assert (found["foresight"], found["stubborn"]) == (0.7, 0.0)
    certain = (Seen(logits[1:], torch.zeros(2)), torch.tensor([2, 1]))
    assert health.signals((), {}, [certain], 0.25, trained)["stubborn"] == 0.25
    assert len(health.heard(recent * 50, {"policy/approxkl_avg": 0.3, "policy/clipfrac_avg": 0.0})) == health.RECENT


def test_who_walks_to_and_fro_circles() -> None:
    """Each move to a sight that the game has shown counts; a walkthrough shows none twice, and moves that change nothing always do."""
    maker, chance = BuiltIn(WorldSettings()), torch.zeros(12, 2)

    def circles(choose: Callable[[Adventure], str]) -> list[int]:
        worlds = [maker(seed) for seed in (1, 2)]
        return [verdict.again for verdict in judged(worlds, lambda seen, _: [choose(w) for w in worlds if w.advice], 12, chance)]

    assert circles(lambda world: world.advice) == [0, 0]
    assert circles(lambda _: "look") == [12, 12]
