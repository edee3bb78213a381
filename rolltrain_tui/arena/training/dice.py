"""Dice in the arena: a contender may fight as a hero.

A d20 and a rulebook decide how much of each update is applied. Passive abilities of the hero's class act by themselves on high rolls.
There are no monsters and no rests. Each hero has a control arm beside it: the same agent without dice.

The rules are those of campaigns (`rules.game.Game`), one game for each seed. Only classes whose passive abilities scale or mask an
update can fight here. Other levers need a batch or a memory for one model alone, and K models are one computation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.arena.agents.agents import AgentError
from rolltrain_tui.game.setup import seeded_game
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.game import Game, GameRules
from rolltrain_tui.rules.heroes import new_hero
from rolltrain_tui.rules.rulebooks import RULEBOOKS

HEROES = ("barbarian", "wizard", "rogue")
STATS = {"STR": 15, "DEX": 14, "CON": 13, "INT": 12, "WIS": 10, "CHA": 8}
"""The standard array; INT adds 1 to every roll."""
LEVERS = frozenset({"update_scale", "lr_scale", "loss_scale", "grad_scale", "micro_scales", "clip_factor", "decay_factor", "agreeing_gain"})
"""Levers that act on one model of a batch alone."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The numbers of one agent's step that rules and signals need."""

    loss: float
    grad_norm: float
    finite: bool
    k_effective: float = 1.0


def parse_hero(words: str) -> tuple[str, str, str]:
    """ "Tiny:wizard" or "Tiny:wizard/off" -> (agent, class, rulebook). A plain name has no class and no rulebook. AgentError."""
    name, sign, rest = words.partition(":")
    if not sign:
        return name, "", ""
    hero, _, rulebook = rest.partition("/")
    check_hero(hero, rulebook or "hero")
    return name, hero, rulebook or "hero"


def check_hero(hero: str, rulebook: str) -> None:
    """AgentError for a class or a rulebook that cannot fight in the arena."""
    if hero and hero not in HEROES:
        known = "it plays in campaigns only" if hero in CLASSES else "there is no such class"
        raise AgentError(f"{hero[:40]!r} does not fight in the arena ({known}); choose {', '.join(HEROES)}")
    if hero and rulebook not in RULEBOOKS:
        raise AgentError(f"there is no rulebook {rulebook[:40]!r}; there is {', '.join(RULEBOOKS)}")


def hero_game(hero: str, rulebook: str, seed: int) -> Game:
    """A game for one hero on one seed: dice, XP for rolls, and nothing else."""
    rules = GameRules(rulebook=RULEBOOKS[rulebook], xp_learning=False, xp_monsters=False)
    passive = [name for name in CLASSES[hero].abilities if ABILITIES[name].passive]
    return seeded_game(rules, new_hero(hero, hero, 1, STATS, passive), seed)


class Party:
    """The games of a batch, one for each model; None for models without dice."""

    def __init__(self, games: Sequence[Game | None]) -> None:
        self.games = list(games)
        self.turn = 0

    def begin(self) -> list[StepEffect]:
        """Start a turn. Returns the effect on each model's step."""
        self.turn += 1
        effects = [NEUTRAL if game is None else game.begin_turn(self.turn, ())[1] for game in self.games]
        for effect in effects:
            assert LEVERS.issuperset(effect.levers()), effect
        return effects

    def end(self, results: Sequence[StepResult]) -> None:
        """End the turn with the result of each model's step."""
        for game, result in zip(self.games, results, strict=True):
            if game is not None:
                game.end_turn(self.turn, result)
