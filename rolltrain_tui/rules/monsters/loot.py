"""Loot: items that a fallen monster may leave behind, and the bag.

An item can be used once. It has the levers of each turn that it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.registry import Registry
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import Event, ItemFaded, ItemFound, ItemUsed
from rolltrain_tui.rules.classes.loadout import Refusal
from rolltrain_tui.rules.classes.wizard import RECOVERY_TURNS, recovery_scale
from rolltrain_tui.rules.dice import Dice
from rolltrain_tui.rules.monsters.monster import Monster
from rolltrain_tui.rules.naming import suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One kind of item."""

    name: str
    title: str
    effects: tuple[StepEffect, ...]
    """The levers of each turn that it holds; a single turn's act at once."""
    words: str
    """What it does to the training, half a sentence."""
    best_when: str
    prepares: frozenset[str] = frozenset()
    """Levers that need state from past turns, which training keeps from the first turn on."""
    heals: bool = False
    """It heals the weights, so it cannot be used where an ability forbids healing."""
    rulebook: str = ""
    """While it holds, rolls are judged by this rulebook."""

    @property
    def turns(self) -> int:
        """How long it holds; 0: it acts at once."""
        return len(self.effects) if len(self.effects) > 1 else 0


_ITEMS = (
    Item(
        name="potion_of_calm",
        title="Potion of Calm",
        effects=(StepEffect(update_scale=0.3),) * 10,
        words="every update is three tenths of what it would be",
        best_when="the run is HOT, or before an evaluation that should be good",
    ),
    Item(
        name="scroll_of_warm_up",
        title="Scroll of Warm-up",
        effects=tuple(StepEffect(lr_scale=recovery_scale(turn)) for turn in range(RECOVERY_TURNS)),
        words="the learning rate is half as large again, falling back to its own",
        best_when="the run is SLOW, or has gone flat",
    ),
    Item(
        name="amulet_of_clipping",
        title="Amulet of Clipping",
        effects=(StepEffect(clip_factor=0.5),) * 20,
        words="gradients are clipped at half the threshold, where the campaign clips at all",
        best_when="gradients spike; under AdamW a gradient that is always clipped makes little difference",
    ),
    Item(
        name="ring_of_the_mean",
        title="Ring of the Mean",
        effects=(StepEffect(heal_alpha=0.5),),
        words="the weights go half the way to their running average",
        best_when="the run is HOT and bounces around its average; wrong while it is SLOW",
        prepares=frozenset({"heal_alpha"}),
        heals=True,
    ),
    Item(
        name="bag_of_data",
        title="Bag of Data",
        effects=(StepEffect(batch_factor=2.0),) * 10,
        words="every batch is twice as large, and costs twice the energy",
        best_when="the gradient is noisy",
    ),
    Item(
        name="vial_of_forgetting",
        title="Vial of Forgetting",
        effects=(StepEffect(forget_momentum=True),),
        words="the optimiser forgets where it was going: its first moments are zero",
        best_when="the run is HOT, or was thrown off its course",
    ),
    Item(
        name="cursed_tome",
        title="Cursed Tome",
        effects=(NEUTRAL,) * 20,
        words="a trap: rolls are judged by the rulebook source, where a hit is next to nothing and a fumble a step back",
        best_when="never, but to see what the original's rulebook does",
        rulebook="source",
    ),
)

ITEMS = Registry("", _ITEMS, kind="item")
"""Each is as likely to be found as the others."""


def chance_of_loot(monster: Monster) -> int:
    """The chance in percent: 30 below challenge 1, ten more for each challenge, 80 at most."""
    return min(80, 30 + 10 * monster.rating)


class Bag:
    """What the hero carries, and which items are in force."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}
        """Item -> how many, in the order they were found."""
        self.in_force: dict[str, int] = {}
        """Item -> turns that it still holds."""

    def search(self, turn: int, monster: Monster, dice: Dice) -> list[Event]:
        """What a monster leaves that fell or was driven off: the first roll decides whether, the second what."""
        if dice.roll(100) > chance_of_loot(monster):
            return []
        item = _ITEMS[dice.roll(len(_ITEMS)) - 1].name
        self.items[item] = self.items.get(item, 0) + 1
        return [ItemFound(turn, item, f"the {monster.title} left it behind")]

    def use(self, turn: int, name: str, healing_refusal: str) -> list[Event] | Refusal:
        """Use an item up. `healing_refusal` says why nothing may be healed now, if so."""
        item = ITEMS.get(name)
        if item is None:
            return Refusal(f'There is no item "{name}".{suggestion(name, self.items or ITEMS)}')
        if name not in self.items:
            return Refusal(f"There is no {item.title} in the bag.")
        if name in self.in_force:
            return Refusal(f"A {item.title} is in force already, for {counted(self.in_force[name], 'turn')} more.")
        if item.heals and healing_refusal:
            return Refusal(healing_refusal)
        self.items[name] -= 1
        self.items = {kept: count for kept, count in self.items.items() if count}
        self.in_force[name] = len(item.effects)
        return [ItemUsed(turn, name, item.turns, item.words)]

    def effect(self) -> StepEffect:
        """The levers of every item that holds this turn."""
        effect = NEUTRAL
        for name, left in self.in_force.items():
            own = ITEMS[name].effects[len(ITEMS[name].effects) - left]
            effect = effect if own is NEUTRAL else own.combine(effect)
        return effect

    @property
    def rulebook(self) -> str:
        """The rulebook by which an item in force replaces the campaign's, or an empty string."""
        return next((book for name in self.in_force if (book := ITEMS[name].rulebook)), "")

    def end_turn(self, turn: int) -> list[Event]:
        """One turn less for every item in force."""
        over = [name for name, left in self.in_force.items() if left == 1]
        self.in_force = {name: left - 1 for name, left in self.in_force.items() if left > 1}
        return [ItemFaded(turn, name) for name in over if ITEMS[name].turns]

    def fade_all(self, turn: int) -> list[Event]:
        """The hero fell: every item in force ends."""
        faded: list[Event] = [ItemFaded(turn, name) for name in self.in_force]
        self.in_force = {}
        return faded

    def state_dict(self) -> dict[str, Any]:
        return {"items": dict(self.items), "in_force": dict(self.in_force)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.items, self.in_force = dict(state["items"]), dict(state["in_force"])


def prepares() -> frozenset[str]:
    """Levers that an item may pull and that need state from past turns."""
    return frozenset[str]().union(*(item.prepares for item in _ITEMS))
