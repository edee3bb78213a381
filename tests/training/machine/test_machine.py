import os
from pathlib import Path

import pytest
import torch

from rolltrain_tui.training.machine import machine
from rolltrain_tui.training.machine.machine import DeviceError, available_cores, native_bf16, pick_device, pick_dtype, pick_threads
from rolltrain_tui.training.machine.machine_kind import this_machine


def present(monkeypatch: pytest.MonkeyPatch, *, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_auto_is_the_best_device_there_is(cuda: bool, mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """cuda before mps before cpu; one that is asked for by name and is there is taken."""
    present(monkeypatch, cuda=cuda, mps=mps)
    assert torch.device(expected) == pick_device("auto")
    assert torch.device("cpu") == pick_device("cpu")
    assert torch.device(expected) == pick_device(expected)


@pytest.mark.parametrize(("name", "mps", "remedy"), [("cuda", True, "'auto' or 'mps' or 'cpu'"), ("mps", False, "'auto' or 'cpu'")])
def test_a_device_that_is_not_there_is_explained(name: str, mps: bool, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the place in the campaign, what is missing and what there is instead."""
    present(monkeypatch, cuda=False, mps=mps)
    with pytest.raises(DeviceError, match=f"device.device: this machine has no {name} .* set it to {remedy}"):
        pick_device(name)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"avx2", "avx512_bf16"}, True),
        ({"amx_bf16"}, True),
        ({"asimd", "bf16"}, True),
        ({"avx2"}, False),
    ],
)
def test_a_cpu_multiplies_in_bfloat16_or_not(features: set[str], expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its instruction sets tell; each kind of CPU has its own names for them."""
    monkeypatch.setattr(machine, "cpu_features", lambda: frozenset(features))
    assert expected == native_bf16(torch.device("cpu"))


def test_a_dtype_that_is_named_is_taken() -> None:
    """Auto is float32 as long as nothing has been measured."""
    assert [torch.float32, torch.float32, torch.bfloat16] == [pick_dtype(name) for name in ("auto", "float32", "bfloat16")]


def test_threads_go_by_the_size_of_a_micro_batch() -> None:
    """A number is taken as it is; auto is one thread for a tiny model and every core for a larger one."""
    assert pick_threads(3, 1e3) == 3
    assert pick_threads("auto", machine.SERIAL_FLOPS * 0.99) == 1
    assert pick_threads("auto", machine.SERIAL_FLOPS) == available_cores()


@pytest.mark.parametrize(("limit", "expected"), [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("nonsense", 8)])
def test_a_container_s_share_of_the_cores_counts(limit: str, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more threads than the control group pays for, and at least one."""
    (tmp_path / "cpu.max").write_text(limit)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(machine, "Path", lambda path: tmp_path / Path(path).name)
    assert expected == available_cores()


@pytest.mark.parametrize(("device", "accelerator"), [("cpu", ""), ("mps", "mps"), ("cuda", "cuda")])
def test_a_run_records_what_trains_it(device: str, accelerator: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU is told by its processor and threads; another device by its name, where torch tells none better."""
    present(monkeypatch, cuda=False, mps=False)
    machine = this_machine(threads=3, device=device)
    assert (machine.accelerator, machine.threads, machine.torch) == (accelerator, 3, torch.__version__)
