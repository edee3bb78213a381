"""What takes minutes: two hundred turns on one, two and four ranks, twenty killed ranks, and a pause longer than a rank's patience."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from support import ranks
from support.outlines import outline
from support.paths import ROOT, TINY

pytestmark = pytest.mark.slow
ROLL = re.compile(r"^(\d+)  d20", re.MULTILINE)


@pytest.fixture(autouse=True)
def long(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("minutes: --long")


def settings(*more: str) -> list[str]:
    return [word for setting in (*TINY, *more) for word in ("--set", setting)]


def train(*more: str) -> list[str]:
    return ["-m", "rolltrain_tui", "train", "tiny_gpt", *settings(*more)]


HERO = ("turns=200", "batch.sequences=10", "twin.mode=on_use", "hero.hero_class=barbarian", "evaluation.every=20", "camps.every=50")


def test_two_hundred_turns_are_one_story_on_one_two_and_four_ranks(tmp_path: Path, tally: Callable[[str], None]) -> None:
    """With all weights on each rank and with shards; monsters come, orders are given; final losses are within 1e-5."""
    script = tmp_path / "moves.jsonl"
    moves = [{"turn": turn, "command": {"type": "UseAbility", "ability": "rage", "option": ""}} for turn in (5, 60, 120)]
    script.write_text("".join(json.dumps(move) + "\n" for move in moves))
    told = {}
    for size, shards in ((1, False), (2, False), (4, False), (2, True), (4, True)):
        out = tmp_path / f"{size}{shards}"
        words = [*train(*HERO), "--script", str(script), "--json", "--out", str(out), *(["--shard-weights"] if shards else [])]
        answers = ranks.run(size, *words)
        assert [answer.code for answer in answers] == [0] * size, answers[0].err
        story = (next(out.glob("*/chronicle.jsonl"))).read_text().splitlines()
        told[size, shards] = json.loads(answers[0].out)["value"], outline(story)
    value, story = told[1, False]
    assert any(row[0] == "MonsterAppeared" for row in story)
    for name, (other, others_story) in told.items():
        assert others_story == story, name
        assert other == pytest.approx(value, abs=1e-5), name
    tally(f"final losses of 200 turns by (ranks, shards): { {name: value for name, (value, _) in told.items()} }")


def agent(folder: Path, size: int, restarts: int, *words: str) -> "subprocess.Popen[str]":
    """torchrun itself, whose ranks tell the plain story into `folder`/log."""
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={size}", f"--max-restarts={restarts}"]
    command += [f"--master-port={ranks.free_port()}", *words, "--plain", "--json", "--out", str(folder / "runs")]
    told = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    own = {name: value for name, value in ranks.environment(0, size, 1).items() if name not in told}
    with (folder / "log").open("w") as log:
        return subprocess.Popen(command, env=own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)


def worker(job: "subprocess.Popen[str]", rank: int) -> int | None:
    """The process of this rank, if it runs."""
    for children in Path(f"/proc/{job.pid}/task").glob("*/children"):
        for pid in children.read_text().split():
            with suppress(OSError):  # a child that has just ended
                if f"\0RANK={rank}\0" in Path(f"/proc/{pid}/environ").read_text():
                    return int(pid)
    return None


def turns_told(folder: Path) -> Iterator[int]:
    yield from map(int, ROLL.findall((folder / "log").read_text(errors="replace")))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_a_job_goes_on_after_each_of_twenty_killed_ranks(tmp_path: Path, tally: Callable[[str], None]) -> None:
    """At random turns; at most one autosave is lost each time, and the end is that of a job that nobody has disturbed."""
    kills, chance = 20, random.Random(1)
    job_words = train(f"turns={30 * kills}", "save.autosave_every=10", "pace.turns_per_second=40", "evaluation.every=50")
    job = agent(tmp_path, 2, kills + 3, *job_words)
    for kill in range(kills):
        at = 30 * kill + chance.randint(1, 15)  # after the ranks of the kill before have come back
        while max(turns_told(tmp_path), default=0) < at:
            assert job.poll() is None, (tmp_path / "log").read_text()[-3000:]
            time.sleep(0.02)
        rank = chance.randrange(2)
        while (pid := worker(job, rank)) is None:
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
    result = json.loads(job.communicate(timeout=600)[0])
    assert job.returncode == 0
    alone = ranks.run(2, *job_words, "--json", "--out", str(tmp_path / "undisturbed"))
    assert result["weights_sha256"] == json.loads(alone[0].out)["weights_sha256"]
    told = list(turns_told(tmp_path))
    lost = [before + 1 - turn for before, turn in pairwise(told) if turn <= before]  # where the story goes back
    assert 0 < len(lost) <= kills  # a rank that was killed right after a save costs no turn
    assert max(lost) <= 10
    tally(f"{kills} killed ranks: the job went on each time, {max(lost)} turns lost at most, the same weights at the end")


def test_a_pause_of_twice_the_ranks_patience_ends_no_job(tmp_path: Path, tally: Callable[[str], None]) -> None:
    """The player is away for 30 seconds, where a silent rank is given up after 15."""
    more = {"ROLLTRAIN_RANKS_TIMEOUT": "15"}
    first, second = ranks.start(2, [[*train(), "--plain", "--out", str(tmp_path)]], more, talk=True)
    assert first.stdin is not None
    first.stdin.write("pause\n")
    first.stdin.flush()
    time.sleep(30)
    assert (first.poll(), second.poll()) == (None, None)
    first.stdin.write("go\n")
    first.stdin.flush()
    answers = ranks.finish([first, second])
    assert [answer.code for answer in answers] == [0, 0], answers[0].err
    assert "Paused." in answers[0].out
    assert "Played to the end after 12 turns" in answers[0].out
    tally("a pause of 30 s under a patience of 15 s: the job lives")


def test_a_signal_to_any_rank_ends_all_with_a_save(tmp_path: Path) -> None:
    """All finish their turn; the first one saves; the exit code is the same on all."""
    job = ranks.start(2, [[*train("turns=100000", "pace.turns_per_second=50"), "--plain", "--out", str(tmp_path)]])
    while not list(tmp_path.glob("*/saves/turn-000003")):
        assert job[0].poll() is None
        time.sleep(0.05)
    job[1].send_signal(signal.SIGTERM)
    answers = ranks.finish(job)
    assert [answer.code for answer in answers] == [128 + signal.SIGTERM] * 2, answers
    assert "Saved (quit)" in answers[0].out
