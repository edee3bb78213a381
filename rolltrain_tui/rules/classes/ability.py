"""What an ability is: its row in the table, its state in a game, and the interface of its behaviour.

A new ability is a row and a `Power` that overrides the few methods it needs. The game never asks which ability it holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled, Event
from rolltrain_tui.rules.dice import Dice
from rolltrain_tui.rules.hero.hero import Hero

Cost = Literal["action", "bonus", "free"]
Recharge = Literal["short", "long", ""]
Remedy = Literal["", "slow", "hot", "overfit"]
"""The state of a run that an ability is good for; auto-players that follow the diagnosis go by it."""
CLAIM = "the update is multiplied by {k}"
DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Option:
    """One way to use an ability, open from `level` on. `k` is its multiplier."""

    name: str
    title: str
    level: int
    k: float
    """1 where it multiplies nothing."""
    summary: str
    remedy: Remedy = ""


@dataclass(slots=True)
class AbilityState:
    """The charges of one ability, and the form in force."""

    left: int | None
    """Charges; None when it has no pool."""
    form: Literal["", "live", "passive"] = ""
    turns: int | None = 0
    """Turns the form has left, the coming one included; None: until dismissed."""
    option: str = ""
    idle: int = 0
    """Turns in a row without a hit while in force."""
    refunded: bool = False
    """Its short-rest refund is spent until the next long rest."""
    amount: float = 0.0
    """What the form in force rolled or read when it began."""
    locked: int = 0
    """Long rests before its charges come back; 0: the next one brings them."""

    @property
    def live(self) -> bool:
        return self.form == "live"

    def begin(self, form: Literal["live", "passive"], turns: int | None, option: str = "") -> None:
        self.form, self.turns, self.option, self.idle = form, turns, option, 0
        self.amount = 0.0

    def end(self) -> None:
        self.form, self.turns, self.option, self.idle = "", 0, "", 0
        self.amount = 0.0


@dataclass(frozen=True, slots=True)
class PowerContext:
    """What a power may see of the game when a form begins."""

    dice: Dice
    """For the power's own rolls; the turn's dice are separate."""
    heal: Callable[[Hero, int, str], tuple[Event, ...]]
    """Heal the hero by a number of HP, with a cause."""
    roll: DiceRolled | None = None
    """The roll that triggered a passive form."""
    loss: float | None = None
    """Raw loss of the last turn; None before the first and after one that was not finite."""
    loss_ema: float | None = None
    """Running mean of the raw losses before that one."""
    felt: float = 1.0
    """k of the last turn, as measured in the weights."""


@dataclass(frozen=True, slots=True)
class Activation:
    """How a form began."""

    words: str = ""
    """What it does to this turn, half a sentence for the story; empty: the row's claim is told."""
    facts: tuple[Event, ...] = ()
    ended: str = ""
    """Why it ended at once, or an empty string."""


class Power:
    """The behaviour of one ability. Every method here is neutral; a power overrides those that it needs."""

    live_turns: int | None = None
    """How long the live form lasts; None: until dismissed."""
    trigger: int | None = None
    """The lowest total that triggers the passive form; None: it has none."""
    trigger_turns = 1
    trigger_costs = True
    """The passive form spends a charge (where there is a pool)."""
    heals = False
    """It heals the hero or the weights, which a rage does not allow."""
    prepares: tuple[str, ...] = ()
    """Levers it may pull that need state from past turns, which training keeps from the first turn on."""

    def most(self, level: int) -> int | None:
        """Charges at this level; None: no pool."""
        return None

    def triggers(self, held: AbilityState, hero: Hero, scene: PowerContext, roll: DiceRolled) -> bool:
        """This roll triggers the passive form, if the ability is auto and has a charge."""
        return self.trigger is not None and roll.total >= self.trigger

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        """A form begins: roll its own dice, and say what it does."""
        return Activation()

    def claim(self, held: AbilityState, hero: Hero) -> float:
        """The multiple of the update that the form in force claims at its start, for the announcement."""
        return 1.0

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        """While in force: the factor on this roll's k, applied by the rulebook's hook."""
        return 1.0

    def replaces(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float | None:
        """While in force: the k that replaces the rulebook's for this roll, before any factor. None: nothing replaces it."""
        return None

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        """While in force: the levers of this turn besides the rulebook's own."""
        return NEUTRAL

    def gives_advantage(self, held: AbilityState) -> bool:
        """While in force: two dice on the turn's roll, the higher counts."""
        return False

    def floor(self, held: AbilityState, hero: Hero) -> int:
        """While in force: the least that a natural d20 counts (scaled to other dice)."""
        return 0

    def extra_damage(self, held: AbilityState, scene: PowerContext) -> int:
        """While in force: more damage to a monster that the hero's blow has just struck."""
        return 0

    def standing(self, hero: Hero) -> StepEffect:
        """Levers that hold for as long as the ability is auto, with or without a form."""
        return NEUTRAL

    def standing_floor(self, hero: Hero) -> int:
        """The least that a natural d20 counts for as long as the ability is auto."""
        return 0

    def standing_save_bonus(self, hero: Hero) -> int:
        """Added to saving throws for as long as the ability is auto."""
        return 0

    def leaves_open(self, held: AbilityState) -> bool:
        """While in force: saving throws at disadvantage, monsters' damage doubled."""
        return False

    def weight_noise_felt(self, held: AbilityState) -> float:
        """While in force: the fraction of monsters' weight noise that gets through."""
        return 1.0

    def rest_refusal(self, held: AbilityState) -> str:
        """While in force: why the hero cannot rest, or an empty string."""
        return ""

    def healing_refusal(self, held: AbilityState) -> str:
        """While in force: why nothing may be healed or brought back, or an empty string."""
        return ""

    def ends_early(self, held: AbilityState, roll: DiceRolled) -> str:
        """After a turn in force: why it ends before its time, or an empty string."""
        return ""

    def short_rest(self, held: AbilityState, level: int) -> None:
        """What a short rest gives back besides short-rest charges."""

    def gains(self, level: int) -> tuple[str, ...]:
        """What is new at exactly this level, a short line each, besides charges and options."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """A row of the table: what the player reads, what it costs, and the power behind it."""

    name: str
    title: str
    hero_class: str
    summary: str
    passive: str
    """What triggers by itself; empty when nothing does."""
    live: str
    cost: Cost
    recharge: Recharge
    power: Power
    options: tuple[Option, ...] = ()
    remedy: Remedy = ""
    """For an ability without options; an option has its own."""
    guards: bool = False
    """Its passive form makes bad rolls do less harm: it helps against a rulebook whose dice undo most of what they do."""
    multiple: float = 1.0
    """About how many times a plain update each turn takes while it lasts, for the hint of what to press. 1: it changes something else."""
    claim: str = CLAIM
    """What its live form does to the update, in half a sentence: {k} is the factor, {turns} how long it holds."""
    passive_claim: str = ""
    """The same of its passive form; "": as `claim`."""

    def option(self, name: str) -> Option | None:
        return next((option for option in self.options if option.name == name), None)
