"""The Hugging Face and Lightning callbacks on two ranks, with all weights on each (DDP) and with shards (FSDP2)."""

import json
from pathlib import Path
from typing import Any

import pytest
from support import ranks

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def long(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("loads two large libraries on two ranks, four times: --long")


@pytest.mark.parametrize("kind", ["whole", "sharded"])
@pytest.mark.parametrize("library", ["lightning", "huggingface"])
def test_a_trainer_of_other_people_plays_one_game_on_its_ranks(library: str, kind: str, tmp_path: Path) -> None:
    """Equal weights and rolls, k felt as asked, one rank's NaN skipped by all, one voice; the checkpoint's game goes on."""
    pytest.importorskip({"huggingface": "transformers"}.get(library, library))
    answers = ranks.run(2, "-m", "support.callbacks_at_work", str(tmp_path), library, kind, more={"TORCHELASTIC_RUN_ID": "test"})
    assert [answer.code for answer in answers] == [0, 0], answers[0].err[-3000:] + answers[1].err[-3000:]
    first, second = (json.loads(answer.out.strip().splitlines()[-1]) for answer in answers)
    for mine, theirs in zip(first, second, strict=True):
        assert (mine["k"], mine["weights"]) == (theirs["k"], theirs["weights"])
        assert mine["sharded"] == theirs["sharded"] == (kind == "sharded")
        assert theirs["sentences"] == 0 < mine["sentences"]
        k: list[Any] = [row for row in mine["k"] if row[3]]
        assert all(felt == pytest.approx(asked, abs=1e-5) for _, asked, felt, _ in k if felt is not None)
    assert [turn for turn, _, _, finite in first[0]["k"] if not finite] == [7]
    assert [turn for turn, *_ in first[0]["k"]] == list(range(1, 13))
    assert len(list(tmp_path.glob("rolltrain/chronicle.jsonl"))) == 1
    if len(first) > 1:
        assert [turn for turn, *_ in first[1]["k"]] == [13, 14]
