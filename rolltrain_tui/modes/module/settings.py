"""The arguments with which a program made its optimiser and scheduler. A resumed run keeps those of its save, and tells what differs."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

_COMPUTED = frozenset({"foreach", "fused", "capturable", "differentiable"})
"""How a step is computed: the machine's business."""
_SCHEDULED = frozenset({"lr", "momentum", "betas"})
"""What schedulers change from turn to turn."""
_COUNTED = frozenset({"last_epoch"})


def made_with(optimizer: Optimizer, scheduler: Any) -> dict[str, Any]:
    """Numbers, flags and words that the two constructors were given, each under a name for people: "eps", "lr of group 2", "T_max".

    A rate that a scheduler changes is told by the one that it began with.
    """
    asked = _arguments(optimizer) - _COMPUTED - (_SCHEDULED if scheduler is not None else frozenset())
    several = len(optimizer.param_groups) > 1
    found: dict[str, Any] = {}
    for number, group in enumerate(optimizer.param_groups, start=1):
        of = f" of group {number}" if several else ""
        found |= {f"{name}{of}": value for name, value in _simple(group, asked)}
        found |= {f"lr{of}": value for _, value in _simple(group, {"initial_lr"} if scheduler is not None else set())}
    if scheduler is not None:
        asked = _arguments(scheduler) - _COUNTED
        found |= {f"the scheduler's {name}": value for name, value in _simple(scheduler.state_dict(), asked)}
    return found


def difference(here: Mapping[str, Any], saved: Mapping[str, Any]) -> str:
    """The difference in words; "" where there is none."""
    return ", ".join(f"{name} {saved[name]} (here {value})" for name, value in here.items() if name in saved and saved[name] != value)


def _arguments(made: object) -> set[str]:
    """Arguments of its class and of its base classes: what AdamW fixes (decoupled_weight_decay) is an argument of Adam."""
    found: set[str] = set()
    for kind in type(made).__mro__[:-1]:
        with suppress(TypeError, ValueError):
            found |= set(inspect.signature(kind).parameters)
    return found


def _simple(values: Mapping[str, Any], asked: set[str]) -> list[tuple[str, Any]]:
    """Those that people can compare; pairs such as betas are tuples, whether they were read from a save or not."""
    found = []
    for name in sorted(asked & values.keys()):
        value = values[name]
        value = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
        value = tuple(value) if isinstance(value, list) else value
        if value is None or isinstance(value, bool | int | float | str) or (isinstance(value, tuple) and all(map(_is_number, value))):
            found.append((name, value))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
