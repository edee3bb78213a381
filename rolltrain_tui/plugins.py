"""Everything that a plug-in may import. `rolltrain codex plugins` says how to write one.

Names that need torch or pydantic are imported when they are asked for, so that a row alone loads neither.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rolltrain_tui.modes import Mode
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.protocol.learner import Evaluation, Examination, Learner, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.classes.ability import Ability, AbilityState, Activation, Option, Power, PowerContext
from rolltrain_tui.rules.health.signals import Signal
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass
from rolltrain_tui.rules.monsters.monster import Affliction, Monster, Symptom
from rolltrain_tui.rules.rulebooks import HALF, MINUS_ONE, ONE, ONE_PLUS_MARGIN, TWO, ZERO, Formula, Rulebook, Table

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.config.section import Section
    from rolltrain_tui.config.training_sections import DeviceConfig, OptimizerConfig, ScheduleConfig
    from rolltrain_tui.modes.duel.rewards import Reward
    from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum, drop_worst, micro_batches
    from rolltrain_tui.training.diagnosis import TrainingProbe, examine, temperature
    from rolltrain_tui.training.levered_learner import LeveredLearner
    from rolltrain_tui.training.optimizers.schedules import TurnSchedule, build_optimizer
    from rolltrain_tui.training.probe import layers_of, probe
    from rolltrain_tui.training.state.snapshots import LearnerStateError
    from rolltrain_tui.training.state.streams import Streams, random_stream
    from rolltrain_tui.training.tensors.measures import Layer

__all__ = [
    "HALF",
    "MINUS_ONE",
    "NEUTRAL",
    "ONE",
    "ONE_PLUS_MARGIN",
    "TWO",
    "ZERO",
    "Ability",
    "AbilityState",
    "Activation",
    "Affliction",
    "BatchGradient",
    "CampaignConfig",
    "DeviceConfig",
    "Dial",
    "DiceRolled",
    "Evaluation",
    "Examination",
    "Formula",
    "GradientSum",
    "Hero",
    "HeroClass",
    "Layer",
    "Learner",
    "LearnerInfo",
    "LearnerStateError",
    "LeveredLearner",
    "Mode",
    "Monster",
    "Objective",
    "OptimizerConfig",
    "Option",
    "Power",
    "PowerContext",
    "Reward",
    "Rulebook",
    "ScheduleConfig",
    "Section",
    "Signal",
    "StepEffect",
    "StepReport",
    "Streams",
    "Symptom",
    "Table",
    "TrainingProbe",
    "TurnSchedule",
    "build_optimizer",
    "drop_worst",
    "examine",
    "layers_of",
    "micro_batches",
    "probe",
    "random_stream",
    "temperature",
]

_ON_DEMAND = {
    **dict.fromkeys(("DeviceConfig", "OptimizerConfig", "ScheduleConfig"), "rolltrain_tui.config.training_sections"),
    "CampaignConfig": "rolltrain_tui.config.schema",
    "Section": "rolltrain_tui.config.section",
    **dict.fromkeys(("layers_of", "probe"), "rolltrain_tui.training.probe"),
    **dict.fromkeys(("TrainingProbe", "examine", "temperature"), "rolltrain_tui.training.diagnosis"),
    **dict.fromkeys(("BatchGradient", "GradientSum", "drop_worst", "micro_batches"), "rolltrain_tui.training.batch_gradient"),
    **dict.fromkeys(("TurnSchedule", "build_optimizer"), "rolltrain_tui.training.optimizers.schedules"),
    **dict.fromkeys(("Streams", "random_stream"), "rolltrain_tui.training.state.streams"),
    "Layer": "rolltrain_tui.training.tensors.measures",
    "LeveredLearner": "rolltrain_tui.training.levered_learner",
    "LearnerStateError": "rolltrain_tui.training.state.snapshots",
    "Reward": "rolltrain_tui.modes.duel.rewards",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ON_DEMAND[name]), name)
