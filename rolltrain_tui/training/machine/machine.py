"""Which machine trains, and how: device, dtype and CPU threads."""

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

SERIAL_FLOPS = 2.5e8
"""Model FLOPs of one micro-batch below which one CPU thread is the better choice.

Measured on 2 Zen 4 cores with torch 2.13 in fp32, two threads against one: 1.1x at 5e7 to 8e7, 1.2x at 1.7e8, 1.3x at 3.6e8, 1.4x at
1e9, 1.6x from 1.3e9; in bf16 0.9x at 1.7e8, 1.2x at 3.6e8. That is with nothing else running. Threads wait for one another after
every operation, so with another busy program on the cores two threads were 2 to 20 times slower than one: not a risk to take for
less than a quarter.
"""


class DeviceError(ValueError):
    """The campaign names a device that this machine does not have."""


def pick_device(name: str) -> torch.device:
    """`auto`: cuda, else mps, else cpu. DeviceError where the named device is missing."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(device for device, there in present.items() if there)
    if not present[name]:
        there = " or ".join(repr(device) for device in ("auto", *(d for d, is_there in present.items() if is_there)))
        raise DeviceError(f"device.device: this machine has no {name} that PyTorch {torch.__version__} can use; set it to {there}")
    return torch.device(name)


def pick_dtype(name: str) -> torch.dtype:
    """`auto` is float32 until `training.dtype_trial` has measured a few turns."""
    return {"auto": torch.float32, "float32": torch.float32, "bfloat16": torch.bfloat16}[name]


def native_bf16(device: torch.device) -> bool:
    """True where matrix products in bf16 are done by the hardware; elsewhere they are emulated and slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(cpu_features())


@cache
def cpu_features() -> frozenset[str]:
    """The CPU's instruction sets by their Linux names; empty on other systems."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            key, _, words = line.partition(":")
            if key.strip().lower() in ("flags", "features"):  # x86, arm
                return frozenset(words.split())
    return frozenset()


def available_cores() -> int:
    """CPU cores this process may use: those it is pinned to, at most its container's share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # control groups v2: "max 100000" or "150000 100000"
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, max(1, int(quota) // int(period)))
    return cores


def pick_threads(threads: int | str, flops_per_micro_batch: float, processes: int = 1) -> int:
    """`auto`: one for a micro-batch below SERIAL_FLOPS, else this process's part of all cores, which `processes` share."""
    if isinstance(threads, int):
        return threads
    return 1 if flops_per_micro_batch < SERIAL_FLOPS else max(1, available_cores() // processes)


def use_threads(threads: int | str, flops_per_micro_batch: float) -> int:
    """Set the process's number of torch threads to that of `pick_threads`, which is returned."""
    picked = pick_threads(threads, flops_per_micro_batch)
    if torch.get_num_threads() != picked:
        torch.set_num_threads(picked)
    return picked
