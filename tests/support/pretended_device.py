"""A graphics card that is none: its tensors' numbers lie in main memory, so that a test sees where a program mixes two devices.

Every operation on its tensors comes by here. Held is what such devices ask for: all tensors of an operation are on one device, those of the
CPU without dimensions excepted; numbers leave it as copies; and Apple's knows no float64. Kernels of such devices are not run.

PyTorch keeps the device until the process ends, so it is pretended in a process of its own: `python -m support.on_a_device`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Thread
from typing import Any

import torch
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode

aten: Any = torch.ops.aten
private: Any = backend_registration
NAME = "pretended"
COPIES = {aten.copy_.default, aten._to_copy.default}
PLACES_MAY_LIE_ELSEWHERE = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}
"""Places on the CPU may name what is read or written on a device."""
ELSEWHERE = COPIES | PLACES_MAY_LIE_ELSEWHERE


def mapped(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """`value` with each tensor changed, in tuples and lists too; an operation takes and gives no other trees."""
    if isinstance(value, Tensor):
        return change(value)
    return type(value)([mapped(change, one) for one in value]) if isinstance(value, (tuple, list)) else value


class _Backend(private._DummyBackendModule):
    """What PyTorch asks of `torch.pretended`."""

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]

    get_rng_state = staticmethod(lambda device=None: torch.get_rng_state())
    set_rng_state = staticmethod(lambda state, device=None: torch.set_rng_state(state))


private._setup_privateuseone_for_python_backend(NAME, backend_module=_Backend())
DEVICE = torch.device(NAME, 0)


class MixedDevicesError(RuntimeError):
    """Tensors of one operation are on two devices."""


class There(Tensor):
    """A tensor of the device. `host` has its numbers."""

    host: Tensor

    @staticmethod
    def __new__(cls, host: Tensor) -> "There":
        make: Any = Tensor._make_wrapper_subclass
        place = {"strides": host.stride(), "storage_offset": host.storage_offset(), "device": DEVICE}
        made: There = make(cls, host.shape, dtype=host.dtype, layout=host.layout, **place)
        made.host = host
        return made

    def __repr__(self, **_: Any) -> str:
        return f"There({self.host!r})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return WORLD.taken(func, args, kwargs or {})

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with torch._C.DisableTorchFunctionSubclass():
            found = func(*args, **(kwargs or {}))
        if func == Tensor.data.__set__:
            args[0].host = args[1].host
        return found

    # What PyTorch answers without an operation

    def untyped_storage(self) -> Any:
        return self.host.untyped_storage()

    def data_ptr(self) -> int:
        return self.host.data_ptr()

    def new_tensor(self, data: Any, *, dtype: torch.dtype | None = None) -> Tensor:
        return torch.tensor(data, dtype=dtype or self.dtype, device=DEVICE)

    def tolist(self) -> Any:
        return self.host.tolist()

    def numpy(self, *_: Any, **__: Any) -> Any:
        raise TypeError(f"can't convert {DEVICE} device type tensor to numpy. Use Tensor.cpu() first.")

    __array__ = numpy


class PretendedDevice(TorchDispatchMode):
    """Inside, tensors can be made on the device."""

    def __init__(self) -> None:
        super().__init__()
        self.float64 = True
        """Whether the device knows it."""
        self.taken_there: Counter[str] = Counter()
        """How often each operation was taken on the device."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.taken(func, args, kwargs or {})

    def taken(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """The operation, on the tensors' numbers."""
        given: list[Tensor] = []

        def host(value: Tensor) -> Tensor:
            given.append(value)
            return value.host if isinstance(value, There) else value

        on_host, kwargs = mapped(host, args), {name: mapped(host, value) for name, value in kwargs.items()}
        there = [value for value in given if isinstance(value, There)]
        self._hold_one_device(func, given, there)
        asked = kwargs.get("device")
        stays = bool(there) if func not in ELSEWHERE else isinstance(args[0], There)
        stays = stays if asked is None else torch.device(asked).type == NAME
        if stays and asked is not None:
            kwargs = {name: value for name, value in kwargs.items() if name != "pin_memory"} | {"device": torch.device("cpu")}
        found = func(*on_host, **kwargs)
        if not stays:
            return found
        self.taken_there[str(func)] += 1
        same = {id(value.host): value for value in there}  # of operations that write in place
        return mapped(lambda value: self._held(same.get(id(value)), value), found)

    def _held(self, same: There | None, value: Tensor) -> Tensor:
        if not self.float64 and value.dtype in (torch.float64, torch.complex128):
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.")
        return There(value) if same is None else same

    def _hold_one_device(self, func: Any, given: list[Tensor], there: list[There]) -> None:
        if not there or func in ELSEWHERE:
            return
        strays = [tuple(value.shape) for value in given if not isinstance(value, There) and value.dim()]
        if strays:
            raise MixedDevicesError(f"{func}: expected all tensors to be on {DEVICE}, but those of shape {strays} are on the CPU")


WORLD = PretendedDevice()


@contextmanager
def pretended(*, float64: bool) -> Iterator[PretendedDevice]:
    """Inside, in all threads, a device named cuda is there: ours. `float64`: whether it knows that."""
    put: list[tuple[Any, str, Any]] = []

    def patch(owner: Any, name: str, value: Any) -> None:
        put.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def moved(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """PyTorch makes tensors of Python's numbers below where a dispatch mode looks."""

        def made(data: Any, *rest: Any, device: Any = None, **more: Any) -> Tensor:
            tensor = make(data, *rest, **more)
            return tensor if device is None else tensor.to(device)

        return made

    plain, autocast, run = torch.Generator, torch.autocast, Thread.run

    class Generator(plain):
        def __new__(cls, device: Any = "cpu") -> Any:
            return plain()

    def in_our_world(thread: Thread) -> None:
        with WORLD:
            run(thread)

    patch(torch, "Generator", Generator)
    patch(torch, "tensor", moved(torch.tensor))
    patch(torch, "as_tensor", moved(torch.as_tensor))
    patch(torch, "autocast", lambda kind, *rest, **more: nullcontext() if kind == NAME else autocast(kind, *rest, **more))
    patch(Thread, "run", in_our_world)
    WORLD.float64 = float64
    try:
        with WORLD:
            yield WORLD
    finally:
        for owner, name, value in reversed(put):
            setattr(owner, name, value)
