"""A learning-rate scheduler of PyTorch as a learner's schedule: stepped when due, saved, and returned to."""

import copy
import warnings
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

RATES = ("lr", "initial_lr", "weight_decay", "momentum", "betas")
"""What PyTorch's schedulers change in the optimiser's groups."""


class ModuleSchedule:
    """Steps `scheduler`, which may be None, after every `every` turns. ReduceLROnPlateau gets the last validation loss."""

    def __init__(self, optimizer: Optimizer, scheduler: Any, every: int) -> None:
        self.optimizer, self.scheduler, self.every = optimizer, scheduler, every
        self.turn = 0
        self.val_loss: float | None = None

    def set_rate(self) -> float:
        """The scheduler has set the rates already, after the turn before."""
        return float(self.optimizer.param_groups[0]["lr"])

    def advance(self) -> None:
        """One turn further."""
        self.turn += 1
        if self.scheduler is None or self.turn % self.every:
            return
        with warnings.catch_warnings():
            # PyTorch warns where the optimiser was not called before. A turn with k = 0 and on_zero = skip does not call it.
            warnings.filterwarnings("ignore", r"Detected call of `lr_scheduler\.step\(\)`")
            warnings.filterwarnings("ignore", r"Seems like `optimizer\.step\(\)`")
            if not isinstance(self.scheduler, ReduceLROnPlateau):
                self.scheduler.step()
            elif self.val_loss is not None:
                self.scheduler.step(self.val_loss)

    def place(self) -> Any:
        groups = [{key: _plain(group[key]) for key in RATES if key in group} for group in self.optimizer.param_groups]
        return {"turn": self.turn, "val_loss": self.val_loss, "groups": groups, "scheduler": _state_of(self.scheduler)}

    def knows(self, place: Any) -> bool:
        """True for the parts of `place`, with as many groups as the optimiser has."""
        if not isinstance(place, dict) or not isinstance(place.get("turn"), int) or place["turn"] < 0:
            return False
        groups = place.get("groups")
        if not isinstance(groups, list) or len(groups) != len(self.optimizer.param_groups) or "val_loss" not in place:
            return False
        return all(isinstance(group, dict) for group in groups) and isinstance(place.get("scheduler"), dict) == (self.scheduler is not None)

    def return_to(self, place: Any) -> None:
        self.turn, self.val_loss = place["turn"], place["val_loss"]
        for group, kept in zip(self.optimizer.param_groups, place["groups"], strict=True):
            group.update({key: tuple(value) if isinstance(value, list) else value for key, value in kept.items() if key in RATES})
        if self.scheduler is not None:
            self.scheduler.load_state_dict(copy.deepcopy(place["scheduler"]))


def _state_of(scheduler: Any) -> dict[str, Any] | None:
    """The scheduler's state as far as it is plain: numbers, words, lists and dicts. Functions and other schedulers are left out."""
    if scheduler is None:
        return None
    return {key: _plain(value) for key, value in scheduler.state_dict().items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(part) for key, part in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):  # a learning rate kept as a tensor
        return value.item()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
