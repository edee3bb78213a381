"""Recordings: any turn of a chronicle at once, exactly as it was, in bounded memory."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config

from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.log import recording
from rolltrain_tui.runs.log.event_log import Chronicle, read
from rolltrain_tui.runs.log.recording import Recording, RecordingError, as_turn
from rolltrain_tui.runs.verification.differences import same
from rolltrain_tui.story.scene import Scene

TURNS = 700


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with nothing in it but a chronicle of 700 turns."""
    folder = tmp_path_factory.mktemp("run")
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in FakeExpedition(folder, fake_config(f"turns={TURNS}")).play(Inbox()):
            if event.in_story:
                chronicle.append(event)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("stride", "most"), [(256, 32), (16, 4)])
def test_every_turn_is_found_as_it_was(run: Path, monkeypatch: pytest.MonkeyPatch, stride: int, most: int) -> None:
    """The scene at a turn is the fold of all events up to it, wherever the marks fell and however many were thinned out."""
    monkeypatch.setattr(recording, "FIRST_STRIDE", stride)
    monkeypatch.setattr(recording, "MOST_MARKS", most)
    monkeypatch.setattr(recording, "TURN_LINES", 100)
    found, events, rng = Recording(run), list(read(run / "chronicle.jsonl")), random.Random(3)
    assert len(found._marks) <= most
    for turn in (0, 1, 255, 256, TURNS, *rng.choices(range(TURNS), k=6)):
        scene, place = found.at(turn)
        expected = Scene.of(event for event in events if event.turn <= turn)
        scene.turn_lines = type(scene.turn_lines)(list(scene.turn_lines)[-100:])
        expected.turn_lines = type(scene.turn_lines)(list(expected.turn_lines)[-100:])
        assert same(scene, expected)
        rest = [event for happened in found.turns(place) for event in happened]
        assert same(rest, [event for event in events if event.turn > turn])


def test_a_scene_that_was_handed_out_is_the_readers_own(run: Path) -> None:
    """Folding on from one scene changes neither the marks nor another scene."""
    found = Recording(run)
    first, place = found.at(300)
    before = found.at(300)[0]
    for happened in found.turns(place):
        for event in happened:
            first.apply(event)
    assert same(found.at(300)[0], before)
    assert not same(before, first)


def test_turns_come_one_by_one(run: Path) -> None:
    """Each group holds the events of one turn, from the first to the last."""
    groups = list(Recording(run).turns())
    assert [group[0].turn for group in groups] == list(range(TURNS + 1))
    assert all(len({event.turn for event in group}) == 1 for group in groups)


def test_a_damaged_chronicle_is_watched_up_to_the_damage(run: Path, tmp_path: Path) -> None:
    """What comes before a damaged line can be watched, and the note says where it ends."""
    path = tmp_path / "chronicle.jsonl"
    lines = (run / "chronicle.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:200]) + b"x" + b"".join(lines[200:]))
    found = Recording(path)
    assert 0 < found.last < TURNS
    assert "line 201 is damaged" in found.note
    assert sum(len(group) for group in found.turns()) == 200
    expected = Scene.of(event for _, event in zip(range(200), read(run / "chronicle.jsonl"), strict=False))
    assert same(found.at(found.last)[0], expected)


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\x00" * 100, None])
def test_what_is_no_chronicle_is_explained(tmp_path: Path, content: bytes | None) -> None:
    """Nothing, rubbish and a missing file are errors in a sentence."""
    if content is not None:
        (tmp_path / "chronicle.jsonl").write_bytes(content)
    with pytest.raises(RecordingError, match="chronicle"):
        Recording(tmp_path)


def test_a_run_that_is_being_played_can_be_watched(run: Path, tmp_path: Path) -> None:
    """What is written after opening, even half a line, does not disturb."""
    path, lines = tmp_path / "chronicle.jsonl", (run / "chronicle.jsonl").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:300]))
    found = Recording(path)
    with path.open("ab") as file:
        file.write(lines[300] + lines[301][:40])
    assert sum(len(group) for group in found.turns()) == 300


@pytest.mark.parametrize(
    ("text", "turn"),
    [("412", 412), ("0", 0), ("50%", 1000), ("100 %", 2000), ("9999", 9999), ("900%", 18000), ("start", 0), ("END", 2000)]
    + [(word, None) for word in ("", "-1", "1.5", "x", "%", "٣", "9" * 13)],
)
def test_turns_as_people_write_them(text: str, turn: int | None) -> None:
    """Numbers, parts, start and end, also beyond the recording; anything else is None."""
    assert as_turn(text, 2000) == turn


@pytest.mark.slow
def test_watching_needs_no_torch(run: Path) -> None:
    """Neither the recording nor the verb loads torch."""
    script = f"""
import sys
sys.argv = ["rolltrain", "replay", {str(run)!r}, "--plain", "--from", "690"]
from rolltrain_tui.cli.main import main
try:
    main()
finally:
    print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Played to the end" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"
