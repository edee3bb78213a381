"""A learning-rate scheduler of PyTorch as a learner's schedule: stepped when due, saved, and returned to."""

import inspect
import math
import warnings
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.training.optimizers.optimizer_state import SETTINGS, rate_of

HEARD, COUNTED = ("metrics", "metric", "val_loss"), ("epoch", "step", "num_updates", "t")
"""Arguments that a scheduler's step may need: a validation loss, or the number of its steps with this one."""


class ModuleSchedule:
    """Steps `scheduler`, which may be None, after every `every` turns; one that hears the validation loss, after an evaluation then.

    TypeError for anything else than a scheduler.

    It warns once where the learning rate was 0 through a whole epoch of `epoch` turns.
    """

    def __init__(self, optimizer: Optimizer, scheduler: Any, every: int, epoch: int) -> None:
        self.optimizer, self.scheduler, self.every, self.epoch = optimizer, scheduler, every, epoch
        self.turn = 0
        check_scheduler(scheduler, optimizer)
        asks = _asks_for(scheduler)
        self._listens, self._counts = asks in HEARD, asks in COUNTED
        self._standing = 0
        """Turns in a row at a learning rate of 0."""

    def set_rate(self) -> float:
        """The scheduler has set the rates already, after the turn before."""
        return rate_of(self.optimizer)

    def advance(self) -> None:
        """One turn further."""
        self.turn += 1
        if self.scheduler is None:
            return
        self._watch()
        if not self._listens and self.turn % self.every == 0:
            self._step(*([self.turn // self.every] if self._counts else []))

    def heard(self, value: float) -> None:
        """An evaluation was made after the turn before. That of the untrained model does not count."""
        if self._listens and self.turn and self.turn % self.every == 0 and math.isfinite(value):
            self._step(value)

    def _step(self, *value: float) -> None:
        with warnings.catch_warnings():
            # PyTorch warns where the optimiser was not called before. A turn with k = 0 and on_zero = skip does not call it.
            warnings.filterwarnings("ignore", r"Detected call of `lr_scheduler\.step\(\)`")
            warnings.filterwarnings("ignore", r"Seems like `optimizer\.step\(\)`")
            self.scheduler.step(*value)

    def _watch(self) -> None:
        self._standing = self._standing + 1 if all(group.get("lr") == 0 for group in self.optimizer.param_groups) else 0
        if self._standing == max(2, self.epoch):  # the first turn of a warm-up may well have a rate of 0
            here, other = ("epoch", "turn") if self.every > 1 else ("turn", "epoch")
            warnings.warn(
                "the learning rate was 0 through a whole epoch, so nothing was learned. The scheduler steps with "
                f"scheduler_every={here!r}; if it counts in {other}s, write scheduler_every={other!r}",
                stacklevel=2,
            )

    def place(self) -> Any:
        groups = [{key: _plain(group[key]) for key in SETTINGS if key in group} for group in self.optimizer.param_groups]
        return {"turn": self.turn, "val_loss": None, "groups": groups, "scheduler": _state_of(self.scheduler)}

    def knows(self, place: Any) -> bool:
        """True for the parts of `place`, with as many groups as the optimiser has."""
        if not isinstance(place, dict) or not isinstance(place.get("turn"), int) or place["turn"] < 0:
            return False
        groups = place.get("groups")
        if not isinstance(groups, list) or len(groups) != len(self.optimizer.param_groups) or "val_loss" not in place:
            return False
        return all(isinstance(group, dict) for group in groups) and isinstance(place.get("scheduler"), dict) == (self.scheduler is not None)

    def return_to(self, place: Any) -> None:
        self.turn = place["turn"]
        for group, kept in zip(self.optimizer.param_groups, place["groups"], strict=True):
            group.update({key: tuple(value) if isinstance(value, list) else value for key, value in kept.items() if key in SETTINGS})
        if self.scheduler is not None:
            self.scheduler.load_state_dict(_back(place["scheduler"]))


def check_scheduler(scheduler: Any, optimizer: Optimizer) -> None:
    """TypeError for anything but a scheduler that a save can hold. ValueError for one that would act wrongly, or on nothing."""
    if isinstance(scheduler, type):
        raise TypeError(
            f"the scheduler is the class {scheduler.__name__} itself; give one that is made of it: {scheduler.__name__}(optimizer, ...)"
        )
    for name in ("step", "state_dict", "load_state_dict"):
        if scheduler is not None and not callable(getattr(scheduler, name, None)):
            raise TypeError(
                f"the scheduler, a {type(scheduler).__name__}, has no {name}(); a run steps it with step(), and saves need state_dict() "
                "and load_state_dict()"
            )
    owner = getattr(scheduler, "optimizer", None)
    if isinstance(owner, Optimizer) and not {id(group) for group in owner.param_groups} & {id(group) for group in optimizer.param_groups}:
        raise ValueError(
            "the scheduler was made for another optimizer than the one given, and would change nothing here; make it for this one"
        )
    if isinstance(scheduler, ReduceLROnPlateau) and scheduler.mode == "max":
        raise ValueError(
            "the scheduler waits for a number that rises (mode='max'), but it hears the validation loss; make it with mode='min'"
        )


def check_length(scheduler: Any, steps: int) -> None:
    """ValueError where a schedule of a fixed length, which ends in an error, is shorter than `steps` more."""
    if isinstance(scheduler, OneCycleLR) and (done := scheduler.last_epoch) + steps > scheduler.total_steps:
        before = f", {done} of them done," * bool(done)
        raise ValueError(
            f"the scheduler, a OneCycleLR, has {counted(scheduler.total_steps, 'step')}{before} and this run takes {steps}; "
            f"make it with total_steps={steps}"
        )


def _asks_for(scheduler: Any) -> str:
    """The argument without which its step cannot be called: a validation loss, or a count of its steps; "" where it needs none."""
    if scheduler is None or isinstance(scheduler, ReduceLROnPlateau):
        return "metrics" if scheduler is not None else ""
    try:
        first = next(iter(inspect.signature(scheduler.step).parameters.values()), None)
    except (TypeError, ValueError):
        return ""
    needed = first is not None and first.default is first.empty and first.kind in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD)
    return first.name if first is not None and needed else ""


def _state_of(scheduler: Any) -> dict[str, Any] | None:
    """The scheduler's own state, as JSON values. Functions and other schedulers are left out: the program brings them along."""
    if scheduler is None:
        return None
    return {key: _plain(value) for key, value in scheduler.state_dict().items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        words = all(isinstance(key, str) for key in value) or type(value) is dict  # a Counter of milestones stays where it is
        return words and all(isinstance(key, str | int | float) and _is_plain(part) for key, part in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | Tensor) or _is_number(value)


def _is_number(value: Any) -> bool:
    """A number of NumPy's."""
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() != 1:
        return {_TENSOR: value.tolist(), "dtype": str(value.dtype).removeprefix("torch.")}
    if hasattr(value, "item"):  # a learning rate kept as a tensor
        return value.item()
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: _plain(part) for key, part in value.items()}
        return {_PAIRS: [[key, _plain(part)] for key, part in value.items()]}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _back(value: Any) -> Any:
    """Inverse of _plain; tuples come back as lists."""
    if isinstance(value, list):
        return list(map(_back, value))
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return torch.tensor(value[_TENSOR], dtype=getattr(torch, value["dtype"]))
    if _PAIRS in value:
        return {key: _back(part) for key, part in value[_PAIRS]}
    return {key: _back(part) for key, part in value.items()}


_TENSOR, _PAIRS = ":tensor", ":pairs"
"""Keys that mark a tensor, and a dict whose keys are not all words."""
