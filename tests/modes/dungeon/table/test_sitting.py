"""One adventure played by a person: what is understood, what it costs, the map, the race and the record."""

import json
import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import MARKUP, PAYLOADS, random_text

from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.table.rival import MINDS, Rival, drawn, mind_of
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.table.tale import best, tale
from rolltrain_tui.modes.dungeon.table.watching import watched
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.chart import HERE, LOCKED, WIDTH, Chart
from rolltrain_tui.modes.dungeon.worlds.completion import meant
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings, of_difficulty

COMMANDS = ("go north", "go east", "take red key", "take blue key", "drop lamp", "unlock red door", "eat egg", "look")
MAKER = BuiltIn(WorldSettings())


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("go north", ["go north"]),
        (" GO  North. ", ["go north"]),
        ("g n", ["go north"]),
        ("n", ["go north"]),
        ("e", ["go east"]),
        ("1", ["go north"]),
        ("8", ["look"]),
        ("0", []),
        ("9", []),
        ("²", []),
        ("l", ["look"]),
        ("t", ["take red key", "take blue key"]),
        ("t key", ["take red key", "take blue key"]),
        ("t b", ["take blue key"]),
        ("take key red", []),
        ("blue", ["take blue key"]),
        ("u", ["unlock red door"]),
        ("door", ["unlock red door"]),
        ("d l", ["drop lamp"]),
        ("x", []),
        ("", []),
        (" . ", []),
        ("go north east", []),
        ("\x1b[2J", []),
        ("9" * 100_000, []),
    ],
)
def test_a_line_means_the_commands_whose_words_it_begins(line: str, commands: list[str]) -> None:
    assert meant(line, COMMANDS) == commands


def test_the_closest_kind_of_match_decides() -> None:
    """Words that begin the command's words at their places, then from its first word on, then anywhere."""
    commands = ("look at the open door", "open the old door", "open doorway")
    assert meant("open door", commands) == ["open doorway"]
    assert meant("open door", commands[:2]) == ["open the old door"]
    assert meant("open door", commands[:1]) == ["look at the open door"]


def test_any_line_has_an_answer_that_can_be_shown() -> None:
    dice = Random(7)
    for line in (*PAYLOADS, *MARKUP, *(random_text(dice) for _ in range(200))):
        sitting = Sitting(MAKER(7))
        told = sitting.play(line)
        assert told.text.isprintable()
        assert told.command.isprintable()
        assert told.moved == (sitting.world.moves == 1)


def test_a_refused_or_unclear_line_costs_nothing_and_says_so() -> None:
    sitting = Sitting(MAKER(7))
    sitting.play("go west")
    for line, text in [
        ("g", "g may mean: go east, go west"),
        ("99", "choose 1 to 4"),
        ("fly", "I do not know how to fly"),
        ("g n", "no way north"),
    ]:
        told = sitting.play(line)
        assert text in told.text
        assert not told.moved
    assert sitting.world.moves == 1


@pytest.mark.parametrize("difficulty", ["normal", "hard"])
def test_a_walkthrough_played_by_numbers_wins_at_par(difficulty: str) -> None:
    sitting = Sitting(BuiltIn(of_difficulty(WorldSettings(rooms=6, quest="cook"), difficulty))(3))
    for command in sitting.world.walkthrough:
        assert sitting.verdict() == ""
        sitting.play(str(sitting.seen.admissible.index(command) + 1))
    assert sitting.verdict().startswith(f"Won in {sitting.par} moves with {sitting.world.max_score} of {sitting.world.max_score} points")
    assert sitting.verdict().endswith("No way is shorter.")
    assert not sitting.play("look").moved
    assert sum(row["reward_parts"]["win"] for row in sitting.record) == 2
    assert sum(row["reward_parts"]["game"] for row in sitting.record) == sitting.world.max_score


def test_each_row_of_the_record_has_prompt_action_and_reward_parts_that_add_up(tmp_path: Path) -> None:
    path = tmp_path / "games.jsonl"
    outing = Outing(MAKER, 7, record=path)
    for line in ("fly", "g w", "look"):
        outing.sitting.play(line)
    outing.next()
    outing.sitting.play("look")
    outing.close()
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    heads, moves = [row for row in rows if "world" in row], [row for row in rows if "action" in row]
    assert [head["seed"] for head in heads] == [7, 8]
    assert [row["action"] for row in moves] == ["fly", "go west", "look", "look"]
    assert [row["accepted"] for row in moves] == [False, True, True, True]
    assert all(row["reward"] == sum(row["reward_parts"].values()) for row in moves)
    assert moves[0]["reward_parts"] == {"game": 0, "win": 0, "invalid": -0.5}
    assert all("Your possible actions are" in row["prompt"] for row in moves)


def test_a_record_without_a_move_is_empty(tmp_path: Path) -> None:
    outing = Outing(MAKER, 7, record=tmp_path / "games.jsonl")
    outing.close()
    outing.close()
    assert (tmp_path / "games.jsonl").read_bytes() == b""


def test_the_map_shows_rooms_seen_and_exits_not_yet_taken() -> None:
    sitting = Sitting(MAKER(7))
    drawn = ["".join(text for text, _ in line) for line in sitting.chart.lines(40, 9)]
    assert drawn == ["    ?    ──* garden*"]
    sitting.play("go west")
    line, *_ = sitting.chart.lines(40, 9)
    assert [text for text, kind in line if kind == HERE] == ["* attic *"]
    assert "* attic *──[ garden]" in "".join(text for text, _ in line)
    assert [text.strip() for row in sitting.chart.lines(40, 9) for text, kind in row if kind == LOCKED] == ["#"]
    sitting.play("take black key")
    sitting.play("unlock black door")
    assert not [text for row in sitting.chart.lines(40, 9) for text, kind in row if kind == LOCKED]


@given(st.integers(0, 2**32), st.integers(1, 90), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_the_map_fits_any_window_and_always_has_the_player_on_it(seed: int, width: int, height: int) -> None:
    sitting = Sitting(BuiltIn(WorldSettings(rooms=16, locks=0, loops=5))(seed))
    for move in range(25):
        sitting.play(str(1 + (seed >> move) % len(sitting.seen.admissible)))
        if sitting.seen.done:
            break
        lines = sitting.chart.lines(width, height)
        assert len(lines) <= height
        assert all(sum(len(text) for text, _ in line) <= max(width, WIDTH) for line in lines)
        assert [text for line in lines for text, kind in line if kind == HERE] == [f"*{sitting.world.place.center(7)[:7]}*"] or len(
            sitting.world.place
        ) > 7


def test_the_map_knows_every_room_of_the_layout_once_all_were_seen() -> None:
    world = BuiltIn(WorldSettings(rooms=9, locks=0, loops=3))(5)
    sitting = Sitting(world)
    for move in range(2000):
        goes = [command for command in sitting.seen.admissible if command.startswith("go")]
        sitting.play(goes[move * 7919 % 31 % len(goes)])
    cells = sitting.chart.cells
    assert set(cells) == set(world.layout.rooms)
    places = dict(zip(world.layout.rooms, world.layout.cells, strict=True))
    assert {name: (x - cells[name][0], y - cells[name][1]) for name, (x, y) in places.items()} == dict.fromkeys(
        places, places[world.layout.rooms[0]]
    )
    assert not sitting.chart.unseen


def test_a_map_without_places_is_empty_and_does_not_fail() -> None:
    chart = Chart()
    seen = MAKER(7).reset()
    chart.begin("", seen)
    chart.follow("go west", "", seen)
    assert chart.lines(30, 10) == []


@pytest.mark.parametrize("name", MINDS)
def test_a_rival_plays_its_own_copy_and_its_probabilities_sum_to_one(name: str) -> None:
    sitting, rival = Sitting(MAKER(7)), Rival(mind_of(name), MAKER(7))
    while (choice := rival.move()) is not None and len(rival.choices) < 200:
        assert 0 < choice.probability <= 1
    assert sitting.world.moves == 0
    assert rival.seen.won
    if name == "guide":
        assert tuple(choice.command for choice in rival.choices) == sitting.world.walkthrough
    assert Rival(mind_of(name), MAKER(7)).move() == rival.choices[0]


def test_an_unknown_rival_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"there is no rival 'gide' \(do you mean guide\?\); choose from random, guide"):
        mind_of("gide")


def test_a_game_that_is_watched_is_the_same_each_time_and_its_record_has_log_probabilities() -> None:
    told = []
    for _ in range(2):
        sitting, moves = watched(MAKER(7), mind_of("random"), 30)
        told.append([(move.command, chance) for move, chance in moves])
        assert len(sitting.record) == sitting.world.moves <= 30
        for row in sitting.record:
            assert row["logprob"] == pytest.approx(math.log(row["probability"]))
            assert row["probabilities"][row["action"]] == row["probability"]
            assert sum(row["probabilities"].values()) == pytest.approx(1)
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("chances", "u", "place"), [([0.5, 0.5], 0.5, 1), ([0.0, 1.0, 0.0], 0.0, 1), ([0.3, 0.3, 0.0], 0.99, 1), ([1.0], 0.0, 0)]
)
def test_a_draw_takes_nothing_impossible(chances: list[float], u: float, place: int) -> None:
    assert drawn(chances, u) == place


def test_the_best_game_is_told_as_a_story() -> None:
    games = [Sitting(MAKER(seed)) for seed in (7, 8)]
    assert best(games) is None
    for game in games:
        game.play("dance")
        for command in ("look", *game.world.walkthrough) if game.world.seed == 8 else game.world.walkthrough:
            game.play(command)
    assert best(games) is games[0]
    assert tale(games[0]) == (
        "It went west, took the black key and unlocked the black door. It went south, opened the chest and took the coin. "
        "That was the end: the game was won, after 6 moves, par 6."
    )
    assert tale(games[1]).startswith("It looked around, ")
