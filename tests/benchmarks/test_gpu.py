"""The benchmark for a card runs on a CPU too, in small; without a card it says so."""

import json
from pathlib import Path

import gpu
import pytest
import torch

pytestmark = pytest.mark.slow


def test_every_loop_has_its_cell_in_every_precision(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    try:
        assert gpu.main(["--smoke", "--out", str(tmp_path / "found.json")]) == 0
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(cell["precision"], cell["loop"]) for cell in found["cells"]] == [(p, loop) for p in gpu.SMOKE.precisions for loop in gpu.LOOPS]
    assert all(cell["milliseconds"] > 0 and cell["tokens_per_second"] > 0 for cell in found["cells"])
    assert all(cell["over_plain"] == 1 for cell in found["cells"] if cell["loop"] == "plain")
    assert found["left_out"] == []


def test_what_the_time_does_not_suffice_for_is_named() -> None:
    assert gpu.measure(gpu.SMOKE, -1)["left_out"] == ["eager float32", "eager bfloat16"]


def test_without_a_card_it_says_so_and_ends_with_wrong_use(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2
    assert "needs an NVIDIA card" in capsys.readouterr().err
