"""The kind of this machine, for the records of a run. It does not import torch: a run that trains has imported it already."""

import hashlib
import os
import platform
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.training.machine.ranks import ours

LIMITS = ("MKL_CBWR", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE")
"""Environment variables that make libraries below torch use fewer instructions. Measured: MKL_CBWR and ONEDNN_MAX_CPU_ISA change last bits.
ATEN_CPU_CAPABILITY is not among them: torch tells it as its capability."""
LONGEST = 100


def this_machine(*, threads: int, device: str = "cpu") -> Machine:
    """The kind of this machine, as it trains on `threads` CPU threads and on `device`."""
    torch = sys.modules.get("torch")
    return Machine(
        architecture=platform.machine(),
        processor=_processor(),
        capability="" if torch is None else str(torch.backends.cpu.get_cpu_capability()),
        system=platform.system(),
        torch="" if torch is None else str(torch.__version__),
        threads=threads,
        accelerator=_accelerator(torch, device),
        torch_build="" if torch is None else _build(),
        limits=tuple(f"{name}={os.environ[name][:LONGEST]}" for name in LIMITS if os.environ.get(name)) + _ranks(),
    )


def _ranks() -> tuple[str, ...]:
    """The number of ranks as a variable, where there are several: sums over ranks round otherwise than sums in one process."""
    several = ours().size
    return (f"WORLD_SIZE={several}",) if several > 1 else ()


@cache
def _build() -> str:
    """Eight digits of SHA-256 of what torch tells of its compiler, its libraries and their settings."""
    return hashlib.sha256(sys.modules["torch"].__config__.show().encode()).hexdigest()[:8]


def _accelerator(torch: Any, device: str) -> str:
    if torch is not None and device.startswith("cuda") and torch.cuda.is_available():
        return str(torch.cuda.get_device_name(device))[:LONGEST]
    return "" if device == "cpu" else device


@cache
def _processor() -> str:
    """The CPU's model. Linux tells it by name on x86 and by numbers on ARM."""
    told: dict[str, str] = {}
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            name, _, value = line.partition(":")
            told.setdefault(name.strip().lower(), value.strip())
    numbers = ("vendor_id", "cpu family", "model", "model name", "cpu implementer", "cpu part")
    return (" ".join(told[name] for name in numbers if told.get(name)) or platform.processor())[:LONGEST]
