"""What a campaign file says of the dungeon's algorithms: a section each, of which one is filled; and the distance from the reference."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from rolltrain_tui.config.section import Section, wrong

Share = Annotated[float, Field(ge=0, le=1)]


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
    train_prompt: StrictBool = False
    """true: the words of the text are imitated as well as those of the command; left out, as in older files: false."""

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
    """The expectile of ilql: 0.5 is the mean, towards 1 the largest."""
    advantage: Literal["residual", "q"] = "residual"
    """The policy's advantage. q: Q less the value; residual, or left out as in older files: what Q did not foresee, which hardly learns."""


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
