"""What a player is offered: a text, and the commands that are possible there; as tensors, and laid out for one reading.

Shapes: B moves, S words of the longest text, K commands of the longest offer, L words of the longest command.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.modes.dungeon.player.vocabulary import Words

BLOCKED = -1e9
"""Added to the score of what may not be looked at; finite, so that no row of the softmax is empty."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Texts and commands of some moves. Rows of different lengths are padded behind."""

    text: Tensor
    """(B, S) int64, padded behind the words."""
    length: Tensor
    """(B,) int64: words of each text, at least one."""
    commands: Tensor
    """(B, K, L) int64."""
    words: Tensor
    """(B, K) int64: words of each command; 0 where there is none."""

    def __len__(self) -> int:
        return len(self.text)

    def only(self, rows: Tensor) -> Self:
        """Some rows, without padding that none of them needs."""
        length, words = self.length[rows], self.words[rows]
        longest, most, offered = int(length.max()), int(words.max()), int((words > 0).sum(dim=1).max())
        return type(self)(self.text[rows, :longest], length, self.commands[rows, :offered, :most], words[:, :offered])

    def to(self, device: torch.device) -> Self:
        return type(self)(*(getattr(self, field.name).to(device) for field in fields(self)))

    def columns(self) -> dict[str, Tensor]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, rows: Mapping[str, Tensor]) -> Self:
        """Inverse of `columns`."""
        return cls(*(rows[field.name] for field in fields(cls)))


def read(
    vocabulary: Words, texts: Sequence[str], commands: Sequence[Sequence[str]], context: int, prefix: str = "", reserved: int = 0
) -> Offers:
    """The offers in numbers; `prefix` in front of each text. A text that is too long for the context loses its beginning.

    `reserved`: words of the context that are kept free, for a command that is to be written.
    """
    said = [[vocabulary.numbers(command) for command in row] for row in commands]
    longest = max(1, max((len(command) for row in said for command in row), default=1))
    head = (vocabulary.begin, *vocabulary.numbers(prefix))
    room = context - max(longest, reserved) - len(head)
    shown = [(*head, *vocabulary.numbers(text)[-room:]) if room > 0 else head for text in texts]
    widest, most = max(map(len, shown)), max(map(len, said))
    text = torch.tensor([[*row, *(vocabulary.pad,) * (widest - len(row))] for row in shown])
    nothing = (vocabulary.pad,) * longest
    table = [[*((*command, *nothing[len(command) :]) for command in row), *(nothing,) * (most - len(row))] for row in said]
    words = torch.tensor([[*map(len, row), *(0,) * (most - len(row))] for row in said])
    return Offers(text, torch.tensor([len(row) for row in shown]), torch.tensor(table).view(len(said), most, longest), words)


def joined(parts: Sequence[Offers]) -> Offers:
    """Some offers, one below the other, padded to the longest."""
    sizes = [max(getattr(part, name).shape[axis] for part in parts) for name, axis in (("text", 1), ("commands", 1), ("commands", 2))]
    S, K, L = sizes
    return Offers(
        torch.cat([F.pad(part.text, (0, S - part.text.shape[1])) for part in parts]),
        torch.cat([part.length for part in parts]),
        torch.cat([F.pad(part.commands, (0, L - part.commands.shape[2], 0, K - part.commands.shape[1])) for part in parts]),
        torch.cat([F.pad(part.words, (0, K - part.words.shape[1])) for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """Each text once, and behind it all of its commands side by side: every command looks back at the text and at itself.

    T = S + K (L - 1) positions: nothing is foretold after a command's last word, so that it need not be read.
    """

    tokens: Tensor
    """(B, T)."""
    positions: Tensor
    """(B, T): a command's words stand where they would stand directly behind the text."""
    mask: Tensor
    """(B, 1, T, T): 0 where a position may look, BLOCKED elsewhere."""
    asked: Tensor
    """(B, K L): the position that foretells each word of each command."""
    state: Tensor
    """(B,): the last position of each text."""


def laid_out(offers: Offers) -> Layout:
    B, S = offers.text.shape
    _, K, L = offers.commands.shape
    device, read = offers.text.device, L - 1
    own = torch.arange(K * read, device=device)
    command, place = own // max(1, read), own % max(1, read)  # of each position behind the text
    tokens = torch.cat((offers.text, offers.commands[:, :, :read].reshape(B, K * read)), dim=1)
    text = torch.arange(S, device=device)
    real = place < offers.words[:, command] - 1  # (B, K (L - 1)); padding stands anywhere: a context has no place for it
    positions = torch.cat((text.expand(B, S), torch.where(real, offers.length[:, None] + place, 0)), dim=1)
    there = text < offers.length[:, None]  # (B, S)
    # A position may look at the text before it, and a command's position at that command before it
    looks = torch.zeros(B, S + K * read, S + K * read, dtype=torch.bool, device=device)
    looks[:, :S, :S] = text[:, None] >= text
    looks[:, S:, :S] = there[:, None]
    looks[:, S:, S:] = (command[:, None] == command) & (place[:, None] >= place)
    mask = torch.zeros(looks.shape, device=device).masked_fill_(~looks, BLOCKED)
    state = offers.length - 1
    behind = S + torch.arange(K * read, device=device).view(1, K, read).expand(B, K, read)
    asked = torch.cat((state[:, None, None].expand(B, K, 1), behind), dim=2).reshape(B, K * L)
    return Layout(tokens, positions, mask[:, None], asked, state)
