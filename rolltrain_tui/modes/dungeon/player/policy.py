"""The player: a language model that rates the commands on offer, and beside it a value head.

A command's score is the mean log-probability of its words after the text. The sum would be biased: of two commands with words as
likely, the shorter one had the higher score. The policy is the softmax of the scores over the commands on offer.

Shapes: B moves, K commands on offer, L words of the longest, C channels, V words.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.player.choice import Choice
from rolltrain_tui.modes.dungeon.player.hugging import Borrowed
from rolltrain_tui.modes.dungeon.player.offers import Offers, laid_out
from rolltrain_tui.modes.dungeon.player.q_heads import QHeads
from rolltrain_tui.modes.dungeon.player.value_head import ValueHead
from rolltrain_tui.modes.text.gpt import GPT
from rolltrain_tui.training.tensors.precise import in_float64

Score = Literal["mean", "sum"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the player makes of some moves."""

    logits: Tensor
    """(B, K) log-probabilities of the commands on offer; -inf elsewhere."""
    values: Tensor
    """(B,)"""
    q: Tensor | None = None
    """(B, N, K) of the N Q-heads: the mean over each command's words."""
    prompt: Tensor | None = None
    """(B, S - 1) log-probabilities of the text's words, the first left out; None where nobody asks."""
    prompt_mask: Tensor | None = None
    """(B, S - 1) bool."""

    def cpu(self) -> "Seen":
        """Without what it says of the text."""
        return Seen(self.logits.cpu(), self.values.cpu(), None if self.q is None else self.q.cpu())

    def of(self, action: Tensor) -> Choice:
        """The commands that were chosen, (B,): each is one decision, T = 1."""
        there = self.logits > -math.inf
        safe = torch.where(there, self.logits, 0.0)
        entropy = -(safe.exp() * safe * there).sum(dim=1, keepdim=True)
        q = None if self.q is None else self.q.gather(2, action[:, None, None].expand(-1, self.q.shape[1], 1))
        return Choice(self.logits.gather(1, action[:, None]), entropy, self.values[:, None], q, self.prompt, self.prompt_mask)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a player did, on the CPU."""

    offers: Offers
    """What it read, with the commands on offer, or with the one that it wrote."""
    action: Tensor
    """(B,) which of these commands."""
    choice: Choice
    """(B, T)"""
    mask: Tensor
    """(B, T) bool: where an action has a token."""


class Player(nn.Module):
    """`score`: how the words of a command are put together."""

    def __init__(self, gpt: GPT | Borrowed, head: ValueHead, score: Score = "mean", q_heads: QHeads | None = None) -> None:
        super().__init__()
        self.gpt, self.head, self.score, self.q_heads = gpt, head, score, q_heads
        vocabulary, width = max((p.shape for p in gpt.parameters() if p.dim() == 2), key=lambda shape: shape[0])  # the embedding
        matrices = [p.shape for p in gpt.parameters() if p.dim() == 2]
        self.output_weights = vocabulary * width
        self.inner_weights = sum(rows * columns for rows, columns in matrices if rows != vocabulary)

    def forward(self, offers: Offers, temperature: float = 1.0, *, prompt: bool = False) -> Seen:
        """`prompt`: whether the words of the text are foretold too."""
        hidden, before = self.read(offers)  # (B, T, C), (B, K L, C)
        B, K, L = offers.commands.shape
        logprobs = self.gpt.logits(before).float().log_softmax(dim=2)  # (B, K L, V)
        words = logprobs.gather(2, offers.commands.view(B, K * L, 1)).view(B, K, L)
        there = torch.arange(L, device=words.device) < offers.words[:, :, None]
        scores = (words * there).sum(dim=2)  # (B, K)
        if self.score == "mean":
            scores = scores / offers.words.clamp(min=1)
        scores = (scores / temperature).masked_fill(offers.words == 0, -math.inf)
        state = hidden.gather(1, (offers.length - 1)[:, None, None].expand(-1, 1, hidden.shape[2]))[:, 0]  # (B, C), at the text's end
        q = None
        if self.q_heads is not None:
            worth = self.q_heads(before, offers.commands.view(B, K * L)).float().view(B, -1, K, L)
            q = (worth * there[:, None]).sum(dim=3) / offers.words.clamp(min=1)[:, None]
        return Seen(scores.log_softmax(dim=1), self.head(state).float(), q, *(self.foretold(hidden, offers) if prompt else (None, None)))

    def read(self, offers: Offers) -> tuple[Tensor, Tensor]:
        """The last hidden layer, (B, T, C); and of it the positions that foretell each word of each command, (B, K L, C)."""
        layout = laid_out(offers)
        hidden = self.gpt.hidden(layout.tokens, positions=layout.positions, mask=layout.mask)
        return hidden, hidden.gather(1, layout.asked[:, :, None].expand(-1, -1, hidden.shape[2]))

    def foretold(self, hidden: Tensor, offers: Offers) -> tuple[Tensor, Tensor]:
        """Log-probabilities of each text's words after its first, and where there are any: hidden (B, T, C) -> (B, S - 1) each."""
        S = offers.text.shape[1]
        logprobs = self.gpt.logits(hidden[:, : S - 1]).float().log_softmax(dim=2)
        there = torch.arange(1, S, device=hidden.device) < offers.length[:, None]
        return logprobs.gather(2, offers.text[:, 1:, None])[..., 0], there

    @property
    def draws(self) -> tuple[int, ...]:
        """The shape of the random numbers of one act, besides the rows: () is one number."""
        return ()

    def act(self, offers: Offers, chance: Tensor, temperature: float = 1.0, *, greedy: bool = False) -> Taken:
        """Chooses among the commands on offer: by `chance` (B,) in [0, 1), or the likeliest."""
        seen: Seen = self(offers.to(self.device), temperature)
        seen = seen.cpu()
        action = seen.logits.argmax(dim=1) if greedy else drawn(seen.logits, chance)
        choice = seen.of(action)
        return Taken(offers, action, choice, torch.ones_like(choice.logprobs, dtype=torch.bool))

    def worth(self, offers: Offers) -> Tensor:
        """The values of what is seen: (B,) on the CPU."""
        seen: Seen = self(offers.to(self.device))
        return seen.values.cpu()

    @property
    def device(self) -> torch.device:
        return next(self.gpt.parameters()).device

    def flops(self, offers: Offers) -> float:
        """FLOPs of reading these offers forward: two for each weight of the inner layers, and those of the output where words are asked."""
        positions = offers.text.shape[1] + offers.commands.shape[1] * (offers.commands.shape[2] - 1)
        asked = offers.commands.shape[1] * offers.commands.shape[2]
        return 2.0 * len(offers) * (positions * self.inner_weights + asked * self.output_weights)


def drawn(logits: Tensor, chance: Tensor) -> Tensor:
    """One of each row: log-probabilities (B, K), chance (B,) in [0, 1) -> (B,)."""
    reached = in_float64(logits).exp().cumsum(dim=1)
    # The last one that is possible, where rounding leaves a gap; a network that has burst takes the first
    last = ((logits > -math.inf) * torch.arange(logits.shape[1], device=logits.device)).amax(dim=1)
    return torch.minimum((reached <= chance[:, None] * reached[:, -1:]).sum(dim=1), last)
