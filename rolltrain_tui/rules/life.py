"""What changes the hero: wounds and healing, evaluations, levels, rests and death."""

from collections.abc import Mapping
from dataclasses import asdict
from math import ceil, isfinite
from typing import Any

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.rules.classes.loadout import Loadout, Refusal
from rolltrain_tui.rules.dice import Dice
from rolltrain_tui.rules.health.gate import Gate
from rolltrain_tui.rules.hero import levels
from rolltrain_tui.rules.hero.death import DeathSaves
from rolltrain_tui.rules.hero.growth import CHOICE_LEVELS, RAISE, Growth
from rolltrain_tui.rules.hero.rests import Rests, healing_roll, spend_hit_dice
from rolltrain_tui.rules.heroes import Hero, hero_from_state, hero_state
from rolltrain_tui.rules.ruleset import GameRules, OpenRulebook


class Life:
    """One hero's sheet and abilities, and everything that changes them."""

    def __init__(self, rules: GameRules, hero: Hero, dice: Dice) -> None:
        self.rules, self.hero, self.dice = rules, hero, dice
        hero.xp = max(hero.xp, levels.xp_of_level(rules.xp_table, hero.level))
        self.loadout = Loadout(hero, dice)
        self.death = DeathSaves()
        self.rests = Rests(camp_level=hero.level, camp_xp=hero.xp, camp_stats=dict(hero.stats))
        self.growth = Growth(hero.level)
        self.best: float | None = None
        """The best value that the hero remembers."""
        self.rollback_due = False
        """The hero fell: the next turn begins with the last camp's weights. Until then evaluations and camps are ignored."""
        self.fallen = False
        """A hardcore campaign is over."""
        self.rulebook = self._open_rulebook()

    def _open_rulebook(self) -> OpenRulebook:
        return OpenRulebook(self.rules, self.hero.modifier("INT"), self.hero.level)

    def next_level_xp(self) -> int:
        return levels.next_level_xp(self.rules.xp_table, self.hero.level)

    def sheet(self) -> Sheet:
        """The hero as events tell it."""
        hero = self.hero
        return Sheet(
            name=hero.name,
            hero_class=hero.hero_class,
            level=hero.level,
            proficiency=hero.proficiency,
            stats=tuple(hero.stats.items()),
            modifier=hero.modifier("INT"),
            hp=hero.hp,
            max_hp=hero.max_hp,
            xp=hero.xp,
            next_level_xp=self.next_level_xp(),
            expected_k=self.rulebook.odds.mean,
            charges=self.loadout.charges(),
            choices=self.choices_pending,
            deaths=hero.deaths,
        )

    # Wounds and healing.

    def hurt(self, turn: int, damage: int, cause: str) -> list[ev.Event]:
        """Lose hit points; at 0 the hero is down and whatever is in force ends. Without deaths the last hit point stays."""
        if self.rules.inert:
            return []
        if not self.rules.deaths:
            damage = min(damage, max(0, self.hero.hp - 1))
        if self.hero.down or not (lost := self.hero.hurt(damage)):
            return []
        facts: list[ev.Event] = [ev.HeroHurt(turn, lost, self.hero.hp, cause)]
        return facts + (self.loadout.end_all(turn, f"{self.hero.name} is down") if self.hero.down else [])

    def heal(self, turn: int, amount: int, cause: str) -> list[ev.Event]:
        """Regain hit points; a hero who was down is up again."""
        if not (gained := self.hero.heal(amount)):
            return []
        self.death.forget()
        return [ev.HeroHealed(turn, gained, self.hero.hp, cause)]

    # Learning and levels.

    def learned(self, turn: int, value: float) -> list[ev.Event]:
        """After an evaluation: a new best heals and teaches, a worse value hurts. The first one only sets the best."""
        if self.rollback_due or self.fallen:
            return []
        objective = self.rules.objective
        if self.best is None:
            self._remember_first(value)
            return []
        if isfinite(value) and objective.reaches(value, self.best):
            return self._improved(turn, value) if objective.improves(value, self.best) else []
        worsened = "rose" if objective.better == "lower" else "fell"
        return self.hurt(turn, self._damage_of_forgetting(objective.gain(value, self.best)), f"the {objective.name} {worsened}")

    def _remember_first(self, value: float) -> None:
        if isfinite(value):
            self.best = self.rests.camp_best = value

    def _improved(self, turn: int, value: float) -> list[ev.Event]:
        assert self.best is not None
        gain, self.best = self.rules.objective.gain(self.best, value), value
        facts = self.heal(turn, healing_roll(self.hero, self.dice), f"a new best {self.rules.objective.name}")
        return facts + (self.gain_xp(turn, levels.learning_xp(gain), "learning") if self.rules.xp_learning else [])

    def _damage_of_forgetting(self, steps: float) -> int:
        """ceil(100 x / 3) for x steps worse than the best, at most a quarter of the hero's HP; the most when x is not a number."""
        most = self.hero.worst_wound
        return ceil(round(100 * steps / 3, 6)) if 100 * steps <= 3 * most else most

    def gain_xp(self, turn: int, amount: int, cause: str) -> list[ev.Event]:
        """Experience, and the levels that come with it."""
        if amount <= 0:
            return []
        hero = self.hero
        hero.xp += amount
        facts: list[ev.Event] = [ev.XPGained(turn, amount, hero.xp, cause)]
        while hero.level < levels.TOP_LEVEL and hero.xp >= self.next_level_xp():
            facts.append(self._gain_level(turn))
        return facts

    def face_gate(self, turn: int, gate: Gate, value: float) -> list[ev.Event]:
        """The Validation Gate of a camp. Empty while a fallen hero has yet to wake."""
        if self.rollback_due or self.fallen:
            return []
        opened, hero = gate.opens(turn, value), self.hero
        xp = gate.stake(opened, hero.xp - levels.xp_of_level(self.rules.xp_table, hero.level))
        facts: list[ev.Event] = [ev.GateFaced(turn, value, gate.ghost(turn), gate.bar(turn), opened, xp)]
        if xp >= 0:
            return facts + self.gain_xp(turn, xp, "the gate opened")
        hero.xp += xp
        return [*facts, ev.XPGained(turn, xp, hero.xp, "the gate stayed shut")]

    def _gain_level(self, turn: int) -> ev.LevelGained:
        hero, level, hp, bonus = self.hero, self.hero.level, self.hero.max_hp, self.hero.proficiency
        hero.set_level(level + 1)
        self.rulebook = self._open_rulebook()
        gains = [f"max HP {hp} → {hero.max_hp}"]
        gains += [f"proficiency bonus +{hero.proficiency}"] if hero.proficiency > bonus else []
        gains += self.loadout.level_changed(level)
        gains += [f"every k ×{1 + self.rules.rulebook.level_bonus * level:.1f}"] if self.rules.rulebook.level_bonus else []
        gains += [f"a choice: +{RAISE} to an ability score"] if self.rules.choices and hero.level in CHOICE_LEVELS else []
        return ev.LevelGained(turn, tuple(gains), self.sheet())

    @property
    def choices_pending(self) -> int:
        """Ability scores that may be raised."""
        return self.growth.pending(self.hero.level) if self.rules.choices else 0

    def raise_stat(self, turn: int, stat: str) -> list[ev.Event] | Refusal:
        """Make one of the choices that levels bring. INT is added to rolls, so the rulebook is opened anew."""
        hero = self.hero
        if not self.rules.choices:
            return Refusal("Ability scores do not rise in this campaign (adventure.choices).")
        if refusal := self.growth.refusal(hero, stat):
            return Refusal(refusal)
        self.growth.raise_stat(hero, stat)
        self.rulebook = self._open_rulebook()
        return [ev.StatRaised(turn, stat, hero.stats[stat], self.sheet())]

    # Rests.

    def short_rest(self, turn: int) -> list[ev.Event] | Refusal:
        """Short-rest charges come back, and hit dice are spent to heal."""
        rules, hero = self.rules, self.hero
        refusal = f"{hero.name} is down; this is no rest." if hero.down else self.loadout.rest_refusal()
        if refusal := refusal or self.rests.refusal(turn, rules.short_rest_every, rules.camp_every):
            return Refusal(refusal)
        self.rests.take_short(turn)
        self.loadout.short_rest()
        healed = spend_hit_dice(hero, self.dice)
        facts: list[ev.Event] = [ev.HeroHealed(turn, healed, hero.hp, "a short rest")] if healed else []
        return [*facts, ev.Rested(turn, "short", self.sheet())]

    def camp(self, turn: int) -> list[ev.Event]:
        """A long rest: everything comes back, and the camp is what a fall returns to. Empty while a fallen hero has yet to wake."""
        if self.rollback_due or self.fallen:
            return []
        hero = self.hero
        hero.hp, hero.hit_dice = hero.max_hp, hero.level
        self.death.forget()
        self.loadout.long_rest()
        self.rests.make_camp(turn, hero, self.best, self.growth.taken)
        return [ev.Rested(turn, "long", self.sheet())]

    # Death.

    def death_save(self, turn: int) -> list[ev.Event]:
        """Roll one d20: after three successes the hero is up with 1 HP, after three failures it falls."""
        if not self.rules.deaths:  # a hero of an older save, who was down
            return self.heal(turn, 1, "back on its feet")
        natural = self.dice.roll(20)
        fate = self.death.roll(natural)
        facts: list[ev.Event] = [ev.DeathSaveRolled(turn, natural, self.death.successes, self.death.failures)]
        if fate == "up":
            facts += self.heal(turn, 1, "back on its feet")
        elif fate == "fallen":
            facts += self._fall(turn)
        return facts

    def _fall(self, turn: int) -> list[ev.Event]:
        """A hardcore campaign ends. Any other goes on with the weights, XP, scores and best loss of the last camp."""
        hero, before = self.hero, self.hero.level
        hero.deaths += 1
        if self.rules.hardcore:
            self.fallen = True
            return [ev.HeroFell(turn, None, self.sheet())]
        hero.xp, self.best, self.rollback_due = self.rests.camp_xp, self.rests.camp_best, True
        hero.stats, self.growth.taken = {**hero.stats, **self.rests.camp_stats}, self.rests.camp_raised
        hero.set_level(self.rests.camp_level)
        self.loadout.level_changed(before)
        self.rulebook = self._open_rulebook()
        return [ev.HeroFell(turn, self.rests.camp_turn, self.sheet()), *self.heal(turn, max(1, hero.max_hp // 2), "woke at the last camp")]

    # Saves.

    def state_dict(self) -> dict[str, Any]:
        return {
            "hero": hero_state(self.hero),
            "kit": self.loadout.state_dict(),
            "death": asdict(self.death),
            "rests": asdict(self.rests),
            "growth": asdict(self.growth),
            "best": self.best,
            "rollback_due": self.rollback_due,
            "fallen": self.fallen,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.hero = hero_from_state(state["hero"])
        self.loadout = Loadout(self.hero, self.dice)
        self.loadout.load_state_dict(state["kit"])
        self.death, self.rests = DeathSaves(**state["death"]), Rests(**state["rests"])
        self.growth = Growth(**state["growth"])
        self.best, self.rollback_due, self.fallen = state["best"], state["rollback_due"], state["fallen"]
        self.rulebook = self._open_rulebook()
