"""Tournaments of the duel: deterministic, resumable, rated by the arena's ratings."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS, DUEL
from support.shell import Answer

from rolltrain_tui.arena.duel import store
from rolltrain_tui.arena.duel.cup import Cup, CupError, Terms, check, played, ratings, table_lines
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.runs.run import Run

Call = Callable[..., Answer]
TERMS = Terms(games=16, rounds=2, limit=30)


def new(*names: str, name: str = "cup") -> tuple[Cup, list[store.Seat]]:
    contenders, seats = store.entered([(player, None) for player in names], TERMS)
    return check(Cup(name=name, terms=TERMS, contenders=contenders)), seats


def whole(cup: Cup, seats: list[store.Seat]) -> Cup:
    for after in played(cup, seats):
        cup = after
    return cup


def test_the_same_terms_are_the_same_tournament_interrupted_or_not(tmp_path: Path) -> None:
    """Interrupted after each match, read from its file and gone on with, it ends as in one piece; Zeillinger beats all coordinates."""
    cup, seats = new("zeillinger", "all", "first")
    plain = whole(cup, seats)
    store.open_new(tmp_path, cup)
    for _ in cup.pairings():
        here = store.reopen(tmp_path, "cup")
        store.write(tmp_path, next(played(here, store.again(here), stopped=lambda: True)))
    assert store.reopen(tmp_path, "cup") == plain
    assert [rating.name for rating in ratings(plain, "host")] == ["zeillinger", "all"]
    assert [result.ranks for result in plain.results] == [(1, 2)] * 2
    assert "zeillinger" in "\n".join(table_lines(plain))


@pytest.mark.parametrize("names", [("zeillinger",), ("zeillinger", "first"), ("all", "all", "first")])
def test_nobody_to_compare_is_a_sentence(names: tuple[str, ...]) -> None:
    with pytest.raises(CupError, match=r"compares two hosts or more|two hosts called all"):
        new(*names)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "there is no run or player 'nobody'"),
        (("zeillinger", "all", "--games", "1"), "games 1 is not possible in a tournament; choose 2"),
        (("zeillinger", "all", "--points", "1"), "points 1 is not possible in a tournament"),
        (("zeillinger", "all", "--dimension", "1"), "needs at least 2 coordinates"),
        (("--resume", "none"), "there is no tournament none"),
        (("all", "--resume", "none"), "leave the others out"),
        (("zeillinger", "all", "--name", "a b"), "'a b' cannot be the name of a tournament"),
    ],
)
def test_a_tournament_that_cannot_be_is_refused_in_a_sentence(call: Call, words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    answer = call("duel", "tournament", *words, "--runs", tmp_path)
    assert (answer.code, told in answer.err) == (2, True), answer.err


def test_saved_networks_enter_by_their_runs(call: Call, tmp_path: Path) -> None:
    """Its rules are the run's; as JSON with ratings and matches; a run that was changed since cannot go on."""
    run = Run.begin(load(CAMPAIGNS / "duel_first.yaml", DUEL), base=CAMPAIGNS, runs=tmp_path)
    short = ("--games", "8", "--rounds", "1", "--name", "mine", "--runs", tmp_path, "--json")
    answer = call("duel", "tournament", run.folder.name, "zeillinger", *short)
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert {row["name"] for row in told["hosts"]} == {run.folder.name, "zeillinger"}
    assert (told["terms"]["points"], told["finished"], len(told["matches"])) == (6, True, 3)
    again = call("duel", "tournament", "--resume", "mine", "--runs", tmp_path, "--json")
    assert json.loads(again.out) == told
    path = store.file_of(tmp_path, "mine")
    sound = path.read_text()
    path.write_text(path.read_text().replace(store.reopen(tmp_path, "mine").contenders[0].fingerprint, "00000000"))
    changed = call("duel", "tournament", "--resume", "mine", "--runs", tmp_path)
    assert "is not what it was when it entered" in changed.err
    for damage in ({"ranks": [1]}, {"moves": []}, {"unfinished": [0.0] * 9}):
        plain = json.loads(sound)
        plain["results"][0] |= damage
        path.write_text(json.dumps(plain))
        assert "a result is not that of its contenders" in call("duel", "tournament", "--resume", "mine", "--runs", tmp_path).err
    path.write_text("{")
    assert "is damaged" in call("duel", "tournament", "--resume", "mine", "--runs", tmp_path).err
