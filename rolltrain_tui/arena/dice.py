"""Dice in the arena: a contender may fight as a hero. A d20 and a rulebook decide how much of every update is taken, and the abilities of
its class come by themselves when the roll is high; no monsters, no rests. Beside each hero stands its control arm: the same agent without
dice.

The rules are the campaign's own (`rules.game.Game`), one table for each seed. Only classes whose passive abilities scale or mask an update
play here: those need no batch or memory of their own, so that a field stays one computation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.arena.agents import AgentError
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.classes import CLASSES
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.rules.game import Game, GameRules
from rolltrain_tui.rules.heroes import new_hero
from rolltrain_tui.rules.rulebooks import RULEBOOKS

HEROES = ("barbarian", "wizard", "rogue")
DC = 12
STATS = {"STR": 15, "DEX": 14, "CON": 13, "INT": 12, "WIS": 10, "CHA": 8}
"""The standard array; INT adds 1 to every roll."""
LEVERS = frozenset({"update_scale", "lr_scale", "loss_scale", "grad_scale", "micro_scales", "clip_factor", "decay_factor", "agreeing_gain"})
"""What a field can do to one of its agents alone."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a step was, as far as the rules listen."""

    loss: float
    grad_norm: float
    finite: bool
    k_effective: float


def parse_hero(words: str) -> tuple[str, str, str]:
    """ "Tiny:wizard" or "Tiny:wizard/off" -> (agent, class, rulebook); a plain name has neither. AgentError."""
    name, sign, rest = words.partition(":")
    if not sign:
        return name, "", ""
    hero, _, rulebook = rest.partition("/")
    check_hero(hero, rulebook or "hero")
    return name, hero, rulebook or "hero"


def check_hero(hero: str, rulebook: str) -> None:
    """AgentError for a class or a rulebook that does not play in the arena."""
    if hero and hero not in HEROES:
        known = "it plays in campaigns only" if hero in CLASSES else "there is no such class"
        raise AgentError(f"{hero[:40]!a} does not fight in the arena ({known}); choose {', '.join(HEROES)}")
    if hero and rulebook not in RULEBOOKS:
        raise AgentError(f"there is no rulebook {rulebook[:40]!a}; there is {', '.join(RULEBOOKS)}")


def table(hero: str, rulebook: str, dice_seed: int) -> Game:
    """A game for one hero on one seed."""
    rules = GameRules(
        sides=20,
        dc=DC,
        advantage="none",
        rulebook=RULEBOOKS[rulebook],
        accumulation=1,
        xp_table="source",
        xp_learning=False,
        xp_monsters=False,
        xp_rolls=True,
        encounter_mode="off",
        encounter_chance=0.0,
        encounter_effects="cosmetic",
        bestiary=(),
        camp_every=1 << 30,
        short_rest_every=1 << 30,
        hardcore=False,
    )
    passive = [name for name in CLASSES[hero].abilities if ABILITIES[name].passive]
    return Game(rules, new_hero(hero, hero, 1, STATS, passive), SeededDice(dice_seed), SeededDice(dice_seed ^ 0x6D6F6E73746572))


class Party:
    """The games of a field, one an agent; None for those that fight without dice."""

    def __init__(self, games: Sequence[Game | None]) -> None:
        self.games = list(games)
        self.turn = 0

    def begin(self) -> list[StepEffect]:
        """What happens to each agent's step."""
        self.turn += 1
        effects = [NEUTRAL if game is None else game.begin_turn(self.turn, ())[1] for game in self.games]
        for effect in effects:
            assert LEVERS.issuperset(effect.levers()), effect
        return effects

    def end(self, losses: Sequence[float], norms: Sequence[float], finite: Sequence[bool], effects: Sequence[StepEffect]) -> None:
        for game, loss, norm, good, effect in zip(self.games, losses, norms, finite, effects, strict=True):
            if game is not None:
                game.end_turn(self.turn, Report(loss, norm, good, effect.update_scale * effect.lr_scale))
