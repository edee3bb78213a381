"""What a campaign file says of the dungeon's games, its player and its examination: a section each."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from rolltrain_tui.config.section import Section
from rolltrain_tui.modes.dungeon.config_algorithms import Share
from rolltrain_tui.modes.text.config import ModelConfig as GPTSection

Weight = Annotated[float, Field(ge=-100, le=100)]


class WorldConfig(Section):
    """The worlds."""

    rooms: Annotated[int, Field(ge=1, le=16)]
    """Rooms of each world."""
    quest: Literal["coin", "cook"]
    """coin: find it and take it; cook: find the food, cook it at the stove and eat it."""
    theme: Literal["castle", "ship", "station"]
    """What rooms and things are called."""
    locks: Annotated[int, Field(ge=0, le=6)]
    """Locked doors at most, each with a key that lies elsewhere."""
    boxes: Annotated[int, Field(ge=0, le=3)]
    """Closed containers beside the chest."""
    loops: Annotated[int, Field(ge=0, le=12)]
    """Ways beyond those that join all rooms."""
    clutter: Annotated[int, Field(ge=0, le=4)]
    """Things without a purpose."""
    points: Literal["dense", "sparse"]
    """dense: one for each deed that the quest needs; sparse: one for winning."""
    marks: StrictBool
    """The text says which exits lead to rooms where the player has been."""
    count: Annotated[int, Field(ge=1, le=1_000_000_000)]
    """Worlds of training; evaluations are played in others."""
    limit: Annotated[int, Field(ge=2, le=10_000)]
    """Moves after which a game is over, and lost."""


class RewardsConfig(Section):
    """What a move earns; the parts add up."""

    game: Weight
    """For each point of the world."""
    win: Weight
    """For winning, and lost as much where a world is lost."""
    living: Weight
    """For every move; below 0: the sooner the better."""
    invalid: Weight
    """For a command that the world refuses; it refuses none that it has offered."""
    letter: Weight
    """For each of `letters` in the command: a reward that has nothing to do with the quest."""
    letters: Annotated[str, Field(min_length=1, max_length=26, pattern=r"^[A-Za-z]+$")]
    """Which letters count."""
    bias: Weight
    """Added to the sum of the others."""
    scale: Weight
    """Factor on all of it."""


class ModelConfig(GPTSection):
    """The language model, and its value head."""

    context: Annotated[int, Field(ge=8, le=4096)]
    """Words of a text and a command together, at most; of a longer text the beginning is not read."""
    score: Literal["mean", "sum"]
    """A command's score: the mean log-probability of its words, or their sum, which favours short commands."""
    value_layers: Literal[1, 2]
    """Layers of the value head."""
    value_detached: StrictBool
    """true: the value's gradient stops at its head, and does not reach the language model."""
    feedback: StrictBool
    """Whether the text begins with what the last command did."""


class HFConfig(Section):
    """A Hugging Face language model to begin with, in place of a GPT of the game's own. Extra hf."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """Folder with config.json, safetensors and the tokenizer's files; relative to the campaign file's folder, or anywhere."""
    freeze: list[Annotated[str, Field(min_length=1, max_length=200)]]
    """Parts that do not learn, by the beginning of their parameters' names; the reference model keeps no copy of them."""


class WritingConfig(Section):
    """A player that writes its commands word by word until a stop. What the world does not accept it refuses in words."""

    form: Literal["actions", "open"]
    """actions: the text names the commands that are possible; open: it does not."""
    words: Annotated[int, Field(ge=2, le=64)]
    """Words of a command at most, its stop among them."""
    memory: Annotated[int, Field(ge=0, le=16)]
    """Moves of the past that stand in front of what it sees, as it read and wrote them."""
    examples: Share
    """Chance, after a command that was refused, of an example: a valid command at random is carried out, and stands in the memory."""
    example_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of imitating these examples; where nothing is refused there are none."""


class PlayConfig(Section):
    """How experience is gathered."""

    games: Annotated[int, Field(ge=1, le=10_000)]
    """Games side by side."""
    moves: Annotated[int, Field(ge=1, le=10_000)]
    """Moves of each game, every time they are played on."""
    every: Annotated[int, Field(ge=1, le=1_000_000)]
    """Turns between: each then learns from a minibatch of these moves."""
    temperature: Annotated[float, Field(gt=0, le=10)]
    """Temperature of the draws in training; above 1: more is tried."""


class ExamConfig(Section):
    """What evaluations measure."""

    measure: Literal["moves", "score", "success"]
    """moves: moves used, as a share of the limit; score: part of the points that is missed; success: part of the worlds that is won."""
    greedy: StrictBool
    """false: commands are drawn by their probabilities; true: the likeliest is taken."""


class BatchConfig(Section):
    """How many moves one turn learns from."""

    moves: Annotated[int, Field(ge=1, le=1_000_000)]
    """Per micro-batch."""
    accumulation: Annotated[int, Field(ge=1, le=4096)]
    """Micro-batches per turn; their mean gradient makes one optimiser step."""
