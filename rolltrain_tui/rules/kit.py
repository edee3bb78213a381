"""The kit: a hero's abilities at the table. It takes orders, watches rolls, and says what is in force."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.ability import DISMISS, Ability, Held, Power
from rolltrain_tui.rules.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.facts import AbilityEnded, AbilityUsed, AutoSet, Charge, DiceRolled, Fact
from rolltrain_tui.rules.heroes import Hero
from rolltrain_tui.rules.naming import RulesError, suggestion
from rolltrain_tui.rules.orders import SetAuto, UseAbility


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not now: `reason` is a sentence for the player."""

    reason: str


class Kit:
    """The abilities of one hero."""

    def __init__(self, hero: Hero) -> None:
        self.hero = hero
        self.abilities = tuple(ABILITIES[name] for name in hero.calling.abilities)
        self.held = {ability.name: Held(ability.power.most(hero.level)) for ability in self.abilities}
        for ability in self.abilities:
            if ability.name in hero.auto and ability.power.trigger is None:
                raise RulesError(_no_passive(ability))

    # Orders.

    def use(self, turn: int, order: UseAbility, spent: set[str]) -> list[Fact] | Refusal:
        """Use (or dismiss) an ability's live form. `spent` holds the parts of this turn's economy that are gone, and is added to."""
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

    def set_auto(self, turn: int, order: SetAuto) -> list[Fact] | Refusal:
        """Let an ability's passive form trigger by itself, or not."""
        ability = self._find(order.ability)
        if isinstance(ability, Refusal):
            return ability
        if ability.power.trigger is None:
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

    def _use_refusal(self, ability: Ability, held: Held, option: str, spent: set[str]) -> str:
        if reason := _option_refusal(ability, option, self.hero.level):
            return reason
        if held.form and held.option == option:
            return f"{ability.title} is already in force: {_still(held)}."
        if held.left == 0:
            return f"No {ability.title} left until a {ability.recharge} rest."
        if ability.cost in spent:
            part = "bonus action" if ability.cost == "bonus" else "action"
            return f"One {part} a turn: {ability.title} can wait for the next."
        return ""

    def _start(self, turn: int, ability: Ability, option: str, spent: set[str]) -> list[Fact]:
        held, power = self.held[ability.name], ability.power
        if ability.cost != "free":
            spent.add(ability.cost)
        if held.left is not None:
            held.left -= 1
        ended: list[Fact] = [AbilityEnded(turn, ability.name, f"changed to {option}")] if held.form else []
        held.begin("live", power.live_turns, option)
        return [*ended, AbilityUsed(turn, ability.name, option, True, power.claim(held, self.hero), power.live_turns or 0, held.left)]

    def _dismiss(self, turn: int, ability: Ability) -> list[Fact] | Refusal:
        held = self.held[ability.name]
        if not held.live:
            return Refusal(f"{ability.title} is not in force.")
        held.end()
        return [AbilityEnded(turn, ability.name, "dismissed")]

    # The turn.

    def watch(self, turn: int, roll: DiceRolled) -> list[Fact]:
        """Passive forms that this roll sets off."""
        if not self.hero.auto:
            return []
        return [self._trigger(turn, ability) for ability in self.abilities if self._triggers(ability, roll)]

    def _triggers(self, ability: Ability, roll: DiceRolled) -> bool:
        power, held = ability.power, self.held[ability.name]
        if ability.name not in self.hero.auto or power.trigger is None or roll.total < power.trigger:
            return False
        return not held.form and not (power.trigger_costs and held.left == 0)

    def _trigger(self, turn: int, ability: Ability) -> AbilityUsed:
        held, power = self.held[ability.name], ability.power
        if held.left is not None and power.trigger_costs:
            held.left -= 1
        held.begin("passive", power.trigger_turns)
        return AbilityUsed(turn, ability.name, "", False, power.claim(held, self.hero), power.trigger_turns, held.left)

    def _in_force(self) -> Iterator[tuple[Ability, Power, Held]]:
        for ability in self.abilities:
            held = self.held[ability.name]
            if held.form:
                yield ability, ability.power, held

    def k(self, roll: DiceRolled) -> float:
        """The product of all factors on this roll's k."""
        k = 1.0
        for _, power, held in self._in_force():
            k *= power.k(held, self.hero, roll)
        return k

    def effect(self) -> StepEffect:
        """All levers in force besides the rulebook's own."""
        effect = NEUTRAL
        for _, power, held in self._in_force():
            own = power.effect(held, self.hero)
            effect = own if effect is NEUTRAL else effect.combine(own)
        return effect

    def gives_advantage(self) -> bool:
        return any(power.gives_advantage(held) for _, power, held in self._in_force())

    def leaves_open(self) -> bool:
        return any(power.leaves_open(held) for _, power, held in self._in_force())

    def weight_noise_felt(self) -> float:
        felt = 1.0
        for _, power, held in self._in_force():
            felt *= power.weight_noise_felt(held)
        return felt

    def rest_refusal(self) -> str:
        return next((reason for _, power, held in self._in_force() if (reason := power.rest_refusal(held))), "")

    def end_turn(self, turn: int, reached_dc: bool) -> list[Fact]:
        """A turn has passed for everything in force."""
        facts: list[Fact] = []
        for ability, power, held in self._in_force():
            held.idle = 0 if reached_dc else held.idle + 1
            if held.turns is not None:
                held.turns -= 1
            reason = "it has run its course" if held.turns == 0 else power.ends_early(held)
            if reason:
                told = held.live or power.trigger_turns > 1
                held.end()
                facts += [AbilityEnded(turn, ability.name, reason)] if told else []
        return facts

    def end_all(self, turn: int, reason: str) -> list[Fact]:
        """Whatever is in force ends."""
        facts: list[Fact] = []
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
            held.left, held.refunded = ability.power.most(self.hero.level), False

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
        return {name: asdict(held) for name, held in self.held.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.held = {name: Held(**state[name]) for name in self.held}


def _no_passive(ability: Ability) -> str:
    return f"{ability.title} has no passive form that could trigger by itself."


def _still(held: Held) -> str:
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
