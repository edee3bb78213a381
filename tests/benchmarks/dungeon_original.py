"""The published PPO loop for text adventures, restated from what is known of it, for `dungeon_tokens.py` to stand beside.

It plays with a Hugging Face model: agents side by side write token by token with the model's own cache, their prompts padded in front,
and what they thought of each token is kept. When a batch is full the reference, a whole second model, reads every sample; advantages are
counted token by token; then samples are read again in forward batches, each sample's loss by itself, and one optimiser step follows.
Worlds, prompts, rewards, stops and lengths are ours, so that both loops do the same work. Left out are its logs, its distribution over
processes and its many conversions between tokenizers' texts: this is a lower bound of what the original costs.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.player.stops import Commands
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation

GAMMA, GAMMA_STEP, LAMBDA, CLIP, VALUE, KL = 1.0, 0.97, 0.95, 0.2, 0.5, 0.1


@dataclass
class Sample:
    prompt: Tensor
    action: Tensor
    logprobs: Tensor
    values: Tensor
    score: float
    over: bool
    next_value: float = 0.0


class Original:
    """`model`: a causal LM of transformers. `ours`: the learner whose worlds, prompts and rewards are used."""

    def __init__(self, model: Any, ours: DungeonLearner, agents: int, forward_batch: int) -> None:
        self.model, self.ours, self.agents, self.forward_batch = model, ours, agents, forward_batch
        self.head = nn.Linear(model.config.n_embd, 1)
        self.reference = copy.deepcopy(model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW([*model.parameters(), *self.head.parameters()], lr=1e-4)
        self.writing = ours.config.writing
        self.rule = ours.reading.vocabulary.stop_rule()
        self.silent = torch.zeros(len(self.rule)).index_fill(0, torch.tensor(self.rule.never), -torch.inf)
        self.seed = 0
        self.games = [self._new() for _ in range(agents)]
        self.seen = [game.reset() for game in self.games]

    def _new(self) -> Any:
        self.seed += 1
        return self.ours.maker(self.seed)

    def turn(self, samples: int) -> None:
        """Plays so many samples and takes one optimiser step."""
        buffer: list[Sample] = []
        self.model.eval()
        waiting: list[Sample | None] = [None] * self.agents
        while len(buffer) < samples:
            for agent, sample in enumerate(self._round()):
                before = waiting[agent]
                if before is not None:
                    before.next_value = 0.0 if before.over else float(sample.values[0])
                    buffer.append(before)
                waiting[agent] = sample
        self._learn(buffer[:samples])

    # -----------------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def _round(self) -> list[Sample]:
        """One command of each agent."""
        prompts = self._prompts(self.seen)
        tokens, logprobs, values, counts = self._write(prompts)
        found = []
        for agent, prompt in enumerate(prompts):
            count = counts[agent]
            command = self.ours.reading.vocabulary.text(tokens[agent, :count].tolist()).strip(" .")
            game, before = self.games[agent], self.seen[agent]
            now = game.step(command)
            over = now.done or game.moves >= self.ours.config.world.limit
            score = self.ours.rewards.of(before, command, now)
            found.append(Sample(prompt, tokens[agent, :count], logprobs[agent, :count], values[agent, :count], score, over))
            if over:
                self.games[agent] = game = self._new()
                now = game.reset()
            self.seen[agent] = now
        return found

    def _prompts(self, seen: Sequence[Observation]) -> list[Tensor]:
        offers = self.ours.reading.offers(seen)
        return [row[:length] for row, length in zip(offers.text, offers.length.tolist(), strict=True)]

    def _write(self, prompts: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor, list[int]]:
        """Token by token with the cache of the model: (agents, T) each, and how many tokens each command has."""
        ids, mask = padded_in_front(prompts)
        assert self.writing is not None
        commands = Commands(self.rule, len(prompts))
        past, rows = None, []
        for _ in range(self.writing.words):
            positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
            given = ids if past is None else ids[:, -1:]
            read = self.model(
                input_ids=given, attention_mask=mask, position_ids=positions[:, -given.shape[1] :], cache=past, use_cache=True,
                output_hidden_states=True,
            )  # fmt: skip
            past = read.cache
            rated = (read.logits[:, -1] + self.silent).log_softmax(dim=1)
            token = torch.multinomial(rated.exp(), 1)
            rows.append((token[:, 0], rated.gather(1, token)[:, 0], self.head(read.hidden_states[-1][:, -1])[:, 0]))
            ids, mask = torch.cat((ids, token), dim=1), torch.cat((mask, torch.ones_like(token)), dim=1)
            if not commands.hear(token[:, 0].tolist()):
                break
        tokens, logprobs, values = (torch.stack(part, dim=1) for part in zip(*rows, strict=True))
        return tokens, logprobs, values, commands.lengths

    # -----------------------------------------------------------------------------------------------------------------

    def _learn(self, buffer: Sequence[Sample]) -> None:
        self.model.train()
        self.optimizer.zero_grad()
        batches = [buffer[n : n + self.forward_batch] for n in range(0, len(buffer), self.forward_batch)]
        reference = [row for batch in batches for row in self._read(self.reference, batch)[0]]
        advantages = [_advantages(sample) for sample in buffer]
        every = torch.cat(advantages)
        mean, spread = every.mean(), every.std() + 1e-6
        place = 0
        for batch in batches:
            logprobs, values = self._read(self.model, batch)
            total = torch.zeros(())
            for row, sample in enumerate(batch):
                advantage = advantages[place]
                total = total + self._loss(sample, logprobs[row], values[row], reference[place], advantage, (advantage - mean) / spread)
                place += 1
            (total / len(buffer)).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()

    def _read(self, model: Any, batch: Sequence[Sample]) -> tuple[list[Tensor], list[Tensor]]:
        """Log-probabilities and values of each sample's tokens, from one reading of prompts and commands."""
        ids, mask = padded_in_front([torch.cat((sample.prompt, sample.action)) for sample in batch])
        with torch.set_grad_enabled(model is self.model):
            positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
            read = model(input_ids=ids, attention_mask=mask, position_ids=positions, output_hidden_states=True)
            rated = (read.logits + self.silent).log_softmax(dim=2)[:, :-1].gather(2, ids[:, 1:, None])[..., 0]
            worth = self.head(read.hidden_states[-1])[:, :-1, 0]
        return [rated[n, -len(s.action) :] for n, s in enumerate(batch)], [worth[n, -len(s.action) :] for n, s in enumerate(batch)]

    def _loss(self, sample: Sample, now: Tensor, values: Tensor, reference: Tensor, advantage: Tensor, whitened: Tensor) -> Tensor:
        ratio = (now - sample.logprobs).exp()
        policy = torch.maximum(-whitened * ratio, -whitened * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
        returns = advantage + sample.values
        held = sample.values + (values - sample.values).clamp(-CLIP, CLIP)
        value = torch.maximum((values - returns).square(), (held - returns).square()).mean() / 2
        return policy + VALUE * value + KL * (ratio * (now - reference)).mean()


def padded_in_front(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, rows))
    ids = torch.stack([torch.cat((row.new_zeros(longest - len(row)), row)) for row in rows])
    mask = torch.stack([torch.cat((row.new_zeros(longest - len(row)), torch.ones_like(row))) for row in rows])
    return ids, mask


def _advantages(sample: Sample) -> Tensor:
    """Token by token from the last to the first; the next command's value follows the last."""
    found, later = [], 0.0
    values = sample.values.tolist()
    for t in reversed(range(len(values))):
        last = t + 1 == len(values)
        reward = sample.score if last else 0.0
        following = GAMMA_STEP * sample.next_value if last else values[t + 1]
        later = reward + GAMMA * following - values[t] + GAMMA * LAMBDA * later
        found.append(later)
    return torch.tensor(found[::-1])
