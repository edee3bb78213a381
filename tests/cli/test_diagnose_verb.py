"""`rolltrain diagnose`: what ails a saved run, without touching it."""

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.cli.diagnose import check_up, histogram
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.events import Examined, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS
from rolltrain_tui.runs.run import Run

Configure = Callable[..., CampaignConfig]
EXAMINED = [name for name in SIGNALS.everywhere if name != STEP_EXCESS]
"""Scouts measure the other one, and a small campaign sends none."""


def saved_run(config: CampaignConfig, runs: Path, stop_after: int = 8) -> Run:
    expedition = Run.begin(config, base=CAMPAIGNS, runs=runs)
    inbox = Inbox()
    for event in expedition.play(inbox):
        if isinstance(event, StepTaken) and event.turn == stop_after:
            inbox.stop()
    return expedition


def contents(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_every_signal_and_layer_is_told(tiny_config: Configure, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """The table has a line for each signal with its verdict, and one for each layer with its histogram."""
    run = saved_run(tiny_config(), tmp_path).folder
    answer = call("diagnose", run)
    assert (0, "Examining the model; the signals follow.\n") == (answer.code, answer.err)
    lines = answer.out.splitlines()
    assert lines[0].startswith("The Tiny GPT, turn 8 of 12: validation loss ")
    for signal in (SIGNALS[name] for name in EXAMINED):
        (line,) = (line for line in lines if line.startswith(signal.title + "  ") and ":" not in line)
        assert line.endswith(("healthy", "SICK", "not known"))
    layers = [line for line in lines if line.endswith("|") and line.count("|") == 2]
    assert ["tokens", "positions", "block 1 attention", "block 1 MLP", "last norm"] == [line[:19].strip() for line in layers]
    assert max(map(len, lines)) <= 200


def test_a_sick_signal_comes_with_advice(tiny_config: Configure, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """At a learning rate that moves nothing the update is called sick, and what a practitioner would do stands below."""
    run = saved_run(tiny_config("optimizer.learning_rate=1e-9"), tmp_path).folder
    out = call("diagnose", run).out
    lines = [line for line in out.splitlines() if line.startswith(SIGNALS["update_ratio"].title)]
    assert lines[0].endswith("SICK")
    assert SIGNALS["update_ratio"].advice in out


def test_json_is_one_strict_object(tiny_config: Configure, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """With --json stdout is one object that holds the same findings; what is not known is null."""
    run = saved_run(tiny_config(), tmp_path).folder
    found = json.loads(call("diagnose", run, "--json").out, parse_constant=pytest.fail)
    expected = check_up(run)
    assert EXAMINED == [reading["signal"] for reading in found["readings"]]
    assert [None if math.isnan(r.value) else r.value for r in expected.readings] == [r["value"] for r in found["readings"]]
    assert [layer.name for layer in expected.layers] == [layer["name"] for layer in found["layers"]]
    assert (8, 12, expected.value) == (found["turn"], found["turns"], found["value"])


def test_it_finds_what_the_campaign_found(tiny_config: Configure, tmp_path: Path) -> None:
    """Of a save made at an evaluation, the signals and layers are those that the campaign's own examination told."""
    expedition = saved_run(tiny_config(), tmp_path)
    told = [event for event in expedition.story if isinstance(event, Examined) and event.turn == 8][-1]
    found = check_up(expedition.folder)
    examined = {reading.signal: repr(reading) for reading in told.readings}
    assert examined == {reading.signal: repr(reading) for reading in found.readings}
    assert repr(told.layers) == repr(found.layers)


@pytest.mark.slow
def test_the_run_is_left_as_it_is(tiny_config: Configure, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """No file of the run is written, made or removed, not even when an older save is looked at."""
    run = saved_run(tiny_config(), tmp_path).folder
    before = contents(tmp_path)
    for save in (run, *(run / "saves").iterdir()):
        if save.is_dir():
            assert call("diagnose", save).code == 0
    assert before == contents(tmp_path)


def test_a_run_that_is_not_examined_can_be_diagnosed(tiny_config: Configure, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """Where the campaign says examine: false, what looks back is not known, and the rest is told."""
    run = saved_run(tiny_config("diagnosis.examine=false"), tmp_path).folder
    values = {reading["signal"]: reading["value"] for reading in json.loads(call("diagnose", run, "--json").out)["readings"]}
    assert (None, None) == (values["temperature"], values["update_ratio"])
    assert values["gap"] is not None


def test_what_cannot_be_opened_is_a_sentence(tmp_path: Path, call: Callable[..., Answer]) -> None:
    """A name that is no save, and a folder that is none, end with exit code 2 and say what is wrong."""
    for name in ("nowhere", tmp_path):
        answer = call("diagnose", name)
        assert (2, "") == (answer.code, answer.out)
        assert answer.err.strip()


def test_bars_show_what_is_there() -> None:
    """The fullest bin is a whole block, a bin with one entry still shows, an empty one does not."""
    assert " ▁█▄" == histogram((0, 1, 1000, 500))
    assert "  " == histogram((0, 0))
