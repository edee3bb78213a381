"""What a policy says about actions that were taken. Shapes: B actions, T tokens, N Q-heads."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Choice:
    logprobs: Tensor
    """(B, T) of the tokens that were chosen."""
    entropy: Tensor
    """(B, T) of the choice at each of these tokens: neither prompt nor padding counts."""
    values: Tensor
    """(B, T) before each token."""
