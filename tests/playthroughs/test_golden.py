"""One playthrough of each shipped campaign, told in sentences as `--plain` tells it, with losses from a script instead of torch.

A change of rules, dice, narration or campaign files shows here as changed lines. `pytest tests/playthroughs --regenerate` writes them anew.
"""

import copy
import math
import random
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, Self

import pytest
from support.paths import CAMPAIGNS
from support.scripted import ScriptedLearner

from rolltrain_tui.game import baseline
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.plain.views import PlainView, SafeStream
from rolltrain_tui.protocol.commands import (
    Command,
    Predict,
    RaiseStat,
    SaveGame,
    Speak,
    SpendInspiration,
    TakeShortRest,
    UseAbility,
    UseItem,
)
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.story.scene import Scene

SHIPPED = sorted(path.stem for path in CAMPAIGNS.glob("*.yaml"))
TOLD_WHOLE, TOLD_IN_SHORT = 25, 150
"""Up to the one turn every roll and step is told, up to the other whatever else happens; then only what a summary holds."""
SICK = (  # what the examinations find, one after the other
    {},
    {"gap": 0.6},
    {"temperature": 0.3, "update_ratio": 0.2},
    {"dead_units": 0.4},
    {"noise_scale": 200.0, "agree_fraction": 0.1},
    {"weight_growth": 60.0},
)


class RestlessLearner(ScriptedLearner):
    """A learner whose losses scatter, and whose gradients burst now and then."""

    def __init__(self, seed: int, characters: int, objective: Objective) -> None:
        super().__init__()
        self.measured = objective
        self.characters = characters
        self.rng = random.Random(seed)
        self.non_finite_at = 97
        self.looks = 0

    def info(self) -> LearnerInfo:
        return replace(super().info(), objective=self.measured, parameters=804_096, model="804,096 weights, 45 tokens")

    def step(self, effect: StepEffect) -> StepReport:
        report = super().step(effect)
        burst = len(self.effects) % 140 in range(110, 120)
        noise = self.rng.uniform(-0.1, 0.1)
        return replace(report, loss=report.loss * (1.6 if burst else 1.0) + noise, grad_norm=(12.0 if burst else 1.0) + noise)

    def evaluate(self, sequences: int) -> Evaluation:
        values = tuple(1 + self.excess * (0.9 + 0.2 * number / sequences) for number in range(sequences))
        return replace(super().evaluate(sequences), values=values)

    def examine(self, evaluation: Evaluation) -> Examination:
        self.looks += 1
        return replace(super().examine(evaluation), values={"gap": 0.0, **SICK[self.looks % len(SICK)]})

    def perform(self) -> str:
        return "".join(self.rng.choice("abc\n") for _ in range(self.characters))

    def fork(self) -> Self:
        return copy.deepcopy(self)

    def follow(self, leader: Self) -> None:
        self.rng.setstate(leader.rng.getstate())


def commands(hero_class: str) -> list[tuple[int, Command]]:
    """Every ability of the class twice, and one command of every other kind; some of them are refused."""
    moves: list[tuple[int, Command]] = []
    for number, ability in enumerate(CLASSES[hero_class].abilities):
        moves += [(5 + 10 * number, UseAbility(ability)), (130 + 40 * number, UseAbility(ability))]
    return [
        *moves,
        (12, Speak()),
        (18, SaveGame()),
        (30, Predict("lower")),
        (60, TakeShortRest()),
        (70, UseItem("potion_of_calm")),
        (150, SpendInspiration()),
        (200, RaiseStat("CON")),
    ]


def told(name: str) -> str:
    """The whole playthrough, a line a sentence."""
    config = load(CAMPAIGNS / f"{name}.yaml")
    recording = baseline.place(CAMPAIGNS / f"{name}.yaml")
    ghost = baseline.read(recording) if recording.exists() else None  # of a campaign that needs an extra there may be none
    page: Any = StringIO()
    voice = SafeStream(page)
    first, later = PlainView(voice), PlainView(voice, every=config.turns + 1)
    scene = Scene()
    for view in (first, later):
        view.open(scene, config.turns)
    measured = replace(config.objective, chance=math.log(45), limit=1.0) if config.objective.of_loss else config.objective
    campaign = Campaign(config, RestlessLearner(config.seed, config.speech.characters, measured), ghost)
    for event in campaign.play(ScriptedInbox(commands(config.hero.hero_class))):
        scene.apply(event)
        if event.turn <= TOLD_WHOLE:
            first.show(event)
        elif event.turn <= TOLD_IN_SHORT or event.milestone:
            later.show(event)
    assert campaign.failure is None, campaign.failure
    return str(page.getvalue())


@pytest.mark.parametrize("name", SHIPPED)
def test_the_story_is_told_as_before(name: str, golden: Callable[[Path, str], None]) -> None:
    """Line by line."""
    golden(Path(__file__).with_name(f"{name}.txt"), told(name))
