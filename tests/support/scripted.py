"""A learner without torch that learns exactly as much as it is told, so that every number of a campaign is known."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Self, TypeVar

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import (
    Event,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepAbandoned, StepReport
from rolltrain_tui.protocol.objective import Objective


class ScriptedLearner:
    """Learns exactly as much as it is told: each turn takes 1 % of the loss above 1 nat away, times k."""

    def __init__(self) -> None:
        self.should_stop: Callable[[], bool] = lambda: False
        self.excess = 3.0
        self.effects: list[StepEffect] = []
        self.snapshots = 0
        self.abandon_at: int | None = None
        self.fail_at: int | None = None
        self.non_finite_at: int | None = None

    def info(self) -> LearnerInfo:
        return LearnerInfo(
            parameters=1,
            model="1 weights, 2 tokens",
            objective=Objective(chance=math.log(2), limit=1.0),
            device="none",
            dtype="none",
            threads=1,
            tokens_per_turn=1,
            gflop_per_turn=1.0,
        )

    def prepare(self, levers: Collection[str]) -> None:
        pass

    def remember(self, evaluation: Evaluation) -> None:
        pass

    def step(self, effect: StepEffect) -> StepReport:
        turn = len(self.effects) + 1
        if turn == self.abandon_at:
            self.abandon_at = None
            raise StepAbandoned
        if turn == self.fail_at:
            raise RuntimeError("the forge went cold")
        self.effects.append(effect)
        finite = turn != self.non_finite_at
        k = effect.k_requested if finite else 0.0
        self.excess *= 1 - 0.01 * k
        return StepReport(
            loss=1 + self.excess if finite else math.inf,
            grad_norm=1.0,
            lr=1e-3,
            proposed_norm=0.01,
            applied_norm=0.01 * abs(k),
            k_requested=effect.k_requested,
            k_effective=k,
            tokens=1,
            gflop=1.0,
            seconds=0.0,
            finite=finite,
        )

    def evaluate(self, sequences: int) -> Evaluation:
        value = 1 + self.excess
        return Evaluation(value=value, standard_error=0.01, count=sequences, gflop=0.5, values=(value,) * sequences)

    def examine(self, evaluation: Evaluation) -> Examination:
        return Examination(values={"gap": 0.0}, layers=(), gflop=0.25)

    def perform(self) -> str:
        return "a" * 12

    def snapshot(self) -> None:
        self.snapshots += 1

    def fork(self) -> Self:
        raise AssertionError("not asked for here")

    def tensors(self) -> dict[str, Any]:
        return {}

    def state_dict(self) -> dict[str, Any]:
        return {"excess": self.excess, "turns": len(self.effects)}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        self.excess, self.effects = state["excess"], [StepEffect()] * state["turns"]

    def weights_sha256(self) -> str:
        return str(self.excess)


T = TypeVar("T")
Configure = Callable[..., CampaignConfig]


def of(kind: type[T], events: list[Event]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


def played(config: CampaignConfig, inbox: Inbox | None = None, learner: ScriptedLearner | None = None) -> list[Event]:
    return list(Campaign(config, learner or ScriptedLearner()).play(inbox or Inbox()))
