"""The C allocator of a process that trains: it keeps the memory of activations, in large pages.

A turn allocates tens of MB of activations and frees them again. By default glibc gives such memory back to the kernel, which hands it out
again a page of 4 KB at a time. Three settings of glibc make it keep what it has. Each thread that trains then asks for its memory once,
before the first turn, as pages of 2 MB: far fewer addresses are looked up. A turn of the tiny GPT is 1.016 times as fast so, on an EPYC
core, and in the game, where the screen has the main thread, 1.03 times.

Every thread keeps an arena of its own, as glibc has it. oneDNN allocates at every product in bf16, and two halves of a batch that shared
one arena waited for each other: 8 % of a turn.
"""

import ctypes
import platform
import sys
import threading
from contextlib import suppress
from functools import cache

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
"""M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD of <malloc.h>."""
SETTINGS = {MMAP_THRESHOLD: 1 << 30, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 64 << 20}
LARGE_PAGE = 2 << 20
BLOCK, BLOCKS = 62 << 20, 4
"""Bytes of a large page, and of the memory that a thread asks for in them. No memory is used before it is written to.

The arena of a thread that is not the main one consists of pieces of 64 MB, and a block must fit into one.
"""
MADV_HUGEPAGE = 14
"""Its number in <sys/mman.h>."""
_own = threading.local()


def tune_allocator() -> bool:
    """Let glibc keep the memory of freed activations, and give it to this thread in large pages.

    Call it in each thread that trains, before anything else is allocated there, and in one that ends before: its arena is inherited. True
    where it was done (Linux with glibc). The process holds on to memory up to its peak.
    """
    if not _keeps_memory():
        return False
    if not getattr(_own, "asked", False):
        _own.asked = True
        _ask_for_large_pages(ctypes.CDLL(None))
    return True


@cache
def _keeps_memory() -> bool:
    """Let glibc keep the memory of freed activations, in the whole process. True where it does."""
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return False
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        answers = [libc.mallopt(parameter, value) for parameter, value in SETTINGS.items()]
        return all(answer == 1 for answer in answers)
    return False


def _ask_for_large_pages(libc: ctypes.CDLL) -> None:
    """For blocks that are freed at once, and that the allocator keeps. A kernel without large pages ignores the advice."""
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    blocks = [start for start in [libc.malloc(BLOCK) for _ in range(BLOCKS)] if start]
    for start in blocks:
        first = -(-start // LARGE_PAGE) * LARGE_PAGE  # advice is for whole pages
        libc.madvise(first, (start + BLOCK - first) // LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE)
    for start in reversed(blocks):
        libc.free(start)
