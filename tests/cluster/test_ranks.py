"""One game on several processes, over loopback: the same batches, levers, story and saves as in one process."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import ranks, ranks_at_work
from support.outlines import outline

pytestmark = pytest.mark.slow
LOADED = ("torch._dynamo", "torch.distributed.fsdp")
"""What DistributedDataParallel and shards load: more than a second of each rank."""
Once = Callable[[str, Callable[[Path], Any]], Any]


def play(size: int, folder: Path, *scenes: str) -> list[dict[str, Any]]:
    """What each rank tells of the scenes."""
    answers = ranks.run(size, "-m", "support.ranks_at_work", str(folder), *scenes, loaded=LOADED)
    assert [answer.code for answer in answers] == [0] * size, "\n".join(answer.err for answer in answers)
    return [json.loads(answer.out) for answer in answers]


@pytest.fixture
def alone(once: Once) -> dict[str, Any]:
    """The story as one process plays it."""
    found: dict[str, Any] = once("alone", lambda folder: ranks_at_work.alone(folder))
    return found


@pytest.fixture
def two(once: Once, alone: dict[str, Any]) -> list[dict[str, Any]]:
    """Two ranks, with an odd batch."""
    scenes = ("levers", "dtypes", "not_finite", "dropout", "paused", "unlike", "session", "story", f"resume={mine(alone)}")
    found: list[dict[str, Any]] = once("two", lambda folder: play(2, folder, *scenes))
    return found


@pytest.fixture
def sharded(once: Once, two: list[dict[str, Any]], count: Callable[[int, int], int]) -> list[dict[str, Any]]:
    """Two ranks, with --long three, that hold a part of the weights each, and go on with the save of two that hold all."""
    scenes = ("shards", "cut", "session", "levers", "not_finite", f"resume={late(two[0]['story'])}")
    found: list[dict[str, Any]] = once("sharded", lambda folder: play(count(2, 3), folder, *scenes))
    return found


@pytest.fixture(params=["two", "sharded"])
def ranks_of(request: pytest.FixtureRequest, two: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ranks with all weights each, then with shards."""
    return two if request.param == "two" else request.getfixturevalue("sharded")  # type: ignore[no-any-return]


def mine(told: dict[str, Any]) -> Path:
    """The save that the player made at turn 5."""
    return Path(told["folder"]) / "saves" / "mine"


def late(told: dict[str, Any]) -> Path:
    """The save before the last camp."""
    return Path(told["folder"]) / "saves" / "turn-000016"


def resumed(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(part for name, part in told.items() if name.startswith("resume"))
    return found


@pytest.mark.parametrize("effect", ranks_at_work.EFFECTS)
def test_each_lever_does_on_many_ranks_what_it_does_in_one_process(ranks_of: list[dict[str, Any]], effect: str) -> None:
    """Rows and shards are uneven, and some ranks get no row; reports differ by rounding, and so do weights."""
    for told in ranks_of:
        found = told["levers"][effect]
        assert found["report"] == pytest.approx(dict.fromkeys(found["report"], 0), abs=2e-6)
        assert found["weights"] < 1e-7
        assert found["k"] == ranks_of[0]["levers"][effect]["k"]
    asked, felt = ranks_of[0]["levers"][effect]["k"]
    if effect in ("half", "none", "skipped", "back", "rate"):
        assert felt == pytest.approx(asked, abs=1e-5)


def test_ranks_choose_a_dtype_by_the_first_one_s_clock(two: list[dict[str, Any]]) -> None:
    """Otherwise each would take as many turns, and choose, as its own clock says."""
    assert two[0]["dtypes"] == two[1]["dtypes"]


def test_evaluation_examination_and_speech_are_those_of_one_process(ranks_of: list[dict[str, Any]]) -> None:
    """The probes are dealt too; the model speaks the same words."""
    for told in ranks_of:
        found = told["levers"]
        assert found["evaluation"] < 1e-6
        assert {name for name, (one, many) in found["examination"].items() if not math.isclose(one, many, rel_tol=1e-4)} <= {
            name for name, (one, _) in found["examination"].items() if math.isnan(one)
        }
        assert found["spoken"][0] == found["spoken"][1]


def test_all_ranks_skip_a_step_when_the_share_of_one_is_not_finite(ranks_of: list[dict[str, Any]]) -> None:
    """Their weights stay as they were, stay equal, and training goes on."""
    first = ranks_of[0]["not_finite"]
    assert [told["not_finite"] for told in ranks_of] == [first] * len(ranks_of)
    assert (first["finite"], first["kept"], first["goes on"]) == (False, True, True)


def test_a_foreign_loop_plays_one_game_on_its_ranks(ranks_of: list[dict[str, Any]]) -> None:
    """With every class: equal rolls and weights, k felt as asked, one rank's NaN skipped by all, orders of the first obeyed by all."""
    first = ranks_of[0]["session"]
    assert [told["session"] for told in ranks_of] == [first] * len(ranks_of)
    for hero, found in first.items():
        assert [finite for _, _, finite in found["k"]] == [True] * 6 + [False] + [True] * 3
        asked_and_felt = [(asked, felt) for asked, felt, finite in found["k"] if finite and felt is not None]
        assert asked_and_felt
        assert all(felt == pytest.approx(asked, abs=1e-5) for asked, felt in asked_and_felt), hero
    assert first["wizard"]["heard"]


def test_each_rank_holds_its_part_of_the_weights(sharded: list[dict[str, Any]]) -> None:
    """Rows of each tensor, one more for the first ranks where they do not come out even."""
    held = [told["cut"]["held"] for told in sharded]
    assert sum(held) == sharded[0]["cut"]["all"]
    assert max(held) < 1.2 * sum(held) / len(held)
    assert len(set(held)) > 1


def test_ranks_drop_out_different_units_and_stay_one_model(two: list[dict[str, Any]]) -> None:
    """The stream that a save keeps is the same on all."""
    first, second = (told["dropout"] for told in two)
    assert first["drawn"] != second["drawn"]
    assert (first["stream"], first["weights"]) == (second["stream"], second["weights"])


def test_ranks_on_unlike_machines_take_the_first_ones_measurements(two: list[dict[str, Any]]) -> None:
    """So their rules decide the same; what was not measured stays so."""
    expected = {"loss": 0.5, "k": 2.0, "proposed": None, "measured": {"norm_cap": 3.0}}
    assert [told["unlike"] for told in two] == [expected] * 2


def test_a_pause_is_told_to_the_others_and_any_rank_can_end_it(two: list[dict[str, Any]]) -> None:
    """A rank that hears WAIT does not take the first one for dead."""
    for told in two:
        found = told["paused"]
        assert found["waits"] >= 3
        assert (found["may"], found["stopped"], found["last"]) == ([True, False], True, True)


def test_two_ranks_play_the_story_of_one_process(two: list[dict[str, Any]], alone: dict[str, Any]) -> None:
    """Same rolls, orders, monsters and twins; the loss differs by rounding; all ranks hold the same weights to the bit."""
    first, second = (told["story"] for told in two)
    assert outline(first["story"]) == outline(alone["story"])
    assert first["value"] == pytest.approx(alone["value"], abs=1e-5)
    assert (first["end"], first["turn"]) == (second["end"], second["turn"])
    assert first["turn"] == 20


def test_a_save_of_two_ranks_opens_in_one_process_and_on_sharded_ranks(
    two: list[dict[str, Any]], sharded: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Weights, moments and streams are identical, and all play on to the same end."""
    one = ranks_at_work.alone(tmp_path, path=late(two[0]["story"]))
    many = [resumed(told) for told in sharded]
    assert [found["start"] for found in many] == [one["start"]] * len(sharded)
    assert len({found["end"] for found in many}) == 1
    assert outline(many[0]["story"]) == outline(one["story"]) == outline(two[0]["story"]["story"])
    assert many[0]["value"] == pytest.approx(two[0]["story"]["value"], abs=1e-5)
    assert one["value"] == pytest.approx(two[0]["story"]["value"], abs=1e-5)


def test_a_save_of_one_process_opens_on_two_ranks(two: list[dict[str, Any]], alone: dict[str, Any], tmp_path: Path) -> None:
    """The story tells that another kind of machine goes on, for `verify`."""
    one = ranks_at_work.alone(tmp_path, path=mine(alone))
    first, second = (resumed(told) for told in two)
    assert first["start"] == second["start"] == one["start"]
    assert outline(first["story"]) == outline(one["story"])
    moved = [json.loads(line) for line in first["story"] if '"MachineChanged"' in line]
    assert [event["machine"]["limits"] for event in moved] == [["WORLD_SIZE=2"]]
