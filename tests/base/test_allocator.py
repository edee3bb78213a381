"""The C allocator's settings, and the large pages that it is given."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from rolltrain_tui.base import allocator
from rolltrain_tui.base.allocator import SETTINGS, tune_allocator

LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def test_the_allocator_is_tuned_on_glibc_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nothing is done and nothing is said."""
    for system, libc in (("darwin", ("", "")), ("linux", ("musl", "1.2"))):
        monkeypatch.setattr(allocator.sys, "platform", system)
        monkeypatch.setattr(allocator.platform, "libc_ver", lambda libc=libc: libc)
        assert tune_allocator.__wrapped__() is False


@pytest.mark.parametrize("answer", [0, 1])
def test_the_allocator_gets_each_setting_once(monkeypatch: pytest.MonkeyPatch, answer: int) -> None:
    """A refusal leaves its memory alone, and so does a C library without such settings."""
    calls: dict[int, int] = {}

    class LibC:
        def mallopt(self, parameter: int, value: int) -> int:
            calls[parameter] = value
            return answer

    asked: list[object] = []
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(allocator.platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: LibC())
    monkeypatch.setattr(allocator, "_ask_for_large_pages", asked.append)
    assert tune_allocator.__wrapped__() is bool(answer)
    assert (calls, len(asked)) == (SETTINGS, answer)
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: object())
    assert tune_allocator.__wrapped__() is False


@pytest.mark.skipif(
    not LARGE_PAGES.exists() or "[never]" in LARGE_PAGES.read_text() or platform.libc_ver()[0] != "glibc",
    reason="needs Linux with glibc, and a kernel that gives large pages",
)
def test_what_is_allocated_afterwards_lies_in_large_pages_and_no_memory_is_used_before() -> None:
    """Seen in the kernel's own account of a process of its own."""
    told = """
import ctypes, re
from rolltrain_tui.base.allocator import tune_allocator
def account(what):
    return 1024 * int(re.search(what + r": +(\\d+) kB", open("/proc/self/smaps_rollup").read()).group(1))
before = account("Rss")
assert tune_allocator()
assert account("Rss") - before < 16 << 20
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
ctypes.memset(libc.malloc(ctypes.c_size_t(64 << 20)), 1, 64 << 20)
print(account("AnonHugePages") >= 32 << 20)
"""
    assert "True" in subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
