"""What a model's `forward` takes, so that a batch that does not fit is told in words before the model is called."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.training.state.wrappers import plain_model

STEP = "; or give training_step=FUNCTION (called as training_step(model, batch)), which may read any batch"


WHOLE = ("batch", "batch_data", "data", "example", "examples", "features", "inputs", "sample", "samples")
"""Names under which a model's only parameter takes a batch as it is."""


class LossError(ValueError):
    """This model gives no loss on these batches."""


def led_back(loss: Tensor) -> Tensor:
    """The loss. LossError where no gradient leads from it back to the weights."""
    if not loss.requires_grad:
        raise LossError("no gradient leads back from the loss to the weights; compute it without detach() and without torch.no_grad()")
    return loss


def listed(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names)) or "none"


class Parameters:
    """The parameters of a model's `forward`, under whatever wraps it. A model whose signature cannot be read takes everything."""

    def __init__(self, model: nn.Module | None) -> None:
        try:
            self._signature = inspect.signature(plain_model(model).forward) if model is not None else None
        except (TypeError, ValueError):
            self._signature = None
        self._checked: set[Any] = set()

    def named(self, name: str, *, exactly: bool = False) -> bool:
        """Whether `name` may be given; `exactly`: as a parameter of its own."""
        if self._signature is None:
            return not exactly
        if name in self._signature.parameters:
            return True
        return not exactly and any(p.kind is p.VAR_KEYWORD for p in self._signature.parameters.values())

    @property
    def whole(self) -> bool:
        """Whether the model takes a batch as it is, as its only parameter that must be given."""
        needed = [name for name in self._signature.parameters if self.needs(name)] if self._signature is not None else []
        return len(needed) == 1 and needed[0] in WHOLE

    def needs(self, name: str) -> bool:
        """Whether the model cannot be called without `name`."""
        found = self._signature.parameters.get(name) if self._signature is not None else None
        return found is not None and found.default is found.empty and found.kind not in (found.VAR_KEYWORD, found.VAR_POSITIONAL)

    def fits(self, args: Sequence[Any], named: Mapping[str, Any]) -> bool:
        if self._signature is None:
            return True
        try:
            self._signature.bind(*args, **named)
        except TypeError:
            return False
        return True

    def check(self, args: Sequence[Any], named: Mapping[str, Any], batch: Any, *, with_loss: bool) -> None:
        """LossError where the model cannot be called so, with what it takes, what the batch has, and the remedy."""
        form = (len(args), *named)
        if form in self._checked:
            return
        if not self.fits(args, named):
            assert self._signature is not None
            takes = listed(self._signature.parameters)
            if isinstance(batch, dict):
                remedy = f"the batch has {listed(batch)}: rename them, or leave out what it does not take"
            elif with_loss:
                remedy = f"the batch gives it {counted(len(args), 'part')} before the target"
            else:
                parts = counted(len(args), "part")
                remedy = f"the batch has {parts}: if the last is the target, give loss=FUNCTION (called as loss(output, target))"
            raise LossError(f"the model's forward takes ({takes}), and {remedy}{STEP}")
        self._checked.add(form)
