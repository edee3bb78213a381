"""What a verb does where its output cannot be written."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import warm

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file

FULL = Path("/dev/full")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")]


@pytest.fixture
def campaign(tmp_path: Path, tiny_config: Callable[..., CampaignConfig]) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(campaign_file.dump(tiny_config("turns=3")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        ("train CAMPAIGN --plain", ""),
        ("train CAMPAIGN --plain", "1"),
        ("train CAMPAIGN --json", ""),
        ("train CAMPAIGN --json", "1"),
        ("ghost CAMPAIGN", ""),
        ("codex rage", ""),
        ("codex rage", "1"),
        ("schema", ""),
        ("saves list --json", ""),
        ("dungeon --watch guide", ""),
        ("duel --against first --plain", "1"),
    ],
)
def test_an_output_that_cannot_be_written_is_told(campaign: Path, words: str, unbuffered: str) -> None:
    """Every verb whose output is lost says why on stderr, once, and ends with 1."""
    arguments = [str(campaign) if word == "CAMPAIGN" else word for word in words.split()]
    with FULL.open("w") as full:
        done = (warm if words.startswith(("train", "ghost", "d")) else subprocess).run(
            [sys.executable, "-m", "rolltrain_tui", *arguments],
            stdout=full,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert 1 == done.returncode
    assert 1 == done.stderr.count("No space left on device"), done.stderr
    assert "written" in done.stderr
    assert "traceback" not in done.stderr.lower()


def test_a_reader_that_has_gone_is_no_failure() -> None:
    """A closed pipe is silent, as with every other program."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "rolltrain_tui", "schema"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert "" == done.stderr


def test_a_run_that_diverged_fails(campaign: Path, tmp_path: Path) -> None:
    """A final loss that is no number: exit code 1, a sentence on stderr, and null in the JSON, also for the last training loss."""
    settings = [
        "optimizer.learning_rate=1e30",
        "optimizer.clip=null",
        "optimizer.name=sgd",
        "turns=8",
        "dice.rulebook=off",
        "schedule.warmup_turns=0",
    ]
    words = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "rolltrain_tui", "train", str(campaign), *words, "--out", str(tmp_path / "runs"), "--json"]
    done = warm.run(command, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert (1, None, None) == (done.returncode, found["value"], found["train_loss"])
    assert "its final validation loss is not a finite number" in done.stderr
