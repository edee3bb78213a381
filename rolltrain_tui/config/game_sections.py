"""The sections about the game: dice, hero, monsters, camps, story, and how a run is measured, shown and saved.

Each field gives its bounds and its meaning.
"""

from difflib import get_close_matches
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rolltrain_tui.config.section import ONE_LINE, RowOf, Section, wrong, wrong_in
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS


class DiceConfig(Section):
    """What is rolled each turn and what the roll does to the update."""

    die: Literal["d4", "d6", "d8", "d10", "d12", "d20", "d100"]
    """The die of the turn's roll."""
    dc: Annotated[int, Field(ge=1, le=30)]
    """Difficulty class on a d20; scaled to the die: ceil(dc x sides / 20), except in rulebook source."""
    advantage: Literal["none", "advantage", "disadvantage"]
    """Two dice, of which the higher (advantage) or the lower (disadvantage) counts."""
    rulebook: Annotated[str, RowOf(RULEBOOKS, "custom")]
    """The table from roll to k, the factor on the update; off: dice are shown and k is always 1."""
    roll_on: Literal["rulebook", "step", "micro", "last-micro"]
    """step: one roll a turn; micro: one per micro-batch, weighting its loss (the original's per_mini_batch); last-micro: one per
    micro-batch, only the last counts, on the gradient (the original's per_accumulation_step); rulebook: as the rulebook says."""
    hook: Literal["rulebook", "update", "lr", "loss", "grad"]
    """Where k acts; rulebook: as the rulebook says. On loss and grad it is mostly a placebo under AdamW: try it."""
    on_zero: Literal["rulebook", "hold", "skip"]
    """k = 0: hold (moments see the gradient, weights stay) or skip (the optimiser is not called)."""
    custom: list[Annotated[float, Field(ge=-1, le=3)]] | None
    """rulebook custom: k for each face of the die, lowest first; else null."""

    @field_validator("custom")
    @classmethod
    def _custom_fits_the_die(cls, custom: list[float] | None, info: ValidationInfo) -> list[float] | None:
        rulebook, die = info.data.get("rulebook"), info.data.get("die")
        if rulebook == "custom" and custom is None:
            raise wrong("names no table", f"rulebook custom needs a list with k for each face of the {die or 'die'}")
        if rulebook not in (None, "custom") and custom is not None:
            raise wrong(f"rulebook {rulebook} has its own table", "write null here, or rulebook: custom")
        if custom is not None and die is not None and len(custom) != int(die[1:]):
            raise wrong(f"must have {die[1:]} entries, one for each face of the {die}", f"it has {len(custom)}")
        return custom


class StatsConfig(Section):
    """Ability scores; the modifier is floor((score - 10) / 2)."""

    STR: Annotated[int, Field(ge=1, le=20)]
    """Strength: blows at monsters, and saving throws against what slows the updates."""
    DEX: Annotated[int, Field(ge=1, le=20)]
    """Dexterity: saving throws against what spoils the data."""
    CON: Annotated[int, Field(ge=1, le=20)]
    """Constitution: hit points, and saving throws against what wears the weights."""
    INT: Annotated[int, Field(ge=1, le=20)]
    """Modifies the turn's roll."""
    WIS: Annotated[int, Field(ge=1, le=20)]
    """Wisdom."""
    CHA: Annotated[int, Field(ge=1, le=20)]
    """Charisma."""


class HeroConfig(Section):
    """The hero."""

    older: ClassVar = {"deaths": True}
    name: Annotated[str, Field(min_length=1, max_length=24), ONE_LINE]
    """The hero's name in the story."""
    hero_class: Annotated[str, RowOf(CLASSES)]
    """barbarian: larger updates; wizard: rule over the learning rate; rogue: picks coordinates and sequences; fighter: no turn lost, and
    extra steps; cleric: heals weights and goes back to the best; paladin: harder hits, larger batches, capped updates."""
    level: Annotated[int, Field(ge=1, le=20)]
    """The level at the start."""
    stats: StatsConfig
    auto: list[str]
    """Abilities whose passive form triggers by itself from the start."""
    hardcore: StrictBool
    """true: the third failed death save ends the campaign; false: the party wakes at its last camp, with the weights of that camp."""
    deaths: StrictBool
    """true: at 0 HP the hero is down and may fall; false: the last hit point is never lost, so no fall ever touches the weights."""

    @field_validator("deaths")
    @classmethod
    def _hardcore_heroes_can_die(cls, deaths: bool, info: ValidationInfo) -> bool:
        if info.data.get("hardcore") and not deaths:
            raise wrong("forbids the fall that hardcore: true would end the campaign with", "write true, or hardcore: false")
        return deaths

    @field_validator("auto")
    @classmethod
    def _auto_names_abilities_of_the_class(cls, auto: list[str], info: ValidationInfo) -> list[str]:
        if (hero_class := info.data.get("hero_class")) is None:
            return auto
        own = [name for name, ability in ABILITIES.items() if ability.hero_class == hero_class and ability.passive]
        faults = [(index, name, _unfit(name, hero_class, own)) for index, name in enumerate(auto) if name not in own]
        faults += [(i, name, wrong("is named twice", "name it once")) for i, name in enumerate(auto) if name in own and name in auto[:i]]
        if faults:
            raise wrong_in(*(((index,), name, error) for index, name, error in faults))
        return auto


def _unfit(name: str, hero_class: str, own: list[str]) -> PydanticCustomError:
    near = get_close_matches(name, own, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "leave it out or take another"
    return wrong(f"must be an ability of the {hero_class} with a passive form: {' or '.join(own)}", hint)


class XPConfig(Section):
    """What gives experience."""

    table: Literal["source", "srd"]
    """XP for each level; source: 1000, 2500, 4750, ...; srd: 300, 900, 2700, ... in all."""
    learning: StrictBool
    """1000 XP for each step of the objective by which the best evaluation improves."""
    monsters: StrictBool
    """XP by challenge rating when a monster falls."""
    rolls: StrictBool
    """10 x total for every hit, doubled while a monster is near (the original's rule)."""


class EncountersConfig(Section):
    """When monsters come, which, and what they may do."""

    mode: Literal["diagnosed", "random", "both", "off"]
    """diagnosed: a monster comes when its signal is sick, and stays until that clears or it is slain; random: by chance, drawn from the
    bestiary; both; off: never."""
    chance: Annotated[float, Field(ge=0, le=1)]
    """Chance of a random encounter, per turn, while no monster is near."""
    effects: Literal["real", "cosmetic"]
    """cosmetic: monsters hurt the hero only, never the training."""
    bestiary: list[Annotated[str, RowOf(BESTIARY)]]
    """The monsters that may come by chance; each is as likely as the others. Diagnosed monsters come even if
    they are not named here; those of plug-ins must be named."""

    @field_validator("bestiary")
    @classmethod
    def _someone_can_come(cls, bestiary: list[str], info: ValidationInfo) -> list[str]:
        if not bestiary and info.data.get("mode") in ("random", "both"):
            raise wrong("names no monster", "name at least one, or write mode: off")
        return bestiary


class CampsConfig(Section):
    """When the party rests."""

    every: Annotated[int, Field(ge=1)]
    """Turns between camps: a long rest, a snapshot of the weights, the place to wake after a fall."""
    short_rest_every: Annotated[int, Field(ge=1)]
    """Turns that must pass between short rests (at most two between camps)."""


class EvaluationConfig(Section):
    """When the run is evaluated."""

    every: Annotated[int, Field(ge=1)]
    """Turns between evaluations."""
    sequences: Annotated[int, Field(ge=1)]
    """Size of the fixed probe set."""
    final_sequences: Annotated[int, Field(ge=1)]
    """For the last evaluation of the campaign."""


class DiagnosisConfig(Section):
    """Examinations of the run. They give the signals of the diagnosis screen, which bring the diagnosed monsters."""

    older: ClassVar = {"spike": None, "youth": "counted"}
    examine: StrictBool
    """true: examine the learner at every evaluation, for the cost of one or two steps; false: only the signals of the steps themselves."""
    scouting: Annotated[int, Field(ge=0)]
    """Turns at the start in which the bounds of the signals are fitted to this run. Then a diagnosed monster comes only for
    a loss that is not finite or worse than guessing."""
    scouts: Literal["camps", "early", "seldom", "asked", "off"]
    """camps: at each camp, and when the player asks, copies of the run try smaller and larger steps; seldom: at a camp from turn 100 on
    where the run is half as long again as at their last trip, and when asked; early: as seldom, and once before, at the first evaluation
    whose signals show steps that may be too large; asked: only when asked; off: never, at no cost."""
    spike: Annotated[float, Field(gt=1, le=1e6)] | None
    """A gradient above this multiple of the average is a spike, which brings the Hydra; null: 3, and 10 where games are learned from."""
    youth: Literal["counted", "ignored"]
    """counted: what signals show while scouting counts towards a monster that comes afterwards; ignored: counting begins after it."""

    @model_validator(mode="before")
    @classmethod
    def _older_campaigns_send_no_scouts(cls, data: object) -> object:
        sends_none = isinstance(data, dict) and data.keys() - cls.older.keys() == {"examine", "scouting"}
        return {**data, "scouts": "off"} if isinstance(data, dict) and sends_none else data


class GateConfig(Section):
    """The Validation Gate at each camp: is the run as good as plain training was at this turn?"""

    mode: Literal["ghost", "off"]
    """ghost: the bar is the recorded plain run of this campaign (`rolltrain ghost`); without a recording there is no gate."""
    tolerance: Annotated[float, Field(ge=0, le=10)]
    """How much worse than the ghost still passes, in the unit of the campaign's objective."""
    xp: Annotated[int, Field(ge=0, le=100_000)]
    """Won at a gate that opens. A gate that stays shut costs half of it, but never a level."""


class AdventureConfig(Section):
    """Parts of the game besides dice and monsters."""

    predictions: StrictBool
    """The player may predict the next evaluation; a right guess earns inspiration, which buys advantage on one roll."""
    loot: StrictBool
    """Monsters that fall or are driven off leave items that act on the training once."""
    choices: StrictBool
    """At levels 4, 8, 12, 16 and 19 the player may raise an ability score by 2; false: they stay as they are."""
    energy: Annotated[float, Field(gt=0)] | None
    """GFLOP that the run may spend, without its twins. The campaign ends when they are spent; null: no limit."""


LessonKey = Literal[
    "space", ".", "+", "-", "d", "p", "u", "o", "b", "i", "g", "r", "t", "v", "s", "a", "k", "l", "x", "z", "c",
    "1", "2", "3", "4", "5", "6", "7", "8", "9",
]  # fmt: skip
"""Keys of the game that a campaign can teach."""


class ActConfig(Section):
    """A part of the story, told at its first turn."""

    older: ClassVar = {"press": None}
    from_turn: Annotated[int, Field(ge=0)]
    """0: at the start."""
    title: Annotated[str, Field(min_length=1, max_length=60), ONE_LINE]
    """Shown above its text."""
    text: Annotated[str, Field(max_length=2000)]
    """The text of the story."""
    press: LessonKey | None
    """A lesson: on screen the run waits until this key is pressed; null: until Enter is."""


class EndingConfig(Section):
    """How the story ends."""

    @model_validator(mode="before")
    @classmethod
    def _val_loss_is_its_former_name(cls, data: object) -> object:
        if isinstance(data, dict) and "val_loss" in data and "value" not in data:
            return {"value" if name == "val_loss" else name: value for name, value in data.items()}
        return data

    value: float | None
    """The worst final value that earns this ending; null: any. A hero who fell in a hardcore campaign has none."""
    title: Annotated[str, Field(min_length=1, max_length=60), ONE_LINE]
    """Shown above its text."""
    text: Annotated[str, Field(max_length=2000)]
    """The text of the story."""


class TwinConfig(Section):
    """The twin: a copy of the training that runs without an ability, to measure what the ability did."""

    mode: Literal["on_use", "always", "off"]
    """on_use: a twin starts when an ability is used; always: one twin after another, without all abilities; off: no twins, no cost."""
    turns: Annotated[int, Field(ge=1)]
    """Turns of a twin. Each costs a second step."""
    sequences: Annotated[int, Field(ge=2)]
    """Sequences of the probe set for a verdict: a quarter of them at each of four checks."""


class SpeechConfig(Section):
    """Samples of what the model can do: a text, or a game."""

    every: Annotated[int, Field(ge=0)]
    """Turns between samples of what the model can do; 0: only when the player asks."""
    characters: Annotated[int, Field(ge=1, le=10000)]
    """Length of a sample."""
    temperature: Annotated[float, Field(gt=0, le=5)]
    """Below 1: safer text; above 1: wilder."""
    top_k: Annotated[int, Field(ge=1)] | None
    """Only the k likeliest tokens may follow; null: all."""


class PaceConfig(Section):
    """How fast the game is shown. It changes nothing in the run."""

    turns_per_second: Annotated[float, Field(gt=0)] | None
    """null: full speed."""
    pause_on: list[
        Literal[
            "encounter", "sick", "gate", "level", "verdict", "evaluation", "scouts", "prediction", "camp", "fallen", "nan", "fumble", "crit"
        ]
    ]
    """Events at which the game on screen waits for the player."""


class SaveConfig(Section):
    """When the run is saved."""

    autosave_every: Annotated[int, Field(ge=1)]
    """Turns between autosaves."""
    keep: Annotated[int, Field(ge=1, le=1000)]
    """Autosaves kept."""


class VerificationConfig(Section):
    """What `rolltrain verify` may take for rounding where another kind of machine trains the run again."""

    tolerance: Annotated[float, Field(gt=0, le=1)] | None
    """How far numbers may be apart, absolute below 1, relative above; measured with this campaign's own values. null: none is known, or
    the training is chaotic; then a run that drifts apart elsewhere is undecided."""
