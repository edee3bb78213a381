"""Loaders whose parts draw from generators of their own: a run that goes on reads what an uninterrupted one reads."""

import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, ConcatDataset, DataLoader, Dataset, RandomSampler, Sampler, TensorDataset, random_split

from rolltrain_tui import RollToTrain
from rolltrain_tui.modes.module.batches import each
from rolltrain_tui.modes.module.loader_chance import fit, generators_of, put_back, states_of
from rolltrain_tui.protocol.commands import SaveGame

numpy = pytest.importorskip("numpy")
F = nn.functional
G = torch.Generator().manual_seed(1)
X, Y = torch.randn(24, 4, generator=G), torch.randint(0, 3, (24,), generator=G)
PLAIN = TensorDataset(X, Y)
TURNS, SAVED_AT = 20, 15
"""Epochs have six turns: the save lies in the third one."""


class Shuffled(Sampler[int]):
    def __init__(self, shuffle: Callable[[], list[int]]) -> None:
        self.shuffle = shuffle

    def __iter__(self) -> Iterator[int]:
        return iter(self.shuffle())

    def __len__(self) -> int:
        return 24


class ByNumpy(Shuffled):
    def __init__(self, rng: Any) -> None:
        self.rng = rng
        super().__init__(lambda: self.rng.permutation(24).tolist())


class ByPython(Shuffled):
    def __init__(self) -> None:
        self.rng = random.Random(5)
        super().__init__(lambda: self.rng.sample(range(24), 24))


class Noisy(Dataset[tuple[Tensor, Tensor]]):
    """Each look at an example draws noise."""

    def __init__(self) -> None:
        self.tools = {"noise": numpy.random.default_rng(5)}

    def __len__(self) -> int:
        return 24

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor]:
        return X[at] + torch.tensor(self.tools["noise"].normal(size=4)).float(), Y[at]


class Dropping:
    """Collates, and blanks a number of each example."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(5)

    def __call__(self, examples: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        x, y = (torch.stack(column) for column in zip(*examples, strict=True))
        return x * (torch.rand(x.shape, generator=self.generator) > 0.2), y


def by_batches() -> DataLoader[Any]:
    order = RandomSampler(range(24), generator=torch.Generator().manual_seed(5))
    return DataLoader(PLAIN, batch_sampler=BatchSampler(order, 4, drop_last=False))


class Strewn(list[tuple[Tensor, Tensor]]):
    """A list of its own kind, which draws as it is read."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for x, y in super().__iter__():
            yield x + random.random() + torch.rand(()), y


LOADERS: dict[str, Callable[[], Any]] = {
    "batch sampler": by_batches,
    "NumPy's generator": lambda: DataLoader(PLAIN, 4, sampler=ByNumpy(numpy.random.default_rng(5))),
    "NumPy's older generator": lambda: DataLoader(PLAIN, 4, sampler=ByNumpy(numpy.random.RandomState(5))),
    "NumPy's Mersenne twister": lambda: DataLoader(PLAIN, 4, sampler=ByNumpy(numpy.random.Generator(numpy.random.MT19937(5)))),
    "Python's generator": lambda: DataLoader(PLAIN, 4, sampler=ByPython()),
    "data set": lambda: DataLoader(Noisy(), 4, shuffle=True),
    "data sets side by side": lambda: DataLoader(ConcatDataset([Noisy()]), 4, shuffle=True),
    "a list that draws": lambda: Strewn(zip(X.split(4), Y.split(4), strict=True)),
    "collate function": lambda: DataLoader(PLAIN, 4, shuffle=True, collate_fn=Dropping()),
}


def trained(loader: Any, validation: Any, runs: Path, resume: Path | None = None) -> tuple[Tensor, Path]:
    torch.manual_seed(0)
    net = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    trainer = RollToTrain(net, optimizer, loss=F.cross_entropy, turns=TURNS, evaluate_every=4, rulebook="off", monsters="off", runs=runs)
    trainer.train(loader, validation, progress=False, resume=resume, moves=[(SAVED_AT, SaveGame())])
    assert trainer.run is not None
    last = trainer.run.campaign.value
    assert last is not None
    return torch.cat([net.weight.detach().flatten(), torch.tensor([last])]), trainer.run.folder


def goes_on(make: Callable[[], tuple[Any, Any]], runs: Path) -> tuple[Tensor, Tensor]:
    """The weights and the last evaluation of an uninterrupted run, and of one that went on from a save of it."""
    whole, folder = trained(*make(), runs)
    begun = shutil.copytree(folder, runs / "begun")
    resumed, _ = trained(*make(), runs, begun / "saves" / f"turn-{SAVED_AT:06d}")
    return whole, resumed


@pytest.mark.parametrize("name", LOADERS)
def test_a_run_that_goes_on_reads_what_an_uninterrupted_one_reads(name: str, tmp_path: Path) -> None:
    whole, resumed = goes_on(lambda: (LOADERS[name](), None), tmp_path)
    assert torch.equal(whole, resumed)


def test_an_evaluation_of_the_same_data_set_draws_nothing_from_the_training(tmp_path: Path) -> None:
    def halves() -> tuple[Any, Any]:
        train, validation = random_split(Noisy(), [16, 8], generator=torch.Generator().manual_seed(0))
        return DataLoader(train, 4), DataLoader(validation, 4)

    whole, resumed = goes_on(halves, tmp_path)
    assert torch.equal(whole, resumed)


def test_each_evaluation_reads_the_same() -> None:
    loader = DataLoader(Noisy(), 4)
    first, again = ([x for x, _ in each(loader, seed=1)] for _ in range(2))
    assert all(map(torch.equal, first, again))


def test_the_order_is_that_of_a_plain_loop(tmp_path: Path) -> None:
    """A generator in a loader's parts keeps its own course."""
    weights, _ = trained(by_batches(), None, tmp_path)
    torch.manual_seed(0)
    net = nn.Linear(4, 3)
    optimizer, loader, turns = torch.optim.SGD(net.parameters(), lr=0.1), by_batches(), 0
    while turns < TURNS:
        for x, y in loader:
            if (turns := turns + 1) > TURNS:
                break
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    assert torch.allclose(weights[:-1], net.weight.flatten(), atol=1e-6)


def test_workers_that_outlive_an_epoch_are_told_of_where_a_run_goes_on(tmp_path: Path) -> None:
    def lasting() -> DataLoader[Any]:
        return DataLoader(PLAIN, 4, num_workers=1, persistent_workers=True)

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        _, folder = trained(lasting(), None, tmp_path)
    begun = shutil.copytree(folder, tmp_path / "begun")
    with pytest.warns(UserWarning, match=r"persistent_workers=True.*no save holds"):
        trained(lasting(), None, tmp_path, begun / "saves" / f"turn-{SAVED_AT:06d}")


def test_states_of_other_generators_do_not_fit() -> None:
    some: list[Any] = [random.Random(1), numpy.random.default_rng(1), numpy.random.RandomState(1), torch.Generator()]
    states = states_of(some)
    assert fit(some, states)
    assert not fit(some, states[:3])
    assert not fit(some, states[::-1])
    assert not fit(some, None)
    drawn = some[0].random()
    put_back(some, states)
    assert some[0].random() == drawn


def test_a_part_that_leads_back_to_itself_is_searched_once() -> None:
    collate = Dropping()
    collate.loader = DataLoader(PLAIN, 4, collate_fn=collate)  # type: ignore[attr-defined]
    assert generators_of(collate.loader) == [collate.generator]  # type: ignore[attr-defined]
