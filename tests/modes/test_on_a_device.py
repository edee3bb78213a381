"""Each kind of training on a device that is not the CPU, with all that a hero can do to it. The device is a pretended one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FEW = ("evaluation.every=12", "evaluation.sequences=6", "evaluation.final_sequences=6", "twin.turns=4", "twin.sequences=6")
SMALL_TEXT = (
    "model.n_layer=1",
    "model.n_embd=16",
    "model.n_head=2",
    "model.context=8",
    "schedule.warmup_turns=4",
    "batch.sequences=4",
    "model.dropout=0.1",
    *FEW,
)
SMALL_DUEL = ("table.games=8", "table.initial=64", "batch.transitions=16", "game.limit=8", *FEW)
SMALL_DUNGEON = ("world.limit=8", "play.games=8", "play.moves=8", "batch.moves=16", "twin.mode=off", *FEW)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("campaign", "hero_class", "settings"),
    [("tutorial", "paladin", SMALL_TEXT), ("duel_first", "cleric", SMALL_DUEL), ("dungeon_first", "wizard", SMALL_DUNGEON)],
)
def test_a_campaign_is_played_on_a_device(campaign: str, hero_class: str, settings: tuple[str, ...], tmp_path: Path) -> None:
    """No operation mixes it with the CPU or asks it for float64, saves open again, and its first turns are those of the CPU."""
    done = subprocess.run(
        [sys.executable, "-m", "support.on_a_device", campaign, hero_class, str(tmp_path), *settings],
        capture_output=True,
        text=True,
        cwd=TESTS,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS))), "ROLLTRAIN_SAVES": str(tmp_path / "saves")},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found["there"]) == len(found["here"]) == 24
    assert found["there"][:3] == pytest.approx(found["here"][:3], rel=1e-4)
    assert sum(found["taken"].values()) > 1000
