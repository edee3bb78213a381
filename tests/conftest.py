"""Shared by all tests: one torch thread per worker, no user settings, no saves outside the test's own folder."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from shell import Answer

    from rolltrain_tui.config.schema import CampaignConfig


os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported; tests run side by side on few cores
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
hypothesis.settings.register_profile("house", deadline=None)  # no test asserts on wall-clock time
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and saves of the person running the tests are neither read nor written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("ROLLTRAIN_SAVES", str(home / "saves"))
    monkeypatch.setenv("ROLLTRAIN_CONFIG", str(home / "config"))
    return home


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the hard tests in their long form: minutes, not seconds")


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """`count(short, long)`: how often a hard test tries, by --long."""
    return lambda short, long: long if request.config.getoption("--long") else short


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """`tally(words)`: what a hard test has done, with its counts; told at the end of the session."""
    return lambda words: record_property("tally", words)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    lines = [words for report in reports for name, words in getattr(report, "user_properties", ()) if name == "tally"]
    if lines:
        terminalreporter.section("counts")
        for words in sorted(map(str, lines)):
            terminalreporter.line(words)


TINY = (
    "turns=12",
    "data.corpus=names",
    "model.n_layer=1",
    "model.n_head=2",
    "model.n_embd=16",
    "model.context=8",
    "batch.sequences=4",
    "schedule.warmup_turns=2",
    "encounters.chance=0.3",
    "camps.every=5",
    "evaluation={every: 4, sequences: 8, final_sequences: 16}",
    "twin={mode: off, turns: 3, sequences: 8}",
    "speech={every: 6, characters: 12, temperature: 1.0, top_k: null}",
    "save={autosave_every: 3, keep: 3}",
    "pace.turns_per_second=null",
    "device.threads=1",
)
CAMPAIGNS = Path(__file__).parent.parent / "campaigns"


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., "CampaignConfig"]:
    """A campaign of a dozen turns on a model of a few thousand weights; arguments are further `path=value` overrides."""
    from rolltrain_tui.config.campaign_file import load

    return lambda *overrides: load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *overrides))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., "Answer"]:
    """`rolltrain` with these words, as the shell would start it."""

    from shell import Answer

    from rolltrain_tui.cli.main import main

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["rolltrain", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Answer(int(str(left.value.code)), said.out, said.err)

    return run
