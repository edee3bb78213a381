"""Encounters: a monster comes, acts now and then, is struck, and leaves or falls. One monster at a time.

A monster that comes by chance falls to blows. A diagnosed monster loses hit points as its signal returns to health.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled, MonsterActed, MonsterAppeared, MonsterLeft, MonsterStruck
from rolltrain_tui.rules.dice import Dice, cast
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.monsters.due_monsters import BLOWS_SHARE, DueMonster, Moment, SignalTie, holds, moment
from rolltrain_tui.rules.monsters.monster import Affliction, Monster
from rolltrain_tui.rules.monsters.monsters import BESTIARY

CHANCE_SIDES = 1_000_000
"""The chance of an encounter is rolled on a die with this many sides."""
STRIKE_DIE = 6


class Encounters:
    """The monster that is near, if any, and the afflictions that still hold."""

    def __init__(self) -> None:
        self.monster: Monster | None = None
        self.hp = 0
        self.tie: SignalTie | None = None
        """Ties the monster that is near to its signal, if it was diagnosed."""
        self._quiet = 0
        """Turns before the monster may act again."""
        self._afflictions: dict[str, tuple[bool, int]] = {}
        """Monster -> (the saving throw failed, turns left)."""

    def wander(self, turn: int, chance: float, bestiary: Sequence[str], dice: Dice) -> list[MonsterAppeared]:
        """Roll for an encounter when no monster is near."""
        if self.monster is not None or not bestiary or dice.roll(CHANCE_SIDES) > round(chance * CHANCE_SIDES):
            return []
        monster = BESTIARY[bestiary[dice.roll(len(bestiary)) - 1]]
        self.monster, self.hp, self._quiet = monster, monster.hp, monster.lull
        return [MonsterAppeared(turn, monster.name, monster.challenge, monster.hp, monster.armour_class, "a chance meeting on the road")]

    def bring(self, turn: int, due: DueMonster, monitor: SignalMonitor) -> list[MonsterLeft | MonsterAppeared]:
        """A diagnosed monster comes; a monster that is near leaves."""
        monster = due.monster
        facts: list[MonsterLeft | MonsterAppeared] = [*self.leave(turn, f"it makes way for the {monster.title}")]
        self.monster, self.hp, self._quiet, self.tie = monster, monster.hp, monster.lull, due.tie(monitor)
        why = due.reason(monitor)
        return [*facts, MonsterAppeared(turn, monster.name, monster.challenge, monster.hp, monster.armour_class, why)]

    def wane(self, turn: int, monitor: SignalMonitor, when: Moment) -> list[MonsterStruck]:
        """Lower the hit points of a diagnosed monster to what its signal leaves. A signal that worsens does not heal it."""
        if (monster := self.monster) is None or (tie := self.tie) is None:
            return []
        symptom = monster.symptoms[tie.symptom]
        if moment(symptom) != when or not monitor.knows(symptom.signal):
            return []
        tie.well = 0 if holds(symptom, monitor) else tie.well + 1
        before, self.hp = self.hp, min(self.hp, tie.hp(monster, monitor.excess(symptom.signal, symptom.side)))
        return [MonsterStruck(turn, monster.name, before - self.hp, self.hp)] if self.hp < before else []

    @property
    def cleared(self) -> Monster | None:
        """The diagnosed monster that is near, if its signal has been healthy for long enough."""
        monster, tie = self.monster, self.tie
        if monster is None or tie is None or tie.well < monster.symptoms[tie.symptom].release:
            return None
        return monster

    def struck(self, turn: int, roll: DiceRolled, strength: int, dice: Dice) -> list[MonsterStruck]:
        """The hero's blow, when the turn's total reaches the armour class: 1d6 + STR, at least 1, doubled on a critical hit."""
        if self.monster is None or roll.total < self.monster.armour_class:
            return []
        damage = max(1, dice.roll(STRIKE_DIE) + strength) * (2 if roll.outcome == "crit" else 1)
        return self._hit(turn, self.monster, damage)

    def wounded(self, turn: int, damage: int) -> list[MonsterStruck]:
        """More damage to a monster that was struck."""
        if self.monster is None or not self.hp:
            return []
        return self._hit(turn, self.monster, damage)

    def _hit(self, turn: int, monster: Monster, damage: int) -> list[MonsterStruck]:
        if self.tie is not None:  # blows do not cure the run
            damage = min(max(1, damage // BLOWS_SHARE), self.tie.blows)
            self.tie.blows -= damage
        if not damage:
            return []
        self.hp = max(0, self.hp - damage)
        return [MonsterStruck(turn, monster.name, damage, self.hp)]

    def act(self, turn: int, hero: Hero, open_to_attack: bool, real: bool, dice: Dice, save_bonus: int = 0) -> list[MonsterActed]:
        """The monster's turn; in most it does nothing. Its affliction acts on the next turn's step, unless effects are cosmetic."""
        monster = self.monster
        if monster is None or not self._ready(monster, dice):
            return []
        self._quiet = monster.lull
        _, natural = cast(dice, 20, "disadvantage" if open_to_attack else "none")
        total = natural + hero.save_bonus(monster.save_stat) + save_bonus
        saved = total >= monster.save_dc
        damage = min(dice.roll(monster.damage_die), hero.worst_wound) * (2 if open_to_attack else 1)
        if real:
            self._afflict(monster, failed=not saved)
        words = (monster.saved if saved else monster.failed).words if real else "the training does not feel it"
        dc, felt = monster.save_dc, damage // 2 if saved else damage
        return [MonsterActed(turn, monster.name, monster.attack, monster.save_stat, natural, total, dc, saved, felt, words)]

    def _ready(self, monster: Monster, dice: Dice) -> bool:
        if self._quiet:
            self._quiet -= 1
            return False
        return dice.roll(6) >= monster.recharge

    def _afflict(self, monster: Monster, failed: bool) -> None:
        self._afflictions[monster.name] = (failed, _affliction(monster.name, failed).turns)

    @property
    def afflicted(self) -> bool:
        return bool(self._afflictions)

    @property
    def dazing(self) -> bool:
        """An affliction in force gives the turn's roll disadvantage."""
        return any(_affliction(name, failed).disadvantage for name, (failed, _) in self._afflictions.items())

    def effect(self, weight_noise_felt: float) -> StepEffect:
        """The levers of all afflictions in force this turn."""
        effect = NEUTRAL
        for name, (failed, _) in self._afflictions.items():
            own = _affliction(name, failed).effect
            if own.weight_noise and weight_noise_felt != 1:
                own = replace(own, weight_noise=own.weight_noise * weight_noise_felt)
            effect = effect.combine(own)
        return effect

    def end_turn(self) -> None:
        """Every affliction that acted this turn has one turn less."""
        if self._afflictions:
            self._afflictions = {name: (failed, turns - 1) for name, (failed, turns) in self._afflictions.items() if turns > 1}

    def leave(self, turn: int, reason: str) -> list[MonsterLeft]:
        """The monster leaves, and its afflictions end."""
        monster, self.monster, self.hp, self.tie, self._afflictions = self.monster, None, 0, None, {}
        return [] if monster is None else [MonsterLeft(turn, monster.name, reason)]

    def fell(self) -> Monster | None:
        """The monster, if it has no HP left; it is then gone."""
        if self.monster is None or self.hp > 0:
            return None
        monster, self.monster, self.tie = self.monster, None, None
        return monster

    def state_dict(self) -> dict[str, Any]:
        return {
            "monster": None if self.monster is None else self.monster.name,
            "hp": self.hp,
            "haunt": None if self.tie is None else asdict(self.tie),
            "quiet": self._quiet,
            "afflictions": {name: list(held) for name, held in self._afflictions.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.monster = None if state["monster"] is None else BESTIARY[state["monster"]]
        self.hp, self._quiet = state["hp"], state["quiet"]
        self.tie = None if state["haunt"] is None else SignalTie(**state["haunt"])
        self._afflictions = {name: (failed, turns) for name, (failed, turns) in state["afflictions"].items()}


def _affliction(monster: str, failed: bool) -> Affliction:
    row = BESTIARY[monster]
    return row.failed if failed else row.saved
