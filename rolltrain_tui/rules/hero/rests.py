"""Rests: when a hero may rest, what a rest gives back, and the camp that a fall returns to."""

from dataclasses import dataclass, field

from rolltrain_tui.rules.dice import Dice
from rolltrain_tui.rules.hero.hero import Hero

SHORT_RESTS_BETWEEN_CAMPS = 2


@dataclass(slots=True)
class Rests:
    """The last short rest, and the hero's state at the last camp."""

    last_short: int | None = None
    shorts: int = 0
    """Since the last camp."""
    camp_turn: int = 0
    camp_level: int = 1
    camp_xp: int = 0
    camp_best: float | None = None
    """The best value known at the camp."""
    camp_stats: dict[str, int] = field(default_factory=dict)
    """Ability scores at the camp. Empty in saves from before scores could be raised."""
    camp_raised: int = 0
    """How many of them had been raised by choice."""

    def refusal(self, turn: int, every: int, camp_every: int) -> str:
        """Why a short rest is not possible now, or an empty string."""
        if self.shorts >= SHORT_RESTS_BETWEEN_CAMPS:
            next_camp = (turn + camp_every - 1) // camp_every * camp_every
            return f"{SHORT_RESTS_BETWEEN_CAMPS} short rests between camps are the most; the next camp is at turn {next_camp}."
        if self.last_short is not None and turn - self.last_short < every:
            return f"Too soon after the last short rest; the next is possible at turn {self.last_short + every}."
        return ""

    def take_short(self, turn: int) -> None:
        self.last_short, self.shorts = turn, self.shorts + 1

    def make_camp(self, turn: int, hero: Hero, best: float | None, raised: int = 0) -> None:
        self.shorts = 0
        self.camp_turn, self.camp_level, self.camp_xp, self.camp_best = turn, hero.level, hero.xp, best
        self.camp_stats, self.camp_raised = dict(hero.stats), raised


def healing_roll(hero: Hero, dice: Dice) -> int:
    """One hit die and the CON modifier, at least 1."""
    return max(1, dice.roll(hero.calling.hit_die) + hero.modifier("CON"))


def spend_hit_dice(hero: Hero, dice: Dice) -> int:
    """Spend hit dice until HP is at least three quarters of the maximum or none is left; how many HP came back."""
    healed = 0
    while hero.hit_dice and 4 * hero.hp < 3 * hero.max_hp:
        hero.hit_dice -= 1
        healed += hero.heal(healing_roll(hero, dice))
    return healed
