"""`rolltrain watch --plain`: the story so far and what follows, in sentences; and what is wrong with a name."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.shell import Answer

from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import follow
from rolltrain_tui.runs.log.event_log import Chronicle

Call = Callable[..., Answer]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of 12 turns that came to its end."""
    monkeypatch.setattr(follow, "SILENT_SECONDS", -1.0)
    folder = tmp_path / "saves" / "the-run"
    folder.mkdir(parents=True)
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in FakeExpedition(folder, fake_config("turns=12")).play(Inbox()):
            if event.in_story:
                chronicle.append(event)
    return folder


@pytest.mark.parametrize("named", [("the-run",), ()], ids=["by its name", "the newest"])
def test_a_finished_run_is_told_to_its_end(call: Call, run: Path, named: tuple[str, ...]) -> None:
    """Every turn has its line, and the last word says that it is over."""
    answer = call("watch", *named, "--plain", "--runs", run.parent)
    assert answer.code == 0
    assert [line.split()[0] for line in answer.out.splitlines() if "  d20 " in line] == [str(turn) for turn in range(1, 13)]
    assert "The run is over after turn 12." in answer.err


def test_a_run_that_nobody_plays_is_said_to_stand_still(call: Call, run: Path) -> None:
    """Its process was killed: what there is is told, then the sentence, and the code says that it did not end."""
    lines = (run / "chronicle.jsonl").read_text().splitlines(keepends=True)
    (run / "chronicle.jsonl").write_text("".join(lines[:20]))
    answer = call("watch", run, "--plain")
    assert answer.code == 1
    assert "nobody plays it, and it did not end. There is no save of it." in answer.err


@pytest.mark.parametrize(("words", "sentence"), [(("nosuch",), "there is no run"), ((), "there is no run in")])
def test_what_cannot_be_watched_is_named(call: Call, tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    """An unknown name, and a folder without runs."""
    answer = call("watch", *words, "--plain", "--runs", tmp_path)
    assert answer.code == 2
    assert sentence in answer.err
