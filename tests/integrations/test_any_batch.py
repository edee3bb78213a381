"""Batches of the forms that people have: read, skipped, or refused in a sentence with the remedy."""

from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from rolltrain_tui import RollToTrain
from rolltrain_tui.modes.module.batches import LoaderError
from rolltrain_tui.modes.module.forward import LossError
from rolltrain_tui.protocol.events import TwinJudged

F = nn.functional
G = torch.Generator().manual_seed(1)
DATA = [(torch.randn(4, 8, generator=G), torch.randint(0, 3, (4,), generator=G)) for _ in range(6)]
Pair = namedtuple("Pair", "x y")


@dataclass
class Record:
    x: Tensor
    y: Tensor


class Net(nn.Module):
    """Gives logits; its forward takes what `wants` says."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Linear(8, 3)


class X(Net):
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


class Two(Net):
    def forward(self, x: Tensor, more: Tensor) -> Tensor:
        out: Tensor = self.net(x + more)
        return out


class WithLabel(Net):
    def forward(self, x: Tensor, label: Tensor) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self.net(x), label)}


class WithLabels(Net):
    def forward(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        logits = self.net(x)
        return {"logits": logits} if labels is None else {"loss": F.cross_entropy(logits, labels), "logits": logits}


class WithAll(Net):
    def forward(self, x: Tensor, **more: Tensor) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self.net(x), more["labels"])}


class NeedsTarget(Net):
    """Reads its target, as a decoder does, and leaves the loss to a function."""

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        out: Tensor = self.net(x) + 0.0 * target.sum()
        return out


class WholeDict(Net):
    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"loss": F.cross_entropy(self.net(batch["x"]), batch["y"])}


class WholePair(Net):
    def forward(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        return F.cross_entropy(self.net(batch[0]), batch[1])


def train(model: nn.Module, loader: Any, tmp_path: Path, validation: Any = None, **terms: Any) -> RollToTrain:
    terms = {"num_epochs": 1, "rulebook": "off", "monsters": "off", "clip": None, **terms}
    trainer = RollToTrain(model, torch.optim.SGD(model.parameters(), lr=0.1), runs=tmp_path, **terms)
    return trainer.train(loader, validation, progress=False)


CE: dict[str, Any] = {"loss": F.cross_entropy}


def detached(out: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(out.detach(), y)


FORMS: dict[str, tuple[Callable[[], nn.Module], list[Any], dict[str, Any]]] = {
    "pair": (X, DATA, CE),
    "namedtuple": (X, [Pair(x, y) for x, y in DATA], CE),
    "list": (X, [[x, y] for x, y in DATA], CE),
    "x, label": (WithLabel, [{"x": x, "label": y} for x, y in DATA], {}),
    "x, label of a model with labels": (WithLabels, [{"x": x, "label": y} for x, y in DATA], {}),
    "x, label of a model with anything": (WithAll, [{"x": x, "label": y} for x, y in DATA], {}),
    **{f"x, {key} and loss": (X, [{"x": x, key: y} for x, y in DATA], CE) for key in ("labels", "label", "target", "targets", "y")},
    "x, target that the model reads too": (NeedsTarget, [{"x": x, "target": y} for x, y in DATA], CE),
    "labels that the model need not see": (WithLabels, [{"x": x, "labels": y} for x, y in DATA], CE),
    "one input of another name": (X, [{"picture": x, "y": y} for x, y in DATA], CE),
    "a model that takes the dict": (WholeDict, [{"x": x, "y": y} for x, y in DATA], {}),
    "a model that takes the pair": (WholePair, DATA, {}),
    "arrays": (X, [(x.numpy(), y.numpy()) for x, y in DATA], CE),
    "((x,), y)": (X, [((x,), y) for x, y in DATA], CE),
    "({x}, y)": (X, [({"x": x}, y) for x, y in DATA], CE),
    "((x, more), y)": (Two, [((x, 0 * x), y) for x, y in DATA], CE),
    "({x, more}, y)": (Two, [({"x": x, "more": 0 * x}, y) for x, y in DATA], CE),
    "(x, more, y)": (Two, [(x, 0 * x, y) for x, y in DATA], CE),
    "a step that gives a dict": (X, DATA, {"training_step": lambda m, b: {"loss": F.cross_entropy(m(b[0]), b[1])}}),
    "a step that gives a tuple": (X, DATA, {"training_step": lambda m, b: (F.cross_entropy(m(b[0]), b[1]), "more")}),
    "records and a step": (X, [Record(x, y) for x, y in DATA], {"training_step": lambda m, b: F.cross_entropy(m(b.x), b.y)}),
    "None among them": (X, [*DATA[:3], None, *DATA[3:]], {**CE, "turns": 6}),
    "empty ones among them": (X, [(DATA[0][0][:0], DATA[0][1][:0]), *DATA, (DATA[0][0][:0], DATA[0][1][:0])], {**CE, "turns": 6}),
    "one pass": (X, None, {**CE, "turns": 6}),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_same_training(form: str, tmp_path: Path) -> None:
    """The losses are those of a plain loop over pairs, step by step."""
    make, loader, terms = FORMS[form]
    trainer = train(make(), loader if loader is not None else (pair for pair in DATA), tmp_path, **terms)
    plain, expected = X(), []
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for x, y in DATA:
        optimizer.zero_grad()
        loss = F.cross_entropy(plain(x), y)
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    assert trainer.loss_history == pytest.approx(expected, rel=1e-6)


def test_other_names_reach_the_levers_on_labels(tmp_path: Path) -> None:
    """A dict with x and y has labels that noise could replace, and examples that can be told apart."""
    trainer = train(X(), [{"x": x, "y": y} for x, y in DATA], tmp_path, loss=nn.CrossEntropyLoss())
    assert trainer.run is not None
    info = trainer.run.campaign.learner.info()
    assert not info.unavailable_levers
    assert "3 answers" in info.model
    assert len(trainer.run.campaign.learner.evaluate(100).values) == 8


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_step_that_gives_none_skips_the_batch(accumulate: int, tmp_path: Path) -> None:
    """The next batch takes its place, in training and in evaluations."""

    def step(model: nn.Module, batch: Any) -> Tensor | None:
        return None if batch is DATA[2] else F.cross_entropy(model(batch[0]), batch[1])

    trainer = train(X(), DATA, tmp_path, DATA, training_step=step, accumulation_steps=accumulate, turns=5 // accumulate)
    assert len(trainer.loss_history) == 5 // accumulate
    assert all(loss == loss for loss in trainer.loss_history)


def elsewhere(out: Tensor, y: Tensor) -> Tensor:
    """A loss of weights that are not the model's."""
    return nn.Parameter(torch.ones(())) * out.detach().mean()


def lately_complex() -> Callable[[Tensor, Tensor], Tensor]:
    calls = count()
    return lambda out, y: F.cross_entropy(out, y) * (1j if next(calls) > 3 else 1)


class Again:
    """Its iterators share one source, which is read once."""

    def __init__(self) -> None:
        self.source = iter(DATA)

    def __iter__(self) -> Iterator[Any]:
        return self.source


@pytest.mark.parametrize(
    ("model", "loader", "terms", "error", "words"),
    [
        (X, DATA, {}, LossError, r"forward takes \(x\), and the batch has 2 parts: .* give loss=FUNCTION .* training_step=FUNCTION"),
        (X, [(x, x, y) for x, y in DATA], CE, LossError, r"takes \(x\), and the batch gives it 2 parts before the target; or give"),
        (X, [{"picture": x, "mask": x, "y": y} for x, y in DATA], CE, LossError, r"and the batch has picture, mask, y: rename"),
        (X, [{"x": x, "answer": y} for x, y in DATA], CE, LossError, r"forward takes \(x\), and the batch has x, answer: rename"),
        (X, DATA, {"loss": lambda out, y: F.cross_entropy(out, y).item()}, LossError, "a plain number, which no gradient leads back from"),
        (X, DATA, {"loss": detached}, LossError, "no gradient leads back from the loss"),
        (X, DATA, {"loss": detached, "monsters": "diagnosed"}, LossError, "no gradient leads back from the loss"),
        (X, None, CE, TypeError, "train_dataloader must be a DataLoader or another iterable of batches, not a NoneType"),
        (X, [{"x": x} for x, _ in DATA], CE, LossError, "the batch has no target for loss: its keys are x, and a target is one of"),
        (X, [SimpleNamespace(x=x, y=y) for x, y in DATA], CE, LossError, "it is a SimpleNamespace, and a target stands last in"),
        (WithLabel, [{"x": x, "y": y} for x, y in DATA], {}, LossError, r"forward takes \(x, label\), and the batch has x, y: rename"),
        (X, DATA, {"loss": nn.CrossEntropyLoss(reduction="none")}, LossError, r"gave no loss but a tensor of shape \(4,\); .*'mean'"),
        (X, DATA, {"training_step": lambda m, b: m(b[0])}, LossError, r"training_step gave no loss but a tensor of shape \(4, 3\)"),
        (X, DATA, {"loss": lambda out, y: (out * 1j).mean()}, LossError, r"loss gave a complex number, .* give a real number, such as"),
        (X, DATA, {"loss": lambda out, y: (out.argmax(1) == y).sum()}, LossError, r"loss gave a number of type int64, .* a real number"),
        (X, DATA, {"loss": elsewhere}, LossError, "no gradient leads from the loss to the weights that the optimizer holds; compute"),
        (X, DATA, {"loss": lately_complex()}, LossError, "loss gave a complex number"),
        (X, DATA, {"training_step": lambda m, b: None}, LossError, "training_step gave no loss for the first batches"),
        (X, (pair for pair in DATA), CE, ValueError, "loader can be read only once; say how long to train with turns=NUMBER"),
        (X, (pair for pair in DATA), {**CE, "turns": 7}, LoaderError, "can be read only once: it gave 6 batches, and then no more"),
        (X, Again(), {**CE, "turns": 7}, LoaderError, "can be read only once: it gave 6 batches"),
        (X, [None, None], CE, LoaderError, "the training data loader is empty"),
    ],
    ids=["forgotten loss", "too many", "other input", "other target", "number", "detached", "detached, examined", "no loader", "no target",
         "a thing", "own loss", "reduction", "logits", "complex", "whole numbers", "other weights", "complex later", "none",
         "one pass", "too few", "shared source", "all none"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*")
def test_what_cannot_be_read_is_told(
    model: Callable[[], nn.Module], loader: Any, terms: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    """A sentence that names what the model takes, what the batch has, and the way out."""
    with pytest.raises(error, match=words):
        train(model(), loader, tmp_path, **terms)


def test_validation_data_that_can_be_read_once(tmp_path: Path) -> None:
    """Each evaluation reads them, so a generator is refused before anything is trained."""
    with pytest.raises(LoaderError, match="the validation data loader can be read only once, and each evaluation reads it"):
        train(X(), DATA, tmp_path, (pair for pair in DATA), **CE)


class Spoils(Net):
    """Changes its batch in place, as scaling of pictures or masking of labels often does."""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x.mul_(0.5))
        return out


@pytest.mark.parametrize("twin", ["off", "always"])
def test_a_batch_that_is_changed_in_place_is_nobody_elses(twin: str, tmp_path: Path) -> None:
    """Neither a look at the first batches nor a twin reaches what the run trains on: it trains as a plain loop does."""
    loader = DataLoader(TensorDataset(torch.cat([x for x, _ in DATA]), torch.cat([y for _, y in DATA])), batch_size=4)
    model, plain = Spoils(), Spoils()
    train(model, loader, tmp_path, **CE, twin=twin, turns=6, clip=None)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(plain(x), y).backward()
        optimizer.step()
    assert torch.equal(model.net.weight, plain.net.weight)


@pytest.mark.parametrize("loss", [F.cross_entropy, lambda out, y: F.cross_entropy(out, y)], ids=["by example", "mean"])
def test_validation_data_that_a_model_changes_in_place_stay_as_they_are(loss: Any, tmp_path: Path) -> None:
    """Each evaluation reads the same, so that a twin that does what the hero does is as good."""
    data, held = ([(x.clone(), y) for x, y in DATA] for _ in range(2))
    trainer = train(Spoils(), data, tmp_path, held, loss=loss, twin="always", turns=6, evaluate_every=2, clip=None)
    assert all(torch.equal(x, kept) for (x, _), (kept, _) in zip(held, DATA, strict=True))
    assert trainer.run is not None
    assert [event.delta for event in trainer.run.story if isinstance(event, TwinJudged)] == [0.0]
