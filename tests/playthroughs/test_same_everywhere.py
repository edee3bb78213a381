"""One campaign, one seed, the same commands: game, plain story and headless run end with the same weights and the same story."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch

pytestmark = pytest.mark.slow

CAMPAIGN = CAMPAIGNS / "tutorial.yaml"
SETTINGS = (
    "turns=30",
    "schedule.warmup_turns=3",
    "model.n_layer=1",
    "model.n_embd=16",
    "encounters.chance=0.2",
    "evaluation={every: 10, sequences: 16, final_sequences: 32}",
    "camps.every=25",
    "pace={turns_per_second: null, pause_on: [encounter]}",
    "device.threads=1",
)
MOVES = ((4, UseAbility("rage")), (20, UseAbility("reckless_attack")))
SETS = [word for setting in SETTINGS for word in ("--set", setting)]


def fingerprint(runs: Path) -> tuple[str, str]:
    """Hashes of the last save's weights, moments and streams, and of the story, of the only run in `runs`."""
    [run] = saves.list_runs(runs)
    weights = run.folder / "saves" / "turn-000030" / "weights.safetensors"
    return hashlib.sha256(weights.read_bytes()).hexdigest(), story_sha256(run.folder / "chronicle.jsonl")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "moves.jsonl"
    lines = [json.dumps({"turn": turn, "command": {"type": "UseAbility", "ability": move.ability}}) for turn, move in MOVES]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def headless(script: Path, call: Callable[..., Answer], once: Callable[[str, Callable[[Path], Path]], Path]) -> Path:
    """The folder of the headless run."""

    def trained(runs: Path) -> Path:
        assert call("train", CAMPAIGN, *SETS, "--script", script, "--json", "--out", runs).code == 0
        return runs

    return once("headless", trained)


async def test_same_everywhere(tmp_path: Path, headless: Path, script: Path, call: Callable[..., Answer]) -> None:
    """Neither the screen, nor its pauses, nor the words on a pipe can change a run."""
    assert call("train", CAMPAIGN, *SETS, "--script", script, "--plain", "--out", tmp_path / "plain").code == 0
    app = RolltrainApp(
        Launch(campaign=CAMPAIGN, overrides=("hero.name=Brakka", *SETTINGS), runs=tmp_path / "tui", moves=MOVES, explain=False)
    )
    async with app.run_test(size=(80, 24)) as pilot:
        while app.bridge is None or app.bridge.playing:
            await pilot.pause(0.02)
            if app.bridge is not None and app.bridge.inbox.paused:
                app.bridge.inbox.resume()  # the encounters of pause_on
    assert fingerprint(headless) == fingerprint(tmp_path / "plain")
    assert fingerprint(headless) == fingerprint(tmp_path / "tui")


def test_a_chronicle_is_a_script(tmp_path: Path, headless: Path, call: Callable[..., Answer]) -> None:
    """A run's own chronicle, played as a script, gives the run again."""
    [run] = saves.list_runs(headless)
    assert call("train", CAMPAIGN, *SETS, "--script", run.folder / "chronicle.jsonl", "--json", "--out", tmp_path / "second").code == 0
    assert fingerprint(headless) == fingerprint(tmp_path / "second")
