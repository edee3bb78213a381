"""When a command that is written token by token has ended: by the tokens' numbers, looked up beforehand."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.actions import says_something

PUNCTUATION = ".,?!:;"


class StopRule(nn.Module):
    """A command ends with punctuation, which belongs to it, or before a new line or the end of the text; but not before it has begun.

    Shapes: V tokens, B commands.
    """

    stops: Tensor
    """(V,) bool: ends a command."""
    breaks: Tensor
    """(V,) bool: ends it, and is no part of it."""
    speaks: Tensor
    """(V,) bool: has a letter or a digit; with the first of them a command has begun."""
    silent: Tensor
    """(V,) 0, and -inf for what is never written: added to the logits."""

    def __init__(self, pieces: Sequence[str], ends: Collection[int], never: Collection[int] = ()) -> None:
        """`pieces`: the text of each token; "" for one that is none. `ends`: those that end texts. `never`: those that are not written."""
        super().__init__()
        punctuation = [any(char in PUNCTUATION for char in piece) for piece in pieces]
        breaks = [n in ends or ("\n" in piece and not punctuation[n]) for n, piece in enumerate(pieces)]
        self.register_buffer("breaks", torch.tensor(breaks), persistent=False)
        self.register_buffer("stops", torch.tensor(punctuation) | self.breaks, persistent=False)
        self.register_buffer(
            "speaks", torch.tensor([n not in ends and says_something(piece) for n, piece in enumerate(pieces)]), persistent=False
        )
        silent = torch.zeros(len(pieces))
        silent[list(never)] = -torch.inf
        self.register_buffer("silent", silent, persistent=False)

    def heard(self, token: Tensor, begun: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the next tokens (B,) of commands that have `begun` (B,) or not: now begun; ended; and whether the token belongs to it."""
        begun = begun | self.speaks[token]
        ended = begun & self.stops[token]
        return begun, ended, ~(ended & self.breaks[token])
