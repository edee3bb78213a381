"""The keywords of RollToTrain and the callbacks: checked as in the original, and turned into the game's part of a campaign."""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ParamSpec, TypedDict, TypeVar, get_args

from rolltrain_tui.config.game_sections import DiceConfig
from rolltrain_tui.integrations.terms.characters import Character, character_of
from rolltrain_tui.integrations.terms.keywords import exact_keywords, meant
from rolltrain_tui.integrations.terms.original import ExperienceSystem, Monster, MonsterEncounter, encounters_of
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS

P = ParamSpec("P")
R = TypeVar("R")
DICE = get_args(DiceConfig.model_fields["die"].annotation)
MODES = ("per_mini_batch", "per_accumulation_step")
MONSTERS = ("both", "diagnosed", "random", "off")
ORIGINAL_MONSTERS = [row.name for row in BESTIARY.built_in.values() if row.original]
ALL = 1_000_000_000
"""More examples than any validation set has."""
LONGEST_NAME = 60
ON_SCREEN = 20
"""Turns a second that the game begins with."""


CHANCE = 0.1
"""Chance of an encounter each turn: the original's."""
Monsters = str | MonsterEncounter | Monster | type[Monster] | Sequence[Monster | type[Monster]] | None


class GameKeywords(TypedDict, total=False):
    """The keywords of the game that loops of other people's take; `Terms` has their meaning and defaults."""

    character_class: Character | type[Character] | str | None
    intelligence: int
    dc: float
    dice_type: str
    advantage: bool
    disadvantage: bool
    use_xp_system: bool | ExperienceSystem
    encounter_chance: float
    rulebook: str
    monsters: Monsters
    seed: int
    deaths: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The original's parameters and our own. ValueError and TypeError name the value.

    The defaults are the original's. Only with another rulebook than "source", a turn accumulates one batch and not 64.
    """

    intelligence: int = 10
    dc: float = 15
    accumulation_steps: int | None = None
    mode: str | None = None
    num_epochs: int | None = None
    dice_type: str = "d20"
    advantage: bool = False
    disadvantage: bool = False
    character_class: Character | type[Character] | str | None = None
    use_xp_system: bool | ExperienceSystem = True
    encounter_chance: float = CHANCE
    rulebook: str = "hero"
    monsters: Monsters = None
    seed: int = 0
    deaths: bool = False
    """A hero who falls returns the run to its last camp."""
    meetings: MonsterEncounter | None = field(default=None, init=False)
    """Where `monsters` names kinds of monsters."""

    def __post_init__(self) -> None:
        _whole("intelligence", self.intelligence, 1, 20)
        _whole("dc", self.dc, 1, 30)
        at_least_one("accumulation_steps", self.accumulation)
        at_least_one("num_epochs", self.epochs)
        one_of("mode", self.mode or MODES[0], MODES)
        one_of("dice_type", self.dice_type, DICE)
        one_of("rulebook", self.rulebook, tuple(RULEBOOKS))
        if (named := encounters_of(self.monsters, self.encounter_chance)) is None:
            one_of("monsters", "off" if self.monsters is None else self.monsters, MONSTERS)
        object.__setattr__(self, "meetings", named)
        if self.advantage and self.disadvantage:
            raise ValueError("advantage and disadvantage cancel each other out; set at most one of them")
        _within("encounter_chance", self.chance, 0, 1)
        if named is not None and named is self.monsters and self.encounter_chance not in (named.encounter_chance, CHANCE):
            raise ValueError("monsters has an encounter_chance of its own; give encounter_chance in one place")
        if named is not None and not self.chance:
            raise ValueError("monsters are named, but none will come with encounter_chance 0; give one above 0, or monsters='off'")
        for name in ("advantage", "disadvantage", "deaths"):
            if not isinstance(value := getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, not {value!r}")
        if not isinstance(self.use_xp_system, bool | ExperienceSystem):
            raise TypeError(f"use_xp_system must be True, False or an ExperienceSystem, not {self.use_xp_system!r}")
        object.__setattr__(self, "character_class", character_of(self.character_class))
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**63:
            raise ValueError(f"seed must be a whole number of at least 0 and below 2**63, not {self.seed!r}")

    @property
    def who(self) -> Character | None:
        """The class with its level; None: a fighter without passive abilities."""
        assert self.character_class is None or isinstance(self.character_class, Character)
        return self.character_class

    @property
    def accumulation(self) -> int:
        """Micro-batches of a turn: the original's 64 under its own rulebook, else 1."""
        return self.accumulation_steps if self.accumulation_steps is not None else 64 if self.rulebook == "source" else 1

    @property
    def epochs(self) -> int:
        return 3 if self.num_epochs is None else self.num_epochs

    @property
    def roll_on(self) -> str:
        """As the rulebook says, unless a mode is given."""
        if self.mode is None:
            return "rulebook"
        if self.mode == "per_mini_batch":
            return "micro"
        return "last-micro" if self.rulebook == "source" else "step"

    @property
    def chance(self) -> float:
        return self.encounter_chance if self.meetings is None else self.meetings.encounter_chance

    @property
    def monsters_come(self) -> str:
        if self.meetings is not None:
            return "random"
        return str(self.monsters) if self.monsters else "both" if self.chance else "off"

    @property
    def off(self) -> bool:
        """Neither dice nor monsters act, so no ability triggers by itself either: nothing touches the weights unless it is ordered."""
        return self.rulebook == "off" and self.monsters_come == "off"

    def table(
        self, *, name: str, turns: int, camp_every: int, evaluate_every: int, twin: str, by_themselves: bool = True
    ) -> dict[str, Any]:
        """The game's part of a campaign.

        `by_themselves`: the class's passive abilities trigger as the original's do; on screen the player uses them.
        """
        who = self.who
        stats = {"STR": 12, "DEX": 13, "CON": 14, "INT": int(self.intelligence), "WIS": 10, "CHA": 8}
        xp, bestiary = bool(self.use_xp_system), ORIGINAL_MONSTERS if self.meetings is None else self.meetings.bestiary
        return {
            "schema_version": 1,
            "name": name,
            "story": "",
            "seed": self.seed,
            "turns": turns,
            "dice": {
                "die": self.dice_type,
                "dc": int(self.dc),
                "advantage": "advantage" if self.advantage else "disadvantage" if self.disadvantage else "none",
                "rulebook": self.rulebook,
                "roll_on": self.roll_on,
                "hook": "rulebook",
                "on_zero": "rulebook",
                "custom": None,
            },
            "hero": {
                "name": (who.name if who else "") or "The Learner",
                "hero_class": who.hero_class if who else "fighter",
                "level": who.level if who else 1,
                "stats": who.stats(int(self.intelligence)) if who else stats,
                "auto": who.passives if who and by_themselves and not self.off else [],
                "hardcore": False,
                "deaths": self.deaths,
            },
            "xp": {"table": "source", "learning": xp, "monsters": xp, "rolls": xp and self.rulebook == "source"},
            "encounters": {"mode": self.monsters_come, "chance": self.chance, "effects": "real", "bestiary": bestiary},
            "diagnosis": {"examine": self.monsters_come != "off", "scouting": min(60, turns // 2)},
            "adventure": {"predictions": True, "loot": self.monsters_come != "off", "choices": False, "energy": None},
            "acts": [],
            "endings": [],
            "camps": {"every": camp_every, "short_rest_every": max(1, camp_every // 3)},
            "gate": {"mode": "off", "tolerance": 0.0, "xp": 0},
            "evaluation": {"every": evaluate_every, "sequences": ALL, "final_sequences": ALL},
            "twin": {"mode": twin, "turns": 20, "sequences": 256},
            "speech": {"every": 0, "characters": 120, "temperature": 0.8, "top_k": None},
            "pace": {"turns_per_second": ON_SCREEN, "pause_on": []},
            "save": {"autosave_every": camp_every, "keep": 3},
        }


def takes_terms(function: Callable[P, R]) -> Callable[P, R]:
    """For a public function with `**terms: Unpack[GameKeywords]`: its signature names them with their defaults, and it takes no others."""
    signature = inspect.signature(function)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    defaults = {part.name: part.default for part in fields(Terms)}
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hint)
        for name, hint in GameKeywords.__annotations__.items()
    ]
    function.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    return exact_keywords(function)


def title(name: str | None, model: object) -> str:
    """The run's name: the one given, or the model's class. ValueError for one that does not fit the screens."""
    if name is None:
        return f"Roll to Train: {type(model).__name__}"[:LONGEST_NAME]
    if not isinstance(name, str):
        raise TypeError(f"name must be a text, not {name!r}")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"name must have 1 to {LONGEST_NAME} characters, not {len(name)}: {name!r}")
    if not name.strip() or not name.isprintable():
        raise ValueError(f"name must be one line of letters, digits, punctuation and plain spaces, not {name!r}")
    return name


def _within(name: str, value: float, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value!r}")


def _whole(name: str, value: float, low: int, high: int) -> None:
    """12.0 passes. A total is a whole number, so 12.7 would be reached where 13 is, and still count otherwise."""
    _within(name, value, low, high)
    if value != int(value):
        raise ValueError(f"{name} must be a whole number, because dice and modifiers are: write {math.ceil(value)} instead of {value!r}")


def at_least_one(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}")


def one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}{meant(str(value), allowed)}")
