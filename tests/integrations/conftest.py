"""Models and data of other people's, small enough for hundreds of steps a second."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


class Reader(nn.Module):
    """A transformer that tells in which of two tongues a line of tokens is written; it answers as Hugging Face's do."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.words = nn.Embedding(32, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, dropout=dropout, batch_first=True)
        self.answer = nn.Linear(16, 2)

    def forward(self, input_ids: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        logits = self.answer(self.block(self.words(input_ids)).mean(dim=1))
        loss = nn.functional.cross_entropy(logits, labels) if labels is not None else None
        return {"logits": logits} if loss is None else {"loss": loss, "logits": logits}


def lines(n: int, seed: int) -> list[dict[str, Any]]:
    """Lines of 8 tokens, of which one in three tells the tongue."""
    g = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(n):
        label = int(torch.randint(2, (), generator=g))
        ids = torch.randint(2, 32, (8,), generator=g)
        ids[torch.randint(8, (3,), generator=g)] = label
        found.append({"input_ids": ids, "label": label})
    return found


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return make()


@pytest.fixture
def reader() -> Callable[..., nn.Module]:
    """The same fresh model each time."""
    return lambda dropout=0.0: seeded(lambda: Reader(dropout))


@pytest.fixture
def loaders() -> Callable[..., tuple[DataLoader[Any], DataLoader[Any]]]:
    """Training (64 lines, shuffled) and validation (24), in batches of 8."""

    def make(n: int = 64) -> tuple[DataLoader[Any], DataLoader[Any]]:
        train: Any = DataLoader(lines(n, 1), batch_size=8, shuffle=True)  # type: ignore[arg-type]
        return train, DataLoader(lines(24, 2), batch_size=8)  # type: ignore[arg-type]

    return make


@pytest.fixture
def points() -> TensorDataset:
    """96 points of 8 numbers, of which the first three decide the class."""
    x = torch.randn(96, 8, generator=torch.Generator().manual_seed(3))
    return TensorDataset(x, x[:, :3].argmax(1))


@pytest.fixture(autouse=True)
def _own_stream() -> Iterator[None]:
    """Trainers seed torch's global stream; the next test must not notice."""
    with torch.random.fork_rng():
        yield
