"""The model and the optimiser of a game, looked at before it begins: what cannot be played with is refused."""

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import LBFGS, Optimizer

from rolltrain_tui.integrations.terms.terms import Terms
from rolltrain_tui.training.optimizers.optimizer_state import parameters_of
from rolltrain_tui.training.state.optimizer_trial import undoes, unsaved

EMPTY = "where there are no numbers; give them numbers first (model.to_empty(device=...), then load or initialise them)"


def check_parts(model: object, optimizer: object) -> None:
    """TypeError where the two are not a model and an optimiser; ValueError where the game cannot act on them."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not a {type(model).__name__}")
    if not isinstance(optimizer, Optimizer):
        several = "; of several, give one: the others step beside it" if isinstance(optimizer, list | tuple | dict) else ""
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, not a {type(optimizer).__name__}{several}")
    if isinstance(optimizer, LBFGS):
        raise ValueError("LBFGS takes several steps in one, from a closure of its own; a turn needs an optimiser that takes one")
    own: set[Tensor] = set(model.parameters())
    if not own:
        raise ValueError("the model has no parameters, so there is nothing to learn; give the module that holds the weights")
    if any(is_lazy(p) for p in own):
        raise ValueError("the model has lazy layers, whose weights have no shape yet; run one batch through it before the game begins")
    held = parameters_of(optimizer)
    if not held or not all(p in own for p in held):
        raise ValueError(
            "the optimizer holds parameters that are not the model's; make it from model.parameters(), or train model and "
            "criterion as one: nn.ModuleList([model, criterion])"
        )
    if not any(p.requires_grad for p in held):
        raise ValueError("all of the optimizer's parameters are frozen; nothing would be learned")
    if any(p.is_meta for p in held if p.requires_grad):
        raise ValueError(f"the optimizer holds weights on the meta device, {EMPTY}")
    if any(p.layout != torch.strided for p in held):
        raise ValueError("the model has sparse weights, which cannot be measured; only their gradients may be sparse (nn.Embedding)")
    if reason := unsaved(optimizer):
        raise ValueError(f"{type(optimizer).__name__} cannot be played with: {reason}")


def refuse_undone(optimizer: Optimizer, terms: Terms) -> None:
    """ValueError where the dice would be undone by the optimiser's next step; with dice and monsters off there is nothing to undo."""
    if not terms.off and undoes(optimizer):
        raise ValueError(
            f"{type(optimizer).__name__} cannot be played with: it writes weights of its own over the model's, so each step undoes the "
            "roll before it; let it step the model's own weights, or write rulebook='off', monsters='off'"
        )
