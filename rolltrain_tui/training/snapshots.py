"""Weights, moments and schedule of a model in training at one moment: taken, put back, and packed for a save file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer


class LearnerStateError(ValueError):
    """A saved state does not fit this learner."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Copies of all that a step changes; never changed once taken."""

    weights: dict[str, Tensor]
    moments: dict[str, dict[str, Tensor]]
    """By parameter name, then by the optimiser's own key; empty before the first step."""
    turn: int
    """Position in the schedule."""

    @classmethod
    def take(cls, model: nn.Module, optimizer: Optimizer, turn: int) -> Self:
        parameters = dict(model.named_parameters())
        moments = {}
        for name, p in parameters.items():
            kept = {key: value.clone() for key, value in optimizer.state.get(p, {}).items() if isinstance(value, Tensor)}
            if kept:
                moments[name] = kept
        return cls({name: p.detach().clone() for name, p in parameters.items()}, moments, turn)

    @torch.no_grad()
    def put_back(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Weights and moments as they were, to the bit. The turn is the caller's to set."""
        optimizer.state.clear()
        for name, p in model.named_parameters():
            p.copy_(self.weights[name])
            if name in self.moments:
                optimizer.state[p] = {key: value.clone() for key, value in self.moments[name].items()}

    def distance(self, model: nn.Module) -> float:
        """Euclidean distance of the model's weights from these."""
        squares = [(p.detach() - self.weights[name]).square().sum() for name, p in model.named_parameters()]
        return torch.stack(squares).sum().sqrt().item()

    def pack(self, prefix: str) -> dict[str, Tensor]:
        """On the CPU, by names that start with `prefix`."""
        packed = {f"{prefix}model.{name}": weight.cpu() for name, weight in self.weights.items()}
        for name, kept in self.moments.items():
            packed |= {f"{prefix}optimizer.{name}.{key}": value.cpu() for key, value in kept.items()}
        return packed

    @classmethod
    def unpack(cls, tensors: Mapping[str, Tensor], prefix: str, model: nn.Module, optimizer: Optimizer, turn: int) -> Self:
        """Exact inverse of pack, on the model's device; LearnerStateError unless every tensor fits the model and the optimiser."""
        weights, moments = {}, {}
        keys = moment_keys(optimizer)
        stepped = any(name.startswith(f"{prefix}optimizer.") for name in tensors)
        for name, p in model.named_parameters():
            weights[name] = fitting(tensors, f"{prefix}model.{name}", p.shape, p.dtype).to(p.device, copy=True)
            if stepped:
                moments[name] = {
                    key: fitting(tensors, f"{prefix}optimizer.{name}.{key}", torch.Size() if key == "step" else p.shape, p.dtype).to(
                        p.device, copy=True
                    )
                    for key in keys
                }
        return cls(weights, moments, turn)


def moment_keys(optimizer: Optimizer) -> tuple[str, ...]:
    """What the optimiser remembers of each parameter."""
    if isinstance(optimizer, SGD):
        return ("momentum_buffer",) if optimizer.defaults["momentum"] else ()
    return ("step", "exp_avg", "exp_avg_sq")


def fitting(tensors: Mapping[str, Tensor], name: str, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """The tensor of that name, if its shape and dtype are right."""
    if name not in tensors:
        raise LearnerStateError(f"the saved state has no tensor {name!r}; was it saved by a campaign with this model and optimizer?")
    found = tensors[name]
    if found.shape != shape or found.dtype != dtype:
        raise LearnerStateError(
            f"the saved tensor {name!r} is {describe(found.shape, found.dtype)}, but this campaign's is {describe(shape, dtype)}"
        )
    return found


def describe(shape: torch.Size, dtype: torch.dtype) -> str:
    return f"{str(dtype).removeprefix('torch.')}[{', '.join(map(str, shape))}]"
