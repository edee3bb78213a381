"""The rules one campaign is played by, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.events import Outcome
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.rules.dice import Advantage
from rolltrain_tui.rules.hero.death import DOWN_SCALE
from rolltrain_tui.rules.hero.levels import XPTable
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.naming import RulesError, suggestion
from rolltrain_tui.rules.rulebooks import Odds, Rulebook, odds

NEVER = 1 << 30
"""Stands for the turns between two rests where there are no rests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRules:
    """The rules of one campaign as plain values. RulesError when they do not fit together.

    The defaults are the smallest game: a d20 against 12, one hero, no monsters and no rests.
    """

    rulebook: Rulebook
    """With the campaign's own hook, roll_on and on_zero already in it."""
    sides: int = 20
    dc: int = 12
    """On a d20; the rulebook scales it to the die."""
    advantage: Advantage = "none"
    accumulation: int = 1
    xp_table: XPTable = "source"
    xp_learning: bool = True
    xp_monsters: bool = True
    xp_rolls: bool = True
    encounter_mode: str = "off"
    """diagnosed, random, both or off."""
    encounter_chance: float = 0.0
    encounter_effects: str = "cosmetic"
    """real or cosmetic."""
    bestiary: tuple[str, ...] = ()
    camp_every: int = NEVER
    short_rest_every: int = NEVER
    hardcore: bool = False
    deaths: bool = True
    """False: the last hit point is never lost."""
    down_scale: float = DOWN_SCALE
    """Factor on the update while the hero is down."""
    scouting: int = 0
    """First turns, in which a diagnosed monster comes only by a symptom that no healthy run shows."""
    youth_counts: bool = True
    """Measurements of those turns count towards a monster that comes afterwards."""
    scouts: bool = False
    """Scouts judge the size of the steps, so the monsters of pace do not come by single signals."""
    predictions: bool = False
    """The next evaluation may be predicted."""
    loot: bool = False
    """Fallen monsters leave things behind."""
    choices: bool = False
    """At some levels an ability score may be raised."""
    objective: Objective = VALIDATION_LOSS
    """What an evaluation measures. Experience, wounds, gates and predictions go by it."""
    highest: Mapping[str, float] = field(default_factory=dict)
    """Signal -> its upper bound in this campaign, in place of the row's."""
    dials: tuple[Dial, ...] = ()
    """What the player may change in this kind of training."""
    unavailable_levers: Mapping[str, str] = field(default_factory=dict)
    """Levers that this training cannot pull -> the reason."""

    def __post_init__(self) -> None:
        for name in self.bestiary:
            if name not in BESTIARY:
                raise RulesError(f'There is no monster "{name}".{suggestion(name, BESTIARY)}')
        if self.rulebook.faces and len(self.rulebook.faces) != self.sides:
            raise RulesError(f"A custom rulebook for a d{self.sides} needs {self.sides} numbers, not {len(self.rulebook.faces)}.")

    @property
    def abilities_disabled(self) -> bool:
        """The original's per-accumulation-step mode knows neither classes nor monsters nor XP for rolls."""
        return self.rulebook.roll_on == "last-micro"

    @property
    def inert(self) -> bool:
        """Neither dice, monsters nor deaths act on the training: nothing wounds the hero."""
        return not self.deaths and self.rulebook.name == "off" and self.encounter_mode == "off"

    @property
    def rolls_per_turn(self) -> int:
        return 1 if self.rulebook.roll_on == "step" else self.accumulation

    @property
    def wanders(self) -> tuple[str, ...]:
        """Monsters that may be met by chance."""
        return self.bestiary if self.encounter_mode in ("random", "both") and not self.abilities_disabled else ()

    @property
    def diagnoses(self) -> bool:
        """Monsters come by diagnosis."""
        return self.encounter_mode in ("diagnosed", "both") and not self.abilities_disabled


class OpenRulebook:
    """A rulebook for one hero's level and modifier: outcome and k of each face, and the odds."""

    def __init__(self, rules: GameRules, modifier: int, level: int) -> None:
        book, faces = rules.rulebook, range(1, rules.sides + 1)
        self.dc = book.difficulty(rules.dc, rules.sides)
        self._judged = [book.judge(face, modifier, rules.dc, rules.sides, level) for face in faces]
        self.odds: Odds = odds(book, rules.sides, modifier, rules.dc, rules.advantage, level)

    def judge(self, natural: int) -> tuple[Outcome, float]:
        return self._judged[natural - 1]
