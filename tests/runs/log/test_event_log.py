"""The chronicle: append-only, checked line by line, mended after a crash."""

import errno
import hashlib
import json
import os
import random
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.tales import tale, written

from rolltrain_tui.protocol.commands import Speak
from rolltrain_tui.protocol.events import Event, Saved
from rolltrain_tui.runs.log import event_codec, event_log
from rolltrain_tui.runs.log.event_log import Chronicle, ChronicleError, read, story_sha256


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chronicle.jsonl"


def test_what_is_written_is_read(path: Path) -> None:
    """The events come back in order and equal, and appending goes on where the last writer stopped."""
    events = tale(40)
    written(path, events[:25])
    with Chronicle(path) as chronicle:
        assert chronicle.events_written == 25
        for event in events[25:]:
            chronicle.append(event)
        assert (chronicle.events_written, chronicle.note) == (40, "")
    assert list(read(path)) == events


def test_lines_are_plain_json(path: Path) -> None:
    """Any JSON tool can read the file: each line is the event's own fields after its checksum and number."""
    events = tale(6)
    lines = written(path, events).read_text(encoding="ascii").splitlines()
    objects = [json.loads(line) for line in lines]
    assert [(line["n"], line["type"]) for line in objects] == [(n, type(event).__name__) for n, event in enumerate(events)]
    assert all(list(line)[:3] == ["crc", "n", "type"] for line in objects)


def test_a_chronicle_can_be_played_as_a_script(path: Path) -> None:
    """wire.moves finds the commands of a written chronicle."""
    with written(path, tale(9)).open(encoding="ascii") as lines:
        assert event_codec.moves(lines) == [(2, Speak()), (5, Speak()), (8, Speak())]


def test_lines_survive_the_process(path: Path) -> None:
    """Every appended line is with the operating system at once: a killed writer loses none."""
    chronicle = Chronicle(path)
    for count, event in enumerate(tale(5), 1):
        chronicle.append(event)
        assert len(list(read(path))) == count
    chronicle.close()


def test_notices_have_no_place_in_the_story(path: Path) -> None:
    """Only the run's story is chronicled, so that it is the same wherever the run is played."""
    with Chronicle(path) as chronicle, pytest.raises(AssertionError, match="Saved is not part of the story"):
        chronicle.append(Saved(1, "autosave", "/tmp"))


def test_a_torn_last_line_is_dropped(path: Path) -> None:
    """Cut anywhere, the file keeps every whole line, reads without error and takes new lines."""
    events = tale(4)
    whole = written(path, events).read_bytes()
    at_the_joints = {end + offset for end, byte in enumerate(whole) if byte == 10 for offset in (-1, 0, 1, 2)}
    for size in sorted({*range(0, len(whole), 13), *at_the_joints} & set(range(len(whole)))):
        path.write_bytes(whole[:size])
        good = whole[:size].count(b"\n")
        assert list(read(path)) == events[:good]
        with Chronicle(path) as chronicle:
            assert (chronicle.events_written, chronicle.note) == (good, "")
            chronicle.append(events[good])
        assert list(read(path)) == events[: good + 1]
    assert not path.with_name("chronicle.damaged").exists()


def test_a_line_that_is_finished_meanwhile_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader of a live log meets half a line, and the writer ends it before the reader judges."""
    events = tale(6)
    whole = written(path, events).read_bytes()
    half = whole.rstrip(b"\n").rindex(b"\n", 0, -1) + 20
    path.write_bytes(whole[:half])
    judge = event_log._is_damaged

    def write_on_and_judge(*question: Any) -> bool:
        path.write_bytes(whole)
        return judge(*question)

    monkeypatch.setattr(event_log, "_is_damaged", write_on_and_judge)
    assert list(read(path)) == events[:5]
    monkeypatch.undo()
    assert list(read(path)) == events


def test_every_changed_byte_is_noticed(path: Path) -> None:
    """Whatever byte is changed, no false event is read and everything before the damage is."""
    events = tale(8)
    whole = written(path, events).read_bytes()
    rng = random.Random(1)
    for _ in range(300):
        place = rng.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ rng.randrange(1, 256)]) + whole[place + 1 :])
        got: list[Event] = []
        try:
            got += read(path)
        except ChronicleError:
            pass
        else:
            assert place == len(whole) - 1  # the last newline: a torn line
        assert got == events[: len(got)]
        assert len(got) >= whole[:place].count(b"\n")


def damage_line(path: Path, number: int) -> bytes:
    """Change one byte inside a line; the bytes from that line on."""
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(b'"turn":', b'"turm":')
    path.write_bytes(b"".join(lines))
    return b"".join(lines[number:])


def test_damage_is_set_aside_and_told(path: Path) -> None:
    """From a damaged line on, the rest is kept beside the chronicle, which goes on from the last good line and says so."""
    events = tale(10)
    rest = damage_line(written(path, events), 6)
    with pytest.raises(ChronicleError, match=r"chronicle\.jsonl: line 7 is damaged"):
        list(read(path))
    with Chronicle(path) as chronicle:
        assert chronicle.events_written == 6
        assert chronicle.note == "Line 7 of chronicle.jsonl is damaged; it and all after it are kept in chronicle.damaged."
        chronicle.append(events[6])
    assert list(read(path)) == events[:7]
    assert path.with_name("chronicle.damaged").read_bytes() == rest


def test_earlier_damage_is_not_overwritten(path: Path) -> None:
    """What was set aside stays when more is set aside."""
    first = damage_line(written(path, tale(5)), 4)
    Chronicle(path).close()
    second = damage_line(path, 2)
    Chronicle(path).close()
    assert path.with_name("chronicle.damaged").read_bytes() == first + second


def test_lines_out_of_order_are_damage(path: Path) -> None:
    """A lost, doubled or exchanged line is noticed though each line's own checksum is right."""
    lines = written(path, tale(5)).read_bytes().splitlines(keepends=True)
    for order in ([0, 2, 3, 4], [0, 1, 1, 2, 3, 4], [0, 2, 1, 3, 4], [1, 2, 3, 4]):
        path.write_bytes(b"".join(lines[n] for n in order))
        with pytest.raises(ChronicleError, match="is damaged"):
            list(read(path))


def test_an_unknown_event_is_named(path: Path) -> None:
    """A good line that this version does not know is an error with its number, not damage."""
    written(path, tale(2))
    body = b'"n":2,"type":"DragonTamed","turn":3}'
    path.write_bytes(path.read_bytes() + b'{"crc":"%08x",%b\n' % (zlib.crc32(body), body))
    with pytest.raises(ChronicleError, match=r"line 3: .*unknown type 'DragonTamed'"):
        list(read(path))
    with Chronicle(path) as chronicle:
        assert (chronicle.events_written, chronicle.note) == (3, "")


@pytest.mark.parametrize("events", [0, 1, 7, 12])
def test_going_back(path: Path, events: int) -> None:
    """truncate_to leaves exactly the first n events, and the story goes on from there."""
    told = tale(13)
    written(path, told[:12])
    with Chronicle(path) as chronicle:
        chronicle.truncate_to(events)
        assert chronicle.events_written == events
        chronicle.append(told[12])
    assert list(read(path)) == [*told[:events], told[12]]


def test_going_back_to_what_is_lost(path: Path) -> None:
    """A chronicle that holds fewer events than the save remembers says how many are missing, and the run can go on."""
    written(path, tale(4))
    with Chronicle(path) as chronicle:
        chronicle.truncate_to(9)
        assert (chronicle.events_written, chronicle.note) == (4, "The chronicle lacks 5 of the 9 events before this save.")


def test_reading_is_streamed(path: Path) -> None:
    """The first event is there before the last line is looked at."""
    events = tale(5)
    damage_line(written(path, events), 4)
    assert next(iter(read(path))) == events[0]


def test_the_hash_is_of_the_story(path: Path, tmp_path: Path) -> None:
    """story_sha256 is the hash of the events as wire writes them; a torn last line does not count, another story does."""
    events = tale(7)
    expected = hashlib.sha256("".join(event_codec.encode(event) + "\n" for event in events).encode()).hexdigest()
    assert story_sha256(written(path, events)) == expected
    path.write_bytes(path.read_bytes() + b'{"crc":"12')
    assert story_sha256(path) == expected
    assert story_sha256(written(tmp_path / "other.jsonl", events[:-1])) != expected


def test_a_full_disk_delays_lines_and_loses_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk refuses, appending goes on and sync tells; once it takes lines again, all are there, the torso is gone."""
    events, real, room = tale(9), os.write, [500]

    def write(fd: int, data: Any) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        sent = real(fd, bytes(data)[: room[0]])
        room[0] -= sent
        return sent

    monkeypatch.setattr(os, "write", write)
    with Chronicle(path) as chronicle:
        for event in events:
            chronicle.append(event)
        with pytest.raises(OSError, match="No space left"):
            chronicle.sync()
        assert list(read(path)) == events[: len(list(read(path)))] != events
        room[0] = 10**9
        chronicle.sync()
        assert list(read(path)) == events


def test_closing_does_not_hide_lost_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last lines cannot be written, closing says so."""

    def write(fd: int, data: Any) -> int:
        raise OSError(errno.EIO, "Input/output error")

    chronicle = Chronicle(path)
    monkeypatch.setattr(os, "write", write)
    chronicle.append(tale(1)[0])
    with pytest.raises(OSError, match="Input/output error"):
        chronicle.close()
    chronicle.close()


@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_only_a_plain_file_is_opened(path: Path, tmp_path: Path, kind: str) -> None:
    """A link (which could point at anything of the player's), a pipe or a folder is neither read nor written."""
    precious = tmp_path / "precious"
    precious.write_text("thesis")
    {"link": lambda: path.symlink_to(precious), "fifo": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    with pytest.raises((ChronicleError, IsADirectoryError)):
        Chronicle(path)
    with pytest.raises((ChronicleError, IsADirectoryError)):
        list(read(path))
    assert precious.read_text() == "thesis"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda whole: whole.replace(b"\n", b"\r\n"), "line 1 is damaged: it ends as lines of Windows do; git or an editor"),
        (lambda whole: b"\xef\xbb\xbf" + whole, "line 1 is damaged: it begins with a byte order mark"),
        (lambda whole: b"x" + whole, "line 1 is damaged: its checksum or its number is wrong"),
    ],
)
def test_a_file_that_another_program_has_converted_is_called_that(path: Path, change: Callable[[bytes], bytes], told: str) -> None:
    """Git converts line ends on Windows, and editors begin a file with a mark: the sentence says what turns it back."""
    whole = written(path, tale(5)).read_bytes()
    path.write_bytes(change(whole))
    with pytest.raises(ChronicleError, match=told):
        list(read(path))
    path.write_bytes(whole)
    assert tale(5) == list(read(path))
