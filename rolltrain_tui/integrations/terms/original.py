"""Names of the original's program that are not rolltrain's own words, each true here: experience, and the three monsters.

xp = ExperienceSystem()
trainer = RollToTrain(..., use_xp_system=xp, monsters=[GradientOoze, LossDragon])
trainer.train(train_dataloader)
xp.level, xp.xp, trainer.monster_encounter.current_monster
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rolltrain_tui.integrations.terms.characters import Character
from rolltrain_tui.rules.game import Game
from rolltrain_tui.rules.hero.levels import next_level_xp
from rolltrain_tui.rules.monsters.monsters import BESTIARY

CharacterClass = Character
"""What the six hero classes have in common; isinstance(Wizard(), CharacterClass)."""

BASE_XP, SCALING = 1000, 1.5


class ExperienceSystem:
    """The hero's experience: level n + 1 takes 1000 x 1.5^(n - 1) XP more than level n. Given as use_xp_system, it follows the run's hero.

    XP come from learning (1000 for each nat of validation loss), from monsters, and under rulebook "source" from rolls. ValueError for
    another `base_xp` or `scaling`: the table has one form.
    """

    def __init__(self, base_xp: int = BASE_XP, scaling: float = SCALING) -> None:
        if (base_xp, scaling) != (BASE_XP, SCALING):
            raise ValueError(f"rolltrain's levels take base_xp={BASE_XP} and scaling={SCALING}, as the original's; no others are served")
        self.base_xp, self.scaling = base_xp, scaling
        self._level = 1
        self._game: Callable[[], Game | None] = lambda: None

    def follow(self, game: Callable[[], Game | None], level: int) -> None:
        """Tell the experience of this game's hero from now on; the hero begins at this level."""
        self._game, self._level = game, level

    def __getstate__(self) -> dict[str, float]:
        return {"base_xp": self.base_xp, "scaling": self.scaling, "_level": self.level}

    def __setstate__(self, state: dict[str, float]) -> None:
        vars(self).update(state, _game=lambda: None)

    @property
    def level(self) -> int:
        """The hero's, from 1 on."""
        game = self._game()
        return self._level if game is None else game.hero.level

    @property
    def xp(self) -> int:
        """XP in all; levels do not use it up."""
        game = self._game()
        return 0 if game is None else game.hero.xp

    @property
    def xp_to_next_level(self) -> int:
        """XP that are missing; at least 0."""
        return max(0, next_level_xp("source", self.level) - self.xp)

    def __repr__(self) -> str:
        return f"ExperienceSystem(level={self.level}, xp={self.xp}, xp_to_next_level={self.xp_to_next_level})"


@dataclass(frozen=True, slots=True)
class Monster:
    """A monster that may be met; `hp` are the hit points it has (left). Made by one of its classes, such as GradientOoze()."""

    hp: int = 0
    row: ClassVar[str] = ""
    """Its name in the bestiary: the class's, in small letters and underscores."""

    def __init_subclass__(cls) -> None:
        cls.row = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __post_init__(self) -> None:
        if not self.row:
            raise TypeError("a monster is made by its class: GradientOoze(), LossDragon() or WeightWraith()")
        if not self.hp:
            object.__setattr__(self, "hp", BESTIARY[self.row].hp)

    @property
    def name(self) -> str:
        """As the story calls it: "Gradient Ooze"."""
        return BESTIARY[self.row].title

    @property
    def armour_class(self) -> int:
        """What a turn's total must reach to strike it."""
        return BESTIARY[self.row].armour_class

    @property
    def attack(self) -> str:
        """The name of what it does: "Slime Trail"."""
        return BESTIARY[self.row].attack

    @property
    def summary(self) -> str:
        """What it does to the training."""
        return BESTIARY[self.row].summary


class GradientOoze(Monster):
    """Slime Trail: the learning rate is halved for up to 3 turns."""


class LossDragon(Monster):
    """Loss Breath: a part of the next batch's targets is noise."""


class WeightWraith(Monster):
    """Weight Drain: the weights are shaken by up to 4 % of their spread."""


KINDS: tuple[type[Monster], ...] = (GradientOoze, LossDragon, WeightWraith)


class MonsterEncounter:
    """Chance meetings: each turn without a monster brings one of `monsters` with this chance. Given as `monsters`, it is obeyed.

    `current_monster` is the one that is near in the trainer's run, whatever brought it; None where none is, or one of another kind.
    """

    def __init__(self, encounter_chance: float = 0.1, monsters: Sequence[Monster | type[Monster]] = KINDS) -> None:
        self.encounter_chance = encounter_chance
        self.monsters = tuple(map(_kind, monsters))
        if not self.monsters:
            raise ValueError("monsters must name at least one; without any, write monsters='off'")
        self._game: Callable[[], Game | None] = lambda: None

    def follow(self, game: Callable[[], Game | None]) -> None:
        """Tell of this game's monsters from now on."""
        self._game = game

    def __getstate__(self) -> dict[str, object]:
        return {"encounter_chance": self.encounter_chance, "monsters": self.monsters}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _game=lambda: None)

    @property
    def current_monster(self) -> Monster | None:
        """With the hit points that it has left."""
        game = self._game()
        near = game.encounters.monster if game is not None else None
        kind = next((kind for kind in KINDS if near is not None and kind.row == near.name), None)
        return kind(game.encounters.hp) if kind is not None and game is not None else None

    @property
    def bestiary(self) -> list[str]:
        """The names of `monsters` in a campaign file."""
        return [kind.row for kind in self.monsters]


def encounters_of(monsters: object, chance: float) -> MonsterEncounter | None:
    """From a MonsterEncounter, a monster, its class, or a list of them; None from anything else. TypeError for a list of other things."""
    if isinstance(monsters, MonsterEncounter):
        return monsters
    if isinstance(monsters, Monster) or (isinstance(monsters, type) and issubclass(monsters, Monster)):
        monsters = [monsters]
    if isinstance(monsters, list | tuple | set | frozenset):
        return MonsterEncounter(chance, list(monsters))
    return None


def _kind(monster: object) -> type[Monster]:
    kind = type(monster) if isinstance(monster, Monster) else monster
    if not isinstance(kind, type) or not issubclass(kind, Monster) or not kind.row:
        raise TypeError(f"monsters must be of GradientOoze, LossDragon, WeightWraith, not {monster!r}")
    return kind
