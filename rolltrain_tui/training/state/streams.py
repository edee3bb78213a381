"""The random streams of a learner: each has a name, its own seed, and a state that is saved."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.training.machine.ranks import ALONE, Ranks
from rolltrain_tui.training.state.host_chance import host_state, packed, seeded_host_state, set_host_state, unpacked
from rolltrain_tui.training.state.snapshots import LearnerStateError, fitting

DROPOUT, HOST = "dropout", "host"
"""Names of the stream that dropout layers draw from, and of Python's and NumPy's global ones."""


class Streams:
    """The named generators of one learner, and its dropout stream where the model has dropout.

    PyTorch's dropout takes no generator: it draws from the global one of the device. The learner therefore keeps a state of its
    own and lends it to the global generator for the length of a turn (`lend_dropout`). With `host`, so it does for the global
    generators of Python and NumPy, which a program's own code may draw from.
    """

    def __init__(self, seed: int, names: Iterable[str], device: torch.device, *, dropout: bool, host: bool = False) -> None:
        self.device = device
        self._generators = {name: random_stream(seed, name) for name in names}
        self._dropout = torch.Generator(device).manual_seed(stream_seed(seed, DROPOUT)).get_state() if dropout else None
        self._host = seeded_host_state(stream_seed(seed, HOST)) if host else None
        self.mark()

    def __getitem__(self, name: str) -> torch.Generator:
        """Ask anew in each turn, so that `undo` knows what was drawn from."""
        generator = self._generators[name]
        if name not in self._marked:
            self._marked[name] = generator.get_state()
        return generator

    def mark(self) -> None:
        """From here on `undo` takes back what is drawn."""
        self._marked: dict[str, Tensor] = {}
        self._lent = self._dropout, self._host

    def undo(self) -> None:
        for name, state in self._marked.items():
            self._generators[name].set_state(state)
        self._dropout, self._host = self._lent

    def states(self) -> dict[str, Any]:
        """The state of every stream: copies, each a uint8 vector; that of the host as it gives it."""
        states: dict[str, Any] = {name: generator.get_state() for name, generator in self._generators.items()}
        states |= {} if self._dropout is None else {DROPOUT: self._dropout.clone()}
        return states | ({} if self._host is None else {HOST: self._host})

    def put_back(self, states: Mapping[str, Any]) -> None:
        """Exact inverse of states()."""
        for name, generator in self._generators.items():
            generator.set_state(states[name])
        if self._dropout is not None:
            self._dropout = states[DROPOUT].clone()
        if self._host is not None:
            self._host = states[HOST]

    def pack(self) -> dict[str, Tensor]:
        """The states as a save names them: stream.*"""
        return {f"stream.{name}": packed(state) if name == HOST else state for name, state in self.states().items()}

    def unpack(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Inverse of pack. LearnerStateError where a stream is missing or has another size. Older saves have none of the host's."""
        return {name: self._unpack(tensors, name, now) for name, now in self.states().items()}

    def _unpack(self, tensors: Mapping[str, Any], name: str, now: Any) -> Any:
        if name != HOST:
            return fitting(tensors, f"stream.{name}", now.shape, torch.uint8)
        try:
            return now | unpacked(tensors[f"stream.{HOST}"]) if f"stream.{HOST}" in tensors else now
        except (KeyError, TypeError, ValueError) as error:
            raise LearnerStateError(f"the saved state of Python's generators cannot be read: {error!r}") from None

    def lend_dropout(self, ranks: Ranks = ALONE) -> AbstractContextManager[None]:
        """Inside, dropout draws from this learner's stream; afterwards the process has its own state back.

        After an exception the learner's stream stands where it stood before: the turn will be repeated. Several ranks draw a seed from
        it, and each goes on by itself from there: their rows must not share a mask.
        """
        return nullcontext() if self._dropout is None else self._lend(self._dropout, ranks)

    @contextmanager
    def _lend(self, dropout: Tensor, ranks: Ranks) -> Iterator[None]:
        outer = global_state(self.device)  # of the process, which others may be drawing from
        set_global_state(self.device, dropout)
        host = host_state() if self._host is not None else None
        try:
            if self._host is not None:
                set_host_state(self._host)
            if ranks.size == 1:
                yield
                self._dropout = global_state(self.device)
            else:
                seed = int(torch.randint(2**62, (), device=self.device).item())
                drawn = global_state(self.device)
                own = torch.Generator(self.device).manual_seed(stream_seed(seed, f"rank {ranks.rank}"))
                set_global_state(self.device, own.get_state())
                yield
                self._dropout = drawn
            self._host = host_state() if self._host is not None else None
        finally:
            set_global_state(self.device, outer)
            if host is not None:
                set_host_state(host)


def random_stream(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(stream_seed(seed, name))


def stream_seed(seed: int, name: str) -> int:
    """A seed for each stream. A hash, so that neither two names nor two neighbouring campaign seeds draw the same numbers."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7])


def global_state(device: torch.device) -> Tensor:
    """The state of PyTorch's global generator of a device."""
    state: Tensor = _generators_of(device).get_rng_state()
    return state


def set_global_state(device: torch.device, state: Tensor) -> None:
    _generators_of(device).set_rng_state(state)


def _generators_of(device: torch.device) -> Any:
    """The module of PyTorch that has the device's global generator."""
    return torch if device.type == "cpu" else torch.get_device_module(device)


@contextmanager
def deterministic_kernels() -> Iterator[None]:
    """Only kernels with the same result each time. PyTorch's debugging aid of filling fresh memory, which comes with it, stays off."""
    memory: Any = torch.utils.deterministic
    asked, fills = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(asked)
        memory.fill_uninitialized_memory = fills
