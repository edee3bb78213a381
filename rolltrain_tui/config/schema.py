"""The sections that every campaign file has. Every parameter stands in the file; none has a hidden default.

Each field gives its bounds and its meaning. `reading` turns violations into sentences for people.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StrictBool,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from rolltrain_tui.base.registry import Registry
from rolltrain_tui.config.yaml_marks import Where
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.hero.death import DOWN_SCALE
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS

StrictModel = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)
"""defer_build: a section's checks are built with those of the campaign that holds it, and not for itself as well."""


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """A violated rule as two half sentences: fault and remedy. `reading` adds place and value."""
    return PydanticCustomError("rule", "{what}; {remedy}", {"what": what, "remedy": remedy})


def wrong_in(*faults: tuple[tuple[str | int, ...], Any, PydanticCustomError]) -> ValidationError:
    """Violated rules at places inside the value being validated."""
    return ValidationError.from_exception_data(
        "campaign", [InitErrorDetails(type=error, loc=where, input=value) for where, value, error in faults]
    )


def wrong_field(section: "Section", name: str, what: str, remedy: str) -> ValidationError:
    """A violated rule at one field of the section being validated."""
    return wrong_in(((name,), getattr(section, name), wrong(what, remedy)))


def _one_line(text: str) -> str:
    """Names are printed on terminals and become folder names, so they are one line of visible characters."""
    if not text.isprintable():
        raise wrong("has characters that cannot be printed", "use letters, digits, punctuation and plain spaces")
    if not text.strip():
        raise wrong("is blank", "give a name")
    return text


class RowOf:
    """The name of a row of a registry, built in or from a plug-in. To pydantic it is a choice of words."""

    def __init__(self, registry: Registry[Any], *more: str) -> None:
        self._registry, self._more = registry, more

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        names = self._registry.everywhere  # rows of a mode come by diagnosis alone
        return core_schema.literal_schema([*names, *self._more])


class Section(BaseModel):
    model_config = StrictModel


class OptimizerConfig(Section):
    """The optimiser."""

    name: Literal["adamw", "sgd"]
    """adamw: AdamW; sgd: stochastic gradient descent with momentum."""
    learning_rate: Annotated[float, Field(gt=0)]
    """The peak, reached after the warm-up."""
    beta1: Annotated[float, Field(ge=0, lt=1)]
    """AdamW's first-moment decay; SGD's momentum."""
    beta2: Annotated[float, Field(ge=0, lt=1)]
    """AdamW's second-moment decay; SGD does not use it."""
    eps: Annotated[float, Field(gt=0)]
    """AdamW's denominator floor; SGD does not use it."""
    weight_decay: Annotated[float, Field(ge=0)]
    """Decoupled for AdamW, on matrices only."""
    clip: Annotated[float, Field(gt=0)] | None
    """Gradient-norm threshold; null: no clipping."""


class ScheduleConfig(Section):
    """The learning-rate schedule."""

    warmup_turns: Annotated[int, Field(ge=0)]
    """Learning rate rises linearly over these turns."""
    decay: Literal["cosine", "constant"]
    """After the warm-up: half a cosine down, or constant."""
    final_fraction: Annotated[float, Field(ge=0, le=1)]
    """Where the cosine ends at the last turn, as a fraction of learning_rate."""

    def shortened(self, turns: int, usual: int) -> Mapping[str, Any]:
        """For fewer turns than usual: the warm-up keeps its share of them. Values by dotted path."""
        return {"schedule.warmup_turns": turns * self.warmup_turns // usual} if self.warmup_turns >= turns else {}


class DeviceConfig(Section):
    """Where and how the numbers are computed."""

    device: Literal["auto", "cpu", "cuda", "mps"]
    """auto: the fastest this computer has."""
    dtype: Literal["auto", "float32", "bfloat16"]
    """bfloat16: matrix products in bf16 (autocast), weights stay fp32; auto: the faster of the two, measured when a run begins."""
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"]
    """CPU threads; auto goes by model size. Bit-exact replays need the same number."""
    compile: StrictBool
    """torch.compile: slow start (tens of seconds), faster turns."""


def uncompiled(why: str) -> Callable[[DeviceConfig], DeviceConfig]:
    """A check of the section `device`, for training that compiles nothing. `why`: such as "is not served for so small a network"."""

    def check(device: DeviceConfig) -> DeviceConfig:
        if device.compile:
            raise wrong_field(device, "compile", why, "write false")
        return device

    return check


def _warmup_ends_in_time(schedule: ScheduleConfig, info: ValidationInfo) -> ScheduleConfig:
    turns = info.data.get("turns")
    if turns is not None and schedule.warmup_turns >= turns:
        raise wrong_field(schedule, "warmup_turns", f"must be less than turns, which is {turns}", "shorten the warm-up or add turns")
    return schedule


Schedule = Annotated[ScheduleConfig, AfterValidator(_warmup_ends_in_time)]
"""The section of a campaign that has `turns`."""


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

    name: Annotated[str, Field(min_length=1, max_length=24)]
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

    @model_validator(mode="before")
    @classmethod
    def _older_heroes_can_die(cls, data: object) -> object:
        return {**data, "deaths": True} if isinstance(data, dict) and "deaths" not in data else data

    @field_validator("deaths")
    @classmethod
    def _hardcore_heroes_can_die(cls, deaths: bool, info: ValidationInfo) -> bool:
        if info.data.get("hardcore") and not deaths:
            raise wrong("forbids the fall that hardcore: true would end the campaign with", "write true, or hardcore: false")
        return deaths

    @field_validator("name")
    @classmethod
    def _name_is_one_line(cls, name: str) -> str:
        return _one_line(name)

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
    def _older_campaigns(cls, data: object) -> object:
        """They send no scouts, have the built-in bound of spikes, and count what youth shows."""
        if not isinstance(data, dict):
            return data
        sends_none = data.keys() - {"spike", "youth"} == {"examine", "scouting"}
        return {"spike": None, "youth": "counted", **data, **({"scouts": "off"} if sends_none else {})}


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

    @model_validator(mode="before")
    @classmethod
    def _older_acts_teach_no_key(cls, data: object) -> object:
        return {**data, "press": None} if isinstance(data, dict) and "press" not in data else data

    from_turn: Annotated[int, Field(ge=0)]
    """0: at the start."""
    title: Annotated[str, Field(min_length=1, max_length=60)]
    """Shown above its text."""
    text: Annotated[str, Field(max_length=2000)]
    """The text of the story."""
    press: LessonKey | None
    """A lesson: on screen the run waits until this key is pressed; null: until Enter is."""

    @field_validator("title")
    @classmethod
    def _title_is_one_line(cls, title: str) -> str:
        return _one_line(title)


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
    title: Annotated[str, Field(min_length=1, max_length=60)]
    """Shown above its text."""
    text: Annotated[str, Field(max_length=2000)]
    """The text of the story."""

    @field_validator("title")
    @classmethod
    def _title_is_one_line(cls, title: str) -> str:
        return _one_line(title)


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


class Header(Section):
    """The first fields of every campaign."""

    schema_version: Literal[1]
    """Version of the file format."""
    name: Annotated[str, Field(min_length=1, max_length=60)]
    """The adventure's title."""
    story: Annotated[str, Field(max_length=4000)]
    """What the player reads at the start."""
    kind: str
    """What is trained."""
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    """Dice, data order, monsters and initial weights follow from it."""
    turns: Annotated[int, Field(ge=1, le=100_000_000)]
    """Length of the adventure; one turn is one optimiser step."""

    @field_validator("schema_version", mode="before")
    @classmethod
    def _version_is_a_number(cls, version: object) -> object:
        return str(version).lower() if isinstance(version, bool) else version  # True == 1 in Python, not in a campaign

    @field_validator("name")
    @classmethod
    def _name_is_one_line(cls, name: str) -> str:
        return _one_line(name)


class CampaignConfig(Header):
    """One adventure, which is one training run: what is played, whatever is trained. Each mode adds the sections of its own."""

    lasting: ClassVar[tuple[str, ...]] = ("seed", "hero.name", "hero.hero_class", "hero.level", "hero.stats", "hero.auto")
    """Dotted paths of values, and of sections, that a run keeps from its first turn on."""
    stays_in_its_folder: ClassVar[bool] = True
    """The file at `data_path` lies under the campaign's folder, unless the player names another one on the command line."""
    dice: DiceConfig
    hero: HeroConfig
    xp: XPConfig
    encounters: EncountersConfig
    diagnosis: DiagnosisConfig
    adventure: AdventureConfig
    acts: Annotated[list[ActConfig], Field(max_length=12)]
    """The story's parts, in order; may be empty."""
    endings: Annotated[list[EndingConfig], Field(max_length=12)]
    """Best first: the first one that the final value earns is told; may be empty."""
    camps: CampsConfig
    gate: GateConfig
    evaluation: EvaluationConfig
    twin: TwinConfig
    speech: SpeechConfig
    pace: PaceConfig
    save: SaveConfig
    verification: VerificationConfig

    @model_validator(mode="before")
    @classmethod
    def _older_campaigns_state_no_tolerance(cls, data: object) -> object:
        return {**data, "verification": {"tolerance": None}} if isinstance(data, dict) and "verification" not in data else data

    @property
    def objective(self) -> Objective:
        """What the evaluations of this campaign measure."""
        return Objective()

    @property
    def micro_batches(self) -> int:
        """Micro-batches of a turn. Where the campaign rolls on micro-batches, each has a roll."""
        return 1

    @property
    def heavy(self) -> tuple[str, ...]:
        """Dotted paths of the values that decide how much memory training takes. The first is the batch size; a saved run may change it."""
        return ()

    @property
    def lighter(self) -> str:
        """What to do where memory runs out, as half a sentence; "" where no value of the campaign would help."""
        paths = (*self.heavy, "evaluation.sequences", "evaluation.final_sequences") if self.heavy else ()
        sizes = [f"{path} ({size})" for path in paths if (size := attrgetter(path)(self)) is not None]
        return f"make one of these smaller: {', '.join(sizes)}" if sizes else ""

    @property
    def dials(self) -> tuple[Dial, ...]:
        """What the player may change on the way, beside the abilities' levers."""
        return ()

    @property
    def highest(self) -> Mapping[str, float]:
        """Signal -> its upper bound in this campaign, where the campaign states one."""
        return {} if self.diagnosis.spike is None else {"gradient_spike": self.diagnosis.spike}

    @property
    def down_scale(self) -> float:
        """Factor on the update while the hero is down."""
        return DOWN_SCALE

    @property
    def data_path(self) -> str | None:
        """The player's own file that the training reads, relative to the campaign's folder; None: there is none."""
        return None

    @property
    def sources(self) -> tuple[str, ...]:
        """All files and folders of the player's own that the training reads, `data_path` first; relative to the campaign's folder."""
        return () if self.data_path is None else (self.data_path,)

    def file_faults(self, base: Path) -> Iterator[tuple[Where, str]]:
        """What is wrong with the player's own files, relative to `base`: the place in the campaign that names one, and a sentence.

        For `rolltrain check`, which trains nothing: what only a model could say of them is not here, and torch is not loaded.
        """
        yield from ()

    def refuse_data(self, base: Path) -> None:
        """ValueError where the player's own file, relative to `base`, looks like one that nobody means to train on as it is."""

    @classmethod
    def with_data(cls, name: str) -> Mapping[Where, Any]:
        """The values of a campaign that reads the file `name`: of its folder, or an absolute path where it does not stay in its folder.

        ValueError where this kind of training reads no file.
        """
        raise ValueError("this kind of campaign reads no file of its own; leave --data out")

    def shortened(self, turns: int) -> Mapping[str, Any]:
        """The values that must change with the number of turns, by dotted path."""
        return {}

    def recipe(self, data_sha256: str) -> Mapping[str, Any]:
        """Every value that decides plain training, the seed aside, by dotted path. Dice, hero, monsters and story have no part in it."""
        own = {name: value for name, value in self.model_dump(mode="json").items() if name not in CampaignConfig.model_fields}
        data = {"data.sha256": data_sha256} if data_sha256 else {}
        return {"kind": self.kind, "turns": self.turns, "evaluation.sequences": self.evaluation.sequences, **data, **own}

    @staticmethod
    def in_recipe(path: str) -> bool:
        """Whether the value at this dotted path decides plain training."""
        return path in ("kind", "turns", "evaluation.sequences") or path.partition(".")[0] not in CampaignConfig.model_fields

    def card(self) -> Mapping[str, str]:
        """What a player wants to know of the training before setting out: label -> words."""
        return {}

    @property
    def missing(self) -> str:
        """What the training needs and is not installed, in a sentence with the remedy; "" where nothing is missing."""
        return ""

    @property
    def size(self) -> str:
        """The size of what is trained, in few words: "12k weights"."""
        return ""

    @field_validator("acts")
    @classmethod
    def _acts_follow_one_another(cls, acts: list[ActConfig]) -> list[ActConfig]:
        faults = [
            ((index, "from_turn"), after.from_turn, wrong(f"must come after {before.from_turn}, of the act before", "put them in order"))
            for index, (before, after) in enumerate(pairwise(acts), 1)
            if after.from_turn <= before.from_turn
        ]
        if faults:
            raise wrong_in(*faults)
        return acts
