"""Shared by all tests: one torch thread per worker, no user settings, no saves outside the test's own folder."""

import gc
import os
import re
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from functools import cache
from itertools import count as count_from
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import hypothesis
import pytest

pytest.register_assert_rewrite("support")
from support.paths import CAMPAIGNS, TINY  # noqa: E402 (rewritten first)

if TYPE_CHECKING:
    from support.shell import Answer

    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.modes.text.corpora.corpus import Corpus
    from rolltrain_tui.modes.text.learner import TextLearner


WHOLLY_SLOW = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)
LARGE = re.compile(r"transformers|lightning|finetuning")
T = TypeVar("T")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported; tests run side by side on few cores
os.environ.setdefault("GOMP_SPINCOUNT", "50000")  # as the game has it: threads that wait for one another leave a busy machine to others
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.pop("PYTHONUNBUFFERED", None)  # a Python that has it loses the rest of a long write which a stop has interrupted
PATIENT = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}  # no test asserts on wall-clock time
hypothesis.settings.register_profile("house", max_examples=30, **PATIENT)
hypothesis.settings.register_profile("long", max_examples=300, **PATIENT)
hypothesis.settings.load_profile("house")
gc.set_threshold(50_000, 20, 100)  # imports and tests make objects by the hundred thousand, most of which stay


@pytest.fixture(scope="session", autouse=True)
def _quicker() -> None:
    """What takes time here and proves nothing: texts parsed again and again, waiting for a run that trains, waiting for the disk."""
    from support.at_rest import wait_for_idle
    from support.parsed_once import parse_once
    from textual import app, pilot

    parse_once()
    pilot.Pilot._wait_for_screen.__defaults__ = (None,)  # for the screen's messages, not 30 seconds: a busy machine may stand still longer
    app.wait_for_idle = pilot.wait_for_idle = wait_for_idle  # type: ignore[attr-defined]
    os.fsync = lambda fd: None  # type: ignore[assignment]  # files outlive a process without it, and no test cuts the power


@pytest.fixture(scope="session", autouse=True)
def _lasting() -> None:
    """What the game tells for seconds stays until the test has looked at it: a busy machine is late for that."""
    from support.patience import PATIENCE
    from textual.app import App

    from rolltrain_tui.tui.widgets import notice

    tell = App.notify
    App.notify = lambda app, words, **how: tell(app, words, **(how | {"timeout": PATIENCE}))  # type: ignore[assignment, method-assign]
    notice.SECONDS, notice.BEFORE_A_HINT = PATIENCE, PATIENCE - 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test of all, a type check without a cache, comes first: at the end the other workers would wait for it.

    Tests with libraries that take seconds to load follow: a worker begins with its own share of the list, so one loads them for all.
    """

    @cache
    def large(module: Path) -> bool:
        return LARGE.search(module.read_text(encoding="utf-8")) is not None

    items.sort(key=lambda item: (item.name != "test_types", not large(item.path)))


def pytest_collection_finish() -> None:
    """What the imports have made stays; no later collection of garbage looks at it again."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Garbage is collected once at the end, where pytest would look through all objects five times."""
    gc.collect()
    gc.freeze()


_modules = 0


@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish() -> None:
    """A library that a test has loaded stays as well."""
    global _modules
    if len(sys.modules) > _modules + 100:
        _modules = len(sys.modules)
        gc.collect()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """A test that fails leaves its run training; it stops before the test's folders and patches are gone."""
    if threading.active_count() > 1 and "rolltrain_tui.tui.threads.bridge" in sys.modules:
        from support.left_running import stop_runs

        stop_runs()


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder each time, not made yet."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in count_from(0))


@pytest.fixture(autouse=True)
def _own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and saves of the person running the tests are neither read nor written."""
    home = next(_homes)
    monkeypatch.setenv("ROLLTRAIN_SAVES", str(home / "saves"))
    monkeypatch.setenv("ROLLTRAIN_CONFIG", str(home / "config"))
    return home


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the hard tests in their long form: minutes, not seconds")
    parser.addoption("--golden", metavar="DIR", help="another folder of a mode's reference files; those that are missing are skipped")
    parser.addoption("--regenerate", action="store_true", help="write the golden files of playthroughs and screens anew")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        hypothesis.settings.load_profile("long")
        os.environ["ROLLTRAIN_COLD_STARTS"] = "1"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A module that is slow as a whole is not even imported by the fast tests: some load a library for seconds."""
    if config.getoption("markexpr") != "not slow" or collection_path.suffix != ".py":
        return None
    return True if WHOLLY_SLOW.search(collection_path.read_text(encoding="utf-8")) else None


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """One worker more than there are cores: a part of the time goes into waiting for screens and processes. Fast tests seldom wait."""
    cores = yield
    waiting = config.getoption("markexpr") != "not slow" and "PYTEST_XDIST_AUTO_NUM_WORKERS" not in os.environ
    return cores + waiting


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)`: the file holds this text, line by line; with --regenerate it is written."""

    def compare(path: Path, text: str) -> None:
        lines = [line.rstrip() for line in text.splitlines()]
        if request.config.getoption("--regenerate"):
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8").splitlines() == lines, f"If the change is meant: pytest --regenerate {request.node.nodeid}"

    return compare


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


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., "CampaignConfig"]:
    """A campaign of a dozen turns on a model of a few thousand weights; arguments are further `path=value` overrides."""
    from rolltrain_tui.modes.campaign_file import load

    return cache(lambda *overrides: load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *overrides)))  # reading YAML takes as long as many turns


@pytest.fixture(scope="session")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], object]:
    made: dict[str, object] = {}

    def get(name: str, make: Callable[[Path], object]) -> object:
        if name not in made:
            made[name] = make(tmp_path_factory.mktemp("once"))
        return made[name]

    return get


@pytest.fixture
def once(_kept: Callable[[str, Callable[[Path], T]], T], request: pytest.FixtureRequest) -> Callable[[str, Callable[[Path], T]], T]:
    """`once(name, make)`: what `make(folder)` gives, made by the first test of a module that asks. Nobody changes it."""
    return lambda name, make: _kept(f"{request.path}: {name}", make)


@pytest.fixture
def small_corpus() -> "Corpus":
    """A thousand characters of one sentence, over and over."""
    from support.texts import sentence

    return sentence()


@pytest.fixture
def make_learner(small_corpus: "Corpus", tiny_config: Callable[..., "CampaignConfig"]) -> Callable[..., "TextLearner"]:
    """A learner on the small corpus; arguments are `path=value` overrides of the tiny campaign."""
    from rolltrain_tui.modes.text.learner import TextLearner

    return lambda *overrides: TextLearner(tiny_config(*overrides), small_corpus)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., "Answer"]:
    """`rolltrain` with these words, as the shell would start it."""

    from support.shell import Answer

    from rolltrain_tui.cli.main import main

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["rolltrain", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Answer(int(str(left.value.code)), said.out, said.err)

    return run
