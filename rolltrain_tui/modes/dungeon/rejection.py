"""Rejection sampling: play much, keep the best, and learn to do what was done there."""

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.advantages import mean_over


def scores(step_returns: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, coefficient: float) -> Tensor:
    """The return from each move on, less beta times its distance from the reference: (B,)."""
    return step_returns - coefficient * ((logprobs - reference) * mask).sum(dim=1)


def best(found: Tensor, *, number: int | None = None, fraction: float | None = None) -> Tensor:
    """The places of the highest scores, the best first: so many, or that part of them, rounded down. Equal scores keep their order."""
    assert (number is None) != (fraction is None), "keep a number or a fraction"
    keep = min(number, len(found)) if number is not None else int(len(found) * (fraction or 0.0))
    return found.argsort(descending=True, stable=True)[:keep]


def imitation_losses(logprobs: Tensor, mask: Tensor, prompt: Tensor | None = None, prompt_mask: Tensor | None = None) -> Tensor:
    """Cross-entropy of each action, and of its prompt (B, P) too where that is given: the mean over all of its tokens, (B,)."""
    if prompt is None or prompt_mask is None:
        return mean_over(-logprobs, mask)
    return mean_over(torch.cat((-prompt, -logprobs), dim=1), torch.cat((prompt_mask, mask), dim=1))
