"""Submissions of strangers: each is read or refused with a reason, quickly, and nothing is ever written outside of its folder."""

import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from class_grading import Class, monsters
from support.class_archives import hostile, mutated, packed_anew

from rolltrain_tui.classroom.assignments import submission
from rolltrain_tui.classroom.assignments.submission import MOST_ARCHIVE, NoSubmission
from rolltrain_tui.classroom.grading.grading import NothingToGrade, files_in, look


@pytest.fixture(scope="module")
def good(room: Class, anna: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "anna.zip"
    submission.pack(anna, path, room.asked.id, "Anna")
    return path


def test_a_submission_holds_story_and_campaign_and_no_weights(good: Path, room: Class, tmp_path: Path) -> None:
    """It is small, and it says whose it is."""
    assert good.stat().st_size < 100_000
    assert submission.unpack(good, tmp_path).name == "Anna"
    assert {path.name for path in tmp_path.iterdir()} == set(submission.MOST)
    entry = look(good, room.asked)
    assert (entry.reason, entry.name) == ("", "Anna")


def test_hostile_archives_are_refused_with_their_reason(good: Path, room: Class, tmp_path: Path) -> None:
    for number, (what, data, word) in enumerate(hostile(good)):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(data)
        entry = look(path, room.asked)
        assert entry.config is None, what
        assert word in entry.reason, (what, entry.reason)


def test_a_submission_that_a_system_has_packed_anew_is_the_submission(good: Path, room: Class, tmp_path: Path) -> None:
    """macOS puts its folder around it and adds files of its own, Windows its folder alone."""
    explorer, finder = tmp_path / "explorer.zip", tmp_path / "finder.zip"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(explorer, "w", zipfile.ZIP_DEFLATED) as sink:
        for name in source.namelist():
            sink.writestr(f"anna/{name}", source.read(name))
    finder.write_bytes(packed_anew(good.read_bytes()))
    packed = look(good, room.asked)
    for path in (explorer, finder):
        entry = look(path, room.asked)
        assert (entry.name, entry.story, entry.config, entry.reason) == (packed.name, packed.story, packed.config, "")


@pytest.mark.filterwarnings("ignore:Duplicate name")  # of what the hostile one holds
def test_a_folder_around_it_makes_no_hostile_archive_good(good: Path, room: Class, tmp_path: Path) -> None:
    """What a zip can be made of anew is refused for the same reason."""
    path, refused = tmp_path / "anew.zip", 0
    for what, data, word in hostile(good):
        try:
            path.write_bytes(packed_anew(data))
        except zipfile.BadZipFile:
            continue
        refused += 1
        entry = look(path, room.asked)
        assert entry.config is None, what
        assert word in entry.reason or "that it holds" in entry.reason or "names other files" in entry.reason, (what, entry.reason)
    assert refused >= 12


@pytest.mark.parametrize("folder", ["..", ".", "../..", "/etc", "a/.."])
def test_an_archive_whose_folder_leads_elsewhere_is_refused(folder: str, good: Path, tmp_path: Path) -> None:
    """And nothing is written."""
    path, into = tmp_path / "anna.zip", tmp_path / "deep" / "into"
    into.mkdir(parents=True)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as sink:
        for name in source.namelist():
            sink.writestr(f"{folder}/{name}", source.read(name))
    with pytest.raises(NoSubmission):
        submission.unpack(path, into)
    assert [path, into.parent, into] == sorted(tmp_path.rglob("*"))


def test_a_gigabyte_a_link_and_a_pipe_are_refused_unread(good: Path, room: Class, tmp_path: Path) -> None:
    with (tmp_path / "big.zip").open("wb") as big:
        big.truncate(1 << 30)
    (tmp_path / "link.zip").symlink_to(good)
    os.mkfifo(tmp_path / "pipe.zip")
    reasons = {path.name: look(path, room.asked).reason for path in files_in(tmp_path)}
    assert f"{MOST_ARCHIVE:,} at most" in reasons["big.zip"]
    assert "not a plain file" in reasons["link.zip"]
    assert "not a plain file" in reasons["pipe.zip"]


def test_runs_that_would_take_years_are_refused_at_once(room: Class, anna: Path, tmp_path: Path) -> None:
    """10^8 turns, and a model 16,384 wide: in hundredths of a second, and in any case before a minute of the CPU's has gone."""
    for name, run in monsters(room, anna).items():
        path = tmp_path / f"{name}.zip"
        submission.pack(run, path, room.asked.id, "Anna")
        begun = time.process_time()
        entry = look(path, room.asked)
        assert time.process_time() - begun < 60
        assert "It is not the assignment" in entry.reason


def test_mutated_archives_neither_crash_nor_write_elsewhere(
    good: Path, tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Bits, lengths, methods and headers changed at random: what is read is whole, anything else is a NoSubmission."""
    data, path, tries, read = good.read_bytes(), tmp_path / "mutated.zip", count(150, 10_000), 0
    for number in range(tries):
        path.write_bytes(mutated(data, number))
        folder = tmp_path / "a" / "b" / str(number)
        folder.mkdir(parents=True)
        try:
            submission.unpack(path, folder)
            read += 1
        except NoSubmission:
            pass
        assert {child.name for child in folder.iterdir()} <= set(submission.MOST)
        for child in folder.iterdir():
            child.unlink()
        folder.rmdir()
    assert {child.name for child in tmp_path.iterdir()} == {"a", "mutated.zip"}
    tally(f"{tries:,} mutated submissions: {read} still whole, none crashed or wrote elsewhere")


def test_an_unpacked_submission_is_the_submission(good: Path, room: Class, tmp_path: Path) -> None:
    """Its folder counts as one file, and everything about it is that of the archive."""
    folder = tmp_path / "in" / "anna.submission"
    with zipfile.ZipFile(good) as archive:
        archive.extractall(folder)
    (found,) = files_in(tmp_path / "in")
    entry, packed = look(found, room.asked), look(good, room.asked)
    assert (entry.name, entry.story, entry.config, entry.reason) == (packed.name, packed.story, packed.config, "")
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    assert look(other, room.asked).sha256 == entry.sha256 != ""
    (other / "chronicle.jsonl").write_text("another story")
    assert look(other, room.asked).sha256 != entry.sha256


def test_folders_that_are_no_submission_are_refused_with_their_reason(good: Path, anna: Path, room: Class, tmp_path: Path) -> None:
    """A run with its saves, a part that is missing, a link, and a file without end: one refusal each, and nothing of it is read."""
    reasons = {}
    for what in ("run", "missing", "link", "long"):
        folder = tmp_path / "in" / what
        with zipfile.ZipFile(good) as archive:
            archive.extractall(folder)
        part = folder / ("submission.json" if what == "run" else "campaign.yaml")
        part.unlink()
        if what == "run":
            (folder / "saves" / "turn-000004").mkdir(parents=True)
            (folder / "saves" / "turn-000004" / "state.json").write_text("{}")
        elif what == "link":
            part.symlink_to(anna / "campaign.yaml")
        elif what == "long":
            with part.open("wb") as long:
                long.truncate(1 << 30)
    for path in files_in(tmp_path / "in"):
        reasons[path.name] = look(path, room.asked).reason
    assert reasons == {
        "run": "It is a run, and no submission yet: `rolltrain class submit RUN` makes one.",
        "missing": "It was unpacked, and campaign.yaml is missing.",
        "link": "It cannot be read: campaign.yaml is not a plain file, so it is left alone.",
        "long": "Its campaign.yaml has more than 1,048,576 bytes.",
    }


def test_what_systems_leave_in_a_folder_is_no_submission(good: Path, tmp_path: Path) -> None:
    shutil.copy(good, tmp_path)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX/._anna.zip"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in files_in(tmp_path)] == ["anna.zip"]


def test_a_folder_without_submissions_is_a_mistake(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NothingToGrade):
            files_in(folder)
