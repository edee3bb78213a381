"""Everything that a plug-in may import. `rolltrain codex plugins` says how to write one."""

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.ability import Ability, AbilityState, Activation, Option, Power, PowerContext
from rolltrain_tui.rules.hero import Hero
from rolltrain_tui.rules.hero_class import HeroClass
from rolltrain_tui.rules.monster import Affliction, Monster, Symptom
from rolltrain_tui.rules.rulebooks import HALF, MINUS_ONE, ONE, ONE_PLUS_MARGIN, TWO, ZERO, Formula, Rulebook, Table
from rolltrain_tui.rules.signals import Signal

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
    "DiceRolled",
    "Formula",
    "Hero",
    "HeroClass",
    "Monster",
    "Option",
    "Power",
    "PowerContext",
    "Rulebook",
    "Signal",
    "StepEffect",
    "Symptom",
    "Table",
]
