"""Where a turn goes: what is counted, and how it is told."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rolltrain_tui.bench import products, profile
from rolltrain_tui.bench.metered import STEP
from rolltrain_tui.bench.products import Floor
from rolltrain_tui.training.dtype_trial import DtypeTrial

if TYPE_CHECKING:
    from rolltrain_tui.modes.text.learner import TextLearner

FLOOR = Floor(gflop=2.0, milliseconds=4.0)
BLOCKS = [({"forward": 2.0, "backward": 5.0, "optimiser": 1.0, "both halves": 0.0, STEP: 8.5}, 9.0, 10.0)] * 3
DRAWN = [{"panels": 4.0, "painting": 8.0, "in all": 20.0}, {"panels": 0.0, "painting": 0.0, "in all": 10.0}]


def test_the_products_of_a_turn_are_the_models_work_without_attention(make_learner: Callable[..., "TextLearner"]) -> None:
    """Six FLOPs for each weight that multiplies and each token: two on the way forward, four on the way back."""
    learner = make_learner("device.threads=1", "device.dtype=float32")
    before = learner.weights_sha256()
    found = products.of_a_turn(learner)
    weights = sum(p.numel() for name, p in learner.model.named_parameters() if p.dim() == 2 and "wpe" not in name)
    assert sum(count * products.flops(a, b) for (a, b, _), count in found.items()) == 6 * weights * learner.info().tokens_per_turn
    assert before == learner.weights_sha256()  # the turn was a copy's


def test_products_are_timed_one_by_one(make_learner: Callable[..., "TextLearner"]) -> None:
    found = products.floor(products.of_a_turn(make_learner("device.threads=1")))
    assert found.gflop > 0 < found.milliseconds
    assert found.gflop_per_second == pytest.approx(found.gflop / found.milliseconds * 1000)


def test_the_parts_of_a_turn_add_up_to_the_turn() -> None:
    cell = profile._profile(("float32", 1), BLOCKS, FLOOR, DRAWN)
    assert sum(cell.parts.values()) == pytest.approx(cell.turn)
    assert cell.parts == pytest.approx(
        {"forward": 2.0, "backward": 5.0, "optimiser": 1.0, "the rest of the learner": 0.5, "game": 0.5, "screen": 1.0}
    )


def test_the_table_tells_milliseconds_and_shares_of_every_column() -> None:
    cells = [profile._profile((dtype, threads), BLOCKS, FLOOR, DRAWN) for threads in (1, 2) for dtype in profile.DTYPES]
    lines = profile.table("tiny_gpt", profile.Profiles(cells, [])).splitlines()
    assert lines[1].split("  ")[-1].strip() == "bfloat16, 2 threads"
    told = {line[:27].strip(): line[27:].split() for line in lines[2:] if line}
    assert told["forward"] == ["2.00", "20.0%"] * 4
    assert told["GFLOP/s of them"] == ["500"] * 4
    assert [told[part] for part in DRAWN[0]] == [["2.0"] * 4, ["4.0"] * 4, ["15.0"] * 4]  # a block without a picture counts as well
    assert told["share of that peak"] == ["44.4%"] * 4  # 4 ms of 9


@pytest.mark.parametrize("screen", [-0.1, 0.1])
def test_a_negative_part_is_called_noise(screen: float) -> None:
    cell = profile._profile(("float32", 1), BLOCKS, FLOOR, DRAWN)
    cell.parts["screen"] = screen
    assert ("less than their noise" in profile.table("tiny_gpt", profile.Profiles([cell], []))) == (screen < 0)


def test_a_dtype_that_the_machine_only_emulates_is_left_out_and_the_table_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured: list[tuple[str, int]] = []

    def measure(campaign: Path, overrides: object, cells: list[tuple[str, int]], **_: int) -> list[profile.Profile]:
        measured.extend(cells)
        return [profile._profile(cell, BLOCKS, FLOOR, DRAWN) for cell in cells]

    slow_on_two = {"device.threads=1": DtypeTrial(10.0, 6.0), "device.threads=2": DtypeTrial(10.0, 80.0)}
    monkeypatch.setattr(profile, "available_cores", lambda: 2)
    monkeypatch.setattr(profile, "_trial", lambda campaign, overrides: slow_on_two[overrides[-1]])
    monkeypatch.setattr(profile, "_measured", measure)
    found = profile.run(tmp_path / "any.yaml", blocks=2, turns=1)
    assert measured == [("float32", 1), ("bfloat16", 1), ("float32", 2)]
    last = profile.table("any", found).splitlines()[-1].strip()
    assert last == "bfloat16 on 2 threads is left out: a turn takes 8.0 times as long as in float32, so this machine only emulates it."
    assert "2 threads is left out" not in profile.as_json(found)
