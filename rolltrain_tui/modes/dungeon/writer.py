"""The player that writes its commands, token by token until a stop: nothing holds it to the commands that a world accepts.

An action is a row of tokens, and each of them is a decision with a probability, an entropy and a value of its own. The algorithms are
those of the player that chooses: their T is 1 there, and here the length of what was written.

Shapes: B moves, T tokens of the longest action, K commands whose probability is asked (1 where it was written), C channels, V tokens.
"""

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.cached_reading import begin
from rolltrain_tui.modes.dungeon.choice import Choice
from rolltrain_tui.modes.dungeon.hugging import Borrowed
from rolltrain_tui.modes.dungeon.offers import Offers, laid_out
from rolltrain_tui.modes.dungeon.policy import Player, Seen, Taken, drawn
from rolltrain_tui.modes.dungeon.q_heads import QHeads
from rolltrain_tui.modes.dungeon.stops import StopRule
from rolltrain_tui.modes.dungeon.value_head import ValueHead
from rolltrain_tui.modes.text.gpt import GPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled(Seen):
    """Commands token by token. Their `logits` are the log-probabilities of whole commands, as shares of those that are asked about."""

    tokens: Tensor
    """(B, K, T) log-probabilities."""
    entropies: Tensor
    """(B, K, T) of the choice of each token."""
    token_values: Tensor
    """(B, K, T) before each token."""
    token_q: Tensor | None
    """(B, N, K, T)"""
    words: Tensor
    """(B, K) tokens of each command."""

    def cpu(self) -> "Spelled":
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return Spelled(**{name: column.cpu() if isinstance(column, Tensor) else column for name, column in own.items()})

    def of(self, action: Tensor) -> Choice:
        rows = torch.arange(len(action), device=action.device)
        there = torch.arange(self.tokens.shape[2], device=action.device) < self.words[rows, action][:, None]
        logprobs, entropy, values = (column[rows, action] * there for column in (self.tokens, self.entropies, self.token_values))
        q = None if self.token_q is None else self.token_q[rows, :, action] * there[:, None]
        return Choice(logprobs, entropy, values, q, self.prompt, self.prompt_mask)


class Writer(Player):
    """`rule`: when a command has ended. `longest`: tokens of a command at most."""

    def __init__(self, gpt: GPT | Borrowed, head: ValueHead, rule: StopRule, longest: int, q_heads: QHeads | None = None) -> None:
        super().__init__(gpt, head, "sum", q_heads)
        self.rule, self.longest = rule, longest

    def rated(self, hidden: Tensor, temperature: float) -> Tensor:
        """Log-probabilities of the next token: (..., C) -> (..., V)."""
        return (self.gpt.logits(hidden).float() / temperature + self.rule.silent).log_softmax(dim=-1)

    # -----------------------------------------------------------------------------------------------------------------
    # Writing

    @property
    def draws(self) -> tuple[int, ...]:
        return (self.longest,)

    def act(self, offers: Offers, chance: Tensor, temperature: float = 1.0, *, greedy: bool = False) -> Taken:
        """Writes on behind the texts: each token by `chance` (B, T) in [0, 1), or the likeliest."""
        text, length, chance = (part.to(self.device) for part in (offers.text, offers.length, chance))
        reading = begin(self.gpt, text, length, self.longest)
        going = torch.ones(len(offers), dtype=torch.bool, device=self.device)
        begun, count = torch.zeros_like(going), torch.zeros_like(length)
        written: list[_Token] = []
        for t in range(self.longest):
            rated = self.rated(reading.hidden, temperature)  # (B, V)
            token = rated.argmax(dim=1) if greedy else drawn(rated, chance[:, t])
            written.append(self._noted(reading.hidden, rated, token))
            begun, ended, belongs = self.rule.heard(token, begun)
            count = count + (going & belongs)
            going = going & ~ended
            if t + 1 == self.longest or not bool(going.any()):
                break
            reading.go_on(token)
        return _taken(offers, count, written)

    def _noted(self, hidden: Tensor, rated: Tensor, token: Tensor) -> "_Token":
        logprob = rated.gather(1, token[:, None])[:, 0]
        q = None if self.q_heads is None else self.q_heads(hidden[:, None], token[:, None])[..., 0].float()
        return _Token(token, logprob, entropy_of(rated), self.head(hidden).float(), q)

    def worth(self, offers: Offers) -> Tensor:
        text, length = offers.text.to(self.device), offers.length.to(self.device)
        values: Tensor = self.head(begin(self.gpt, text, length, 0).hidden)
        return values.float().cpu()

    # -----------------------------------------------------------------------------------------------------------------
    # Reading what was written

    def forward(self, offers: Offers, temperature: float = 1.0, *, prompt: bool = False) -> Spelled:
        layout = laid_out(offers)
        hidden = self.gpt.hidden(layout.tokens, positions=layout.positions, mask=layout.mask)  # (B, S + K (T - 1), C)
        B, K, T = offers.commands.shape
        C = hidden.shape[2]
        before = hidden.gather(1, layout.asked[:, :, None].expand(-1, -1, C))  # (B, K T, C)
        rated = self.rated(before, temperature)  # (B, K T, V)
        tokens = rated.gather(2, offers.commands.view(B, K * T, 1)).view(B, K, T)
        there = torch.arange(T, device=tokens.device) < offers.words[:, :, None]
        tokens = torch.where(there, tokens, 0.0)  # padding is never written: its log-probability is -inf
        whole = tokens.sum(dim=2).masked_fill(offers.words == 0, -math.inf)
        q = None if self.q_heads is None else self.q_heads(before, offers.commands.view(B, K * T)).float().view(B, -1, K, T)
        values = self.head(before).float().view(B, K, T)
        return Spelled(
            whole.log_softmax(dim=1),
            values[:, 0, 0],
            None if q is None else (q * there[:, None]).sum(dim=3) / offers.words.clamp(min=1)[:, None],
            *(self.foretold(hidden, offers) if prompt else (None, None)),
            tokens=tokens,
            entropies=entropy_of(rated).view(B, K, T),
            token_values=values,
            token_q=q,
            words=offers.words,
        )


def entropy_of(logprobs: Tensor) -> Tensor:
    """Nats: (..., V) -> (...)."""
    return -(logprobs.exp() * logprobs.clamp(min=torch.finfo(logprobs.dtype).min)).sum(dim=-1)


@dataclass(frozen=True, slots=True)
class _Token:
    """One token of each row that is written, (B,) each."""

    number: Tensor
    logprob: Tensor
    entropy: Tensor
    value: Tensor
    q: Tensor | None
    """(B, N)"""


def _taken(offers: Offers, count: Tensor, written: list[_Token]) -> Taken:
    """One command behind each text, without what was written behind its end: count (B,) tokens of each."""
    longest = int(count.max())
    mask = torch.arange(longest, device=count.device) < count[:, None]

    def rows(parts: list[Tensor]) -> Tensor:
        return (torch.stack(parts[:longest], dim=1) * mask).cpu()  # (B, T)

    q = [token.q for token in written[:longest] if token.q is not None]
    choice = Choice(
        rows([token.logprob for token in written]),
        rows([token.entropy for token in written]),
        rows([token.value for token in written]),
        (torch.stack(q, dim=2) * mask[:, None]).cpu() if q else None,  # (B, N, T)
    )
    read = replace(offers, commands=rows([token.number for token in written])[:, None], words=count[:, None].cpu())
    return Taken(read, torch.zeros(len(offers), dtype=torch.long), choice, mask.cpu())
