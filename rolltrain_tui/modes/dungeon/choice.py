"""What a policy says about actions that were taken. Shapes: B actions, T tokens, N Q-heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
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

    def only(self, rows: Tensor) -> Self:
        q = None if self.q is None else self.q[rows]
        return type(self)(self.logprobs[rows], self.entropy[rows], self.values[rows], q)


def joined(parts: Sequence[Choice]) -> Choice:
    """One below the other."""
    q = [part.q for part in parts if part.q is not None]
    logprobs, entropy, values = (torch.cat([getattr(part, name) for part in parts]) for name in ("logprobs", "entropy", "values"))
    return Choice(logprobs, entropy, values, torch.cat(q) if q else None)
