"""The loss of any model on any batch. What is called depends on the batch:

    a dict (or anything like it)   model(**batch); `label` is called `labels` where the model has that
    {"text": [...], "label": ...}  with a tokenizer: model(**tokenizer(text), labels=label)
    a dict, with a loss function   loss(model(**the rest), target); the target is `labels`, `label`, `target`, `targets` or `y`
    (x, ..., y)                    with a loss function: loss(model(x, ...), y); without: model(x, ..., y)
    ((a, b), y), ({"a": a}, y)     with a loss function: loss(model(a, b), y)
    a dict or a tuple              model(batch), where that is what the model's only parameter is called
    a tensor                       model(x), and with a loss function loss(model(x), x)

The loss is the function's value, else the output's `.loss` or ["loss"], else the first item of a tuple, else the output itself.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.module.forward import STEP, LossError, Parameters, listed
from rolltrain_tui.training.tensors.any_batch import examples_in, pick, to_device

LONGEST_TEXT = 512
"""Tokens to which texts are cut: the limit of BERT and its relatives."""
IGNORED = -100
"""The label that PyTorch's cross entropy leaves out."""
CLOSE = 1e-3
"""The mean of losses by example must equal the model's own loss to this relative error: bf16 keeps about three digits."""

TrainingStep = Callable[[nn.Module, Any], Any]
Loss = Callable[..., Tensor]


TARGETS = ("labels", "label", "target", "targets", "y")
"""Keys under which a dict may hold what the model should have said; the first one counts."""


class SkippedBatchError(LossError):
    """The training step gave None: this batch is to be passed over."""


class Criterion:
    """The loss of one model. `loss(output, target)` and `training_step(model, batch)` are the user's, if given; `tokenizer` reads texts."""

    def __init__(
        self, loss: Loss | None, training_step: TrainingStep | None, tokenizer: Any, device: torch.device, model: nn.Module | None = None
    ) -> None:
        """`model` tells which names it takes; a copy of it will do."""
        self.loss, self.training_step, self.tokenizer, self.device = loss, training_step, tokenizer, device
        self._takes = Parameters(model)
        self._apart = copy.deepcopy(loss) if getattr(loss, "reduction", "") == "mean" else None
        if self._apart is not None:
            self._apart.reduction = "none"  # type: ignore[attr-defined]

    def ready(self, batch: Any) -> Any:
        """A batch as the loader gave it, on the device and with its texts tokenised."""
        if hasattr(batch, "items"):
            batch = dict(batch.items())
            if self.tokenizer is not None and "text" in batch:
                batch |= self._tokens(batch.pop("text"))
            if "label" in batch and "labels" not in batch and self._takes.named("labels") and not self._takes.named("label", exactly=True):
                batch["labels"] = batch.pop("label")
            if isinstance(labels := batch.get(_target_key(batch)), list) and all(isinstance(label, int | float) for label in labels):
                batch[_target_key(batch)] = torch.tensor(labels)
        return to_device(batch, self.device)

    def _tokens(self, text: Any) -> dict[str, Any]:
        tokens = self.tokenizer(list(text), padding=True, truncation=True, max_length=LONGEST_TEXT, return_tensors="pt")
        return dict(tokens.items())

    def target_of(self, batch: Any) -> Any:
        """What the model should have said to a ready batch; None where the batch does not tell."""
        if isinstance(batch, dict):
            return batch.get(_target_key(batch))
        if isinstance(batch, tuple | list):
            return batch[-1] if len(batch) > 1 else None
        return batch if isinstance(batch, Tensor) else None

    def with_target(self, batch: Any, target: Any) -> Any:
        """The same batch with another target."""
        return {**batch, _target_key(batch): target} if isinstance(batch, dict) else (*batch[:-1], target)

    def __call__(self, model: nn.Module, batch: Any) -> tuple[Tensor, Any]:
        """The mean loss of a ready batch, and the model's output. LossError says what is missing."""
        if self.training_step is not None:
            if (found := self.training_step(model, batch)) is None:
                raise SkippedBatchError("training_step gave no loss (None) for a batch")
            return _checked(found if isinstance(found, Tensor) else _own_loss(found), "training_step"), None
        args, named = self._arguments(batch)
        self._takes.check(args, named, batch, with_loss=self.loss is not None)
        if self.loss is None:
            output = model(*args, **named)
            return _checked(_own_loss(output), "the model"), output
        if (target := self.target_of(batch)) is None:
            if isinstance(batch, dict):
                why = f"its keys are {listed(batch)}, and a target is one of {listed(TARGETS)}"
            else:
                why = f"it is a {type(batch).__name__}, and a target stands last in a tuple, or in a dict as one of {listed(TARGETS)}"
            raise LossError(f"the batch has no target for loss: {why}{STEP}")
        output = model(*args, **named)
        return _checked(self.loss(_logits(output), target), "loss"), output

    def _arguments(self, batch: Any) -> tuple[Sequence[Any], dict[str, Any]]:
        """What the model is called with."""
        if isinstance(batch, dict):
            key = _target_key(batch)
            apart = self.loss is not None and not self._takes.needs(key)
            given = {name: value for name, value in batch.items() if not (apart and name == key)}
            if not self._takes.fits((), given):
                if self._takes.whole:
                    return (batch,), {}
                if apart and len(given) == 1 and self._takes.fits(tuple(given.values()), {}):
                    return tuple(given.values()), {}
            return (), given
        if not isinstance(batch, tuple | list):
            return (batch,), {}
        if self.loss is None:
            return ((batch,), {}) if self._takes.whole else (batch, {})
        inputs = batch[:-1]
        if len(inputs) == 1 and isinstance(inputs[0], dict) and self._takes.fits((), inputs[0]):
            return (), inputs[0]
        if len(inputs) == 1 and isinstance(inputs[0], tuple | list) and self._takes.fits(inputs[0], {}):
            return inputs[0], {}
        return inputs, {}

    def examples(self, model: nn.Module, batch: Any) -> Tensor | None:
        """The loss of each example of a ready batch, (B,); None where the model's loss cannot be split into examples."""
        loss, output = self(model, batch)
        size = examples_in(batch)
        if size is None or size < 1:
            return None
        # The user's loss with reduction "none" gives the parts directly
        if self._apart is not None:
            parts = self._apart(_logits(output), self.target_of(batch))
            return parts.reshape(size, -1).mean(dim=1) if parts.numel() % size == 0 and parts.dim() else None
        # Otherwise try whether the model's own loss is a cross entropy of its logits
        logits, target = _logits(output), self.target_of(batch) if isinstance(batch, dict) else None
        if not isinstance(logits, Tensor) or not isinstance(target, Tensor) or target.is_floating_point() or logits.shape[0] != size:
            return None
        return _cross_entropies(logits, target, loss)


def one_by_one(criterion: Criterion, model: nn.Module, batch: Any) -> Tensor | None:
    """The loss of each example, where necessary by a forward pass for each. None where the batch has no examples."""
    if (losses := criterion.examples(model, batch)) is not None:
        return losses
    size = examples_in(batch)
    if size is None or size < 1:
        return None
    return torch.stack([criterion(model, pick(batch, torch.tensor([i])))[0].detach().float() for i in range(size)])


def classes_of(output: Any, target: Any) -> int:
    """The number of classes, from the shape of the model's output; 0 where it does not tell."""
    logits = _logits(output)
    known = isinstance(logits, Tensor) and isinstance(target, Tensor) and not target.is_floating_point() and logits.dim() >= 2
    return int(logits.shape[-1]) if known and logits.shape[-1] > 1 else 0


def _cross_entropies(logits: Tensor, target: Tensor, loss: Tensor) -> Tensor | None:
    """The losses by example, (B,), if `loss` is a cross entropy; else None.

    Logits (B, C) against labels (B,), or (B, T, V) against (B, T): of the next token, or of the same one.
    """
    if logits.dim() == 2 and target.dim() == 1:
        return _if_close(F.cross_entropy(logits.float(), target, reduction="none").unsqueeze(1), torch.ones_like(target).unsqueeze(1), loss)
    if logits.dim() != 3 or logits.shape[:2] != target.shape:
        return None
    # Causal models shift their labels by one; masked ones do not
    for scores, answers in ((logits[:, :-1], target[:, 1:]), (logits, target)):
        tokens = F.cross_entropy(scores.float().transpose(1, 2), answers, reduction="none", ignore_index=IGNORED)  # (B, T)
        if (found := _if_close(tokens, answers != IGNORED, loss)) is not None:
            return found
    return None


def _if_close(tokens: Tensor, counted: Tensor, loss: Tensor) -> Tensor | None:
    """The mean over each example's counted tokens, (B, T) -> (B,), if the mean over all of them is `loss`; else None."""
    whole = tokens.sum() / counted.sum().clamp(min=1)
    if not torch.isfinite(loss) or (whole - loss.float()).abs() > CLOSE * loss.float().abs() + 1e-6:
        return None
    return tokens.sum(dim=1) / counted.sum(dim=1).clamp(min=1)


def _own_loss(output: Any) -> Any:
    if (loss := getattr(output, "loss", None)) is not None:
        return loss
    if isinstance(output, dict):
        return output.get("loss")
    return output[0] if isinstance(output, tuple | list) and output else output


def _logits(output: Any) -> Any:
    if (logits := getattr(output, "logits", None)) is not None:
        return logits
    return output.get("logits", output) if isinstance(output, dict) else output


def _checked(loss: Any, giver: str) -> Tensor:
    if isinstance(loss, Tensor) and loss.numel() == 1:
        if not loss.is_floating_point():
            kind = "a complex number" if loss.is_complex() else f"a number of type {str(loss.dtype).removeprefix('torch.')}"
            remedy = "such as its .abs() or .real" if loss.is_complex() else "computed from the outputs themselves, not from comparisons"
            raise LossError(f"{giver} gave {kind}, along which nothing can descend; give a real number, {remedy}")
        return loss.reshape(())
    found = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
    if isinstance(loss, float | int):
        raise LossError(f"{giver} gave {loss!r}, a plain number, which no gradient leads back from; give the tensor, without .item()")
    if giver != "the model":
        raise LossError(
            f"{giver} gave no loss but {found}; let it give one number for the whole batch, such as the mean (reduction='mean')"
        )
    raise LossError(
        f"the model gave no loss but {found}; give labels with each batch, or loss=FUNCTION (called as loss(output, target)), "
        "or training_step=FUNCTION (called as training_step(model, batch))"
    )


def _target_key(batch: Mapping[str, Any]) -> str:
    return next((key for key in TARGETS if key in batch), "")
