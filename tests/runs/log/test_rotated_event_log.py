"""A long chronicle in several volumes is one story: read, gone back in, mended, packed and watched as if it were one file."""

import os
import random
from pathlib import Path

import pytest
from support.tales import tale, written

from rolltrain_tui.base import rotating_log
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import Chronicle, copy_story, inspect, read, read_from, story_sha256, text

SMALL = 900
"""Bytes: a handful of lines."""


@pytest.fixture(autouse=True)
def _small_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "VOLUME", SMALL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chronicle.jsonl"


@pytest.fixture
def single(tmp_path: Path) -> Path:
    """Where the same stories are kept in one file."""
    folder = tmp_path / "single"
    folder.mkdir()
    return folder / "chronicle.jsonl"


def in_one_file(path: Path, length: int) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_log, "VOLUME", 1 << 30)
        return written(path, tale(length))


def test_a_new_volume_is_synced_with_its_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is synced when a volume has a new name, by going on or by going back: a crash cannot lose the name of a synced file."""
    synced: list[Path] = []
    monkeypatch.setattr(event_log.atomic_files, "sync_folder", synced.append)
    with Chronicle(path) as book:
        synced.clear()
        for event in tale(20):
            before = len(rotating_log.full(path))
            book.append(event)
            turned_over = len(rotating_log.full(path)) > before
            book.sync()
            assert synced == ([path.parent] if turned_over else [])
            synced.clear()
        assert rotating_log.full(path)
        for events, named in ((19, []), (1, [path.parent])):
            book.truncate_to(events)
            assert named == synced


def test_it_is_one_story(path: Path, single: Path) -> None:
    """The volumes joined are the very bytes of the one file; every reader finds the same in them, and writing goes on in the last."""
    written(path, tale(100)[:61])
    with Chronicle(path) as book:
        assert (book.events_written, book.note) == (61, "")
        for event in tale(100)[61:]:
            book.append(event)
    in_one_file(single, 100)
    parts = [*rotating_log.full(path), path]
    assert len(parts) > 10
    assert b"".join(part.read_bytes() for part in parts) == single.read_bytes()
    assert list(read(path)) == tale(100)
    with text(path) as told, text(single) as whole:
        assert list(told) == list(whole)
    assert story_sha256(path) == story_sha256(single)
    assert inspect(path) == (100, "")
    assert [place for _, place in read_from(path)] == [place for _, place in read_from(single)]


def test_it_is_read_from_anywhere(path: Path) -> None:
    """From each place that a reading passed, another goes on."""
    written(path, tale(60))
    for number, (_, place) in enumerate(list(read_from(path)), 1):
        assert [event for event, _ in read_from(path, place)] == tale(60)[number:]


@pytest.mark.parametrize("events", [0, 1, 7, 30, 59, 60])
def test_going_back(path: Path, single: Path, events: int) -> None:
    """Back to any event, over however many rotating_log, and on from there."""
    written(path, tale(60))
    with Chronicle(path) as book:
        book.truncate_to(events)
        assert (book.events_written, book.note) == (events, "")
        for event in tale(80)[events:]:
            book.append(event)
    assert list(read(path)) == tale(80)
    assert story_sha256(path) == story_sha256(in_one_file(single, 80))


def test_damage_in_a_full_volume(path: Path) -> None:
    """What lies behind a damaged line, later volumes included, is set aside, and nothing of it is lost."""
    written(path, tale(60))
    whole = b"".join(part.read_bytes() for part in [*rotating_log.full(path), path])
    hurt = rotating_log.full(path)[2]
    lines = hurt.read_bytes().splitlines(keepends=True)
    hurt.write_bytes(b"".join([lines[0], lines[1].replace(b":", b";"), *lines[2:]]))
    with Chronicle(path) as book:
        kept, note = book.events_written, book.note
    assert "is damaged" in note
    assert list(read(path)) == tale(60)[:kept]
    aside = (path.parent / "chronicle.damaged").read_bytes()
    good = b"".join(part.read_bytes() for part in [*rotating_log.full(path), path])
    assert len(good) + len(aside) == len(whole)
    assert aside.endswith(whole[-2000:])


def test_a_reader_does_not_mind_the_turn_of_a_volume(path: Path) -> None:
    """Whoever reads while volumes become full reads on up to what was there when he began, and nothing twice."""
    with Chronicle(path) as book:
        for event in tale(20):
            book.append(event)
        reading = read(path)
        found = [next(reading) for _ in range(3)]
        for event in tale(90)[20:]:
            book.append(event)
        found += reading
    assert tale(90)[: len(found)] == found
    assert len(found) >= 20


def test_every_call_can_fail(path: Path, single: Path) -> None:
    """Whichever rename, open, unlink or sync fails, no line is lost, neither for the writer nor for whoever opens it afterwards."""
    digest, rng = story_sha256(in_one_file(single, 60)), random.Random(2)
    for attempt in range(60):
        folder = path.parent / f"try-{attempt}"
        folder.mkdir()
        story = folder / path.name
        with Chronicle(story) as book:
            for event in tale(60):
                with pytest.MonkeyPatch.context() as patch:
                    if rng.random() < 0.4:
                        patch.setattr(os, rng.choice(["rename", "open", "unlink", "fsync"]), fails)
                    book.append(event)
        assert story_sha256(story) == digest
        with Chronicle(story) as book:
            assert (book.events_written, book.note) == (60, "")


def fails(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_killed_between_two_renames(path: Path) -> None:
    """A volume that has just become full, and no open one yet: the story is whole, and goes on."""
    written(path, tale(40))
    path.rename(path.with_name(f"chronicle-{len(rotating_log.full(path)) + 1:04d}.jsonl"))
    assert list(read(path)) == tale(40)
    with Chronicle(path) as book:
        assert (book.events_written, book.note) == (40, "")
        book.append(tale(41)[40])
    assert list(read(path)) == tale(41)


def test_a_copy_up_to_an_event(path: Path, single: Path) -> None:
    """A branch begins with the first events, in a file of its own."""
    written(path, tale(60))
    copy_story(path, single, 33)
    assert list(read(single)) == tale(60)[:33]


def test_a_volume_that_becomes_full_while_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening the file and looking for full volumes it gets its number: it is read once, not twice."""
    written(path, tale(41))
    assert path.stat().st_size > 0
    found = rotating_log.full

    def full_by_now(where: Path) -> list[Path]:
        monkeypatch.setattr(rotating_log, "full", found)
        path.rename(path.with_name(f"chronicle-{len(found(path)) + 1:04d}.jsonl"))
        path.touch()
        return found(where)

    monkeypatch.setattr(rotating_log, "full", full_by_now)
    assert list(read(path)) == tale(41)


def test_a_second_rename_that_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume whose successor cannot get its name gets its own back, and is written on."""
    real, calls = os.rename, list[str]()

    def every_second_fails(source: str, target: str) -> None:
        calls.append(str(target))
        if len(calls) % 3 == 2:
            fails()
        real(source, target)

    monkeypatch.setattr(os, "rename", every_second_fails)
    with Chronicle(path) as book:
        for event in tale(40):
            book.append(event)
            assert path.exists()
    assert rotating_log.full(path) == []
    assert list(read(path)) == tale(40)
    assert len(calls) > 3


def test_going_back_that_fails_gives_its_file_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the volume before cannot be opened again, closing the log later closes no file that somebody else has opened since."""
    book = Chronicle(path)
    for event in tale(20):
        book.append(event)
    monkeypatch.setattr(rotating_log, "turn_back", fails)
    with pytest.raises(OSError, match="No space left"):
        book.truncate_to(1)
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    book.close()
    for other in others:
        os.close(other)  # OSError where it is closed already
