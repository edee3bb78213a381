"""The micro-batches of any loader, epoch after epoch, in a repeatable order; a reader can return to any place in them.

None and batches without examples, as a collate function makes them of bad data, are passed over and not counted.
"""

import copy
import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.module.loader_chance import States, fit, generators_of, put_back, states_of
from rolltrain_tui.training.state.host_chance import host_state, host_unchanged, seeded_host_state, set_host_state
from rolltrain_tui.training.state.streams import stream_seed
from rolltrain_tui.training.tensors.any_batch import examples_in

Place = tuple[int, int]
"""The epoch, and the number of its micro-batches that were read; both count from zero."""


class LoaderError(ValueError):
    """A data loader is empty, or cannot be read again."""


NO_VALIDATION = "the validation data loader is empty; give it at least one batch, or none at all"


class Batches:
    """The micro-batches of one loader. Several learners may read them, each at its own place. PyTorch's global stream stays untouched.

    Each epoch has its own seed, also for the loader's own generator. So a resumed run finds its place by reading the epoch up to it.
    Other generators in the loader's parts keep their own course; `starts` tells where they stood when an epoch began.
    """

    def __init__(self, loader: Iterable[Any], seed: int) -> None:
        self.loader, self.seed = loader, seed
        self._read: dict[Place, Any] = {}
        """Cached micro-batches, which another learner may still ask for."""
        self.probes: list[Any] = []
        """The first micro-batches, where an examination or evaluation has asked for them."""
        self._lengths: dict[int, int] = {}
        """The number of micro-batches of each epoch that was read to its end."""
        self._next: Place = (-1, 0)
        """The place of the loader itself."""
        self._iterator: Iterator[Any] = iter(())
        self._stream: Tensor = torch.get_rng_state()
        self._host = host_state()
        self._generators: list[Any] = []
        self._chance: States = []
        """Where the generators of the loader's parts stand for this reader."""
        self.starts: dict[int, Any] = {}
        """Where they stood at the beginning of the last epochs."""

    def at(self, place: Place) -> tuple[Any, Place]:
        """The micro-batch at a place, and the place after it. At the end of an epoch the next one begins. LoaderError for an empty one."""
        if not self.has(place):
            return self.at((place[0] + 1, 0))
        return self._read[place], (place[0], place[1] + 1)

    def has(self, place: Place) -> bool:
        """Whether the epoch goes on at this place; its next epoch is not begun. LoaderError where an epoch gives nothing at all."""
        if place[1] >= self._lengths.get(place[0], math.inf):
            return False
        if place not in self._read:
            if place[0] != self._next[0] or place[1] < self._next[1]:
                self._begin(place[0])
            # Read up to the place. Batches that are passed over are not kept; the others stay in memory until `remove`.
            while self._next <= place:
                batch = self._pull()
                if batch is _END:
                    self._lengths[place[0]] = self._next[1]
                    if self._next[1] == 0:
                        raise LoaderError(self._nothing())
                    return False
                self._read = {self._next: batch} if self._next < place else self._read | {self._next: batch}
                self._next = (self._next[0], self._next[1] + 1)
        return True

    def left(self, place: Place, most: int) -> int:
        """How many micro-batches the epoch still has at a place, `most` at most. At its end those of the next epoch count."""
        if not self.has(place):
            place = (place[0] + 1, 0)
        count = 1
        while count < most and self.has((place[0], place[1] + count)):
            count += 1
        return count

    def _nothing(self) -> str:
        if before := max(self._lengths.values()):
            return (
                f"the training data loader can be read only once: it gave {counted(before, 'batch', 'batches')}, and then no more; "
                "give a list, a DataLoader or another object that begins anew each time it is iterated"
            )
        return "the training data loader is empty; give it at least one batch"

    def remove(self, place: Place) -> None:
        """Forget the micro-batches before `place`."""
        self._read = {at: batch for at, batch in self._read.items() if at >= place}

    def _begin(self, epoch: int) -> None:
        seed = stream_seed(self.seed, f"epoch {epoch}")
        self._stream, self._host = torch.Generator().manual_seed(seed).get_state(), seeded_host_state(seed)
        seeded: list[Any] = []
        # A DataLoader's generator, or its sampler's; a distributed sampler shuffles by set_epoch instead
        for owner in (self.loader, getattr(self.loader, "sampler", None), getattr(self.loader, "batch_sampler", None)):
            if isinstance(generator := getattr(owner, "generator", None), torch.Generator):
                generator.manual_seed(seed)
                seeded.append(generator)
            if (set_epoch := getattr(owner, "set_epoch", None)) is not None:
                set_epoch(epoch)
        self._return_to_start(epoch, seeded)
        with self._own_stream():
            self._iterator = iter(self.loader)
        self._next = (epoch, 0)

    def _return_to_start(self, epoch: int, seeded: list[Any]) -> None:
        """Put the generators that were not `seeded` where they stood when this epoch began; else note where they stand."""
        ids = set(map(id, seeded))
        generators = [each for each in generators_of(self.loader) if id(each) not in ids]
        if len(generators) != len(self._generators):  # at the first epoch
            self._generators, self._chance = generators, states_of(generators)
        known: Any = self.starts.get(epoch)
        if fit(generators, known):  # otherwise the loader has other parts than in the saved run
            self._chance = known
        self.starts = {at: states for at, states in self.starts.items() if at >= epoch - 1} | {epoch: self._chance}
        if epoch and epoch - 1 not in self._lengths and getattr(self.loader, "persistent_workers", False):
            warnings.warn(
                "the data loader keeps its workers from one epoch to the next (persistent_workers=True), and no save holds where their "
                "chance stands: what the data set draws by chance is not what an uninterrupted run would have read",
                stacklevel=2,
            )

    def _pull(self) -> Any:
        with self._own_stream():
            while (batch := next(self._iterator, _END)) is None or examples_in(batch) == 0:
                pass
            return batch

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        if type(self.loader) in (list, tuple):  # to read it draws nothing
            yield
            return
        outer = torch.get_rng_state()
        torch.set_rng_state(self._stream)
        others = states_of(self._generators)
        with host_unchanged():
            set_host_state(self._host)
            put_back(self._generators, self._chance)
            try:
                yield
            finally:
                self._stream, self._host = torch.get_rng_state(), host_state()
                self._chance = states_of(self._generators)
                put_back(self._generators, others)
                torch.set_rng_state(outer)


_END = object()


def read_once(loader: Iterable[Any]) -> bool:
    """An iterator, such as a generator: it gives its batches once and then never again."""
    return isinstance(loader, Iterator)


def length_of(loader: Iterable[Any]) -> int | None:
    """The number of its batches; None where it does not know. It is not read."""
    try:
        return len(loader)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        return None


def each(loader: Iterable[Any], seed: int) -> Iterator[Any]:
    """Every batch of a loader once, in an order that depends only on the seed."""
    batches = Batches(loader, seed)
    batches._begin(0)
    while (batch := batches._pull()) is not _END:
        yield batch


def own_batch(batch: Any) -> Any:
    """A copy for one more reader, since a model or a training step may change its batch in place. What cannot be copied stays the same."""
    try:
        return copy.deepcopy(batch)
    except (TypeError, RuntimeError):  # such as an open file, or a tensor that a gradient leads through
        return batch
