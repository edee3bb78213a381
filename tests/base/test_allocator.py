"""The C allocator's settings, and the large pages that it is given."""

import platform
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

import pytest
import torch

from rolltrain_tui.base import allocator
from rolltrain_tui.base.allocator import SETTINGS, tune_allocator
from rolltrain_tui.training.machine import split_batch
from rolltrain_tui.training.machine.split_batch import SplitBatch

LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def test_the_allocator_is_tuned_on_glibc_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nothing is done and nothing is said."""
    for system, libc in (("darwin", ("", "")), ("linux", ("musl", "1.2"))):
        monkeypatch.setattr(allocator.sys, "platform", system)
        monkeypatch.setattr(allocator.platform, "libc_ver", lambda libc=libc: libc)
        assert allocator._keeps_memory.__wrapped__() is False


@pytest.mark.parametrize("answer", [0, 1])
def test_the_allocator_gets_each_setting_once_and_each_thread_its_memory(monkeypatch: pytest.MonkeyPatch, answer: int) -> None:
    """A refusal leaves its memory alone, and so does a C library without such settings."""
    calls: dict[int, int] = {}

    class LibC:
        def mallopt(self, parameter: int, value: int) -> int:
            assert SETTINGS[parameter] == value
            calls[parameter] = calls.get(parameter, 0) + 1
            return answer

    asked: list[object] = []
    monkeypatch.setattr(allocator, "_own", type(allocator._own)())
    monkeypatch.setattr(allocator, "_keeps_memory", cache(allocator._keeps_memory.__wrapped__))
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(allocator.platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: LibC())
    monkeypatch.setattr(allocator, "_ask_for_large_pages", asked.append)
    for _ in range(2):
        assert tune_allocator() is bool(answer)
    assert (calls, len(asked)) == (dict.fromkeys(SETTINGS, 1), answer)
    thread = threading.Thread(target=tune_allocator)
    thread.start()
    thread.join()
    assert (calls, len(asked)) == (dict.fromkeys(SETTINGS, 1), 2 * answer)
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: object())
    assert allocator._keeps_memory.__wrapped__() is False


def test_the_helper_of_a_split_batch_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(split_batch, "tune_allocator", lambda: asked.append(threading.current_thread().name))
    threads = torch.get_num_threads()
    try:
        SplitBatch([], 2).both(lambda x: x, [torch.zeros(1)], [torch.zeros(1)])
    finally:
        torch.set_num_threads(threads)
    assert asked == ["half_0"]


@pytest.mark.skipif(
    not LARGE_PAGES.exists() or "[never]" in LARGE_PAGES.read_text() or platform.libc_ver()[0] != "glibc",
    reason="needs Linux with glibc, and a kernel that gives large pages",
)
@pytest.mark.parametrize("where", ["main thread", "thread", "thread after another"])
def test_what_is_allocated_afterwards_lies_in_large_pages_and_no_memory_is_used_before(where: str) -> None:
    """Seen in the kernel's own account of a process of its own."""
    told = """
import ctypes, re, sys, threading
from rolltrain_tui.base.allocator import tune_allocator
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def account(what):
    return 1024 * int(re.search(what + r": +(\\d+) kB", open("/proc/self/smaps_rollup").read()).group(1))
def train():
    before = account("Rss")
    assert tune_allocator()
    assert account("Rss") - before < 16 << 20
    for _ in range(3):
        ctypes.memset(libc.malloc(ctypes.c_size_t(20 << 20)), 1, 20 << 20)
    print(account("AnonHugePages") >= 32 << 20)
def in_thread(deed):
    thread = threading.Thread(target=deed)
    thread.start()
    thread.join()
where = sys.argv[1]
if where == "thread after another":
    in_thread(tune_allocator)
train() if where == "main thread" else in_thread(train)
"""
    assert "True" in subprocess.run([sys.executable, "-c", told, where], capture_output=True, text=True, check=True).stdout
