"""Heroes: six stats, hit points, experience. A Hero is the mutable sheet; the game writes on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rolltrain_tui.rules import levels
from rolltrain_tui.rules.classes import CLASSES, STATS, HeroClass
from rolltrain_tui.rules.naming import RulesError, suggestion


@dataclass(slots=True)
class Hero:
    """The character sheet."""

    name: str
    hero_class: str
    level: int
    stats: dict[str, int]
    hp: int
    max_hp: int
    hit_dice: int
    """Left to spend on short rests."""
    xp: int = 0
    deaths: int = 0
    auto: set[str] = field(default_factory=set)
    """Abilities whose passive form triggers by itself."""

    @property
    def calling(self) -> HeroClass:
        return CLASSES[self.hero_class]

    @property
    def proficiency(self) -> int:
        return levels.proficiency(self.level)

    @property
    def down(self) -> bool:
        return self.hp == 0

    @property
    def badly_hurt(self) -> bool:
        """At a quarter of the HP or less."""
        return 4 * self.hp <= self.max_hp

    @property
    def worst_wound(self) -> int:
        """The most that one blow or one bad evaluation takes: a quarter of the HP."""
        return max(1, self.max_hp // 4)

    def modifier(self, stat: str) -> int:
        return levels.ability_modifier(self.stats[stat])

    def save_bonus(self, stat: str) -> int:
        """What a saving throw adds to its d20: the modifier, and proficiency where the class has it."""
        return self.modifier(stat) + (self.proficiency if stat in self.calling.saves else 0)

    def hurt(self, damage: int) -> int:
        """Lose up to `damage` hit points; how many were lost."""
        lost = min(self.hp, damage)
        self.hp -= lost
        return lost

    def heal(self, amount: int) -> int:
        """Regain up to `amount` hit points; how many came back."""
        gained = min(self.max_hp - self.hp, amount)
        self.hp += gained
        return gained

    def set_level(self, level: int) -> None:
        """Change level: maximum HP and hit dice follow, and HP gained with a level come filled (unless the hero is down)."""
        before = self.max_hp
        self.hit_dice = max(0, min(self.hit_dice + max(0, level - self.level), level))
        self.level = level
        self.max_hp = levels.max_hit_points(self.calling.hit_die, self.modifier("CON"), level)
        gained = 0 if self.down else max(0, self.max_hp - before)
        self.hp = min(self.hp + gained, self.max_hp)


def new_hero(name: str, hero_class: str, level: int, stats: Mapping[str, int], auto: Iterable[str] = ()) -> Hero:
    """A rested hero. RulesError for an unknown class, a stat that is missing or out of range, or an ability of another class."""
    if hero_class not in CLASSES:
        raise RulesError(f'There is no class "{hero_class}".{suggestion(hero_class, CLASSES)}')
    if not 1 <= level <= levels.TOP_LEVEL:
        raise RulesError(f"A hero's level lies between 1 and {levels.TOP_LEVEL}, not {level}.")
    _check_stats(stats)
    row, chosen = CLASSES[hero_class], set(auto)
    for ability in sorted(chosen - set(row.abilities)):
        raise RulesError(f'A {row.title} has no ability "{ability}".{suggestion(ability, row.abilities)}')
    hp = levels.max_hit_points(row.hit_die, levels.ability_modifier(stats["CON"]), level)
    scores: dict[str, int] = {stat: stats[stat] for stat in STATS}
    return Hero(name, hero_class, level, scores, hp=hp, max_hp=hp, hit_dice=level, auto=chosen)


def _check_stats(stats: Mapping[str, int]) -> None:
    if set(stats) != set(STATS):
        raise RulesError(f"A hero has exactly the stats {', '.join(STATS)}; these were given: {', '.join(sorted(stats)) or 'none'}.")
    for stat, score in stats.items():
        if not 1 <= score <= 20:
            raise RulesError(f"{stat} is {score}; ability scores lie between 1 and 20.")
