"""The Hugging Face Trainer behind a callback. Its hooks do not pass it on, so it is found among the callers.

Two things are asked of it: the loss that it computed itself, and word of a training that ended in an exception.
"""

import functools
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


def calling_trainer(callback: object) -> Any | None:
    """The Trainer that is calling this callback; None where another loop does."""
    for names in _callers():
        owner = names.get("self")
        handler = getattr(owner, "__dict__", {}).get("callback_handler")
        if any(each is callback for each in getattr(handler, "callbacks", ())) and hasattr(owner, "training_step"):
            return owner
    return None


def resumed_from() -> Path | None:
    """The checkpoint that the calling Trainer resumes from; None where that is not known."""
    for names in _callers():
        if isinstance(folder := names.get("resume_from_checkpoint"), str | Path):
            return Path(folder)
    return None


def _callers() -> Iterator[Mapping[str, Any]]:
    """The local variables of the callers, from the nearest on."""
    frame = sys._getframe(1)
    while frame is not None:
        yield frame.f_locals
        frame = frame.f_back  # type: ignore[assignment]


class TrainerLoss:
    """Hears what `training_step` returns: each micro-batch's share of the loss that the Trainer logs."""

    def __init__(self, trainer: Any, interrupted: Callable[[], None]) -> None:
        """`interrupted` is called where `training_step` ends in an exception."""
        self._interrupted = interrupted
        self._trainer, self._own = trainer, vars(trainer).get("training_step")
        self._step: Callable[..., Tensor] = trainer.training_step
        self._shares: list[Tensor] = []
        trainer.training_step = self._listen

    def _listen(self, *args: Any, **kwargs: Any) -> Tensor:
        try:
            share = self._step(*args, **kwargs)
        except BaseException:
            self._interrupted()
            raise
        if isinstance(share, Tensor) and share.numel() == 1:
            self._shares.append(share.detach().float().reshape(()))
        return share

    def take(self) -> float | None:
        """The loss since the last call; None where the Trainer computed none in `training_step`. Only this waits for the device."""
        shares, self._shares = self._shares, []
        return torch.stack(shares).sum().item() if shares else None

    def close(self) -> None:
        """Give `training_step` back."""
        if vars(self._trainer).get("training_step") != self._listen:
            return  # wrapped by somebody else meanwhile; then it only passes on
        if self._own is None:
            del self._trainer.training_step
        else:
            self._trainer.training_step = self._own


class GuardedTrain:
    """`trainer.train`, with word to the callback where it ends in an exception. Copies of the Trainer leave the callback out."""

    def __init__(self, train: Callable[..., Any], callback: Any) -> None:
        functools.update_wrapper(self, train)
        self._train, self._callback = train, weakref.ref(callback)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._train(*args, **kwargs)
        except BaseException:
            if (callback := self._callback()) is not None:
                callback.interrupted()
            raise

    def __reduce__(self) -> tuple[Any, ...]:
        return functools.partial, (self._train,)


def guard(trainer: Any, callback: Any) -> None:
    """From now on `callback.interrupted()` is called where `trainer.train()` ends in an exception."""
    trainer.train = GuardedTrain(trainer.train, callback)
