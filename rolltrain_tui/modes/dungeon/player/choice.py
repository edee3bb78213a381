"""What a policy says about actions that were taken. Shapes: B actions, T tokens, S tokens of a prompt, N Q-heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Choice:
    logprobs: Tensor
    """(B, T) of the tokens that were chosen."""
    entropy: Tensor
    """(B, T) of the choice at each of these tokens: neither prompt nor padding counts."""
    values: Tensor
    """(B, T) before each token."""
    q: Tensor | None = None
    """(B, N, T) of the tokens that were chosen; None where the model has no Q-heads."""
    prompt: Tensor | None = None
    """(B, S - 1) log-probabilities of the prompt's tokens, the first left out; None where nobody asks."""
    prompt_mask: Tensor | None = None
    """(B, S - 1) bool."""

    def only(self, rows: Tensor) -> Self:
        q = None if self.q is None else self.q[rows]
        return type(self)(self.logprobs[rows], self.entropy[rows], self.values[rows], q)


def joined(parts: Sequence[Choice]) -> Choice:
    """One below the other, padded to the longest action; what they say of prompts is left out."""
    q = [part.q for part in parts if part.q is not None]
    logprobs, entropy, values = (rows_padded([getattr(part, name) for part in parts]) for name in ("logprobs", "entropy", "values"))
    return Choice(logprobs, entropy, values, rows_padded(q) if q else None)


def rows_padded(parts: Sequence[Tensor]) -> Tensor:
    """(B, ..., T) each, one below the other; 0 or false behind the shorter ones."""
    longest = max(part.shape[-1] for part in parts)
    return torch.cat([F.pad(part, (0, longest - part.shape[-1])) for part in parts])
