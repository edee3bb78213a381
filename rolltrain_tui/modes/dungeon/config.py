"""What a campaign file says about learning the dungeon of words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.config.schema import CampaignConfig, DeviceConfig, OptimizerConfig, ScheduleConfig, Section, wrong, wrong_in
from rolltrain_tui.modes.dungeon.dials import dials_of
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.objective import Objective

Share = Annotated[float, Field(ge=0, le=1)]
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
    """Of every move; below 0: the sooner the better."""
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


class ModelConfig(Section):
    """The language model, and its value head."""

    n_layer: Annotated[int, Field(ge=1, le=96)]
    """Transformer blocks, one above the other."""
    n_head: Annotated[int, Field(ge=1, le=128)]
    """Attention heads in each block."""
    n_embd: Annotated[int, Field(ge=1, le=16384)]
    """Width; a multiple of n_head."""
    context: Annotated[int, Field(ge=8, le=4096)]
    """Words of a text and a command together, at most; of a longer text the beginning is not read."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Part of the activations dropped while learning; 0: none."""
    bias: StrictBool
    """Biases in the linear layers and layer norms."""
    tie_weights: StrictBool
    """Input embedding and output layer share their weights."""
    score: Literal["mean", "sum"]
    """A command's score: the mean log-probability of its words, or their sum, which favours short commands."""
    value_layers: Literal[1, 2]
    """Of the value head."""
    value_detached: StrictBool
    """true: the value's gradient stops at its head, and does not reach the language model."""
    feedback: StrictBool
    """Whether the text begins with what the last command did."""

    @field_validator("n_embd")
    @classmethod
    def _heads_share_the_width(cls, n_embd: int, info: ValidationInfo) -> int:
        if n_embd % (n_head := info.data.get("n_head", 1)):
            near = max(1, round(n_embd / n_head)) * n_head
            raise wrong(f"must be a multiple of n_head, which is {n_head}", f"{near} would do")
        return n_embd


class HFConfig(Section):
    """A Hugging Face language model to begin with, in place of a GPT of the game's own. Extra hf."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    """Folder with config.json, safetensors and the tokenizer's files; relative to the campaign file's folder, or anywhere."""
    freeze: list[Annotated[str, Field(min_length=1, max_length=200)]]
    """Parts that do not learn, by the beginning of their parameters' names; the reference model keeps no copy of them."""


class PlayConfig(Section):
    """How experience is gathered."""

    games: Annotated[int, Field(ge=1, le=10_000)]
    """Games side by side."""
    moves: Annotated[int, Field(ge=1, le=10_000)]
    """Of each of them, every time they are played on."""
    every: Annotated[int, Field(ge=1, le=1_000_000)]
    """Turns between: each then learns from a minibatch of these moves."""
    temperature: Annotated[float, Field(gt=0, le=10)]
    """Of the draws in training; above 1: more is tried."""


class PPOConfig(Section):
    """Proximal policy optimisation."""

    gamma: Share
    """Discount from a word of a command to the next."""
    gamma_step: Share
    """Discount from a move to the next."""
    lam: Share
    """Trace of generalised advantage estimation from a word to the one before it."""
    lam_step: Share
    """The same from a move to the one before it; 0: each move looks at the next one's value only."""
    value_level: Literal["token", "actionFirst", "actionAvg"]
    """token: every word has a value; actionFirst, actionAvg: a command has one, its first word's or the mean."""
    whiten: Literal["none", "single", "batch", "all"]
    """Advantages get mean 0 and spread 1: within each command, each minibatch, or all moves that were played."""
    cliprange: Annotated[float, Field(gt=0, le=10)]
    """How far the ratio of new and old probability may count."""
    cliprange_value: Annotated[float, Field(gt=0)] | None
    """How far a value may move from that of then; null: as far as it likes."""
    vf_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the value's loss."""
    ent_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the entropy: above 0 it keeps trying."""
    importance: Literal["token", "sequence"]
    """Ratio of each word, or of the whole command."""


class ReinforceConfig(Section):
    """REINFORCE with a baseline. Its moves are best learned from once: play.every times batch.moves is then what is played."""

    gamma_step: Share
    """Discount from a move to the next."""
    whiten: Literal["none", "single", "batch", "all"]
    """Advantages get mean 0 and spread 1: within each command, each minibatch, or all moves that were played."""
    vf_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the value's loss."""
    ent_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the entropy."""


class GRPOConfig(Section):
    """Group relative policy optimisation, with trl's names; whole games are played, and play.moves is not used."""

    num_generations: Annotated[int, Field(ge=2, le=10_000)]
    """Games in the same world; play.games is a multiple of it."""
    beta: Annotated[float, Field(ge=0, le=1000)]
    """Weight of the distance from the reference model."""
    epsilon: Annotated[float, Field(gt=0, lt=1)]
    """How far below 1 a ratio may count."""
    epsilon_high: Annotated[float, Field(gt=0, le=100)] | None
    """How far above 1; null: epsilon."""
    delta: Annotated[float, Field(gt=1, le=1000)] | None
    """The most that a ratio may be, also where an advantage is negative; null: no bound."""
    loss_type: Literal["grpo", "dapo", "dr_grpo"]
    """grpo: each game counts as much as any other; dapo: each move does; dr_grpo: each move, over the move limit."""
    scale_rewards: Literal["group", "batch", "none"]
    """What an advantage is divided by: the spread of its group, of all games, or nothing."""
    importance_sampling_level: Literal["token", "sequence"]
    """Ratio of each word, or of the whole command."""
    entropy_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the entropy."""


class RejectionConfig(Section):
    """Rejection sampling: whole games are played, and their best moves imitated."""

    gamma_step: Share
    """Discount from a move to the next: a move is ranked by what came after it."""
    keep_number: Annotated[int, Field(ge=1, le=1_000_000)] | None
    """How many moves are kept; null: keep_fraction says it."""
    keep_fraction: Annotated[float, Field(gt=0, le=1)] | None
    """Which part of them is kept; null: keep_number says it."""
    ent_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the entropy."""

    @field_validator("keep_fraction")
    @classmethod
    def _one_of_the_two(cls, fraction: float | None, info: ValidationInfo) -> float | None:
        if "keep_number" in info.data and (fraction is None) == (info.data["keep_number"] is None):
            what = "is null, and so is keep_number" if fraction is None else "stands beside keep_number"
            raise wrong(what, "fill one of the two, and write null for the other")
        return fraction


class DecisionConfig(Section):
    """A decision transformer: it imitates all moves, told what the game was still going to earn; whole games are played."""

    target: Annotated[float, Field(ge=0, le=4)]
    """The return that it is told while it plays; a good game earns the sum of rewards.game and rewards.win."""
    gamma_step: Share
    """Discount of the return from a move to the next."""
    ent_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the entropy."""


class ActDeConfig(PPOConfig):
    """ACT-DE: PPO whose policy learns from Q-heads."""

    q_heads: Annotated[int, Field(ge=1, le=16)]
    """Heads; the most careful one counts."""
    q_coef: Annotated[float, Field(ge=0, le=100)]
    """Weight of the heads' loss."""
    vf_loss_type: Literal["ppo", "ilql"]
    """How values learn: towards returns, or as an expectile of the Q-values."""
    tau: Annotated[float, Field(gt=0, lt=1)]
    """Of ilql: 0.5 is the mean, towards 1 the largest."""


ALGORITHMS = {
    "ppo": "PPO",
    "reinforce": "REINFORCE",
    "grpo": "GRPO",
    "rejection": "rejection sampling",
    "decision": "a decision transformer",
    "actde": "ACT-DE",
}
"""Sections, of which one is filled, and their names in a sentence."""


class KLTermConfig(Section):
    """One way to hold the player near the reference model."""

    coefficient: Annotated[float, Field(ge=0, le=1000)]
    """Weight at the start; 0: none."""
    adaptive: StrictBool
    """The weight follows the distance: above the target it grows, below it shrinks."""
    target: Annotated[float, Field(gt=0, le=1000)]
    """Nats of a command."""
    horizon: Annotated[float, Field(gt=0)]
    """Moves over which it adapts."""

    @field_validator("adaptive")
    @classmethod
    def _something_grows(cls, adaptive: bool, info: ValidationInfo) -> bool:
        if adaptive and info.data.get("coefficient") == 0:
            raise wrong("cannot adapt a coefficient of 0: it stays 0", "begin with a coefficient such as 0.1")
        return adaptive


class KLConfig(Section):
    """The distance from the reference model, which is the player before its first turn."""

    loss: KLTermConfig
    """In the loss, with its exact gradient."""
    reward: KLTermConfig
    """In the reward of every word."""


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


class DungeonConfig(CampaignConfig):
    """One adventure in which a small language model learns to play text adventures."""

    objective: ClassVar[Objective] = Objective(
        name="share of the move limit", unit="", better="lower", step=0.5, digits=3, limit=0.0, of_loss=False, surrogate=True
    )
    kind: Literal["dungeon"]
    """What is trained; dungeon: a small language model that plays text adventures."""
    world: WorldConfig
    rewards: RewardsConfig
    model: ModelConfig
    hf: HFConfig | None
    """null: the GPT of section model. Else of that section only context, score, value_layers, value_detached and feedback count."""
    play: PlayConfig
    ppo: PPOConfig | None
    """null: another algorithm is chosen."""
    reinforce: ReinforceConfig | None
    """null: another algorithm is chosen."""
    grpo: GRPOConfig | None
    """null: another algorithm is chosen."""
    rejection: RejectionConfig | None
    """null: another algorithm is chosen."""
    decision: DecisionConfig | None
    """null: another algorithm is chosen."""
    actde: ActDeConfig | None
    """null: another algorithm is chosen."""
    kl: KLConfig
    exam: ExamConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    batch: BatchConfig
    device: DeviceConfig

    @field_validator("actde")
    @classmethod
    def _one_algorithm(cls, actde: ActDeConfig | None, info: ValidationInfo) -> ActDeConfig | None:
        """Told at the last of them, when all are known."""
        if not info.data.keys() >= ALGORITHMS.keys() - {"actde"}:
            return actde
        filled = [name for name in ALGORITHMS if info.data.get(name) is not None] + (["actde"] if actde is not None else [])
        if len(filled) != 1:
            what = f"{' and '.join(filled)} are filled" if filled else f"all of {', '.join(ALGORITHMS)} are null"
            raise wrong(f"{what}, and a campaign learns by one algorithm", "fill one of these sections, and write null for the others")
        return actde

    @field_validator("decision")
    @classmethod
    def _returns_are_words(cls, decision: DecisionConfig | None, info: ValidationInfo) -> DecisionConfig | None:
        if decision is not None and info.data.get("hf") is not None:
            raise wrong("tells returns in words of its own, which a model from a folder does not have", "write hf: null, or null here")
        return decision

    @field_validator("grpo")
    @classmethod
    def _groups_are_whole(cls, grpo: GRPOConfig | None, info: ValidationInfo) -> GRPOConfig | None:
        play = info.data.get("play")
        if grpo is not None and play is not None and play.games % grpo.num_generations:
            error = wrong(f"does not divide play.games, which is {play.games}", "change one of the two")
            raise wrong_in((("num_generations",), grpo.num_generations, error))
        return grpo

    @field_validator("schedule")
    @classmethod
    def _warmup_ends_in_time(cls, schedule: ScheduleConfig, info: ValidationInfo) -> ScheduleConfig:
        turns = info.data.get("turns")
        if turns is not None and schedule.warmup_turns >= turns:
            error = wrong(f"must be less than turns, which is {turns}", "shorten the warm-up or add turns")
            raise wrong_in((("warmup_turns",), schedule.warmup_turns, error))
        return schedule

    @field_validator("batch")
    @classmethod
    def _so_much_is_played(cls, batch: BatchConfig, info: ValidationInfo) -> BatchConfig:
        play = info.data.get("play")
        if play is not None and batch.moves > play.games * play.moves:
            error = wrong(
                f"is more than is played: play.games x play.moves is {play.games * play.moves}", "play more, or make the batch smaller"
            )
            raise wrong_in((("moves",), batch.moves, error))
        return batch

    @field_validator("device")
    @classmethod
    def _nothing_is_compiled(cls, device: DeviceConfig) -> DeviceConfig:
        if device.compile:
            raise wrong_in((("compile",), device.compile, wrong("is not served for so small a network", "write false")))
        return device

    @property
    def dials(self) -> tuple[Dial, ...]:
        distance = ""
        if self.ppo is None and self.actde is None and self.rejection is None:
            distance = "its algorithm has no such distance in its loss"
        elif self.hf is not None and not (self.kl.loss.coefficient or self.kl.reward.coefficient):
            distance = "no copy of the model from the folder was kept, since kl has no coefficient above 0"
        return dials_of(values=self.grpo is None and self.rejection is None and self.decision is None, distance=distance)

    @property
    def micro_batches(self) -> int:
        return self.batch.accumulation

    def card(self) -> Mapping[str, str]:
        world, model = self.world, self.model
        return {
            "World": f"{world.theme}, {world.rooms} rooms, {world.quest}; {world.count:,} worlds of training, {world.limit} moves at most",
            "Learns": f"by {next(ALGORITHMS[name] for name in ALGORITHMS if getattr(self, name) is not None)}",
            "Model": flat(Path(self.hf.path).name) if self.hf is not None else f"GPT, {model.n_layer} layers of width {model.n_embd}",
            "Optimiser": f"{self.optimizer.name}, learning rate {self.optimizer.learning_rate:g}",
        }
