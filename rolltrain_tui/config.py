"""What a campaign file says: every parameter stands in it, none has a hidden default.

`campaign_file.load` reads one; this page is the list of what may stand there, with the bounds and the meaning of each value.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

StrictModel = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class Section(BaseModel):
    model_config = StrictModel


class DataConfig(Section):
    """What the model reads."""

    corpus: Literal["tales", "names", "file"]
    """tales: tavern tales, about 1 MB; names: fantasy names; file: the UTF-8 text at `path`."""
    path: Annotated[str, Field(min_length=1)] | None
    """The text file, relative to the campaign file's folder; null for a built-in corpus."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)]
    """The last part of the text, kept for validation."""


class ModelConfig(Section):
    """The GPT."""

    n_layer: Annotated[int, Field(ge=1, le=96)]
    n_head: Annotated[int, Field(ge=1, le=128)]
    n_embd: Annotated[int, Field(ge=1, le=16384)]
    """Width; a multiple of n_head."""
    context: Annotated[int, Field(ge=2, le=65536)]
    """Tokens the model looks back, and the length of a training sequence."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    bias: StrictBool
    """Biases in the linear layers and layer norms."""
    tie_weights: StrictBool
    """Input embedding and output layer share their weights."""


class OptimizerConfig(Section):
    name: Literal["adamw", "sgd"]
    learning_rate: Annotated[float, Field(gt=0)]
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
    warmup_turns: Annotated[int, Field(ge=0)]
    """Learning rate rises linearly over these turns."""
    decay: Literal["cosine", "constant"]
    final_fraction: Annotated[float, Field(ge=0, le=1)]
    """Where the cosine ends at the last turn, as a fraction of learning_rate."""


class BatchConfig(Section):
    sequences: Annotated[int, Field(ge=1)]
    """Per micro-batch."""
    accumulation: Annotated[int, Field(ge=1, le=4096)]
    """Micro-batches per turn; their mean gradient makes one optimiser step."""


class DeviceConfig(Section):
    device: Literal["auto", "cpu", "cuda", "mps"]
    dtype: Literal["auto", "float32", "bfloat16"]
    """bfloat16: matrix products in bf16 (autocast), weights stay fp32; auto: bfloat16 where the device is faster with it."""
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"]
    """CPU threads; auto goes by model size. Bit-exact replays need the same number."""
    compile: StrictBool
    """torch.compile: slow start (tens of seconds), faster turns."""


class DiceConfig(Section):
    die: Literal["d4", "d6", "d8", "d10", "d12", "d20", "d100"]
    dc: Annotated[int, Field(ge=1, le=30)]
    """Difficulty class on a d20; scaled to the die: ceil(dc x sides / 20), except in rulebook source."""
    advantage: Literal["none", "advantage", "disadvantage"]
    rulebook: Literal["hero", "source", "source-fixed", "readme", "methodology", "classic-xp", "off", "custom"]
    roll_on: Literal["rulebook", "step", "micro", "last-micro"]
    """step: one roll a turn; micro: one per micro-batch, weighting its loss (the original's per_mini_batch); last-micro: one per
    micro-batch, only the last counts, on the gradient (the original's per_accumulation_step); rulebook: as the rulebook says."""
    hook: Literal["rulebook", "update", "lr", "loss", "grad"]
    """Where k acts; rulebook: as the rulebook says. On loss and grad it is mostly a placebo under AdamW: try it."""
    on_zero: Literal["rulebook", "hold", "skip"]
    """k = 0: hold (moments see the gradient, weights stay) or skip (the optimiser is not called)."""
    custom: list[Annotated[float, Field(ge=-3, le=3)]] | None
    """rulebook custom: k for each face of the die, lowest first; else null."""


class StatsConfig(Section):
    """Ability scores; the modifier is floor((score - 10) / 2)."""

    STR: Annotated[int, Field(ge=1, le=20)]
    DEX: Annotated[int, Field(ge=1, le=20)]
    CON: Annotated[int, Field(ge=1, le=20)]
    INT: Annotated[int, Field(ge=1, le=20)]
    """Modifies the turn's roll."""
    WIS: Annotated[int, Field(ge=1, le=20)]
    CHA: Annotated[int, Field(ge=1, le=20)]


class HeroConfig(Section):
    name: Annotated[str, Field(min_length=1, max_length=24)]
    hero_class: Literal["barbarian", "wizard"]
    level: Annotated[int, Field(ge=1, le=20)]
    stats: StatsConfig
    auto: list[str]
    """Abilities whose passive form triggers by itself from the start."""
    hardcore: StrictBool
    """true: the third failed death save ends the campaign; false: the party wakes at its last camp, weights and all."""


class XPConfig(Section):
    table: Literal["source", "srd"]
    learning: StrictBool
    """1000 XP per nat by which the best validation loss falls."""
    monsters: StrictBool
    """XP by challenge rating when a monster falls."""
    rolls: StrictBool
    """10 x total for every hit, doubled while a monster is near (the original's rule)."""


class EncountersConfig(Section):
    mode: Literal["random", "off"]
    chance: Annotated[float, Field(ge=0, le=1)]
    """Per turn, while no monster is near."""
    effects: Literal["real", "cosmetic"]
    """cosmetic: monsters hurt the hero only, never the training."""
    bestiary: list[Literal["gradient_ooze", "loss_dragon", "weight_wraith"]]


class CampsConfig(Section):
    every: Annotated[int, Field(ge=1)]
    """Turns between camps: a long rest, a snapshot of the weights, the place to wake after a fall."""
    short_rest_every: Annotated[int, Field(ge=1)]
    """Turns that must pass between short rests (at most two between camps)."""


class EvaluationConfig(Section):
    every: Annotated[int, Field(ge=1)]
    sequences: Annotated[int, Field(ge=1)]
    """Size of the fixed probe set."""
    final_sequences: Annotated[int, Field(ge=1)]
    """For the last evaluation of the campaign."""


class SpeechConfig(Section):
    every: Annotated[int, Field(ge=0)]
    """Turns between samples of the model's text; 0: never by itself."""
    characters: Annotated[int, Field(ge=1, le=10000)]
    temperature: Annotated[float, Field(gt=0, le=5)]
    top_k: Annotated[int, Field(ge=1)] | None


class PaceConfig(Section):
    """How the game is shown; never what happens in it."""

    turns_per_second: Annotated[float, Field(gt=0)] | None
    """null: full speed."""
    pause_on: list[Literal["encounter", "fumble", "crit", "level", "camp", "fallen", "nan"]]


class SaveConfig(Section):
    autosave_every: Annotated[int, Field(ge=1)]
    keep: Annotated[int, Field(ge=1, le=1000)]
    """Autosaves kept."""


class CampaignConfig(Section):
    """One adventure. `schema_version` is 1."""

    schema_version: Literal[1]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    story: str
    """What the player reads at the start."""
    kind: Literal["supervised"]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    turns: Annotated[int, Field(ge=1, le=100_000_000)]
    data: DataConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    batch: BatchConfig
    device: DeviceConfig
    dice: DiceConfig
    hero: HeroConfig
    xp: XPConfig
    encounters: EncountersConfig
    camps: CampsConfig
    evaluation: EvaluationConfig
    speech: SpeechConfig
    pace: PaceConfig
    save: SaveConfig
