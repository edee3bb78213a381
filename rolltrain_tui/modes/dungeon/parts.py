"""The parts of a learner, as a campaign describes them."""

from dataclasses import replace

import torch

from rolltrain_tui.modes.dungeon.advantages import Credit
from rolltrain_tui.modes.dungeon.algorithm import Algorithm
from rolltrain_tui.modes.dungeon.config import DungeonConfig, KLTermConfig
from rolltrain_tui.modes.dungeon.exam import Exam
from rolltrain_tui.modes.dungeon.kl import Control, KLCoefficients
from rolltrain_tui.modes.dungeon.policy import Player
from rolltrain_tui.modes.dungeon.ppo import PPO, Coefficients
from rolltrain_tui.modes.dungeon.rewards import Rewards
from rolltrain_tui.modes.dungeon.value_head import ValueHead
from rolltrain_tui.modes.dungeon.vocabulary import Vocabulary
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig
from rolltrain_tui.protocol.objective import Objective


def maker_of(config: DungeonConfig) -> Maker:
    own = config.world.model_dump(exclude={"count", "limit"})
    return BuiltIn(WorldSettings(**own))


def rewards_of(config: DungeonConfig) -> Rewards:
    return Rewards(**config.rewards.model_dump())


def player_of(config: DungeonConfig, maker: Maker, stream: torch.Generator) -> tuple[Player, Vocabulary]:
    """A new player, whose weights are of `stream`."""
    own = config.model
    vocabulary = Vocabulary(maker.vocabulary)
    shape = GPTConfig(
        vocab_size=len(vocabulary),
        n_layer=own.n_layer,
        n_head=own.n_head,
        n_embd=own.n_embd,
        context=own.context,
        dropout=own.dropout,
        bias=own.bias,
        tie_weights=own.tie_weights,
    )
    gpt, head = GPT(shape, stream), ValueHead(own.n_embd, own.value_layers, detach=own.value_detached)
    head.draw_weights(stream)
    return Player(gpt, head, own.score), vocabulary


def algorithm_of(config: DungeonConfig) -> tuple[Algorithm, KLCoefficients]:
    """The algorithm, and the coefficients that it may change."""
    kl = KLCoefficients(control(config.kl.loss), control(config.kl.reward))
    own = config.ppo
    credit = Credit(level=own.value_level, gamma=own.gamma, gamma_step=own.gamma_step, lam=own.lam, lam_step=own.lam_step)
    of = Coefficients(
        clip=own.cliprange,
        value_clip=own.cliprange_value,
        value=own.vf_coef,
        kl=config.kl.loss.coefficient,
        entropy=own.ent_coef,
        importance=own.importance,
        level=own.value_level,
    )
    return PPO(credit, of, own.whiten, kl), kl


def control(term: KLTermConfig) -> Control:
    return Control(**term.model_dump())


def objective_of(config: DungeonConfig, exam: Exam) -> Objective:
    """What the campaign measures, with the values of commands at random and of the walkthroughs."""
    count = config.evaluation.sequences
    objective = replace(config.objective, chance=exam.chance(count), limit=exam.bound(count))
    if config.exam.measure == "score":
        return replace(objective, name="points missed")
    return replace(objective, name="worlds won", better="higher") if config.exam.measure == "success" else objective
