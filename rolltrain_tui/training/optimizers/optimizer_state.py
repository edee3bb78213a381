"""Everything that an optimiser keeps besides the parameters: moments, numbers in its groups and attributes, optimisers inside of it.

It is read from the object itself and not from `state_dict`: many optimisers leave something out there, and PyTorch's `load_state_dict`
casts moments to the type of the weights. Functions stay where they are. `training.state.optimizer_trial` tests that nothing else is
left out.
"""

import copy
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from rolltrain_tui.training.tensors.plain_values import NotPlainError, copied, put

RATES = ("lr", "initial_lr", "weight_decay", "momentum", "betas")
"""What PyTorch's schedulers change in the optimiser's groups. The schedule saves these, not this module."""
SETTINGS = (*RATES, "eps", "maximize", "nesterov", "dampening", "decoupled_weight_decay")
"""Group settings that decide the numbers of SGD, Adam and AdamW."""
_APART = frozenset({"params", "param_names", *RATES})
_TABLES = frozenset({"state", "param_groups", "defaults"})


class LearnerStateError(ValueError):
    """A saved state does not fit this learner."""


@dataclass(frozen=True, slots=True)
class OptimizerRest:
    """What an optimiser keeps besides the moments of each parameter. All values are plain copies."""

    groups: tuple[Mapping[str, Any], ...] = ()
    """Each group's own values, without the parameters and without what a schedule sets."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Attributes."""
    loose: Mapping[Any, Any] = field(default_factory=dict)
    """Entries of `state` that belong to no parameter."""
    inner: Mapping[str, "OptimizerState"] = field(default_factory=dict)
    """Optimisers among its attributes, by name."""


NOTHING_MORE = OptimizerRest()


@dataclass(frozen=True, slots=True)
class OptimizerState:
    moments: Mapping[str, Mapping[str, Any]]
    """By parameter name, then by the optimiser's own key. A parameter or key without a value is left out."""
    rest: OptimizerRest


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    """The parameters of all its groups, in order."""
    return [p for group in optimizer.param_groups for p in group["params"]]


def learning(optimizer: Optimizer) -> list[Tensor]:
    """The parameters that the optimiser can move now: those that learn, and frozen ones that still have a gradient."""
    return [p for p in parameters_of(optimizer) if p.requires_grad or p.grad is not None]


def names_of(optimizer: Optimizer, known: Mapping[Tensor, str]) -> dict[Tensor, str]:
    """Names of the optimiser's parameters; a parameter without a known name gets its number."""
    return {p: known.get(p, f"#{place}") for place, p in enumerate(parameters_of(optimizer))}


def rate_of(optimizer: Optimizer) -> float:
    """The learning rate of the first group. NaN where it has none, or where each step computes one, as Adafactor of transformers does."""
    rate = optimizer.param_groups[0].get("lr")
    return math.nan if rate is None else float(rate)


def well_known(optimizer: Optimizer) -> bool:
    """Its moments are all that it keeps."""
    return type(optimizer) in (SGD, Adam, AdamW)


def take(optimizer: Optimizer, known: Mapping[Tensor, str]) -> OptimizerState:
    """Copy it all. `known`: names of parameters. LearnerStateError where it keeps something in `state` that no save can hold."""
    names = names_of(optimizer, known)
    moments: dict[str, dict[str, Any]] = {}
    loose: dict[Any, Any] = {}
    for p, state in optimizer.state.items():
        if not isinstance(p, Tensor):
            loose[p] = _kept(p, state)
        elif p in names and (kept := {key: _kept(key, value) for key, value in state.items() if value is not None}):
            moments[names[p]] = kept
    if well_known(optimizer):
        return OptimizerState(moments, OptimizerRest(loose=loose))
    groups = tuple(_plain_only({key: value for key, value in group.items() if key not in _APART}) for group in optimizer.param_groups)
    own = {key: value for key, value in vars(optimizer).items() if key not in _TABLES and not key.startswith("_optimizer_")}
    inner = {key: take(value, known) for key, value in own.items() if isinstance(value, Optimizer)}
    return OptimizerState(moments, OptimizerRest(groups, _plain_only(own, names), loose, inner))


def put_back(optimizer: Optimizer, state: OptimizerState, known: Mapping[Tensor, str]) -> None:
    """Exact inverse of take. A parameter that had no moments then has none again; so has one that joined since."""
    optimizer.state.clear()
    names = names_of(optimizer, known)
    for p, name in names.items():
        if name in state.moments:
            optimizer.state[p] = copied(state.moments[name])
    for key, value in state.rest.loose.items():
        optimizer.state[key] = copied(value)
    for group, kept in zip(optimizer.param_groups, state.rest.groups, strict=False):  # a group may have joined since
        group.update(copied(kept))
    for key, value in state.rest.own.items():
        put(optimizer, key, value)
    for key, within in state.rest.inner.items():
        if isinstance(inner := getattr(optimizer, key, None), Optimizer):
            put_back(inner, within, known)


def twin_of(optimizer: Optimizer, memo: dict[int, Any]) -> Optimizer:
    """A deep copy with all attributes, which `copy.deepcopy` leaves out. `memo`: that of the copied model. Hooks stay behind."""
    twin: Optimizer = object.__new__(type(optimizer))
    memo[id(optimizer)] = twin
    for name, value in vars(optimizer).items():
        if name == "step":  # a scheduler wraps it, and will wrap that of its copy
            continue
        if name.startswith("_optimizer_"):
            own: Any = OrderedDict()
        elif isinstance(value, Optimizer):
            own = memo[id(value)] if id(value) in memo else twin_of(value, memo)
        else:
            own = copy.deepcopy(value, memo)
        twin.__dict__[name] = own
    return twin


def _kept(key: Any, value: Any) -> Any:
    try:
        return copied(value)
    except NotPlainError as error:
        raise LearnerStateError(f"the optimiser keeps {key!r} as a {error}, which no save can hold; use another optimiser") from None


def _plain_only(values: Mapping[str, Any], parameters: Mapping[Tensor, str] | None = None) -> dict[str, Any]:
    """Copies of the plain values. Functions, other objects and values that refer to the parameters are left out."""
    kept = {}
    for key, value in values.items():
        if callable(value) or (parameters and _refers(value, parameters)):
            continue
        try:
            kept[key] = copied(value)
        except NotPlainError:
            continue
    return kept


def _refers(value: Any, parameters: Mapping[Tensor, str]) -> bool:
    if isinstance(value, Tensor):
        return value in parameters
    if isinstance(value, Mapping):
        return any(_refers(part, parameters) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple) and any(_refers(part, parameters) for part in value)


def scale_groups(optimizer: Optimizer, rate: float, decay: float) -> list[dict[str, Any]]:
    """Multiply learning rate and weight decay of every group, for one step. Returns the old values, to update the groups with."""
    kept: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        kept.append({key: group[key] for key in ("lr", "weight_decay") if key in group})
        if rate != 1:
            group["lr"] = group["lr"] * rate
        if "weight_decay" in group:
            group["weight_decay"] = group["weight_decay"] * decay
    return kept
