"""Encounters: a monster comes, acts now and then, is struck, and leaves or falls. One monster at a time.

One that comes by chance falls to blows. One that was diagnosed is tied to its signal: that going back to health wears it down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled, MonsterActed, MonsterAppeared, MonsterLeft, MonsterStruck
from rolltrain_tui.rules.dice import Dice, cast
from rolltrain_tui.rules.due_monsters import BLOWS_SHARE, DueMonster, SignalTie, goes_by_the_turn, holds
from rolltrain_tui.rules.hero import Hero
from rolltrain_tui.rules.monster import Affliction, Monster
from rolltrain_tui.rules.monsters import BESTIARY
from rolltrain_tui.rules.signal_monitor import SignalMonitor

CHANCE_SIDES = 1_000_000
"""The chance of an encounter is rolled on a die with this many sides."""
STRIKE_DIE = 6


class Encounters:
    """The monster that is near, if any, and the afflictions that still hold."""

    def __init__(self) -> None:
        self.monster: Monster | None = None
        self.hp = 0
        self.haunt: SignalTie | None = None
        """What ties the monster that is near to its signal, if it was diagnosed."""
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

    def haunted(self, turn: int, omen: DueMonster, watch: SignalMonitor) -> list[MonsterLeft | MonsterAppeared]:
        """A diagnosed monster comes; whoever is near makes way for it."""
        monster = omen.monster
        facts: list[MonsterLeft | MonsterAppeared] = [*self.leave(turn, f"it makes way for the {monster.title}")]
        self.monster, self.hp, self._quiet, self.haunt = monster, monster.hp, monster.lull, omen.haunt(watch)
        why = omen.reason(watch)
        return [*facts, MonsterAppeared(turn, monster.name, monster.challenge, monster.hp, monster.armour_class, why)]

    def wane(self, turn: int, watch: SignalMonitor, *, examined: bool) -> list[MonsterStruck]:
        """A diagnosed monster has as many hit points as its signal has to go; what comes back of the signal does not heal it."""
        if (monster := self.monster) is None or (haunt := self.haunt) is None:
            return []
        symptom = monster.symptoms[haunt.symptom]
        if goes_by_the_turn(symptom) == examined or not watch.knows(symptom.signal):
            return []
        haunt.well = 0 if holds(symptom, watch) else haunt.well + 1
        before, self.hp = self.hp, min(self.hp, haunt.hp(monster, watch.excess(symptom.signal, symptom.side)))
        return [MonsterStruck(turn, monster.name, before - self.hp, self.hp)] if self.hp < before else []

    @property
    def cleared(self) -> Monster | None:
        """The diagnosed monster that is near, if its signal has been healthy for long enough."""
        monster, haunt = self.monster, self.haunt
        if monster is None or haunt is None or haunt.well < monster.symptoms[haunt.symptom].release:
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
        if self.haunt is not None:  # blows alone cure nothing
            damage = min(max(1, damage // BLOWS_SHARE), self.haunt.blows)
            self.haunt.blows -= damage
        if not damage:
            return []
        self.hp = max(0, self.hp - damage)
        return [MonsterStruck(turn, monster.name, damage, self.hp)]

    def act(self, turn: int, hero: Hero, open_to_attack: bool, real: bool, dice: Dice, save_bonus: int = 0) -> list[MonsterActed]:
        """The monster's turn: most pass quietly. Its affliction takes hold of the next turn's step, unless effects are cosmetic."""
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
        """An affliction holds under which the turn's roll has disadvantage."""
        return any(_affliction(name, failed).disadvantage for name, (failed, _) in self._afflictions.items())

    def effect(self, weight_noise_felt: float) -> StepEffect:
        """The levers of all afflictions that hold this turn."""
        effect = NEUTRAL
        for name, (failed, _) in self._afflictions.items():
            own = _affliction(name, failed).effect
            if own.weight_noise and weight_noise_felt != 1:
                own = replace(own, weight_noise=own.weight_noise * weight_noise_felt)
            effect = effect.combine(own)
        return effect

    def end_turn(self) -> None:
        """Afflictions felt this turn have one turn less to go."""
        if self._afflictions:
            self._afflictions = {name: (failed, turns - 1) for name, (failed, turns) in self._afflictions.items() if turns > 1}

    def leave(self, turn: int, reason: str) -> list[MonsterLeft]:
        """The monster goes and its afflictions with it."""
        monster, self.monster, self.hp, self.haunt, self._afflictions = self.monster, None, 0, None, {}
        return [] if monster is None else [MonsterLeft(turn, monster.name, reason)]

    def fell(self) -> Monster | None:
        """The monster, if it has no HP left; it is near no more."""
        if self.monster is None or self.hp > 0:
            return None
        monster, self.monster, self.haunt = self.monster, None, None
        return monster

    def state_dict(self) -> dict[str, Any]:
        return {
            "monster": None if self.monster is None else self.monster.name,
            "hp": self.hp,
            "haunt": None if self.haunt is None else asdict(self.haunt),
            "quiet": self._quiet,
            "afflictions": {name: list(held) for name, held in self._afflictions.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.monster = None if state["monster"] is None else BESTIARY[state["monster"]]
        self.hp, self._quiet = state["hp"], state["quiet"]
        self.haunt = None if state["haunt"] is None else SignalTie(**state["haunt"])
        self._afflictions = {name: (failed, turns) for name, (failed, turns) in state["afflictions"].items()}


def _affliction(monster: str, failed: bool) -> Affliction:
    row = BESTIARY[monster]
    return row.failed if failed else row.saved
