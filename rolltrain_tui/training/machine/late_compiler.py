"""PyTorch's compiler is loaded when something asks for it, not by every training: loading it takes as long as the rest of PyTorch.

`torch.optim` imports `torch._dynamo` when an optimiser is made and at each step, for two functions that do nothing outside of compiled
code. A stand-in has those two. Any other attribute, as `torch.compile` asks for, loads the real module in its place.

Only optimisers of campaigns ask for this (`build_optimizer`, and the rival of a duel). A program that brings its own training keeps its
PyTorch as it is.
"""

import importlib
import sys
from collections.abc import Callable
from threading import RLock
from types import ModuleType
from typing import Any

import torch

NAME = "torch._dynamo"


class LateCompiler(ModuleType):
    """Stands in for `torch._dynamo` until the compiler is needed."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._loading = RLock()

    def graph_break(self, *args: Any, **kwargs: Any) -> None:
        """Where a compiled function would be cut in two. Nothing is compiled yet."""

    def disable(self, fn: Callable[..., Any] | None = None, recursive: bool = True, **how: Any) -> Any:
        """A function that is never compiled: itself as long as nothing is compiled, and then the compiler's own answer."""
        if fn is None or not recursive or how != {"wrapping": False}:  # not the way in which torch.optim calls it
            return self._real().disable(fn, recursive, **how)
        disabled: list[Callable[..., Any]] = []

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._is_loaded and not disabled:
                disabled.append(self._real().disable(fn, wrapping=False))
            return (disabled[0] if disabled else fn)(*args, **kwargs)

        return call

    def __getattr__(self, name: str) -> Any:
        """An import of a part of the compiler asks for __path__. Other such names are asked by `inspect` of all modules, and are not there:
        an answer would load the compiler half-way through other modules of PyTorch's."""
        if name.startswith("__") and name != "__path__":
            raise AttributeError(f"{NAME} is not loaded yet, so it has no {name}")
        return getattr(self._real(), name)

    @property
    def _is_loaded(self) -> bool:
        return sys.modules.get(NAME) is not self

    def _real(self) -> ModuleType:
        """The compiler, loaded now if it was not."""
        with self._loading:
            if not self._is_loaded:
                del sys.modules[NAME]
                try:
                    torch._dynamo = importlib.import_module(NAME)
                except BaseException:
                    sys.modules[NAME] = self
                    raise
            return sys.modules[NAME]


def load_compiler_late() -> None:
    """Load the compiler only when it is needed, from now on in this process. Nothing changes where it is loaded already."""
    if NAME not in sys.modules:
        sys.modules[NAME] = torch._dynamo = LateCompiler()
