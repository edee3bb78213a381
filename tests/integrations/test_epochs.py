"""How much data an epoch reads, when the schedule steps, and what is said about it."""

import itertools
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau

from rolltrain_tui import RollToTrain
from rolltrain_tui.modes.module import evaluation
from rolltrain_tui.protocol.events import StepTaken

OFF = {"rulebook": "off", "monsters": "off"}
Batch = tuple[Tensor, Tensor]


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def batches(n: int, size: int = 4, seed: int = 1) -> list[Batch]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.randn(size, 8, generator=g), torch.randint(0, 4, (size,), generator=g)) for _ in range(n)]


class Counting:
    """Counts the batches that are read."""

    def __init__(self, held: list[Batch]) -> None:
        self.held, self.read = held, 0

    def __len__(self) -> int:
        return len(self.held)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.held:
            self.read += 1
            yield batch


def trainer_of(model: nn.Module, tmp_path: Path, optimizer: Any = None, **terms: Any) -> RollToTrain:
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1)
    return RollToTrain(model, optimizer, **{"loss": nn.functional.cross_entropy, "runs": tmp_path, **OFF, **terms})


@pytest.mark.parametrize(("size", "accumulation", "epochs"), [(10, None, 3), (10, 4, 3), (12, 4, 2), (7, 8, 2), (1, 1, 3), (5, 2, 1)])
@pytest.mark.parametrize("validation", [True, False], ids=["validated", ""])
@pytest.mark.filterwarnings("ignore:accumulation_steps is 8")
def test_an_epoch_reads_the_loader_once(size: int, accumulation: int | None, epochs: int, validation: bool, tmp_path: Path) -> None:
    """Whatever is accumulated: every batch once an epoch, and no turn reaches over its end."""
    loader = Counting(batches(size))
    trainer = trainer_of(net(), tmp_path, accumulation_steps=accumulation, num_epochs=epochs)
    trainer.train(loader, batches(2, seed=3) if validation else None, progress=False)
    assert loader.read == size * epochs
    assert len(trainer.loss_history) == -(-size // (accumulation or 1)) * epochs


@pytest.mark.parametrize("mode", ["per_mini_batch", "per_accumulation_step"])
def test_a_short_window_is_the_mean_of_what_there_is(mode: str, tmp_path: Path) -> None:
    """The weights and losses of a plain loop that averages 3 batches, then 3, then the 1 that is left."""
    model, other, data = net(), net(), batches(7)
    trainer = trainer_of(model, tmp_path, accumulation_steps=3, num_epochs=2, clip=None, mode=mode)
    trainer.train(data, progress=False)
    optimizer, losses = torch.optim.SGD(other.parameters(), lr=0.1), []
    for _ in range(2):
        for window in (data[:3], data[3:6], data[6:]):
            found = [nn.functional.cross_entropy(other(x), y) for x, y in window]
            for loss in found:
                (loss * (1 / len(window))).backward()
            losses.append(sum(loss.item() for loss in found) / len(window))
            optimizer.step()
            optimizer.zero_grad()
    assert trainer.loss_history == pytest.approx(losses, rel=1e-6)
    assert all(torch.allclose(p, q, atol=1e-7) for p, q in zip(model.parameters(), other.parameters(), strict=True))


def test_dice_for_each_batch_of_a_short_window(tmp_path: Path) -> None:
    """Rulebook source rolls for 4 batches; where the epoch has 2 left, their rolls count and nothing fails."""
    trainer = trainer_of(net(), tmp_path, rulebook="source", accumulation_steps=4, num_epochs=2)
    trainer.train(batches(6), progress=False)
    assert len(trainer.loss_history) == 4


def test_an_accumulation_longer_than_the_loader_is_told(tmp_path: Path) -> None:
    """With both numbers, before anything is trained."""
    with pytest.warns(UserWarning, match="accumulation_steps is 64, but an epoch has only 10 batches"):
        trainer_of(net(), tmp_path, accumulation_steps=64, num_epochs=1).train(batches(10), progress=False)


def test_a_second_training_says_that_it_begins_anew(tmp_path: Path) -> None:
    """It names the way to go on; with resume, or after load_checkpoint, only that the run has ended."""
    trainer = trainer_of(net(), tmp_path, num_epochs=1)
    trainer.train(batches(4), progress=False)
    assert trainer.run is not None
    first = trainer.run.folder
    with pytest.warns(UserWarning, match=r"a new run begins, .* to go on with that one, give resume="):
        trainer.train(batches(4), progress=False)
    trainer.load_checkpoint(first)
    with pytest.warns(UserWarning, match="has ended, so nothing is trained"):
        trainer.train(batches(4), progress=False)
    assert trainer.run.folder == first
    with pytest.warns(UserWarning, match="has ended, so nothing is trained"):
        trainer.train(batches(4), resume=first, progress=False)
    with pytest.warns(UserWarning, match="a new run begins"):
        trainer.train(batches(4), progress=False)


# ---------------------------------------------------------------------------------------------------------------------
# Schedules


class Listening(ReduceLROnPlateau):
    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.heard: list[float] = []
        super().__init__(optimizer, patience=1)

    def step(self, metrics: Any, epoch: Any = None) -> None:
        self.heard.append(float(metrics))
        super().step(metrics)


class OfAnotherHouse:
    """A schedule that hears the loss and is no ReduceLROnPlateau."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.heard: list[float] = []

    def step(self, metrics: float) -> None:
        self.heard.append(metrics)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


@pytest.mark.parametrize("kind", [Listening, OfAnotherHouse])
@pytest.mark.parametrize("every", [None, "epoch", "turn"])
@pytest.mark.parametrize("validation", [True, False], ids=["validated", ""])
def test_a_plateau_hears_the_evaluation_just_made(kind: Any, every: Any, validation: bool, tmp_path: Path) -> None:
    """The first one it hears is that of the first epoch, the last one is the last."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = kind(optimizer)
    trainer = trainer_of(model, tmp_path, optimizer, scheduler=scheduler, num_epochs=4, scheduler_every=every)
    trainer.train(batches(5), batches(2, seed=5) if validation else None, progress=False)
    assert scheduler.heard == [value for turn, value in trainer.eval_loss_history if turn]


def test_a_plateau_by_epoch_hears_only_epochs_ends(tmp_path: Path) -> None:
    """With an evaluation every two turns, scheduler_every="epoch" leaves out those in the middle."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = Listening(optimizer)
    trainer = trainer_of(model, tmp_path, optimizer, scheduler=scheduler, num_epochs=2, scheduler_every="epoch", evaluate_every=2)
    trainer.train(batches(4), progress=False)
    assert scheduler.heard == [value for turn, value in trainer.eval_loss_history if turn in (4, 8)]


class Numbered:
    """A schedule whose step is told which one it is, as timm's are."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.told: list[int] = []

    def step(self, epoch: int, metric: float | None = None) -> None:
        self.told.append(epoch)

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


@pytest.mark.parametrize(("every", "told"), [("epoch", [1, 2, 3]), ("turn", list(range(1, 13)))])
def test_a_schedule_that_asks_for_its_number_is_told(every: Any, told: list[int], tmp_path: Path) -> None:
    """Counted from 1: the epochs that are done, or the turns."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = Numbered(optimizer)
    trainer_of(model, tmp_path, optimizer, scheduler=scheduler, scheduler_every=every).train(batches(4), progress=False)
    assert scheduler.told == told


def test_what_is_no_scheduler_is_refused(tmp_path: Path) -> None:
    """With what it lacks."""

    class Forgetful:
        def step(self) -> None:
            pass

    with pytest.raises(TypeError, match=r"the scheduler, a Forgetful, has no state_dict\(\)"):
        trainer_of(net(), tmp_path, scheduler=Forgetful())
    with pytest.raises(TypeError, match=r"the class ReduceLROnPlateau itself; give one that is made of it"):
        trainer_of(net(), tmp_path, scheduler=ReduceLROnPlateau)


def test_a_schedule_that_would_change_nothing_or_hear_the_wrong_way_is_refused(tmp_path: Path) -> None:
    """With what to make instead."""
    model = net()
    optimizer, other = (torch.optim.SGD(model.parameters(), lr=0.1) for _ in range(2))
    with pytest.raises(ValueError, match="made for another optimizer than the one given"):
        trainer_of(model, tmp_path, optimizer, scheduler=LambdaLR(other, lambda _: 0.5))
    with pytest.raises(ValueError, match=r"waits for a number that rises .* make it with mode='min'"):
        trainer_of(model, tmp_path, optimizer, scheduler=ReduceLROnPlateau(optimizer, mode="max"))


@pytest.mark.filterwarnings("ignore:a new run begins")
@pytest.mark.parametrize(("length", "every", "fits"), [(11, "turn", False), (12, "turn", True), (2, "epoch", False), (3, "epoch", True)])
def test_a_schedule_of_a_fixed_length_must_last_for_the_run(length: int, every: Any, fits: bool, tmp_path: Path) -> None:
    """It is refused before the first turn, and so is a second training on a schedule that is used up."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = OneCycleLR(optimizer, 0.1, total_steps=length)
    trainer = trainer_of(model, tmp_path, optimizer, scheduler=scheduler, scheduler_every=every)
    if fits:
        trainer.train(batches(4), progress=False)
    needed = 12 if every == "turn" else 3
    with pytest.raises(ValueError, match=rf"has {length} steps.* and this run takes {needed}; make it with total_steps={needed}"):
        trainer.train(batches(4), progress=False)
    assert (trainer.run is not None) == fits


def warm_up(optimizer: torch.optim.Optimizer) -> LambdaLR:
    return LambdaLR(optimizer, lambda step: min(1.0, step / 3))


@pytest.mark.parametrize(("name", "every", "standing"), [("scheduler", None, 1), ("lr_scheduler", "step", 1), ("lr_scheduler", "epoch", 5)])
def test_a_schedule_steps_every_turn_unless_told(name: str, every: Any, standing: int, tmp_path: Path) -> None:
    """A warm-up counted in steps stands still for one turn; by epoch it stands for one, and that is told with the remedy."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    trainer = trainer_of(model, tmp_path, optimizer, num_epochs=2, scheduler_every=every, **{name: warm_up(optimizer)})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer.train(batches(5), progress=False)
    assert trainer.run is not None
    rates = [event.lr for event in trainer.run.story if isinstance(event, StepTaken)]
    assert rates.count(0.0) == standing
    told = [str(w.message) for w in said if "learning rate was 0 through a whole epoch" in str(w.message)]
    assert len(told) == (every == "epoch")
    assert all("write scheduler_every='turn'" in words for words in told)


# ---------------------------------------------------------------------------------------------------------------------
# One way to evaluate


class Whole(nn.Module):
    """Keeps its logits to itself, so that only the mean of a batch is known."""

    def __init__(self) -> None:
        super().__init__()
        self.net = net()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.net(x), y)


@pytest.mark.parametrize("kind", ["loss", "own", "training_step"])
def test_an_evaluation_is_the_mean_over_the_examples(kind: str, tmp_path: Path) -> None:
    """Of 17 examples in 8 + 8 + 1, for the run and for `evaluate`, whether examples can be told apart or not."""
    g = torch.Generator().manual_seed(3)
    x, y = 3 * torch.randn(17, 8, generator=g), torch.randint(0, 4, (17,), generator=g)
    model, plain = (Whole(), net()) if kind == "own" else (net(), net())
    how: dict[str, Any] = {
        "loss": {"loss": nn.CrossEntropyLoss()},
        "own": {"loss": None},
        "training_step": {"loss": None, "training_step": lambda m, b: nn.functional.cross_entropy(m(b[0]), b[1])},
    }[kind]
    trainer = trainer_of(model, tmp_path, torch.optim.SGD(model.parameters(), lr=0.0), max_steps=1, **how)
    loader = [(x[i : i + 8], y[i : i + 8]) for i in (0, 8, 16)]
    trainer.train(batches(1), loader, progress=False)
    expected = nn.functional.cross_entropy(plain(x), y).item()
    assert trainer.evaluate(loader) == pytest.approx(expected, rel=1e-6)
    assert trainer.eval_loss_history[-1][1] == trainer.evaluate(loader)


def test_evaluate_leaves_every_module_in_its_own_mode(tmp_path: Path) -> None:
    """A part that the user keeps in evaluation mode stays there."""
    model = net()
    model[1].eval()
    trainer_of(model, tmp_path).evaluate(batches(1))
    assert [module.training for module in model] == [True, False, True]


# ---------------------------------------------------------------------------------------------------------------------
# Nothing is changed in silence


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"turns": 3, "max_steps": 3}, "turns and max_steps are two names of one thing"),
        ({"clip": 0.5, "max_grad_norm": 1.0}, "clip and max_grad_norm are two names of one thing"),
        ({"runs": "a", "output_dir": "b"}, "runs and output_dir are two names of one thing"),
        ({"loss": nn.MSELoss(), "loss_fn": nn.MSELoss()}, "loss and loss_fn are two names of one thing"),
        ({"scheduler": object(), "lr_scheduler": object()}, "scheduler and lr_scheduler are two names of one thing"),
        ({"turns": 0}, "turns must be a whole number of at least 1, not 0"),
        ({"evaluate_every": 0}, "evaluate_every must be a whole number of at least 1, not 0"),
        ({"camp_every": 0}, "camp_every must be a whole number of at least 1, not 0"),
        ({"clip": "0.5"}, r"clip \(max_grad_norm\) must be above 0, not '0.5'; None means no clipping"),
        ({"clip": math.inf}, r"clip \(max_grad_norm\) must be above 0, not inf; None means no clipping"),
        ({"clip": True}, r"clip \(max_grad_norm\) must be above 0, not True; None means no clipping"),
        ({"max_grad_norm": 0.0}, r"clip \(max_grad_norm\) must be above 0, not 0.0; None means no clipping"),
        ({"scheduler_every": "epochs"}, r"scheduler_every must be one of epoch, turn, step, not 'epochs' \(did you mean 'epoch'\?\)"),
        ({"twin": "sometimes"}, "twin must be one of on_use, always, off, not 'sometimes'"),
        ({"dtype": "float16"}, "dtype must be one of float32, bfloat16, not 'float16'"),
        (
            {"training_step": lambda m, b, i: m(b)},
            r"called as training_step\(model, batch\), and this one takes \(m, b, i\)",
        ),
        ({"loss": lambda pair: pair}, r"loss is called as loss\(output, target\), and this one takes \(pair\)"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_obeyed_is_refused(terms: dict[str, Any], words: str, tmp_path: Path) -> None:
    """With the names of the parameters and the remedy."""
    model = net()
    with pytest.raises(ValueError, match=words):
        RollToTrain(model, torch.optim.SGD(model.parameters(), lr=0.1), **terms)


def test_other_names_are_obeyed(tmp_path: Path) -> None:
    """max_steps, max_grad_norm, loss_fn, output_dir, camp_every."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    how: dict[str, Any] = {"max_steps": 3, "max_grad_norm": None, "loss_fn": nn.CrossEntropyLoss(), "output_dir": tmp_path, "camp_every": 2}
    trainer = RollToTrain(model, optimizer, **OFF, **how)
    trainer.train(batches(5), progress=False)
    assert trainer.run is not None
    assert len(trainer.loss_history) == 3
    assert trainer.run.folder.parent == tmp_path
    assert trainer.run.campaign.config.camps.every == 2
    assert trainer._clip is None


def test_a_validation_loader_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After very many batches, with the remedy; as long a one that tells its length is read."""

    class Endless:
        def __iter__(self) -> Iterator[Any]:
            for number in itertools.count():
                assert number < 50, "read beyond the most batches that there may be"
                yield batches(1)[0]

    monkeypatch.setattr(evaluation, "MOST", 40)
    trainer = trainer_of(net(), tmp_path)
    with pytest.raises(ValueError, match=r"has given 40 batches so far.* give a list of some of its batches"):
        trainer.evaluate(Endless())
    trainer.evaluate(batches(45))


def test_a_validation_loader_that_does_not_end_is_told(tmp_path: Path) -> None:
    """After many batches of a loader without a length, once; a list of as many is read in silence."""

    class Endless:
        def __iter__(self) -> Iterator[Any]:
            for number in itertools.count():
                if number > 1010:
                    raise InterruptedError  # who waits has read the warning
                yield batches(1)[0]

    trainer = trainer_of(net(), tmp_path)
    with pytest.raises(InterruptedError), pytest.warns(UserWarning, match="tells no length and has given 1,000 batches") as told:
        trainer.evaluate(Endless())
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.evaluate(batches(1010))
