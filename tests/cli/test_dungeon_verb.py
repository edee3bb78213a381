"""`rolltrain dungeon --plain`: an adventure played through a pipe."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.shell import Answer

from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings


def play(typed: str | bytes, *words: str) -> Answer:
    done = subprocess.run(
        [sys.executable, "-m", "rolltrain_tui", "dungeon", "--plain", *words],
        input=typed.encode() if isinstance(typed, str) else typed,
        capture_output=True,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_walkthrough_typed_into_a_pipe_wins_a_race_and_is_recorded(tmp_path: Path) -> None:
    way = Adventure(WorldSettings(rooms=5), 3).walkthrough
    record = tmp_path / "games.jsonl"
    answer = play("\n".join(["help", "map", "hint", "nonsense", *way]), *f"--seed 3 --rooms 5 --against random --record {record}".split())
    assert (answer.code, answer.err) == (0, "")
    assert "castle, 5 rooms, coin, seed 3" in answer.out
    assert f"goes on with: {way[0]}." in answer.out
    assert "I do not know how to nonsense. No move is lost." in answer.out
    assert "Random play: " in answer.out
    assert f"Won in {len(way)} moves with 4 of 4 points; the par is {len(way)}. No way is shorter." in answer.out
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert rows[0]["par"] == len(way)
    assert rows[-1]["won"]


def test_escapes_and_megabytes_through_the_pipe_are_answered_and_shown_harmless() -> None:
    answer = play(b"\x1b[2J\x1b]0;owned\x07\n" + b"x" * 3_000_000 + b"\n\xff\xfe\x00\nlook", "--seed", "1")
    assert answer.code == 0
    assert "You look around." in answer.out
    assert all(char.isprintable() or char == "\n" for char in answer.out)
    assert max(map(len, answer.out.splitlines())) < 400


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--rooms 0", "rooms is 0; give a whole number from 1 to 16"),
        ("--rooms many", "'many' is not a valid integer"),
        ("--theme casle", "there is no theme 'casle' (do you mean castle?)"),
        ("--quest gold", "there is no quest 'gold'; choose from coin, cook"),
        ("--difficulty Hard", "there is no difficulty 'Hard' (do you mean hard?)"),
        ("--against model", "there is no rival 'model'"),
        ("--record nowhere/games.jsonl", "there is no folder nowhere; make it first"),
        ("--seed 1.5", "'1.5' is not a valid integer"),
    ],
)
def test_a_wrong_option_is_a_sentence_and_exit_code_2(words: str, told: str, call) -> None:  # type: ignore[no-untyped-def]
    answer = call("dungeon", "--plain", *words.split())
    assert answer.code == 2
    assert told in answer.err
    assert answer.out == ""


def test_without_a_terminal_the_screen_is_refused_with_the_remedy(call) -> None:  # type: ignore[no-untyped-def]
    answer = call("dungeon", "--seed", "1")
    assert answer.code == 2
    assert "With --plain it is played in lines." in answer.err
