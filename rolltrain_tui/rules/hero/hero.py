"""The character sheet: six ability scores, hit points, experience. The game changes it as it goes."""

from dataclasses import dataclass, field

from rolltrain_tui.rules.hero import levels
from rolltrain_tui.rules.hero.hero_class import HeroClass


@dataclass(slots=True)
class Hero:
    """The character sheet."""

    name: str
    calling: HeroClass
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
    def hero_class(self) -> str:
        """The name of its class."""
        return self.calling.name

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
