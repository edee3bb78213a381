"""The player that writes its commands, token by token until a stop: nothing holds it to the commands that a world accepts.

An action is a row of tokens, and each of them is a decision with a probability, an entropy and a value of its own. The algorithms are
those of the player that chooses: their T is 1 there, and here the length of what was written.

Shapes: B moves, T tokens of the longest action, K commands whose probability is asked (1 where it was written), C channels, V tokens.
"""

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.player.cached_reading import begin
from rolltrain_tui.modes.dungeon.player.choice import Choice
from rolltrain_tui.modes.dungeon.player.hugging import Borrowed
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.policy import Player, Seen, Taken
from rolltrain_tui.modes.dungeon.player.q_heads import QHeads
from rolltrain_tui.modes.dungeon.player.stops import Commands, StopRule
from rolltrain_tui.modes.dungeon.player.value_head import ValueHead
from rolltrain_tui.modes.text.gpt import GPT
from rolltrain_tui.training.tensors.precise import in_float64


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

    silent: Tensor
    """(V,) 0, and -inf for what is never written: added to the logits."""

    def __init__(self, gpt: GPT | Borrowed, head: ValueHead, rule: StopRule, longest: int, q_heads: QHeads | None = None) -> None:
        super().__init__(gpt, head, "sum", q_heads)
        self.rule, self.longest = rule, longest
        silent = torch.zeros(len(rule))
        silent[list(rule.never)] = -math.inf
        self.register_buffer("silent", silent, persistent=False)
        self._last = max(set(range(len(rule))) - set(rule.never))

    def rated(self, hidden: Tensor, temperature: float) -> Tensor:
        """Log-probabilities of the next token: (..., C) -> (..., V)."""
        return (self.gpt.logits(hidden).float() / temperature + self.silent).log_softmax(dim=-1)

    # -----------------------------------------------------------------------------------------------------------------
    # Writing

    @property
    def draws(self) -> tuple[int, ...]:
        return (self.longest,)

    def act(self, offers: Offers, chance: Tensor, temperature: float = 1.0, *, greedy: bool = False) -> Taken:
        """Writes on behind the texts: each token by `chance` (B, T) in [0, 1), or the likeliest."""
        text, length, chance = (part.to(self.device) for part in (offers.text, offers.length, chance))
        reading, commands = begin(self.gpt, text, length, self.longest), Commands(self.rule, len(offers))
        hidden, rated, tokens = [], [], []
        for t in range(self.longest):
            hidden.append(reading.hidden)
            rated.append(self.rated(reading.hidden, temperature))  # (B, V)
            tokens.append(rated[t].argmax(dim=1) if greedy else self._drawn(rated[t], chance[:, t]))
            if not commands.hear(tokens[t].tolist()) or t + 1 == self.longest:
                break
            reading.go_on(tokens[t])
        T = max(commands.lengths)  # what was written behind the end of the longest one is left out
        every = (torch.stack(rows[:T], dim=1) for rows in (hidden, rated, tokens))  # (B, T, C), (B, T, V), (B, T)
        return self._taken(offers, torch.tensor(commands.lengths), *every)

    def _drawn(self, rated: Tensor, chance: Tensor) -> Tensor:
        """As `drawn`; here the tokens that are possible need not come first."""
        reached = in_float64(rated).exp().cumsum(dim=1)
        found = torch.searchsorted(reached, (chance * reached[:, -1])[:, None], right=True)[:, 0]
        return found.clamp(max=self._last)  # where rounding leaves a gap, or the network has burst

    def _taken(self, offers: Offers, count: Tensor, hidden: Tensor, rated: Tensor, tokens: Tensor) -> Taken:
        """One command behind each text: count (B,) tokens of each, of which the last may be its stop."""
        mask = torch.arange(tokens.shape[1]) < count[:, None]
        own = (rated.gather(2, tokens[..., None])[..., 0], entropy_of(rated), self.head(hidden).float())
        logprobs, entropy, values = (column.cpu() * mask for column in own)
        q = None if self.q_heads is None else self.q_heads(hidden, tokens).float().cpu() * mask[:, None]  # (B, N, T)
        read = replace(offers, commands=(tokens.cpu() * mask)[:, None], words=count[:, None])
        return Taken(read, torch.zeros(len(offers), dtype=torch.long), Choice(logprobs, entropy, values, q), mask)

    def worth(self, offers: Offers) -> Tensor:
        text, length = offers.text.to(self.device), offers.length.to(self.device)
        values: Tensor = self.head(begin(self.gpt, text, length, 0).hidden)
        return values.float().cpu()

    # -----------------------------------------------------------------------------------------------------------------
    # Reading what was written

    def forward(self, offers: Offers, temperature: float = 1.0, *, prompt: bool = False) -> Spelled:
        hidden, before = self.read(offers)  # (B, S + K (T - 1), C), (B, K T, C)
        B, K, T = offers.commands.shape
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
