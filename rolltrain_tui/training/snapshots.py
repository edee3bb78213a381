"""Weights, moments and schedule position of a model in training at one moment: taken, put back, and packed for a save file."""

import ctypes
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

NUMBER = ":number"
"""Ends the name of a packed moment that the optimiser keeps as a plain number."""


class LearnerStateError(ValueError):
    """A saved state does not fit this learner."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Copies of everything that a step changes. Immutable, so that several may share one."""

    weights: dict[str, Tensor]
    """Parameters, and buffers that the model saves; without those that never change."""
    moments: dict[str, dict[str, Any]]
    """By parameter name, then by the optimiser's own key: tensors and plain numbers; empty before the first step."""
    place: Any
    """Position in the schedule."""

    @classmethod
    def take(cls, model: nn.Module, optimizer: Optimizer, place: Any, frozen: Collection[str] = ()) -> Self:
        """`frozen`: names of parameters that never change, and are not kept."""
        moments = {}
        for name, p in model.named_parameters():
            kept = {key: _copy(key, value) for key, value in optimizer.state.get(p, {}).items() if value is not None}
            if kept:
                moments[name] = kept
        return cls({name: tensor.detach().clone() for name, tensor in lasting(model, frozen).items()}, moments, place)

    @torch.no_grad()
    def put_back(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Restore weights and moments to the last bit. The caller restores the position in the schedule."""
        optimizer.state.clear()  # a parameter that had no moments then has none again
        for name, tensor in lasting(model).items():
            if name in self.weights:
                tensor.copy_(self.weights[name])  # in place: the optimiser and the levers hold these tensors
        for name, p in model.named_parameters():
            if name in self.moments:
                optimizer.state[p] = {key: _copy(key, value) for key, value in self.moments[name].items()}

    def distance(self, model: nn.Module) -> float:
        """Euclidean distance of the model's weights from these."""
        squares = [(p.detach() - self.weights[name]).square().sum() for name, p in model.named_parameters() if name in self.weights]
        return torch.stack(squares).sum().sqrt().item()

    def pack(self, prefix: str) -> dict[str, Tensor]:
        """As tensors on the CPU, under names that start with `prefix`."""
        packed = {f"{prefix}model.{name}": weight.cpu() for name, weight in self.weights.items()}
        for name, kept in self.moments.items():
            for key, value in kept.items():
                at = f"{prefix}optimizer.{name}.{key}"
                # Step counts may be plain numbers: safetensors holds only tensors, and the name keeps the difference.
                packed |= {at: value.cpu()} if isinstance(value, Tensor) else {at + NUMBER: torch.tensor(value, dtype=_dtype_of(value))}
        return packed

    @classmethod
    def unpack(
        cls, tensors: Mapping[str, Tensor], prefix: str, model: nn.Module, optimizer: Optimizer, place: Any, frozen: Collection[str] = ()
    ) -> Self:
        """Exact inverse of pack, on the model's device; LearnerStateError unless every tensor fits the model and the optimiser."""
        weights = {
            name: fitting(tensors, f"{prefix}model.{name}", now.shape, now.dtype).to(now.device, copy=True)
            for name, now in lasting(model, frozen).items()
        }
        own = f"{prefix}optimizer."
        # No moments at all: saved before the first step
        if not any(name.startswith(own) for name in tensors):
            return cls(weights, {}, place)
        stepped = {p for group in optimizer.param_groups for p in group["params"]}
        keys = moment_keys(optimizer)
        moments: dict[str, dict[str, Any]] = {}
        for name, p in model.named_parameters():
            if p not in stepped or (found := _moments_of(tensors, f"{own}{name}.", p, keys)) is None:
                continue
            moments[name] = found
        return cls(weights, moments, place)


def lasting(model: nn.Module, frozen: Collection[str] = ()) -> dict[str, Tensor]:
    """Every parameter that is not among the `frozen`, and every buffer that the model itself saves, by name."""
    buffers = dict(model.named_buffers())
    saved = model.state_dict().keys() if buffers else ()
    learning = {name: p for name, p in model.named_parameters() if name not in frozen}
    return learning | {name: buffer for name, buffer in buffers.items() if name in saved}


def moment_keys(optimizer: Optimizer) -> tuple[str, ...] | None:
    """The moments that the optimiser keeps of each parameter that has had a gradient; None for optimisers not known here."""
    if type(optimizer) is SGD:
        return ("momentum_buffer",) if optimizer.defaults["momentum"] else ()
    if type(optimizer) in (Adam, AdamW) and not optimizer.defaults["amsgrad"]:
        return ("step", "exp_avg", "exp_avg_sq")
    return None


def _moments_of(tensors: Mapping[str, Tensor], own: str, p: Tensor, keys: tuple[str, ...] | None) -> dict[str, Any] | None:
    """The saved moments of one parameter. None where there are none: the optimiser then creates them at its next step."""
    there = [name.removeprefix(own) for name in tensors if name.startswith(own) and "." not in name.removeprefix(own)]
    if keys is not None and there:
        return {
            key: fitting(tensors, own + key, torch.Size() if key == "step" else p.shape, torch.float32 if key == "step" else p.dtype).to(
                p.device, copy=True
            )
            for key in keys
        }
    found: dict[str, Any] = {}
    for key in there:
        value = tensors[own + key]
        plain = key.endswith(NUMBER)
        found[key.removesuffix(NUMBER)] = value.item() if plain else value.to(p.device, copy=True)
    return found or None


def _copy(key: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, bool | int | float):
        return value
    raise LearnerStateError(f"the optimiser keeps {key!r} as a {type(value).__name__}, which no save can hold; use another optimiser")


def _dtype_of(value: float) -> torch.dtype:
    return torch.bool if isinstance(value, bool) else torch.int64 if isinstance(value, int) else torch.float64


def fitting(tensors: Mapping[str, Tensor], name: str, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """The tensor of that name, if its shape and dtype are right."""
    if name not in tensors:
        raise LearnerStateError(f"the saved state has no tensor {name!r}; was it saved by a campaign with this model and optimizer?")
    found = tensors[name]
    if found.shape != shape or found.dtype != dtype:
        raise LearnerStateError(
            f"the saved tensor {name!r} is {describe(found.shape, found.dtype)}, but this campaign's is {describe(shape, dtype)}: "
            "a saved run keeps the shape of its model; leave these settings as they were, or begin a new run"
        )
    return found


def describe(shape: torch.Size, dtype: torch.dtype) -> str:
    return f"{str(dtype).removeprefix('torch.')}[{', '.join(map(str, shape))}]"


def weights_sha256(model: nn.Module) -> str:
    """Hash of the weights' bytes in name order."""
    digest = hashlib.sha256()
    for _, p in sorted(model.named_parameters()):
        weight = p.detach().cpu().contiguous()
        # Read in place: a copy to bytes would double the memory of a large model
        digest.update((ctypes.c_char * (weight.numel() * weight.element_size())).from_address(weight.data_ptr()))
    return digest.hexdigest()
