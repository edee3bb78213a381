"""What is trained on, as token ids in memory: windows of one long text, or texts with labels. Read in epochs, each in an order of its own.

Shapes: T = model.length, N tokens of a text, B sequences of a batch. A batch is a dict: the model's inputs, and `labels` beside them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from rolltrain_tui.training.state.streams import random_stream

Batch = dict[str, Tensor]
Place = tuple[int, int]
"""The epoch, and how many of its sequences were read; both count from zero."""
LABELS = "labels"


class Lessons(Protocol):
    """A training set and a validation set."""

    answers: int
    """Tokens or classes among which the model chooses."""
    validated: int
    """Sequences that can be validated on."""

    def order(self, epoch: int, stream: torch.Generator) -> Tensor:
        """The sequences of an epoch, by numbers that `train` knows, drawn from the epoch's own stream: (n,)."""

    def train(self, numbers: Tensor) -> Batch: ...

    def validation(self, first: int, last: int) -> Batch:
        """Sequences of the validation set from `first` up to `last`, always in the same mixed order."""


class Windows:
    """One text to train on and one to validate on, in windows of T tokens; the next token is the label."""

    def __init__(self, train: Tensor, validation: Tensor, length: int, vocabulary: int, device: torch.device) -> None:
        """`train`, `validation`: (N,) token ids, each at least T + 1 of them."""
        self.answers, self.length = vocabulary, length
        self._train, self._validation = train.to(device), validation.to(device)
        self._span = torch.arange(length + 1, device=device)  # (T + 1,)
        self._places = mixed(torch.arange(0, len(validation) - length, length))  # windows beside one another
        self.validated = len(self._places)

    def order(self, epoch: int, stream: torch.Generator) -> Tensor:
        """Windows beside one another, from another first token each epoch."""
        spare = len(self._train) - self.length - 1
        first = int(torch.randint(min(self.length, spare + 1), (1,), generator=stream))
        starts = torch.arange(first, spare + 1, self.length)
        return starts[torch.randperm(len(starts), generator=stream)]

    def train(self, numbers: Tensor) -> Batch:
        return self._read(self._train, numbers)

    def validation(self, first: int, last: int) -> Batch:
        return self._read(self._validation, self._places[first:last])

    def _read(self, text: Tensor, starts: Tensor) -> Batch:
        window = text[starts.to(text.device).unsqueeze(1) + self._span]  # (B, T + 1)
        return {"input_ids": window[:, :-1], LABELS: window[:, 1:]}


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its label."""

    inputs: dict[str, list[int]]
    """input_ids, and whatever else the tokenizer gives: lists of the same length."""
    label: int


class Labelled:
    """Texts with labels. `padding`: what fills up each input of shorter texts; `left`: on which side."""

    def __init__(
        self,
        train: Sequence[Example],
        validation: Sequence[Example],
        classes: int,
        padding: dict[str, int],
        left: bool,
        device: torch.device,
    ) -> None:
        self.answers, self.validated = classes, len(validation)
        self._train = [self._tensors(example) for example in train]
        self._validation = [self._tensors(validation[i]) for i in mixed(torch.arange(len(validation))).tolist()]
        self._padding, self._side, self._device = padding, "left" if left else "right", device

    @staticmethod
    def _tensors(example: Example) -> tuple[dict[str, Tensor], int]:
        return {name: torch.tensor(values) for name, values in example.inputs.items()}, example.label

    def order(self, epoch: int, stream: torch.Generator) -> Tensor:
        return torch.randperm(len(self._train), generator=stream)

    def train(self, numbers: Tensor) -> Batch:
        return self._collate([self._train[i] for i in numbers.tolist()])

    def validation(self, first: int, last: int) -> Batch:
        return self._collate(self._validation[first:last])

    def _collate(self, examples: Sequence[tuple[dict[str, Tensor], int]]) -> Batch:
        """Filled up to the longest: (B, T) each, and labels (B,)."""
        batch: Batch = {
            name: pad_sequence(
                [inputs[name] for inputs, _ in examples], batch_first=True, padding_value=filler, padding_side=self._side
            ).to(self._device)
            for name, filler in self._padding.items()
        }
        batch[LABELS] = torch.tensor([label for _, label in examples], device=self._device)
        return batch


class Reader:
    """Sequence after sequence, epoch after epoch. It keeps no place of its own, so twins may share it."""

    def __init__(self, lessons: Lessons, seed: int) -> None:
        self.lessons, self.seed = lessons, seed
        self._orders: dict[int, Tensor] = {}

    def take(self, place: Place, count: int) -> tuple[Batch, Place]:
        """The next `count` sequences from a place on, and the place after them. A batch may end one epoch and begin the next."""
        numbers, place = self._numbers(place, count)
        return self.lessons.train(numbers), place

    def probe(self, count: int) -> Batch:
        """The first sequences of the first epoch, always the same ones."""
        return self.lessons.train(self._order(0)[:count])

    def _numbers(self, place: Place, count: int) -> tuple[Tensor, Place]:
        epoch, read = place
        found: list[Tensor] = []
        while count > 0:
            order = self._order(epoch)
            found.append(order[read : read + count])
            read += len(found[-1])
            count -= len(found[-1])
            if count:
                epoch, read = epoch + 1, 0
        return torch.cat(found), (epoch, read)

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            order = self.lessons.order(epoch, random_stream(self.seed, f"epoch {epoch}"))
            # The first epoch serves examinations; a twin may stand one epoch behind
            self._orders = {at: kept for at, kept in self._orders.items() if at == 0 or at >= epoch - 1} | {epoch: order}
        return self._orders[epoch]


def mixed(places: Tensor) -> Tensor:
    """In an order that looks like chance and is always the same, so that the first few stand for all."""
    return places[torch.randperm(len(places), generator=torch.Generator().manual_seed(0))]


def tokens_in(batch: Batch) -> int:
    """The number of tokens without padding."""
    mask: Any = batch.get("attention_mask")
    return batch["input_ids"].numel() if mask is None else int(mask.sum())


def parts(total: int, size: int) -> Iterator[tuple[int, int]]:
    """(first, last) of pieces of `size`, and the rest in a smaller one."""
    for first in range(0, total, size):
        yield first, min(first + size, total)
