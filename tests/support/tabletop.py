"""A table to play at in tests: a hero, rules, dice that fall as told, and a trainee whose report is scripted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.rules.game import Game, GameRules
from rolltrain_tui.rules.heroes import new_hero
from rolltrain_tui.rules.rulebooks import RULEBOOKS, Rulebook
from support.loaded_dice import LoadedDice

STATS = {"STR": 16, "DEX": 12, "CON": 14, "INT": 15, "WIS": 10, "CHA": 8}
BEASTS = ("gradient_ooze", "loss_dragon", "weight_wraith")


@dataclass(frozen=True)
class Report:
    loss: float = 2.0
    grad_norm: float = 1.0
    finite: bool = True
    k_effective: float = 1.0


def make_rules(rulebook: str | Rulebook = "hero", **changes: Any) -> GameRules:
    """The rules of the tiny GPT's campaign, without encounters unless asked."""
    values: dict[str, Any] = {
        "sides": 20,
        "dc": 12,
        "advantage": "none",
        "rulebook": RULEBOOKS[rulebook] if isinstance(rulebook, str) else rulebook,
        "accumulation": 1,
        "xp_table": "source",
        "xp_learning": True,
        "xp_monsters": True,
        "xp_rolls": False,
        "encounter_mode": "off",
        "encounter_chance": 0.01,
        "encounter_effects": "real",
        "bestiary": BEASTS,
        "camp_every": 250,
        "short_rest_every": 100,
        "hardcore": False,
    }
    return GameRules(**{**values, **changes})


@dataclass
class Table:
    """A game played turn by turn; every fact is kept, and the effect of the last turn."""

    game: Game
    turn: int = 0
    facts: list[Event] = field(default_factory=list)
    effect: StepEffect = NEUTRAL

    def play(self, *orders: Command, finite: bool = True) -> list[Event]:
        """One whole turn; its facts."""
        self.turn += 1
        facts, self.effect = self.game.begin_turn(self.turn, orders)
        facts = facts + self.game.end_turn(self.turn, Report(finite=finite))
        self.facts += facts
        return facts

    def play_turns(self, turns: int) -> list[Event]:
        return [fact for _ in range(turns) for fact in self.play()]


def make_table(
    hero_class: str = "barbarian",
    *,
    faces: Sequence[int] | None = None,
    fate: Iterable[int] | None = None,
    level: int = 1,
    auto: Iterable[str] = (),
    stats: dict[str, int] | None = None,
    seed: int = 1,
    **rules: Any,
) -> Table:
    """A table. `faces` loads the hero's dice, then they show 12 (a plain hit); `fate` loads all the others."""
    hero = new_hero("Brakka", hero_class, level, {**STATS, **(stats or {})}, auto)
    dice = SeededDice(seed) if faces is None else LoadedDice(faces, then=AlwaysDice(12))
    monster_dice = SeededDice(seed + 1) if fate is None else LoadedDice(fate, then=AlwaysDice(1))
    return Table(Game(make_rules(**rules), hero, dice, monster_dice))


class AlwaysDice:
    """Every die shows the same face, or its highest when it has not that many."""

    def __init__(self, face: int) -> None:
        self.face = face

    def roll(self, sides: int) -> int:
        return min(self.face, sides)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Any) -> None:
        pass


def of(kind: type, facts: Iterable[Event]) -> list[Any]:
    """The facts of one kind."""
    return [fact for fact in facts if isinstance(fact, kind)]
