"""A game with loaded dice whose effects a real learner takes, under each optimiser, clipped or not."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.commands import TakeShortRest, UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.rules.game import Game
from support.tabletop import make_table
from support.texts import sentence

ADAMW = ("optimizer.name=adamw",)
SGD = ("optimizer.name=sgd", "optimizer.beta1=0.0", "optimizer.learning_rate=0.1")
MOMENTUM = ("optimizer.name=sgd", "optimizer.beta1=0.9", "optimizer.learning_rate=0.1")
OPTIMIZERS = {"sgd": SGD, "sgd+momentum": MOMENTUM, "adamw": ADAMW}
STEADY = ("schedule={warmup_turns: 0, decay: constant, final_fraction: 1.0}", "turns=1000")


@dataclass
class Trial:
    """A game and the learner that it plays on."""

    game: Game
    learner: TextLearner
    turn: int = 0
    facts: list[Event] = field(default_factory=list)
    effect: StepEffect = NEUTRAL

    def play(self, *orders: UseAbility | TakeShortRest) -> StepReport:
        self.turn += 1
        facts, self.effect = self.game.begin_turn(self.turn, orders)
        report = self.learner.step(self.effect)
        self.facts = facts + self.game.end_turn(self.turn, report)
        return report

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def weights(self) -> Tensor:
        return torch.cat([p.detach().flatten().clone() for p in self.learner.levers.parameters])


Begin = Callable[..., Trial]


@pytest.fixture(params=[(name, clip) for name in OPTIMIZERS for clip in ("null", "0.1")], ids=lambda p: f"{p[0]}-clip {p[1]}")
def begin(request: pytest.FixtureRequest, tiny_config: Callable[..., CampaignConfig]) -> Begin:
    """A trial of a hero class: `faces` load the hero's die (then 12), `fate` every other die; a few plain turns came before."""
    optimizer, clip = request.param

    def make(hero_class: str, *overrides: str, faces: Sequence[int] = (), fate: Iterable[int] = (), warm: int = 3, **table: Any) -> Trial:
        game = make_table(hero_class, **{"rulebook": "off", "faces": faces, "fate": fate, **table}).game
        learner = TextLearner(tiny_config(*OPTIMIZERS[optimizer], *STEADY, f"optimizer.clip={clip}", *overrides), sentence())
        learner.prepare(game.prepares())
        for _ in range(warm):
            learner.step(NEUTRAL)
        return Trial(game, learner)

    return make
