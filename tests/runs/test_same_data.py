"""A saved run goes on with the text that it was trained on, and with no other."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.shell import Answer

from rolltrain_tui.cli.diagnose import check_up
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.branching import branch_at
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.same_data import DataChangedError
from rolltrain_tui.runs.saves import slots
from rolltrain_tui.runs.verification.reexecution import from_save, from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification

Configure = Callable[..., CampaignConfig]

LINES = [f"line {number}" for number in range(300)]
SETTINGS = ("data.corpus=file", "data.path=mine.txt", "save.autosave_every=2", "save.keep=10", "encounters.mode=off")
OPENERS: dict[str, Callable[[Path], object]] = {
    "resume": Run.resume,
    "resume with other settings": lambda run: Run.resume(run, ("optimizer.learning_rate=1e-4",)),
    "verify": from_the_beginning,
    "verify a save": lambda run: from_save(slots.newest_first(run)[0][0]),
    "branch from a save": lambda run: branch_at(run, 3),
    "branch from the beginning": lambda run: branch_at(run, 1),
    "diagnose": check_up,
}
CHANGES: dict[str, Callable[[list[str]], str]] = {
    "the same lines in another order": lambda lines: "\n".join(reversed(lines)),
    "one more line": lambda lines: "\n".join([*lines, lines[0]]),
    "a new character": lambda lines: "\n".join([*lines[:-1], "end ☃"]),
    "one character of the validation part": lambda lines: "\n".join([*lines[:-1], "line 298"]),
}


@pytest.fixture
def run(tiny_config: Configure, once: Callable[[str, Callable[[Path], Path]], Path]) -> Iterator[Path]:
    """A run that was stopped after turn 4, on a text of the player's, which it finds at the same place in each test."""

    def begun(folder: Path) -> Path:
        (folder / "mine.txt").write_text("\n".join(LINES), encoding="utf-8")
        run = Run.begin(tiny_config(*SETTINGS), base=folder, runs=folder / "runs")
        inbox = Inbox()
        for event in run.play(inbox):
            if isinstance(event, StepTaken) and event.turn == 4:
                inbox.stop()
        shutil.copytree(folder, folder.with_name(f"{folder.name} kept"))
        return run.folder

    made = once("run", begun)
    yield made
    home = made.parents[1]
    shutil.rmtree(home)
    shutil.copytree(home.with_name(f"{home.name} kept"), home)


@pytest.fixture
def home(run: Path) -> Path:
    """The folder of the text and of the runs."""
    return run.parents[1]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("opener", OPENERS)
def test_a_changed_text_is_refused_by_name(run: Path, home: Path, opener: str, change: str) -> None:
    """Whatever opens a saved run refuses another text: the message names the file, since when, and what to do. No folder is left behind."""
    (home / "mine.txt").write_text(CHANGES[change](LINES), encoding="utf-8")
    before = sorted((home / "runs").iterdir())
    with pytest.raises(
        DataChangedError, match=r"mine\.txt is no longer what this run learned from up to turn [024]\. Restore the file, or begin a new run"
    ):
        OPENERS[opener](run)
    assert before == sorted((home / "runs").iterdir())


@pytest.mark.parametrize("opener", OPENERS)
def test_the_same_text_is_never_refused(run: Path, home: Path, opener: str) -> None:
    """The text counts, not its file: other line ends, a byte order mark and a new date change nothing."""
    (home / "mine.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(LINES).encode())
    OPENERS[opener](run)


def test_a_text_may_move(run: Path, home: Path) -> None:
    """Settings may name another file with the same text, and no file with another text."""
    (home / "mine.txt").rename(home / "moved.txt")
    Run.resume(run, ("data.path=moved.txt",))
    (home / "other.txt").write_text("\n".join(reversed(LINES)), encoding="utf-8")
    with pytest.raises(DataChangedError, match=r"other\.txt is another text than the run had learned from up to turn 4"):
        Run.resume(run, ("data.path=other.txt",))
    with pytest.raises(DataChangedError, match="The data of this campaign is not what the run had learned from up to turn 4"):
        Run.resume(run, ("data.path=null", "data.corpus=tales"))


@pytest.mark.parametrize("opener", OPENERS)
def test_a_run_may_move_with_its_text(run: Path, home: Path, opener: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is found above the run, or where the program runs; another text of its name is refused, and a missing one told."""
    moved = home.with_name(f"{home.name} moved")
    shutil.copytree(home, moved)
    (home / "mine.txt").unlink()
    OPENERS[opener](moved / "runs" / run.name)
    with pytest.raises(DataChangedError, match=r"mine\.txt does not exist, and the run learned from it\. Put it there again, or go"):
        OPENERS[opener](run)
    monkeypatch.chdir(moved)
    OPENERS[opener](run)
    (moved / "mine.txt").write_text("\n".join(reversed(LINES)), encoding="utf-8")
    with pytest.raises(DataChangedError, match=r"moved/mine\.txt is no longer what this run learned from"):
        OPENERS[opener](run)
    shutil.rmtree(moved)


def test_a_run_that_moved_keeps_its_new_place(run: Path, home: Path) -> None:
    """The next save names the folder where the text was found."""
    moved = home.with_name(f"{home.name} moved")
    home.rename(moved)
    Run.resume(moved / "runs" / run.name).save()
    latest = slots.newest_first(moved / "runs" / run.name)[0][0]
    assert json.loads((latest / "state.json").read_text())["base"] == str(moved)
    moved.rename(home)


def test_settings_that_change_between_two_turns_keep_the_text(run: Path, home: Path) -> None:
    """A run in play reads its text again when its settings change, and refuses another one."""
    playing = Run.resume(run)
    (home / "mine.txt").write_text("\n".join(reversed(LINES)), encoding="utf-8")
    with pytest.raises(DataChangedError, match="up to turn 4"):
        playing.change([("turns", "12", "20")])


def test_a_run_whose_text_was_renamed_on_the_way_is_trained_again_under_its_new_name(run: Path, home: Path) -> None:
    """From its first turn on, though its campaign has the old name; where neither is there, the new one is asked for."""
    (home / "mine.txt").rename(home / "yours.txt")
    resumed = Run.resume(run, ("data.path=yours.txt",))
    list(resumed.play(Inbox()))
    start = from_the_beginning(resumed.folder)
    assert start.campaign.config.sources == ("yours.txt",)
    assert Verification(start, watch=lambda event: None).run().verdict == "exact"
    (home / "yours.txt").unlink()
    with pytest.raises(DataChangedError, match=r"yours\.txt does not exist"):
        from_the_beginning(resumed.folder)


def test_saves_without_a_hash_open(run: Path, home: Path) -> None:
    """Saves of older versions do not know their text: they open as before."""
    snapshot = saves.read(run)
    del snapshot.state["data_sha256"]
    saves.write(run, snapshot, name="", keep=1)
    (home / "mine.txt").write_text("\n".join(reversed(LINES)), encoding="utf-8")
    assert 4 == Run.resume(run).campaign.turn
    assert 0 == from_the_beginning(run).campaign.turn


def test_the_command_line_says_so(run: Path, home: Path, call: Callable[..., Answer]) -> None:
    """A refused text is the user's mistake: exit code 2, one sentence, and nothing on standard output."""
    (home / "mine.txt").write_text("\n".join(reversed(LINES)), encoding="utf-8")
    for words in (["train", "--resume", run, "--json"], ["verify", run], ["branch", run, "--at", 3], ["diagnose", run]):
        code, out, err = call(*words)
        assert (2, "") == (code, out), words
        assert f"{home / 'mine.txt'} is no longer what this run learned from up to turn" in err


def test_a_save_takes_no_other_text(run: Path, home: Path, call: Callable[..., Answer]) -> None:
    """--data beside a save is refused by play and by train."""
    for words in (["play", run], ["train", "--resume", run]):
        code, _, err = call(*words, "--data", home / "mine.txt")
        assert 2 == code
        assert "--data belongs to a new campaign" in err


def test_a_save_holds_the_hash_of_its_text(run: Path) -> None:
    """The hash stands beside the state of the campaign, which it does not change."""
    state = json.loads((slots.newest_first(run)[0][0] / "state.json").read_text())
    assert 64 == len(state["data_sha256"])
    assert "data_sha256" not in state["campaign"]


def test_a_run_says_when_characters_share_a_number(tiny_config: Configure, tmp_path: Path) -> None:
    """The vocabulary has room for 4096 characters; what happens to the others is told when the run begins."""
    (tmp_path / "mine.txt").write_text("".join(chr(0x4E00 + number) for number in range(5000)), encoding="utf-8")
    begun = Run.begin(tiny_config(*SETTINGS), base=tmp_path, runs=tmp_path / "runs")
    assert "more than 4,096 different characters: its 905 rarest ones are read as one, U+FFFD." in begun.note
