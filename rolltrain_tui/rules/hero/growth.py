"""Growth by choice: at some levels the player raises an ability score."""

from dataclasses import dataclass

from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import STATS
from rolltrain_tui.rules.naming import suggestion

CHOICE_LEVELS = (4, 8, 12, 16, 19)
RAISE, HIGHEST_SCORE = 2, 20


@dataclass(slots=True)
class Growth:
    """The choices that a hero has made. A fall takes back those since the camp, together with the levels."""

    since: int
    """The hero's level at the start. Levels up to it bring no choice."""
    taken: int = 0

    def pending(self, level: int) -> int:
        """Choices that are not made yet."""
        return max(0, sum(self.since < brings <= level for brings in CHOICE_LEVELS) - self.taken)

    def refusal(self, hero: Hero, stat: str) -> str:
        """Why this score cannot be raised now, or an empty string."""
        if stat not in hero.stats:
            return f'There is no ability score "{stat}".{suggestion(stat.upper(), STATS)}'
        if not self.pending(hero.level):
            following = next((level for level in CHOICE_LEVELS if level > hero.level), None)
            return "There is nothing to choose" + (f"; level {following} brings a choice." if following else " any more.")
        return f"{stat} is {HIGHEST_SCORE} already; no score rises above that." if hero.stats[stat] >= HIGHEST_SCORE else ""

    def raise_stat(self, hero: Hero, stat: str) -> None:
        """Two points more, to 20 at most; HP follow CON."""
        hero.stats[stat] = min(HIGHEST_SCORE, hero.stats[stat] + RAISE)
        hero.set_level(hero.level)
        self.taken += 1
