"""Memory that ran out. PyTorch, Python and the system say so in errors of many kinds; the player hears one sentence."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

SIGNS = (
    "out of memory",  # CUDA, MPS
    "can't allocate memory",  # PyTorch on Linux
    "not enough memory",  # PyTorch on Windows
    "Cannot allocate memory",
    "ALLOC_FAILED",  # cuBLAS, cuDNN
    "Invalid buffer size",  # Metal
    "bad_alloc",
    "Storage size calculation overflowed",  # a tensor of more bytes than there are numbers for
)
_ASKED = re.compile(r"tried to allocate ([\d.]+) ?(bytes|KiB|MiB|GiB|KB|MB|GB)", re.IGNORECASE)
_BYTES = {"bytes": 1, "k": 2**10, "m": 2**20, "g": 2**30}


class NotEnoughMemoryError(ValueError):
    """What the player asks for does not fit into the memory there is."""


def ran_out(error: BaseException) -> bool:
    """Whether the error says that there is no more memory."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS))


def shortage(error: BaseException, remedy: str = "") -> str:
    """The sentence for such an error. `remedy`: what to do, as half a sentence."""
    return f"there is not enough memory{_more(error)}; {remedy or 'make the model or its batch smaller, or close other programs'}"


@contextmanager
def enough_memory(remedy: str) -> Iterator[None]:
    """NotEnoughMemoryError, with this remedy, where the memory runs out within."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        raise NotEnoughMemoryError(shortage(error, remedy)) from error


def _more(error: BaseException) -> str:
    if (found := _ASKED.search(str(error))) is None:
        return ""
    unit = found[2].lower()
    size = float(found[1]) * _BYTES.get(unit, _BYTES.get(unit[0], 1))
    return f" (for {size / 2**30:.1f} GiB more)" if size >= 2**30 / 10 else ""
