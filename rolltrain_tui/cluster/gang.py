"""Several processes that train one model: what they tell each other, by torch.distributed.

Numbers travel as tensors and texts as bytes. Nothing is pickled, so a message cannot make a rank run code.
"""

import ctypes
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.cluster import launched
from rolltrain_tui.training.machine.ranks import ALONE, Ranks, train_with

TIMEOUT = "ROLLTRAIN_RANKS_TIMEOUT"
"""Variable of the environment: seconds after which a rank that waits for another gives up. Without it, PyTorch's own (30 minutes)."""


class RanksError(ValueError):
    """The processes cannot play one game; the message names the rank and what is wrong with it."""


class RankLostError(RuntimeError):
    """Another rank has ended, or was silent for too long."""


class Gang(Ranks):
    """The ranks of the default process group. Every method is called by all of them, in the same order."""

    def __init__(self, *, shards: bool = False) -> None:
        self.shards = shards
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.local = int(os.environ.get("LOCAL_WORLD_SIZE", self.size))
        self.alike = False
        """Whether all machines are of one kind. Then all ranks compute the same bits, and need not be told the first one's."""
        nccl = dist.get_backend() == "nccl"
        self._device = torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")

    @contextmanager
    def _with_others(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise RankLostError(
                f"rank {self.rank} has lost the others: one has ended, or was silent for too long. All can go on from the last save; "
                "torchrun --max-restarts 3 does so by itself"
            ) from error

    def add(self, tensor: Tensor) -> Tensor:
        with self._with_others():
            dist.all_reduce(tensor)
        return tensor

    def of_first(self, numbers: Sequence[float]) -> list[float]:
        if self.alike or not numbers:
            return list(numbers)
        told = self._tensor(numbers, torch.float64)
        with self._with_others():
            dist.broadcast(told, src=0)
        return told.tolist()

    def cut(self, model: nn.Module, parts: Iterable[nn.Module]) -> None:
        if not self.shards:
            return
        from torch.distributed.fsdp import FSDPModule, fully_shard

        mesh = dist.device_mesh.init_device_mesh(next(model.parameters()).device.type, (self.size,))
        for part in (*parts, model):
            fully_shard(part, mesh=mesh)
            assert isinstance(part, FSDPModule)
            part.set_gradient_divide_factor(1.0)  # each share is weighed by its rows already: the sum of them is the mean
            part.set_force_sum_reduction_for_comms(True)  # gloo has no sum with a factor

    def mean(self, number: float) -> float:
        return self.add(self._tensor([number], torch.float64)).item() / self.size

    def highest(self, number: int) -> int:
        """The highest of one whole number from each rank."""
        told = self._tensor([number], torch.int64)
        with self._with_others():
            dist.all_reduce(told, op=dist.ReduceOp.MAX)
        return int(told.item())

    def tell(self, data: bytes, length: int | None = None) -> bytes:
        """The first rank's bytes, on every rank. `length`: of them, where all know it already."""
        if length is None:
            length = self.highest(len(data) if self.rank == 0 else 0)
        told = self._bytes(data) if self.rank == 0 else torch.empty(length, dtype=torch.uint8, device=self._device)
        if length:
            with self._with_others():
                dist.broadcast(told, src=0)
        return _read(told)

    def hear_all(self, data: bytes) -> list[bytes]:
        """The bytes of every rank, on every rank, by their order."""
        length = self.highest(len(data))
        padded = self._bytes(len(data).to_bytes(8, "big") + data.ljust(length))
        heard = [torch.empty_like(padded) for _ in range(self.size)]
        with self._with_others():
            dist.all_gather(heard, padded)
        told = [_read(one) for one in heard]
        return [one[8 : 8 + int.from_bytes(one[:8], "big")] for one in told]

    def _bytes(self, data: bytes) -> Tensor:
        return torch.frombuffer(bytearray(data), dtype=torch.uint8).to(self._device) if data else torch.empty(0, dtype=torch.uint8)

    def _tensor(self, numbers: Sequence[float], dtype: torch.dtype) -> Tensor:
        return torch.tensor(numbers, dtype=dtype, device=self._device)


def _read(told: Tensor) -> bytes:
    told = told.cpu()
    return ctypes.string_at(told.data_ptr(), told.numel())


def of_this_process() -> Ranks:
    """The ranks of a loop that is not ours, which has made the process group itself, or not: then this process is alone."""
    return Gang() if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1 else ALONE


@contextmanager
def gathered(*, shards: bool = False) -> Iterator[Gang]:
    """Inside, this process is one rank, and what is built trains on all of them. RanksError where the others do not come."""
    _meet()
    gang = Gang(shards=shards)
    train_with(gang)
    failed = True
    try:
        yield gang
        failed = False
    except RanksError:  # all ranks refuse, and part in peace
        failed = False
        raise
    finally:
        train_with(ALONE)
        part(failed=failed)


def _meet() -> None:
    """Meet the other processes that torchrun has started. RanksError where they do not come."""
    seconds = os.environ.get(TIMEOUT, "")
    if seconds and not (seconds.isascii() and seconds.isdigit() and int(seconds) > 0):
        raise RanksError(f"{TIMEOUT}={seconds}: write a whole number of seconds, such as 600")
    timeout = timedelta(seconds=int(seconds)) if seconds else None
    cuda = torch.cuda.is_available()
    if cuda:
        local, there = int(os.environ.get("LOCAL_WORLD_SIZE", "1")), torch.cuda.device_count()
        if local > there:
            raise RanksError(
                f"{local} ranks on this machine and {counted(there, 'GPU')}: start at most {there}, or set CUDA_VISIBLE_DEVICES= to none"
            )
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    limit = {} if timeout is None else {"timeout": timeout}
    store, rank, size = next(dist.rendezvous("env://", **limit))  # type: ignore[attr-defined, arg-type]
    # torchrun may keep one store over restarts. Then it still holds the addresses of the ranks that are dead.
    own = dist.PrefixStore(f"attempt {launched.attempt()}", store)  # type: ignore[attr-defined]
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", store=own, rank=rank, world_size=size, timeout=timeout)


def part(*, failed: bool) -> None:
    """Leave the others. After a failure they may wait for this rank already: then nobody waits for them."""
    if not dist.is_initialized():
        return
    if not failed:
        dist.barrier()  # without it, a process that is still sending may see the others gone, and aborts
    dist.destroy_process_group()
