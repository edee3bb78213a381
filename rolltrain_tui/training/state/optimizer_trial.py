"""Whether an optimiser's whole state can be saved: tried on a copy of it with small weights, before anything is trained."""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.training.optimizers.optimizer_state import RATES, LearnerStateError, parameters_of, twin_of, well_known
from rolltrain_tui.training.state.host_chance import host_unchanged, seeded_host_state, set_host_state

SIDE = 4
"""Longest side of a weight in a trial."""
FEW = 2
"""Weights of each group and number of dimensions."""
STEPS = 3


class _Weights(nn.Module):
    """The small weights of a trial as a model."""

    def __init__(self, weights: list[Tensor]) -> None:
        super().__init__()
        for place, weight in enumerate(weights):
            self.register_parameter(f"w{place}", nn.Parameter(weight) if not isinstance(weight, nn.Parameter) else weight)


def unsaved(optimizer: Optimizer) -> str:
    """Why a save cannot hold this optimiser's state; empty where it can, or where a trial tells nothing.

    A trial takes a few steps, saves, and takes the same steps after the save and after loading it: they must end alike. An optimiser that
    needs a closure, another device or whole weights cannot be tried.
    """
    if well_known(optimizer):
        return ""
    with _quiet(), torch.random.fork_rng(devices=[]), host_unchanged():
        try:
            first, again = _small(optimizer), _small(optimizer)
            for step in range(STEPS):
                _step(first, step)
        except Exception:
            return ""  # it cannot be tried
        try:
            return _compare(first, again)
        except LearnerStateError as error:
            return str(error)
        except Exception as error:
            return f"it cannot go on from a saved state ({type(error).__name__}: {str(error)[:80]})"


def undoes(optimizer: Optimizer) -> bool:
    """Whether it writes weights of its own over the model's: what is done to those after a step is gone with the next step.

    So do optimisers with float32 masters of bfloat16 weights. Tried on two copies, one of which finds its weights moved before a step.
    False where a trial tells nothing.
    """
    if well_known(optimizer):
        return False
    with _quiet(), torch.random.fork_rng(devices=[]), host_unchanged():
        try:
            still, moved = _small(optimizer), _small(optimizer)
            for step in range(STEPS):
                if step == STEPS - 1:
                    for p in parameters_of(moved):
                        p.data.add_(1)
                for one in (still, moved):
                    _step(one, step)
        except Exception:
            return False
        return any(torch.equal(a, b) for a, b in zip(parameters_of(still), parameters_of(moved), strict=True) if a.numel() > 1)


def _compare(first: Optimizer, again: Optimizer) -> str:
    from rolltrain_tui.training.state.snapshots import Snapshot

    models = [_Weights(parameters_of(optimizer)) for optimizer in (first, again)]
    packed = Snapshot.take(models[0], first, 0).pack("")
    Snapshot.unpack(packed, "", models[1], again, 0).put_back(models[1], again)
    for mine, other in zip(first.param_groups, again.param_groups, strict=True):
        other.update({key: mine[key] for key in RATES if key in mine})
    for step in range(STEPS, 2 * STEPS):
        for optimizer in (first, again):
            _step(optimizer, step)
    if all(torch.equal(a, b) for a, b in zip(parameters_of(first), parameters_of(again), strict=True)):
        return ""
    return "it keeps a part of its state where no save finds it: a resumed run would go on otherwise than an uninterrupted one"


def _small(optimizer: Optimizer) -> Optimizer:
    """A twin whose weights, and moments of their shape, are cut to a few entries on the CPU."""
    memo: dict[int, Any] = {}
    for p in parameters_of(optimizer):
        memo[id(p)] = nn.Parameter(_cut(p, p).clone(), requires_grad=p.requires_grad)
    shapes = {p.shape for p in parameters_of(optimizer)}
    for kept in _tensors(list(vars(optimizer).values())):
        if kept.shape in shapes:  # such as weights of its own
            memo.setdefault(id(kept), _cut(kept, kept))
    for own in _with_inner(optimizer):
        state: defaultdict[Any, Any] = defaultdict(dict)
        for p, kept in own.state.items():
            small = {key: _cut(p, value) for key, value in kept.items()} if isinstance(kept, Mapping) and isinstance(p, Tensor) else kept
            state[memo.get(id(p), p)] = small
        memo[id(own.state)] = state
    twin = twin_of(optimizer, memo)
    for group in twin.param_groups:
        seen: dict[int, int] = defaultdict(int)
        few = []
        for p in group["params"]:
            seen[p.dim()] += 1
            if seen[p.dim()] <= FEW:
                few.append(p)
        group["params"][:] = few
    held = set(parameters_of(twin))
    for own in _with_inner(twin):
        for p in [p for p in own.state if isinstance(p, Tensor) and p not in held]:
            del own.state[p]
    return twin


def _with_inner(optimizer: Optimizer) -> Iterator[Optimizer]:
    yield optimizer
    for value in vars(optimizer).values():
        if isinstance(value, Optimizer):
            yield from _with_inner(value)


def _tensors(value: Any) -> Iterator[Tensor]:
    """Those in an attribute, in lists and tables in it too."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple | Mapping):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(part)


def _cut(p: Tensor, value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    same = value.detach()[tuple(slice(0, SIDE) for _ in range(value.dim()))] if value.shape == p.shape else value.detach()
    return same.cpu().clone()


def _step(optimizer: Optimizer, step: int) -> None:
    """One step from gradients and random numbers that depend on `step` alone."""
    if callable(train := getattr(optimizer, "train", None)):
        train()
    draw = torch.Generator().manual_seed(step)
    for p in parameters_of(optimizer):
        p.grad = torch.randn(p.shape, generator=draw).to(p.dtype)
    torch.manual_seed(step)
    set_host_state(seeded_host_state(step))
    optimizer.step()


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        warnings.simplefilter("ignore")
        yield
