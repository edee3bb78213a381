"""The parts of a learner, as a campaign describes them."""

from dataclasses import replace
from pathlib import Path

import torch

from rolltrain_tui.modes.dungeon.algorithms.advantages import Credit
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm
from rolltrain_tui.modes.dungeon.algorithms.decision import PLACE as RETURN_PLACE
from rolltrain_tui.modes.dungeon.algorithms.decision import WORDS as DECISION_WORDS
from rolltrain_tui.modes.dungeon.algorithms.decision import Decision
from rolltrain_tui.modes.dungeon.algorithms.grpo import GRPO
from rolltrain_tui.modes.dungeon.algorithms.ilql import ActDe, Critic
from rolltrain_tui.modes.dungeon.algorithms.kl import KLCoefficients
from rolltrain_tui.modes.dungeon.algorithms.ppo import PPO, Coefficients
from rolltrain_tui.modes.dungeon.algorithms.reinforce import Reinforce
from rolltrain_tui.modes.dungeon.algorithms.rejection import Rejection
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.exam.exam import Exam
from rolltrain_tui.modes.dungeon.games.components import Component
from rolltrain_tui.modes.dungeon.games.rewards import Rewards
from rolltrain_tui.modes.dungeon.player.hugging import Borrowed, borrowed
from rolltrain_tui.modes.dungeon.player.policy import Player
from rolltrain_tui.modes.dungeon.player.prompts import WORDS as PROMPT_WORDS
from rolltrain_tui.modes.dungeon.player.q_heads import QHeads
from rolltrain_tui.modes.dungeon.player.reading import Promise, Reading
from rolltrain_tui.modes.dungeon.player.value_head import ValueHead
from rolltrain_tui.modes.dungeon.player.vocabulary import Vocabulary, Words
from rolltrain_tui.modes.dungeon.player.writer import Writer
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig
from rolltrain_tui.protocol.objective import Objective


def maker_of(config: DungeonConfig) -> Maker:
    own = config.world.model_dump(exclude={"count", "limit"})
    return BuiltIn(WorldSettings(**own))


def rewards_of(config: DungeonConfig) -> Rewards:
    own = config.rewards
    parts = {"game": own.game, "win": own.win, "living": own.living, "invalid": own.invalid, "letter": own.letter}
    chain = [Component(name=name, value=value, letters=own.letters) for name, value in parts.items() if value]
    if own.bias or own.scale != 1:
        chain.append(Component(name="scalar", value=own.scale, bias=own.bias))
    return Rewards(chain)


def player_of(config: DungeonConfig, maker: Maker, base: Path, stream: torch.Generator) -> tuple[Player, Words, str]:
    """A new player with weights of `stream`, or a model's from a folder; what it reads by; and the hash of that folder, or ""."""
    own = config.model
    gpt: GPT | Borrowed
    words: Words
    if config.hf is not None:
        gpt, subwords, width, folder = borrowed(base / Path(config.hf.path).expanduser(), config.hf.freeze, own.context)
        words, sha256 = subwords, f"{folder.sha256()} {subwords.reading()}"
    else:
        words, width, sha256 = vocabulary_of(config, maker), own.n_embd, ""
        gpt = GPT(GPTConfig.of(own, len(words)), stream)
    head = ValueHead(width, own.value_layers, detach=own.value_detached)
    head.draw_weights(stream)
    q_heads = None
    if config.actde is not None:
        q_heads = QHeads(width, len(words), config.actde.q_heads)
        q_heads.draw_weights(stream)
    if config.writing is not None:
        return Writer(gpt, head, words.stop_rule(), config.writing.words, q_heads), words, sha256
    return Player(gpt, head, own.score, q_heads), words, sha256


def vocabulary_of(config: DungeonConfig, maker: Maker) -> Vocabulary:
    """The words of the worlds, and those that prompts need besides."""
    more = DECISION_WORDS if config.decision is not None else ()
    return Vocabulary((*maker.vocabulary, *more, *(PROMPT_WORDS if config.writing is not None else ())), stops=config.writing is not None)


def reading_of(config: DungeonConfig, words: Words, algorithm: Algorithm, rewards: Rewards) -> Reading:
    promise = Promise(algorithm.target, rewards, RETURN_PLACE, algorithm.number) if isinstance(algorithm, Decision) else None
    return Reading(words, config.model.context, config.model.feedback, algorithm.prefix, config.writing, promise)


def algorithm_of(config: DungeonConfig, words: Words, kl: KLCoefficients) -> Algorithm:
    """The one whose section is filled. `kl`: the coefficients that it may change."""
    if (ppo := config.ppo or config.actde) is not None:
        credit = Credit(level=ppo.value_level, gamma=ppo.gamma, gamma_step=ppo.gamma_step, lam=ppo.lam, lam_step=ppo.lam_step)
        of = Coefficients(
            clip=ppo.cliprange,
            value_clip=ppo.cliprange_value,
            value=ppo.vf_coef,
            entropy=ppo.ent_coef,
            importance=ppo.importance,
            level=ppo.value_level,
        )
        if (actde := config.actde) is None:
            return PPO(credit, of, ppo.whiten, kl)
        critic = Critic(loss=actde.vf_loss_type, tau=actde.tau, value_clip=ppo.cliprange_value, level=ppo.value_level)
        return ActDe(credit, of, ppo.whiten, kl, critic, actde.q_coef, actde.advantage)
    if (reinforce := config.reinforce) is not None:
        return Reinforce(reinforce.gamma_step, reinforce.whiten, reinforce.vf_coef, reinforce.ent_coef)
    if (grpo := config.grpo) is not None:
        return GRPO(**grpo.model_dump(), limit=config.world.limit)
    if (rejection := config.rejection) is not None:
        return Rejection(
            rejection.gamma_step, rejection.keep_number, rejection.keep_fraction, rejection.ent_coef, kl, rejection.train_prompt
        )
    assert config.decision is not None, "one algorithm is chosen"
    numbers = tuple(words.numbers(word)[0] for word in DECISION_WORDS[1:])
    return Decision(config.decision.target, config.decision.gamma_step, config.decision.ent_coef, numbers)


def objective_of(config: DungeonConfig, exam: Exam) -> Objective:
    """What the campaign measures, with the values of commands at random and of the walkthroughs."""
    count = config.evaluation.sequences
    return replace(config.objective, chance=exam.chance(count), limit=exam.bound(count))
