"""The screen on the first of two ranks, in a real terminal; the other rank is seen to play along and to say nothing."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import ranks, warm
from support.late import Late
from support.paths import ROOT, TINY
from support.patience import PATIENCE
from support.shell import Answer

if sys.platform == "win32":
    pytest.skip("pseudo-terminals need a POSIX system", allow_module_level=True)

from support.terminal import STORY, Terminal

pytestmark = pytest.mark.slow
cli_ranks = Late("rolltrain_tui.cli.shared.ranks")
Job = tuple[Terminal, "subprocess.Popen[str]"]


def words(*more: str) -> list[str]:
    settings = (*TINY, "turns=1000", "pace.turns_per_second=20", "hero.hero_class=barbarian", *more)
    return [sys.executable, "-m", "rolltrain_tui", "play", "tiny_gpt", *(word for setting in settings for word in ("--set", setting))]


def piped(rank: int, port: int, command: list[str], **environment: str) -> "subprocess.Popen[str]":
    """One of the ranks, without a terminal."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return warm.Popen(command, env={**ranks.environment(rank, 2, port), **environment}, cwd=ROOT, text=True, **pipes)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """Two ranks that have played at least one turn."""
    port, command = ranks.free_port(), [*words(), "--no-cards", "--out", str(tmp_path)]
    screen = Terminal(command, folder=ROOT, controlling=False, **ranks.environment(0, 2, port))
    other = piped(1, port, command, TMPDIR=str(tmp_path))  # a rank that is killed leaves its log there
    screen.see(STORY)
    yield screen, other
    screen.close()
    other.kill()
    other.communicate()


def story(folder: Path) -> str:
    return next(folder.glob("*/chronicle.jsonl")).read_text()


def test_the_others_follow_the_first_rank_s_keys_and_leave_with_it(job: Job, tmp_path: Path) -> None:
    """An order acts, the window's new size is seen, and a run that was left to the title goes on, on all ranks; the others say nothing."""
    screen, other = job
    screen.send(b"1")
    screen.until(lambda: '"AbilityUsed"' in story(tmp_path))
    screen.send(b" ")
    screen.see("paused")
    assert "Tab next" not in screen.shown
    screen.resize(24, 80)  # no signal comes with it, as under torchrun, which starts each rank in a session of its own
    screen.see("Tab next")
    screen.send(b"q")
    screen.see("Leave the expedition?")
    screen.send(b"t")
    screen.see(re.compile(r"Barbarian \d+ · The Tiny GPT"))
    turns = story(tmp_path).count('"StepTaken"')
    screen.send(b"\r")
    screen.until(lambda: story(tmp_path).count('"StepTaken"') > turns + 3)
    screen.send(b"\x11")
    assert screen.wait() == 0
    assert b"Go on: rolltrain play" in screen.output
    assert (other.communicate(timeout=PATIENCE), other.returncode) == (("", ""), 0)
    assert "WORLD_SIZE=2" in story(tmp_path)


def test_a_rank_that_dies_is_told_on_the_screen(job: Job) -> None:
    """In a sentence, with what to do; the exit code tells of it too."""
    screen, other = job
    os.kill(other.pid, signal.SIGKILL)
    screen.see("The training stopped")
    screen.send(b"\x11")
    assert screen.wait() == 1
    assert b"has lost the others" in screen.output.rpartition(b"1049l")[2]


def test_without_a_terminal_no_rank_begins(tmp_path: Path) -> None:
    """The first one says why, and what plays the same game; all end with 2."""
    command, port = [*words(), "--out", str(tmp_path)], ranks.free_port()
    answers = ranks.finish([piped(rank, port, command) for rank in range(2)])
    assert [answer.code for answer in answers] == [2, 2]
    assert "standard input is not a terminal" in answers[0].err
    assert "torchrun --nproc-per-node 2 -m rolltrain_tui train tiny_gpt" in answers[0].err
    assert (answers[1].out, answers[1].err) == ("", "")
    assert not list(tmp_path.iterdir())


def test_a_command_line_is_written_alike_by_every_process() -> None:
    """Ranks compare what was asked of each; sets of words have no order of their own."""
    both = [
        cli_ranks.in_text({"hidden": frozenset(order), "steps": None})
        for order in (("ghost", "floor", "verdict"), ("verdict", "floor", "ghost"))
    ]
    assert both == [{"hidden": "['floor', 'ghost', 'verdict']", "steps": "None"}] * 2


@pytest.mark.parametrize("line", [["train"], ["train", "x", "--stps", "3"], ["check", "x"], ["--help"]])
@pytest.mark.parametrize("place", [0, 1])
def test_of_the_ranks_on_a_machine_one_speaks(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, line: list[str], place: int
) -> None:
    """Of a wrong command line, and of help; all of them end with the same code."""
    for name, value in {"RANK": place, "LOCAL_RANK": place, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    answer = call(*line)
    assert answer.code == (0 if line == ["--help"] else 2)
    assert bool(answer.out or answer.err) == (place == 0)


@pytest.mark.parametrize("verb", ["play", "train"])
@pytest.mark.parametrize("place", [0, 1])
def test_the_first_rank_says_that_it_waits_before_torch_is_loaded(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, verb: str, place: int
) -> None:
    """The others are silent. What loads torch is not there in this test, so that whatever is said comes before it."""
    for name, value in {"RANK": place, "LOCAL_RANK": place, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setitem(sys.modules, "rolltrain_tui.cli.shared.ranks", None)
    answer = call(verb, "tutorial")
    assert answer.code == 1
    assert answer.err.startswith("2 ranks gather;") == (place == 0)
