"""Weights, moments and schedule position of a model in training at one moment: taken, put back, and packed for a save file."""

import ctypes
import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.optim import SGD, Adam, AdamW, Optimizer

from rolltrain_tui.training.optimizers import optimizer_state
from rolltrain_tui.training.optimizers.optimizer_modes import in_training_mode, to_training_mode
from rolltrain_tui.training.optimizers.optimizer_state import NOTHING_MORE, LearnerStateError, OptimizerRest, OptimizerState
from rolltrain_tui.training.state.wrappers import inner_name
from rolltrain_tui.training.tensors.gradients import real
from rolltrain_tui.training.tensors.plain_values import NotPlainError, copied, dumped, loaded
from rolltrain_tui.training.tensors.shards import deal_back, dealt, whole

__all__ = ["LearnerStateError", "Snapshot"]

REST = "optimizer:rest"
"""Name of the packed rest of an optimiser's state: JSON as bytes, beside tensors that are numbered."""
NUMBER = ":number"
"""Ends the name of a packed moment that the optimiser keeps as a plain number."""
EXTRA = "model:extra"
"""Name of the packed extra state of modules."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Copies of everything that a step changes. Immutable, so that several may share one."""

    weights: dict[str, Tensor]
    """Parameters, and buffers that the model saves."""
    moments: dict[str, dict[str, Any]]
    """By parameter name, then by the optimiser's own key: tensors and plain numbers; empty before the first step."""
    place: Any
    """Position in the schedule."""
    rest: OptimizerRest = NOTHING_MORE
    """What else the optimiser keeps."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What modules give as their `get_extra_state`, by path; plain values only."""

    @classmethod
    def take(cls, model: nn.Module, optimizer: Optimizer, place: Any) -> Self:
        with in_training_mode(optimizer):
            kept = optimizer_state.take(optimizer, named(model))
            weights = {name: tensor.detach().clone() for name, tensor in changing(model, optimizer).items()}
        return cls(weights, {name: dict(own) for name, own in kept.moments.items()}, place, kept.rest, _extra_of(model))

    @torch.no_grad()
    def put_back(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Restore weights and the optimiser's state to the last bit. The caller restores the position in the schedule.

        An optimiser with two modes is in training mode afterwards.
        """
        to_training_mode(optimizer)
        optimizer_state.put_back(optimizer, OptimizerState(self.moments, self.rest), named(model))
        now = lasting(model)
        for name, weight in self.weights.items():
            if name in now:
                overwrite(now[name], weight)  # in place: the optimiser and the levers hold these tensors
        for path, module in _with_extra(model).items():
            if path in self.extra:
                module.set_extra_state(copied(self.extra[path]))

    def widened(self, model: nn.Module, joined: Collection[Tensor]) -> Self:
        """With the weights of parameters that learn from now on; until now they were frozen."""
        ids = set(map(id, joined))
        more = {name: p.detach().clone() for name, p in lasting(model).items() if id(p) in ids and name not in self.weights}
        return replace(self, weights=self.weights | more)

    def distance(self, model: nn.Module, over_shards: Callable[[Tensor], Tensor]) -> float:
        """Euclidean distance of the model's weights from these."""
        own = [(p.detach(), self.weights[name]) for p, name in named(model).items() if name in self.weights]
        squares = [(real(p) - real(kept)).square().sum() for p, kept in own]
        return over_shards(torch.stack(squares).sum()).sqrt().item()

    def pack(self, prefix: str) -> dict[str, Tensor]:
        """As tensors on the CPU, under names that start with `prefix`. Shards are gathered: then every rank must pack at once."""
        packed = {f"{prefix}model.{name}": whole(weight).cpu() for name, weight in self.weights.items()}
        deep: dict[str, dict[Any, Any]] = {}
        for name, kept in self.moments.items():
            for key, value in kept.items():
                at = f"{prefix}optimizer.{name}.{key}"
                if not _is_flat(key, value):
                    deep.setdefault(name, {})[key] = value
                elif isinstance(value, Tensor):
                    packed[at] = whole(value).cpu()
                else:  # step counts may be plain numbers: safetensors holds only tensors, and the name keeps the difference
                    packed[at + NUMBER] = torch.tensor(value, dtype=_dtype_of(value))
        packed |= _pack_rest(f"{prefix}{EXTRA}", dict(self.extra))
        return packed | _pack_rest(f"{prefix}{REST}", _tree_of(OptimizerState(deep, self.rest)))

    @classmethod
    def unpack(cls, tensors: Mapping[str, Tensor], prefix: str, model: nn.Module, optimizer: Optimizer, place: Any) -> Self:
        """Exact inverse of pack, on the model's device; LearnerStateError unless every tensor fits the model and the optimiser.

        Saves of earlier versions hold the frozen weights too. A buffer may have another shape: some grow as they are used; of PyTorch's own
        layers, such as batch norms, none does.
        """
        needed, steady = changing(model, optimizer), _steady(model)
        weights = {}
        for name, now in lasting(model).items():
            saved = tensors.get(at := f"{prefix}model.{name}")
            if name in needed or saved is not None:
                shape = now.shape if saved is None or name in steady else saved.shape
                weights[name] = dealt(fitting(tensors, at, shape, now.dtype), now)
        device = next((p.device for p in model.parameters()), torch.device("cpu"))
        extra: dict[str, Any] = _unpack_rest(tensors, f"{prefix}{EXTRA}", device, dict)
        more: OptimizerState = _unpack_rest(tensors, f"{prefix}{REST}", device, _state_of)
        moments: dict[str, dict[str, Any]] = {name: dict(kept) for name, kept in more.moments.items()}
        own = f"{prefix}optimizer."
        if any(name.startswith(own) for name in tensors):  # else saved before the first step
            keys = moment_keys(optimizer)
            for p, name in optimizer_state.names_of(optimizer, named(model)).items():
                deep = moments.get(name, {})
                flat = None if keys is None else tuple(key for key in keys if key not in deep)
                if (found := _moments_of(tensors, f"{own}{name}.", p, flat)) is not None:
                    moments[name] = deep | found
        return cls(weights, moments, place, more.rest, extra)


# ---------------------------------------------------------------------------------------------------------------------
# Names


def named(model: nn.Module) -> dict[Tensor, str]:
    """The name of each parameter; wrappers such as torch.compile's have no part in it."""
    deal_back(model)
    strip = _strip(model)
    return {p: strip(name) for name, p in model.named_parameters()}


def lasting(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter, and every buffer that the model itself saves, by name."""
    deal_back(model)
    strip = _strip(model)
    buffers = dict(model.named_buffers())
    saved = model.state_dict().keys() if buffers else ()
    found = dict(model.named_parameters()) | {name: buffer for name, buffer in buffers.items() if name in saved}
    return {strip(name): tensor for name, tensor in found.items()}


def changing(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """What training changes: the parameters that the optimiser moves, and the buffers. Frozen weights are the program's own."""
    held = set(map(id, optimizer_state.learning(optimizer)))
    return {name: tensor for name, tensor in lasting(model).items() if id(tensor) in held or not isinstance(tensor, nn.Parameter)}


def _steady(model: nn.Module) -> set[str]:
    """The names of what keeps its shape: parameters, and buffers of PyTorch's own layers."""
    strip, names = _strip(model), {name for name, _ in model.named_parameters()}
    for path, module in model.named_modules():
        if isinstance(module, _NormBase) or type(module).__module__.startswith("torch.nn."):
            names |= {f"{path}.{name}" if path else name for name in module._buffers}
    return {strip(name) for name in names}


def _strip(model: nn.Module) -> Callable[[str], str]:
    """Takes the wrappers inside of a model out of a name."""
    inner = [f"{path}." * bool(path) + f"{name}." for path, module in model.named_modules() if (name := inner_name(module)) is not None]
    if not inner:
        return lambda name: name
    wrapped = sorted(inner, key=len, reverse=True)

    def strip(name: str) -> str:
        for prefix in wrapped:
            if name.startswith(prefix):
                outer = prefix[:-1].rpartition(".")[0]
                name = f"{outer}.{name.removeprefix(prefix)}" if outer else name.removeprefix(prefix)
        return name

    return strip


def renamed(tensors: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Tensors of a save under the names of today: earlier versions kept the names of wrappers."""
    own = {name.partition(".")[0] for name in lasting(model)}
    found = {}
    for at, tensor in tensors.items():
        name = at.replace("_orig_mod.", "")
        for kind in ("model.", "optimizer."):
            head, sign, tail = name.partition(f"{kind}module.")
            if sign and "module" not in own:
                name = f"{head}{kind}{tail}"
                break
        found[name] = tensor
    return found


# ---------------------------------------------------------------------------------------------------------------------
# What a model keeps besides flat tensors of one shape


def overwrite(tensor: Tensor, kept: Tensor) -> None:
    """tensor <- kept, in place. `tensor` may have another shape by now, or be a view that repeats numbers, as `expand` makes."""
    if tensor.layout != torch.strided or tensor.shape != kept.shape:
        tensor.data = kept.to(tensor.device, copy=True)
        return
    for dim, stride in enumerate(tensor.stride()):
        if stride == 0 and tensor.shape[dim] > 1:
            tensor, kept = tensor.narrow(dim, 0, 1), kept.narrow(dim, 0, 1)
    tensor.copy_(kept)


def _with_extra(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that have an extra state, by path."""
    plain = nn.Module.get_extra_state
    return {path: module for path, module in model.named_modules() if type(module).get_extra_state is not plain}


def _extra_of(model: nn.Module) -> dict[str, Any]:
    """Copies of the extra states, without those that are not plain values."""
    found = {}
    for path, module in _with_extra(model).items():
        with suppress(NotPlainError):
            found[path] = copied(module.get_extra_state())
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Packing what an optimiser keeps besides flat moments


def _is_flat(key: Any, value: Any) -> bool:
    plain = isinstance(value, bool | int | float) or (isinstance(value, Tensor) and value.is_contiguous())
    return isinstance(key, str) and "." not in key and plain


def _tree_of(state: OptimizerState) -> dict[str, Any]:
    rest = state.rest
    parts: dict[str, Any] = {"moments": dict(state.moments), "groups": list(map(dict, rest.groups)), "own": dict(rest.own)}
    parts |= {"loose": dict(rest.loose), "inner": {name: _tree_of(within) for name, within in rest.inner.items()}}
    return {name: part for name, part in parts.items() if part}


def _state_of(tree: Mapping[str, Any]) -> OptimizerState:
    inner = {name: _state_of(within) for name, within in tree.get("inner", {}).items()}
    return OptimizerState(
        tree.get("moments", {}), OptimizerRest(tuple(tree.get("groups", ())), tree.get("own", {}), tree.get("loose", {}), inner)
    )


def _pack_rest(at: str, tree: dict[str, Any]) -> dict[str, Tensor]:
    if not tree:
        return {}
    tensors: list[Tensor] = []
    text = json.dumps(dumped(tree, tensors), separators=(",", ":"))
    packed = {at: torch.tensor(list(text.encode("ascii")), dtype=torch.uint8)}
    return packed | {f"{at}.{number}": tensor for number, tensor in enumerate(tensors)}


def _unpack_rest(tensors: Mapping[str, Tensor], at: str, device: torch.device, build: Callable[[dict[str, Any]], Any]) -> Any:
    if at not in tensors:
        return build({})
    try:
        written = json.loads(bytes(tensors[at].tolist()))
        count = sum(name.startswith(f"{at}.") for name in tensors)
        return build(loaded(written, [tensors[f"{at}.{number}"] for number in range(count)], device))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise LearnerStateError(f"the saved {at!r} cannot be read: {error!r}") from None


def moment_keys(optimizer: Optimizer) -> tuple[str, ...] | None:
    """The moments that the optimiser keeps of each parameter that has had a gradient; None for optimisers not known here."""
    if type(optimizer) is SGD:
        return ("momentum_buffer",) if optimizer.defaults["momentum"] else ()
    if type(optimizer) in (Adam, AdamW):
        return ("step", "exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if optimizer.defaults["amsgrad"] else ()))
    return None


def _moments_of(tensors: Mapping[str, Tensor], at: str, p: Tensor, keys: tuple[str, ...] | None) -> dict[str, Any] | None:
    """The saved moments of one parameter. None where there are none: the optimiser then creates them at its next step."""
    there = [name.removeprefix(at) for name in tensors if name.startswith(at) and "." not in name.removeprefix(at)]
    if keys is not None and there:
        return {
            key: fitting(tensors, at + key, torch.Size(), torch.float32).to(p.device, copy=True)
            if key == "step"
            else dealt(fitting(tensors, at + key, p.shape, p.dtype), p)
            for key in keys
        }
    found: dict[str, Any] = {}
    for key in there:
        value = tensors[at + key]
        plain = key.endswith(NUMBER)
        placed = dealt(value, p) if value.shape == p.shape else value.to(p.device, copy=True)
        found[key.removesuffix(NUMBER)] = value.item() if plain else placed
    return found or None


def _dtype_of(value: float) -> torch.dtype:
    return torch.bool if isinstance(value, bool) else torch.int64 if isinstance(value, int) else torch.float64


def fitting(tensors: Mapping[str, Tensor], name: str, shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """The tensor of that name, if its shape and dtype are right."""
    if name not in tensors:
        raise LearnerStateError(
            f"the saved state has no tensor {name!r}; a run goes on with the model and the optimizer that it was saved with"
        )
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
        weight = whole(p).detach().cpu().contiguous()
        # Read in place: a copy to bytes would double the memory of a large model
        digest.update((ctypes.c_char * (weight.numel() * weight.element_size())).from_address(weight.data_ptr()))
    return digest.hexdigest()
