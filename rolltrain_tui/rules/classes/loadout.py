"""A hero's abilities in a game: orders, triggers, charges, and what is in force."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import isfinite, prod
from typing import Any

from rolltrain_tui.base.statistics import Smoothed
from rolltrain_tui.protocol.commands import SetAuto, UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import AbilityEnded, AbilityUsed, AutoSet, DiceRolled, Event, HeroHealed
from rolltrain_tui.protocol.sheet import Charge
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS, Ability, AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.dice import Dice
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.naming import RulesError, suggestion


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order is refused; `reason` is a sentence for the player."""

    reason: str


@dataclass(slots=True)
class Losses:
    """What the rules know of past turns: their raw losses, and how much of the last update reached the weights."""

    last: float | None = None
    before: float | None = None
    """Running mean of the losses before the last: what a spike is measured against."""
    ema: float | None = None
    """Running mean of all of them."""
    felt: float = 1.0
    """k of the last turn, as measured in the weights."""

    def hear(self, loss: float, felt: float | None = None) -> None:
        self.felt = 1.0 if felt is None else felt  # a step without a lever is the whole of the proposed one
        if not isfinite(loss):
            self.last = None
            return
        self.last, self.before = loss, self.ema
        self.ema = Smoothed(self.ema).add(loss)


class Loadout:
    """The abilities of one hero. `dice` are for the rolls of abilities; the turn has its own."""

    def __init__(self, hero: Hero, dice: Dice) -> None:
        self.hero, self.dice, self.losses = hero, dice, Losses()
        self.abilities = tuple(ABILITIES[name] for name in hero.calling.abilities)
        self.held = {ability.name: AbilityState(ability.power.most(hero.level)) for ability in self.abilities}
        for ability in self.abilities:
            if ability.name in hero.auto and not ability.passive:
                raise RulesError(_no_passive(ability))

    # Orders.

    def use(self, turn: int, order: UseAbility, spent: set[str]) -> list[Event] | Refusal:
        """Use or dismiss an ability's live form. `spent` holds the action and bonus action used this turn, and is added to."""
        ability = self._find(order.ability)
        if isinstance(ability, Refusal):
            return ability
        held = self.held[ability.name]
        toggled = held.live and ability.cost == "free" and not order.option
        if order.option == DISMISS or toggled:
            return self._dismiss(turn, ability)
        if reason := self._use_refusal(ability, held, order.option, spent):
            return Refusal(reason)
        return self._start(turn, ability, order.option, spent)

    def set_auto(self, turn: int, order: SetAuto) -> list[Event] | Refusal:
        """Let an ability's passive form trigger by itself, or not."""
        ability = self._find(order.ability)
        if isinstance(ability, Refusal):
            return ability
        if not ability.passive:
            return Refusal(_no_passive(ability))
        (self.hero.auto.add if order.on else self.hero.auto.discard)(ability.name)
        return [AutoSet(turn, ability.name, order.on)]

    def _find(self, name: str) -> Ability | Refusal:
        if name in self.held:
            return ABILITIES[name]
        if name in ABILITIES:
            other = ABILITIES[name]
            return Refusal(f"{other.title} is the {other.hero_class.title()}'s; {self.hero.name} is a {self.hero.calling.title}.")
        return Refusal(f'There is no ability "{name}".{suggestion(name, self.held)}')

    def _use_refusal(self, ability: Ability, held: AbilityState, option: str, spent: set[str]) -> str:
        if reason := _option_refusal(ability, option, self.hero.level):
            return reason
        if held.form and held.option == option:
            return f"{ability.title} is already in force: {_still(held)}."
        if held.left == 0:
            later = f" (the {_ORDINAL[held.locked]} from now)" if held.locked > 1 else ""
            return f"No {ability.title} left until a {ability.recharge} rest{later}."
        if ability.power.heals and (reason := self.healing_refusal()):
            return reason
        if ability.cost in spent:
            part = "bonus action" if ability.cost == "bonus" else "action"
            return f"One {part} a turn: {ability.title} can wait for the next."
        return ""

    def _start(self, turn: int, ability: Ability, option: str, spent: set[str]) -> list[Event]:
        held, power = self.held[ability.name], ability.power
        if ability.cost != "free":
            spent.add(ability.cost)
        if held.left is not None:
            held.left -= 1
        ended: list[Event] = [AbilityEnded(turn, ability.name, f"changed to {option}")] if held.form else []
        held.begin("live", power.live_turns, option)
        entry = power.enter(held, self.hero, self._scene(turn))
        return [*ended, *self._entered(turn, ability, entry)]

    def _scene(self, turn: int, roll: DiceRolled | None = None) -> PowerContext:
        def heal(hero: Hero, amount: int, cause: str) -> tuple[Event, ...]:
            gained = hero.heal(amount)
            return (HeroHealed(turn, gained, hero.hp, cause),) if gained else ()

        return PowerContext(self.dice, heal, roll, self.losses.last, self.losses.before, self.losses.felt)

    def _entered(self, turn: int, ability: Ability, entry: Activation) -> list[Event]:
        """The events of a form that has just begun, and of its end if it ended at once."""
        held, power = self.held[ability.name], ability.power
        turns = 1 if entry.ended else held.turns or 0
        used = AbilityUsed(turn, ability.name, held.option, held.live, power.claim(held, self.hero), turns, held.left, entry.words)
        if not entry.ended:
            return [used, *entry.facts]
        held.end()
        return [used, *entry.facts, AbilityEnded(turn, ability.name, entry.ended)]

    def _dismiss(self, turn: int, ability: Ability) -> list[Event] | Refusal:
        held = self.held[ability.name]
        if not held.live:
            return Refusal(f"{ability.title} is not in force.")
        held.end()
        return [AbilityEnded(turn, ability.name, "dismissed")]

    # The turn.

    def watch(self, turn: int, roll: DiceRolled) -> list[Event]:
        """Passive forms that this roll triggers."""
        if not self.hero.auto:
            return []
        scene = self._scene(turn, roll)
        return [fact for ability in self.abilities if self._triggers(ability, scene, roll) for fact in self._trigger(turn, ability, scene)]

    def _triggers(self, ability: Ability, scene: PowerContext, roll: DiceRolled) -> bool:
        power, held = ability.power, self.held[ability.name]
        if ability.name not in self.hero.auto or held.form or (power.trigger_costs and held.left == 0):
            return False
        return power.triggers(held, self.hero, scene, roll)

    def _trigger(self, turn: int, ability: Ability, scene: PowerContext) -> list[Event]:
        held, power = self.held[ability.name], ability.power
        if held.left is not None and power.trigger_costs:
            held.left -= 1
        held.begin("passive", power.trigger_turns)
        return self._entered(turn, ability, power.enter(held, self.hero, scene))

    def _in_force(self, without: Collection[str] = ()) -> Iterator[tuple[Ability, Power, AbilityState]]:
        for ability in self.abilities:
            held = self.held[ability.name]
            if held.form and ability.name not in without:
                yield ability, ability.power, held

    def factors(self, roll: DiceRolled) -> dict[str, float]:
        """Each ability in force -> its factor on this roll's k."""
        return {ability.name: power.k(held, self.hero, roll) for ability, power, held in self._in_force()}

    def replacements(self, roll: DiceRolled) -> dict[str, float]:
        """Each ability in force that replaces this roll's k -> its k."""
        found = ((ability.name, power.replaces(held, self.hero, roll)) for ability, power, held in self._in_force())
        return {name: k for name, k in found if k is not None}

    def _standing(self, without: Collection[str] = ()) -> Iterator[Power]:
        for ability in self.abilities:
            if ability.name in self.hero.auto and ability.name not in without and not self.hero.down:
                yield ability.power

    def standing(self, without: Collection[str] = ()) -> StepEffect:
        """Levers of abilities that hold without a form."""
        effect = NEUTRAL
        for power in self._standing(without):
            own = power.standing(self.hero)
            effect = effect if own is NEUTRAL else own.combine(effect)
        return effect

    def floor(self) -> int:
        """The least that a natural d20 counts."""
        floors = [power.floor(held, self.hero) for _, power, held in self._in_force()]
        return max([self.standing_floor(), *floors])

    def standing_floor(self) -> int:
        """The same by abilities that hold without a form."""
        return max((power.standing_floor(self.hero) for power in self._standing()), default=0)

    def save_bonus(self) -> int:
        """What abilities add to saving throws."""
        return sum(power.standing_save_bonus(self.hero) for power in self._standing())

    def extra_damage(self, turn: int) -> int:
        """What abilities in force add to a blow that struck."""
        return sum(power.extra_damage(held, self._scene(turn)) for _, power, held in self._in_force())

    def prepares(self) -> frozenset[str]:
        """Levers that this hero may pull and that need state from past turns."""
        return frozenset(lever for ability in self.abilities for lever in ability.power.prepares)

    def effect(self, without: Collection[str] = ()) -> StepEffect:
        """All levers in force besides the rulebook's own."""
        effect = NEUTRAL
        for _, power, held in self._in_force(without):
            own = power.effect(held, self.hero)
            effect = own if effect is NEUTRAL else effect.combine(own)
        return effect

    def held_effect(self) -> StepEffect:
        """The levers of what is held until it is dismissed, besides its factors on the rolls."""
        effect = NEUTRAL
        for _, power, held in self._in_force():
            if held.turns is None:
                effect = effect.combine(power.effect(held, self.hero))
        return effect

    def held_factor(self, roll: DiceRolled) -> float:
        """The factor on this roll's k of what is held until it is dismissed."""
        return prod(power.k(held, self.hero, roll) for _, power, held in self._in_force() if held.turns is None)

    def gives_advantage(self) -> bool:
        return any(power.gives_advantage(held) for _, power, held in self._in_force())

    def leaves_open(self) -> bool:
        return any(power.leaves_open(held) for _, power, held in self._in_force())

    def weight_noise_felt(self, without: Collection[str] = ()) -> float:
        felt = 1.0
        for _, power, held in self._in_force(without):
            felt *= power.weight_noise_felt(held)
        return felt

    def rest_refusal(self) -> str:
        return next((reason for _, power, held in self._in_force() if (reason := power.rest_refusal(held))), "")

    def healing_refusal(self) -> str:
        """Why nothing may be healed or brought back now, or an empty string."""
        return next((reason for _, power, held in self._in_force() if (reason := power.healing_refusal(held))), "")

    def end_turn(self, turn: int, roll: DiceRolled) -> list[Event]:
        """One turn less for every ability in force."""
        facts: list[Event] = []
        for ability, power, held in self._in_force():
            held.idle = 0 if roll.total >= roll.dc else held.idle + 1
            if held.turns is not None:
                held.turns -= 1
            reason = "it has run its course" if held.turns == 0 else power.ends_early(held, roll)
            if reason:
                told = (power.live_turns if held.live else power.trigger_turns) != 1
                held.end()
                facts += [AbilityEnded(turn, ability.name, reason)] if told else []
        return facts

    def end_all(self, turn: int, reason: str) -> list[Event]:
        """End every ability in force."""
        facts: list[Event] = []
        for ability, _, held in self._in_force():
            held.end()
            facts.append(AbilityEnded(turn, ability.name, reason))
        return facts

    # Rests and levels.

    def short_rest(self) -> None:
        for ability in self.abilities:
            held = self.held[ability.name]
            if ability.recharge == "short":
                held.left = ability.power.most(self.hero.level)
            ability.power.short_rest(held, self.hero.level)

    def long_rest(self) -> None:
        for ability in self.abilities:
            held = self.held[ability.name]
            held.refunded, held.locked = False, max(0, held.locked - 1)
            if not held.locked:
                held.left = ability.power.most(self.hero.level)

    def level_changed(self, before: int) -> tuple[str, ...]:
        """Pools follow the hero's new level; what is new, a short line each."""
        lines: list[str] = []
        for ability in self.abilities:
            lines += self._pool_grown(ability, before)
            lines += ability.power.gains(self.hero.level)
            lines += [f"{ability.title}: {o.title}, {o.summary}" for o in ability.options if before < o.level <= self.hero.level]
        return tuple(lines)

    def _pool_grown(self, ability: Ability, before: int) -> list[str]:
        held, old, new = self.held[ability.name], ability.power.most(before), ability.power.most(self.hero.level)
        if held.left is None or old is None or new is None or old == new:
            return []
        held.left = min(new, held.left + max(0, new - old))
        return [f"{ability.title}: {new} a {ability.recharge} rest"]

    def charges(self) -> tuple[Charge, ...]:
        level, auto = self.hero.level, self.hero.auto
        return tuple(Charge(a.name, self.held[a.name].left, a.power.most(level), a.recharge, a.name in auto) for a in self.abilities)

    def state_dict(self) -> dict[str, Any]:
        return {name: asdict(held) for name, held in self.held.items()} | {_LOSSES: asdict(self.losses)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.losses = Losses(**state[_LOSSES])
        self.held = {name: AbilityState(**state[name]) for name in self.held}


_LOSSES = "losses"
"""Beside the abilities' names in the state."""
_ORDINAL = {2: "second", 3: "third"}


def _no_passive(ability: Ability) -> str:
    return f"{ability.title} has no passive form that could trigger by itself."


def _still(held: AbilityState) -> str:
    if held.turns is None:
        return "it holds until dismissed"
    return "1 more turn" if held.turns == 1 else f"{held.turns} more turns"


def _option_refusal(ability: Ability, name: str, level: int) -> str:
    open_now = [option.name for option in ability.options if option.level <= level]
    if not ability.options:
        return f"{ability.title} has no options; use it plainly." if name else ""
    if not name:
        return f"Which {ability.title}? Open to you: {', '.join(open_now)}."
    option = ability.option(name)
    if option is None:
        return f'{ability.title} has no "{name}".{suggestion(name, open_now)}'
    return "" if option.level <= level else f"{ability.title}: {option.title} opens at level {option.level}."
