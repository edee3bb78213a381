"""The matrix products of one turn, and how fast this machine computes them when nothing else is done.

They are the least that a turn must cost: a machine with no other work would need their time alone. One plain turn is watched for
products of any mode; then each of its shapes is timed by itself, in the same dtype and with the same threads.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.learner import Learner

aten = torch.ops.aten
Shape = tuple[int, ...]
Product = tuple[Shape, Shape, torch.dtype]
"""A product of two factors, (n, k) and (k, m), or of a batch of such; and their dtype."""
PLACES: dict[Any, int] = {
    way: place for kind, place in ((aten.mm, 0), (aten.bmm, 0), (aten.addmm, 1), (aten.baddbmm, 1)) for way in (kind.default, kind.out)
}
"""The operations that are matrix products, also into a place that is there, and where their first factor stands."""
REPEATS = 15
"""Times that each shape is measured; the fastest counts."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What the matrix products of a turn need by themselves."""

    gflop: float
    milliseconds: float

    @property
    def gflop_per_second(self) -> float:
        return self.gflop / (self.milliseconds / 1000)


class _Watch(TorchDispatchMode):
    """Counts the matrix products of this thread."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: Counter[Product] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        if (first := PLACES.get(func)) is not None:
            a, b = args[first], args[first + 1]
            self.found[tuple(a.shape), tuple(b.shape), a.dtype] += 1
        return func(*args, **(kwargs or {}))


def of_a_turn(learner: Learner) -> Counter[Product]:
    """The products of a plain turn, on a copy. Where the batch is halved over two threads, those of this thread's half."""
    watch = _Watch()
    copy = learner.fork()
    with watch:
        copy.step(NEUTRAL)
    return watch.found


def floor(products: Counter[Product]) -> Floor:
    """All of them, each as fast as its shape goes on this machine with the threads that torch has now."""
    gflop = sum(count * flops(a, b) for (a, b, _), count in products.items()) / 1e9
    seconds = sum(count * fastest(a, b, dtype) for (a, b, dtype), count in products.items())
    return Floor(gflop, 1000 * seconds)


def flops(a: Shape, b: Shape) -> int:
    """Two for each multiplication: (..., n, k) @ (..., k, m)."""
    batch = a[0] if len(a) == 3 else 1
    return 2 * batch * a[-2] * a[-1] * b[-1]


def fastest(a: Shape, b: Shape, dtype: torch.dtype) -> float:
    """Seconds of one product."""
    x, y = torch.randn(a).to(dtype), torch.randn(b).to(dtype)
    return min(_timed(lambda: x @ y) for _ in range(REPEATS))


def _timed(work: Callable[[], Tensor]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
