"""The game: a turn in two pure halves, with training between them, in the order of play.

begin_turn   orders -> the roll, which may trigger passive abilities -> one StepEffect
end_turn     wounds -> the hero's blow -> experience -> the monster's turn -> death saves -> what ends -> which monster comes
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from math import nan, prod
from operator import mul
from typing import Any, Protocol

from rolltrain_tui.protocol import commands as asked
from rolltrain_tui.protocol import dials
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.rules.classes.loadout import Loadout, Refusal
from rolltrain_tui.rules.dice import Dice, cast, with_advantage, with_disadvantage
from rolltrain_tui.rules.health.gate import Gate
from rolltrain_tui.rules.health.pace import vouched
from rolltrain_tui.rules.health.signal_monitor import Heard, SignalMonitor
from rolltrain_tui.rules.health.signals import STEP_EXCESS
from rolltrain_tui.rules.hero import inspiration
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.levels import roll_xp
from rolltrain_tui.rules.life import Life
from rolltrain_tui.rules.monsters import loot
from rolltrain_tui.rules.monsters.due_monsters import DueMonsters, Moment, counts_at_once
from rolltrain_tui.rules.monsters.encounters import Encounters
from rolltrain_tui.rules.monsters.monster import Monster
from rolltrain_tui.rules.naming import RulesError
from rolltrain_tui.rules.rulebooks import RULEBOOKS, face_weights, scaled_dc, within_bounds
from rolltrain_tui.rules.ruleset import GameRules, OpenRulebook
from rolltrain_tui.rules.unavailable import felt, unavailable_refusal

__all__ = ["Game", "GameRules", "Report"]

FUMBLE_DIE = 4
NOT_FINITE_DIE = 6
"""Rolled twice."""

_ROLLBACK = StepEffect(rollback=True)


class Report(Heard, Protocol):
    """What the rules read of a StepReport."""

    @property
    def k_effective(self) -> float | None: ...


class Game:
    """All tabletop state of one campaign.

    `dice` casts the turn's rolls alone, so that fights and healing never change them. `monster_dice` decides everything else:
    encounters, saving throws, damage, healing and death saves.
    """

    def __init__(self, rules: GameRules, hero: Hero, dice: Dice, monster_dice: Dice) -> None:
        self.rules, self.dice, self.monster_dice = rules, dice, monster_dice
        self.life = Life(rules, hero, monster_dice)
        self.encounters = Encounters()
        self.monitor = SignalMonitor(rules.scouting, rules.objective, rules.highest)
        """The signals of the run, kept in every mode of encounters."""
        self.due_monsters = DueMonsters(rules.bestiary, scouts=rules.scouts)
        self.bag = loot.Bag()
        """`items`: what the hero carries; `in_force`: what was used and still holds."""
        self.inspiration = inspiration.Inspiration()
        self._advantage = False
        """Inspiration was spent on this turn's roll."""
        self._dials: dict[str, str] = {}
        """Dials that are turned this turn."""
        self._roll: ev.DiceRolled | None = None
        """The roll that counts, of a turn that has begun and not ended."""
        self._throws: list[tuple[float, dict[str, float], dict[str, float]]] = []
        """For each roll of the turn: k by the rulebook, replacements for it and factors on it by abilities in force."""
        self._waking = False
        """This turn begins with the last camp's weights."""

    # The character sheet.

    @property
    def hero(self) -> Hero:
        return self.life.hero

    @property
    def loadout(self) -> Loadout:
        return self.life.loadout

    @property
    def fallen(self) -> bool:
        """A hardcore campaign is over."""
        return self.life.fallen

    @property
    def rollback_due(self) -> bool:
        """The hero fell and wakes with the next turn, which will begin with the last camp's weights."""
        return self.life.rollback_due

    @property
    def modifier(self) -> int:
        """The INT modifier, which is added to the turn's roll."""
        return self.hero.modifier("INT")

    @property
    def dc(self) -> int:
        """The total that a hit needs on the campaign's die."""
        return self.life.rulebook.dc

    def sheet(self) -> Sheet:
        """The hero as events tell it."""
        return self.life.sheet()

    @property
    def inspired(self) -> bool:
        """There is inspiration to spend."""
        return self.inspiration.inspired

    def prepares(self) -> frozenset[str]:
        """Levers that this game may pull and that need state from past turns."""
        return self.loadout.prepares() | (loot.prepares() if self.rules.loot else frozenset())

    # The first half of a turn.

    def begin_turn(self, turn: int, orders: Iterable[asked.Command]) -> tuple[list[ev.Event], StepEffect]:
        """Obey the orders, cast the dice, and say what happens to the step. Speak and SaveGame are for others and are ignored."""
        facts: list[ev.Event] = []
        spent: set[str] = set()
        self._advantage = False
        self._dials = {}
        for order in orders:
            facts += self._obey(turn, order, spent)
        awake = not (self.hero.down or self.rules.abilities_disabled)
        self._throws = []
        for micro in range(self._rules_in_force.rolls_per_turn):
            self._roll = roll = self._cast(turn, micro)
            facts.append(roll)
            if awake:
                facts += self.loadout.watch(turn, roll)
            self._throws.append((roll.k, self.loadout.replacements(roll), self.loadout.factors(roll)))
        self._waking, self.life.rollback_due = self.rollback_due, False
        return facts, self.effect_without(())

    def effect_without(self, abilities: Collection[str]) -> StepEffect:
        """This turn's effect without these abilities: same dice, same monsters, all other abilities. Between begin_turn and the step.

        The roll stays as it was cast: a second die or a floor from an ability counts for both.
        """
        return self._effect([_scale(*throw, abilities) for throw in self._throws], self._levers(abilities))

    def _obey(self, turn: int, order: asked.Command, spent: set[str]) -> list[ev.Event]:
        if reason := self._refusal(order):
            return [ev.CommandRefused(turn, order, reason)]
        match order:
            case asked.UseAbility():
                answer = self.loadout.use(turn, order, spent)
            case asked.SetAuto():
                answer = self.loadout.set_auto(turn, order)
            case asked.TakeShortRest():
                answer = self.life.short_rest(turn)
            case asked.Predict():
                answer = self._foretell(turn, order)
            case asked.SpendInspiration():
                answer = self._spend_inspiration(turn)
            case asked.UseItem():
                answer = self.bag.use(turn, order.item, self.loadout.healing_refusal())
            case asked.RaiseStat():
                answer = self.life.raise_stat(turn, order.stat)
            case asked.TurnDial():
                answer = self._turn_dial(turn, order)
            case asked.ReportVote():
                answer = [ev.RoomVoted(turn, order.question, order.votes, order.winner)]
            case _:
                return []
        if isinstance(answer, Refusal):
            return [ev.CommandRefused(turn, order, answer.reason)]
        return [ev.CommandAccepted(turn, order), *answer]

    def _refusal(self, order: asked.Command) -> str:
        """Why the campaign, the hero's state or the training forbids this order, or an empty string."""
        match order:
            case asked.UseAbility() if self.hero.down:
                return f"{self.hero.name} is down and can use no abilities; the death saves decide."
            case asked.UseAbility() if self.rules.abilities_disabled:
                return "This campaign counts only the last micro-batch's roll, as the original did; classes sleep in that mode."
            case asked.UseItem() if not self.rules.loot:
                return "There is no loot in this campaign (adventure.loot)."
            case asked.UseItem() if self.hero.down:
                return f"{self.hero.name} is down and can use nothing; the death saves decide."
        return unavailable_refusal(order, self.hero, self.rules.unavailable_levers)

    def _foretell(self, turn: int, order: asked.Predict) -> list[ev.Event] | Refusal:
        if not self.rules.predictions:
            return Refusal("Nothing is predicted in this campaign (adventure.predictions).")
        if refusal := self.inspiration.refusal(order.guess):
            return Refusal(refusal)
        assert self.inspiration.bounds is not None
        self.inspiration.guess = order.guess
        return [ev.Foretold(turn, order.guess, *self.inspiration.bounds)]

    def _turn_dial(self, turn: int, order: asked.TurnDial) -> list[ev.Event] | Refusal:
        if reason := dials.refusal(self.rules.dials, order.dial, order.value):
            return Refusal(reason)
        dial = next(row for row in self.rules.dials if row.name == order.dial)
        self._dials[dial.name] = order.value  # of two orders for one dial the later counts
        return [ev.DialTurned(turn, dial.name, dial.title, order.value, dial.words)]

    def _spend_inspiration(self, turn: int) -> list[ev.Event] | Refusal:
        if not self.inspired:
            earned = "predict an evaluation rightly to earn it" if self.rules.predictions else "this campaign has none to earn"
            return Refusal(f"{self.hero.name} has no inspiration: {earned}.")
        if self._advantage or self.loadout.gives_advantage() or self.rules.advantage == "advantage":
            return Refusal("The next roll has advantage already; the inspiration is kept.")
        self.inspiration.inspired, self._advantage = False, True
        return [ev.InspirationSpent(turn)]

    @property
    def _rules_in_force(self) -> GameRules:
        """The campaign's rules; an item in force may replace the rulebook."""
        cursed = self.bag.rulebook
        return replace(self.rules, rulebook=RULEBOOKS[cursed]) if cursed else self.rules

    def _cast(self, turn: int, micro: int) -> ev.DiceRolled:
        rules, rulebook, advantage = self._rules_in_force, self.life.rulebook, self.rules.advantage
        if rules is not self.rules:
            rulebook = OpenRulebook(rules, self.modifier, self.hero.level)
        if self._advantage or self.loadout.gives_advantage():
            advantage = with_advantage(advantage)
        if self.encounters.dazing:
            advantage = with_disadvantage(advantage)
        naturals, natural = cast(self.dice, rules.sides, advantage)
        if not (self.hero.down or rules.abilities_disabled):
            natural = max(natural, scaled_dc(self.loadout.floor(), rules.sides))
        outcome, k = rulebook.judge(natural)
        note = "a learning rate cannot be negative: it stops at 0" if k < 0 and rules.rulebook.rides_on_lr else ""
        modifier = self.modifier
        return ev.DiceRolled(turn, rules.sides, naturals, natural, modifier, natural + modifier, rulebook.dc, outcome, k, micro, note)

    def _effect(self, scales: list[float], levers: StepEffect) -> StepEffect:
        """The rolls' k, abilities included, through the rulebook's hook, and every other lever in force."""
        others = levers.update_scale * levers.lr_scale
        effect = self._rules_in_force.rulebook.effect([within_bounds(k, others) for k in scales])
        return effect if levers is NEUTRAL else effect.combine(levers)

    def _levers(self, without: Collection[str]) -> StepEffect:
        levers = self.loadout.effect(without)
        if not self.rules.abilities_disabled and (standing := self.loadout.standing(without)) is not NEUTRAL:
            levers = standing.combine(levers)
        if self.encounters.afflicted:
            levers = levers.combine(self.encounters.effect(self.loadout.weight_noise_felt(without)))
        if (items := self.bag.effect()) is not NEUTRAL:
            levers = levers.combine(items)
        if self.hero.down and self.rules.down_scale != 1:
            levers = levers.combine(StepEffect(update_scale=self.rules.down_scale))
        if self._waking:
            levers = levers.combine(_ROLLBACK)
        if self._dials:
            levers = levers.combine(StepEffect(dials=tuple(self._dials.items())))
        return levers

    # The second half of a turn.

    def end_turn(self, turn: int, report: Report, *, skipped: bool = False) -> list[ev.Event]:
        """The consequences of the turn. Where it has several rolls, the last one counts here.

        `skipped`: the loop took no step, which says nothing about the training.
        """
        roll, self._roll = self._roll, None
        assert roll is not None, "end_turn without begin_turn"
        was_down = self.hero.down
        facts: list[ev.Event] = []
        if not skipped:
            self.monitor.hear(turn, report)
            facts += self._wounds(turn, roll, report)
        self.encounters.end_turn()
        if not self.hero.down:
            facts += self._strike(turn, roll)
            facts += self._roll_experience(turn, roll)
            facts += self._monster_acts(turn)
        if was_down:
            facts += self._death_save(turn)
        facts += self.loadout.end_turn(turn, roll)
        facts += self.bag.end_turn(turn)
        if not skipped:
            self.loadout.losses.hear(report.loss if report.finite else nan, report.k_effective)
        facts += self._diagnose(turn, "turn")
        if not self.hero.badly_hurt:
            facts += self.encounters.wander(turn, self.rules.encounter_chance, self.rules.wanders, self.monster_dice)
        return facts

    def _wounds(self, turn: int, roll: ev.DiceRolled, report: Report) -> list[ev.Event]:
        facts: list[ev.Event] = []
        if not report.finite:
            damage = self.monster_dice.roll(NOT_FINITE_DIE) + self.monster_dice.roll(NOT_FINITE_DIE)
            facts += self.life.hurt(turn, damage, "the loss was not finite")
        if roll.outcome == "fumble":
            damage = self.monster_dice.roll(FUMBLE_DIE)
            facts += self.life.hurt(turn, min(damage, self.hero.hp - 1), "a fumble")  # it stings, and never takes the last hit point
        return facts

    def _strike(self, turn: int, roll: ev.DiceRolled) -> list[ev.Event]:
        facts: list[ev.Event] = [*self.encounters.struck(turn, roll, self.hero.modifier("STR"), self.monster_dice)]
        if facts and (more := self.loadout.extra_damage(turn)):
            facts += self.encounters.wounded(turn, more)
        if (monster := self.encounters.fell()) is not None:
            facts += [ev.MonsterFell(turn, monster.name, self._worth(monster)), *self._rid_of(turn, monster, "fell")]
        return facts

    def _worth(self, monster: Monster) -> int:
        return monster.xp if self.rules.xp_monsters else 0

    def _rid_of(self, turn: int, monster: Monster, how: str) -> list[ev.Event]:
        """A monster fell or was driven off: its XP and loot, and a pause before it is diagnosed again."""
        self.due_monsters.pause(turn, monster.name)
        facts = self.life.gain_xp(turn, self._worth(monster), f"the {monster.title} {how}")
        return facts + (self.bag.search(turn, monster, self.monster_dice) if self.rules.loot else [])

    def _roll_experience(self, turn: int, roll: ev.DiceRolled) -> list[ev.Event]:
        if not self.rules.xp_rolls or self.rules.abilities_disabled or roll.outcome not in ("hit", "crit"):
            return []
        return self.life.gain_xp(turn, roll_xp(roll.total, self.encounters.monster is not None), f"a {roll.outcome}")

    def _monster_acts(self, turn: int) -> list[ev.Event]:
        """A badly hurt hero falls back, unless it fights recklessly. A diagnosed monster stays near then and does not act."""
        if self.hero.badly_hurt and not self.loadout.leaves_open():
            if self.encounters.tie is not None:
                return []
            return [*self.encounters.leave(turn, f"{self.hero.name} fell back, badly hurt")]
        monster = self.encounters.monster
        real = self.rules.encounter_effects == "real" and (monster is None or felt(monster, self.rules.unavailable_levers))
        facts: list[ev.Event] = []
        for act in self.encounters.act(turn, self.hero, self.loadout.leaves_open(), real, self.monster_dice, self.loadout.save_bonus()):
            facts += [act, *self.life.hurt(turn, act.damage, act.attack)]
        return facts

    def _death_save(self, turn: int) -> list[ev.Event]:
        facts = self.life.death_save(turn)
        fell = any(isinstance(fact, ev.HeroFell) for fact in facts)
        if fell:
            self.monitor.wake()
            self.due_monsters.forget()
        return facts + ([*self.encounters.leave(turn, "its foe has fallen"), *self.bag.fade_all(turn)] if fell else [])

    # Diagnosis.

    def _diagnose(self, turn: int, when: Moment) -> list[ev.Event]:
        """A diagnosed monster that is near follows its signal. Then the worst monster that is due comes."""
        if not self.rules.diagnoses:
            return []
        scouting = turn <= self.rules.scouting
        self.due_monsters.hear(self.monitor, when, at_once_only=scouting and not self.rules.youth_counts)
        facts: list[ev.Event] = [*self.encounters.wane(turn, self.monitor, when)]
        if (monster := self.encounters.cleared) is not None:
            facts += [*self.encounters.leave(turn, "what it fed on is healthy again"), *self._rid_of(turn, monster, "was driven off")]
        due = self.due_monsters.due(turn, self.encounters.monster, scouting=scouting)
        if self.hero.down or due is None:
            return facts
        facts += self.encounters.bring(turn, due, self.monitor)
        return facts + (self.life.hurt(turn, self.hero.hp, f"the {due.monster.title}") if due.monster.fells else [])

    # Between turns.

    def learned(self, turn: int, value: float) -> list[ev.Event]:
        """After an evaluation: a new best heals and teaches, a worse value hurts. The first one only sets the best. A guess is judged."""
        facts = self.life.learned(turn, value)
        if self.rollback_due or self.fallen:
            return facts
        self.monitor.validated(value)
        return facts + self._judge(turn, value)

    def examined(self, turn: int, values: Mapping[str, float], layers: tuple[LayerReading, ...]) -> list[ev.Event]:
        """After `learned`: the values of an examination of the model. Empty while a fallen hero has yet to wake."""
        if self.rollback_due or self.fallen:
            return []
        self.monitor.examined(turn, values)
        readings = self.monitor.readings()
        return [ev.Examined(turn, readings, layers, self.uncounted(turn, readings)), *self._diagnose(turn, "examination")]

    def uncounted(self, turn: int, readings: Iterable[Reading]) -> tuple[str, ...]:
        """The signals out of bounds that count towards no monster, since the run is young and its campaign ignores that."""
        if self.rules.youth_counts or turn > self.rules.scouting:
            return ()
        return tuple(reading.signal for reading in readings if reading.condition == "sick" and not counts_at_once(reading.signal))

    def usual_effect(self) -> StepEffect:
        """An average turn of the hero as it stands: the mean k of its rolls, and what it holds until it is dismissed.

        Scouts walk under it, so the step that they call best is a multiple of the one that the player sees.
        """
        rules, advantage = self.rules, self.rules.advantage
        if self.loadout.gives_advantage():
            advantage = with_advantage(advantage)
        weights, held = face_weights(rules.sides, advantage), self.loadout.held_effect()
        least = 1 if rules.abilities_disabled else scaled_dc(self.loadout.standing_floor(), rules.sides)
        scales: list[float] = []
        for face in range(1, rules.sides + 1):
            natural = max(face, least)
            outcome, k = self.life.rulebook.judge(natural)
            roll = ev.DiceRolled(0, rules.sides, (face,), natural, self.modifier, natural + self.modifier, self.dc, outcome, k)
            scales.append(within_bounds(k * self.loadout.held_factor(roll), held.update_scale * held.lr_scale))
        mean = sum(map(mul, weights, scales)) / sum(weights)
        return StepEffect(update_scale=mean).combine(held)

    def scouted(self, turn: int, found: ev.ScoutsReturned) -> list[ev.Event]:
        """After scouts have returned: monsters of pace come and go. Empty while a fallen hero has yet to wake."""
        if self.rollback_due or self.fallen:
            return []
        self.monitor.examined(turn, {STEP_EXCESS: 1 / vouched(found.pace, found.best)})
        return self._diagnose(turn, "scouts")

    def _judge(self, turn: int, value: float) -> list[ev.Event]:
        told, before = self.inspiration, self.inspiration.last
        answer = told.hear(value, self.rules.objective.better)
        if not told.guess or before is None:
            return []
        guess, told.guess = told.guess, ""
        right = guess == answer
        told.inspired = told.inspired or right
        xp = inspiration.XP if right and self.rules.xp_learning else 0
        return [ev.ForetellingJudged(turn, guess, answer, before, value, right), *self.life.gain_xp(turn, xp, "a right prediction")]

    def face_gate(self, turn: int, gate: Gate, value: float) -> list[ev.Event]:
        """The gate of a camp. It comes before the rest, so that the camp keeps its XP."""
        return self.life.face_gate(turn, gate, value)

    def camp(self, turn: int) -> list[ev.Event]:
        """A long rest, and the state to return to after a fall. Empty while a fallen hero has yet to wake."""
        return self.life.camp(turn)

    # Saves.

    def state_dict(self) -> dict[str, Any]:
        """All state as JSON values. It may be taken between the two halves of a turn too."""
        return {
            "life": self.life.state_dict(),
            "encounters": self.encounters.state_dict(),
            "watch": self.monitor.state_dict(),
            "omens": self.due_monsters.state_dict(),
            "bag": self.bag.state_dict(),
            "inspiration": asdict(self.inspiration),
            "roll": None if self._roll is None else {**asdict(self._roll), "naturals": list(self._roll.naturals)},
            "dice": self.dice.state_dict(),
            "monster_dice": self.monster_dice.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict() for a game of the same rules. RulesError when this is not the state of a game."""
        try:
            roll = state["roll"]
            self.life.load_state_dict(state["life"])
            self.encounters.load_state_dict(state["encounters"])
            self.monitor.load_state_dict(state["watch"])
            self.due_monsters.load_state_dict(state["omens"])
            self.bag.load_state_dict(state["bag"])
            self.inspiration = inspiration.Inspiration(**state["inspiration"])
            self._roll = None if roll is None else ev.DiceRolled(**{**roll, "naturals": tuple(roll["naturals"])})
            self.dice.load_state_dict(state["dice"])
            self.monster_dice.load_state_dict(state["monster_dice"])
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise RulesError(f"This is not the state of a game: {type(error).__name__} {error}.") from error


def _scale(k: float, replaced: Mapping[str, float], factors: Mapping[str, float], without: Collection[str]) -> float:
    """One roll's k: replaced first, then multiplied; abilities in `without` do neither."""
    base = max((other for name, other in replaced.items() if name not in without), default=k)
    return base * prod((factor for name, factor in factors.items() if name not in without), start=1.0)
