"""One table at which a person can follow the game: whole numbers, reasons, par, worst case, games in a row."""

import json
from pathlib import Path

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL, RIVALS

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.game import Boards, GameError, actions, mask_of, newton_polytope, shift
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players.players import HOSTS
from rolltrain_tui.modes.duel.table.guests import fixed_guests, guests_of
from rolltrain_tui.modes.duel.table.insight import all_answers, answers, played_out, worst_case
from rolltrain_tui.modes.duel.table.position import IllegalMoveError, Position, Rules, figure, names, rough
from rolltrain_tui.modes.duel.table.seats import expert, fixed, values_of
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.modes.duel.table.typed import Choice, Order, read
from rolltrain_tui.modes.duel.table.words import fall_words, falls_words, result_words
from rolltrain_tui.protocol.effects import NEUTRAL

GOLDEN = Path(__file__).parents[1] / "golden" / "golden_original_tests.json"


def position(*points: tuple[int, ...], **rules: object) -> Position:
    return Position.start(Rules(dimension=len(points[0]), **rules), points)  # type: ignore[arg-type]


def a_sitting(seed: int = 3, dimension: int = 3, **how: object) -> Sitting:
    return Sitting(fixed_guests(Rules(dimension=dimension)), seed=seed, **how)  # type: ignore[arg-type]


# The game itself.


@pytest.mark.parametrize("polytope", ["pareto", "hull"])
@pytest.mark.parametrize("dimension", [2, 3, 6])
def test_a_table_plays_the_game_that_is_trained(dimension: int, polytope: str) -> None:
    """After any moves the same points stay, in whole numbers, as on the boards of whole batches."""
    stream = torch.Generator().manual_seed(dimension)
    for points in (1, 2, 13, 40):
        here = Position.random(Rules(dimension=dimension, points=points, polytope=polytope), seed=points)  # type: ignore[arg-type]
        there = Boards.of(torch.tensor([here.points]))
        for _ in range(4):
            if here.stopped:
                break
            chosen = mask_of(torch.randint(actions(dimension), (1,), generator=stream), dimension)
            named = tuple(chosen[:, 0].nonzero().flatten().tolist())
            axis = named[int(torch.randint(len(named), (1,), generator=stream))]
            here = here.play(named, axis)
            there = newton_polytope(shift(there, chosen, torch.tensor([axis])), polytope)  # type: ignore[arg-type]
            assert sorted(here.points) == sorted(tuple(p) for p in there.padded()[0].tolist() if p[0] >= 0)


def test_each_fall_is_told_with_its_reason() -> None:
    """The point below it; that it stands there twice; or that a mixture is below it. After a move in the numbers of then."""
    start = position((3, 4, 1), (2, 4, 1), (0, 9, 9), (2, 4, 1))
    assert falls_words(start.fell) == ["(3,4,1) fell: (2,4,1) is below it.", "(2,4,1) fell: it stands there twice."]
    hull = position((4, 0), (0, 4), (3, 3), polytope="hull")
    assert [fall_words(fall) for fall in hull.fell] == ["(3,3) fell: a mixture of others is below it"]
    move = position((1, 5), (4, 4)).play((0, 1), 1).moves[-1]
    assert falls_words(move.falls) == ["(4,8) fell: (1,6) is below it."]


@pytest.mark.parametrize(
    ("chosen", "axis", "words"),
    [
        ((0,), 0, "at least two coordinates, and only x is named: add another, such as y"),
        ((1, 1), 1, "only y is named: add another, such as x"),
        ((), 0, "none is named"),
        ((0, 5), 0, "there is no coordinate 6; this game has 1 to 3"),
        ((0, 1), 2, "has named x and y, and z is not among them"),
        ((0, 1), 7, "there is no coordinate 8"),
    ],
)
def test_an_illegal_move_is_explained_and_costs_nothing(chosen: tuple[int, ...], axis: int, words: str) -> None:
    start = position((1, 2, 0), (0, 3, 3))
    with pytest.raises(IllegalMoveError, match=words):
        start.play(chosen, axis)
    assert start.moves == ()


@pytest.mark.parametrize("name", sorted(HOSTS.keys() - {"zeillinger"}))
def test_a_built_in_host_plays_at_the_table_as_in_training(name: str) -> None:
    """With the same random number it names the same coordinates."""
    stream = torch.Generator().manual_seed(5)
    for seed in range(8):
        here, chance = Position.random(Rules(dimension=4, points=6), seed=seed), torch.rand(1, generator=stream, dtype=torch.float64)
        code = HOSTS[name].move(Boards.of(torch.tensor([here.points])), chance)
        assert fixed(name, "host").names(here, chance) == tuple(mask_of(code, 4)[:, 0].nonzero().flatten().tolist())


def test_numbers_stay_whole_however_large_they_grow() -> None:
    """Beyond 64 bits too; from 10,000 on they are told as shares of the largest."""
    here = position((0, 9, 1), (5, 0, 3), limit=300)
    for _ in range(100):
        here = here.play((0, 1), 0).play((0, 1), 1)
    assert here.most > 2**100
    assert len(here.points) == 2
    assert expert("host").names(here, torch.zeros(1))
    assert rough(here.most).startswith(str(here.most)[0] + "e+")
    assert figure(9_999, 9_999) == "9999"
    assert figure(5_000, 10_000) == "0.5000"


@pytest.mark.parametrize(
    ("rules", "points", "words"),
    [
        ({"dimension": 1}, ((1,),), "needs at least 2 coordinates"),
        ({"dimension": 9}, ((1,),), "dimension 9 is not possible; choose 2 to 8"),
        ({"points": 0}, (), "points 0 is not possible"),
        ({}, (), "a start of 0 points"),
        ({}, ((1, 2),), r"\(1,2\) has 2 coordinates, and this game has 3"),
        ({}, ((1, 2, -1),), "whole numbers from 0"),
    ],
)
def test_a_start_that_cannot_be_is_refused_in_words(rules: dict[str, int], points: tuple[tuple[int, ...], ...], words: str) -> None:
    with pytest.raises(GameError, match=words):
        Position.start(Rules(**rules), points)


# What can be known.


def test_the_worst_case_of_the_original_test_start_is_found_by_search() -> None:
    cases = json.loads(GOLDEN.read_text())["cases"]
    case = next(case for case in cases if case["op"].startswith("longest game"))
    assert worst_case(position(*map(tuple, case["input"]))) == case["output"]
    assert worst_case(Position.random(Rules(dimension=6, points=40), seed=1)) is None


@pytest.mark.slow
def test_no_agent_lasts_longer_than_the_worst_case() -> None:
    """Zeillinger's games against the fixed agents, from starts that can be searched."""
    for seed in range(4):
        sitting = a_sitting(seed)
        worst = worst_case(sitting.position)
        assert worst is None or all(
            played_out(sitting.position, expert("host"), fixed(name, "agent"), sitting.chance).moves <= worst
            for name in ("random", "first", "last")
        )


def test_looking_ahead_shows_what_then_happens() -> None:
    """At most nine boards in three coordinates; each is the board after that answer."""
    here = position((1, 2, 0), (0, 3, 3), (4, 0, 1))
    moves = [move for _, found in all_answers(here) for move in found]
    assert len(moves) == 9
    for move in answers(here, (0, 2)):
        assert here.play(move.chosen, move.axis).points == move.points


# Games in a row.


def test_the_same_seed_is_the_same_table_and_roles_alternate() -> None:
    """Par is Zeillinger's result where the person is host, and that of the agent first where they are agent."""
    told = []
    for _ in range(2):
        sitting = a_sitting(opponents={"agent": fixed("random", "agent")})
        story = []
        while not sitting.decided:
            story.append((sitting.role, sitting.opponent.name, sitting.position.points, sitting.par))
            while not sitting.position.stopped:
                sitting.play((0, 1, 2) if sitting.role == "host" else sitting.named[:1])
            story.append(result_words(sitting.results[-1]))
            if not sitting.decided:
                sitting.next_game()
        told.append(story)
    assert told[0] == told[1]
    assert [part[0] for part in told[0][::2]] == (["host", "agent"] * 3)[: len(told[0]) // 2]
    assert max(sitting.score) == 3


def test_games_are_counted_from_one_in_each_series() -> None:
    """The start of a new series is none of those before."""
    sitting = a_sitting(opponents={"agent": fixed("random", "agent")})
    counted, starts = [], []
    for _ in range(8):
        counted.append(sitting.game)
        starts.append(sitting.position.points)
        while not sitting.position.stopped:
            sitting.play((0, 1, 2) if sitting.role == "host" else sitting.named[:1])
        if sitting.decided:
            counted.append(0)
        sitting.next_game()
    series = "".join(map(str, counted)).split("0")
    assert len(series) > 1
    assert all(games == "12345"[: len(games)] for games in series)
    assert len(set(starts)) == len(starts)
    sitting.new_series()
    assert sitting.game == 1


def test_whoever_plays_as_the_expert_does_comes_to_par_and_wins() -> None:
    """As host and as agent, and against chance as well: it is the same in par's game."""
    for role in ("host", "agent"):
        opponents = {"agent": fixed("random", "agent"), "host": fixed("random", "host")}
        sitting = a_sitting(first=role, opponents=opponents)
        while not sitting.position.stopped:
            own = sitting.chance[len(sitting.position.moves), 0]
            sitting.play(expert("host").names(sitting.position, own) if role == "host" else sitting.named[:1])
        assert sitting.results[-1].outcome == sitting.par
        assert sitting.results[-1].won is True


def test_a_watched_game_counts_for_nobody() -> None:
    sitting = a_sitting()
    while not sitting.position.stopped:
        sitting.watch()
    assert sitting.results[-1].won is None
    assert sitting.score == (0, 0)
    assert "you watched" in result_words(sitting.results[-1])


def test_a_single_point_is_over_before_it_begins() -> None:
    """Nobody can move, and nothing counts."""
    sitting = Sitting(fixed_guests(Rules(points=1)))
    assert sitting.position.over
    with pytest.raises(IllegalMoveError, match="over"):
        sitting.play((0, 1))
    sitting.next_game()
    assert (sitting.number, sitting.score) == (1, (0, 0))


@pytest.mark.parametrize("more", [(), RIVALS], ids=["a host", "an agent with a rival"])
def test_networks_at_the_table_are_those_of_that_turn(more: tuple[str, ...]) -> None:
    """They are copies: while the training goes on they rate as they did, and they play as the learner's own player does."""
    learner = build(load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *more)), base=CAMPAIGNS)
    assert isinstance(learner, DuelLearner)
    guests = guests_of(learner, "turn 0")
    assert [seat.name for seat in guests.networks] == (["rival", "net"] if more else ["net"])
    here = Position.random(guests.rules, seed=2)
    before = [values_of(seat, here.points, (0, 2), 3) for seat in guests.networks]
    own = next(seat for seat in guests.networks if seat.name == "net")
    board = Boards.of(torch.tensor([here.points]).double() / here.most)
    if own.role == "host":
        assert own.names(here, torch.zeros(1)) == values_of(own, here.points, None, 3)[0][0]
        assert names(own.names(here, torch.zeros(1))) == names(
            mask_of(learner.player()(board, torch.zeros(1)), 3)[:, 0].nonzero().flatten().tolist()  # type: ignore[call-arg,arg-type]
        )
    else:
        assert own.takes(here, (0, 2), torch.zeros(1)) in (0, 2)
    for _ in range(4):
        learner.step(NEUTRAL)
    assert before == [values_of(seat, here.points, (0, 2), 3) for seat in guests.networks]


@pytest.mark.parametrize(
    ("line", "dimension", "found"),
    [
        ("13", 3, Choice((0, 2))),
        (" 1, 3 ", 3, Choice((0, 2))),
        ("xz", 3, Choice((0, 2))),
        ("w", 6, Choice((5,))),
        ("w", 3, Order("w")),
        ("watch 20", 6, Order("w", "20")),
        ("? 13", 3, Order("?", "13")),
        ("QUIT", 3, Order("leave")),
        ("", 3, None),
        ("²", 3, IllegalMoveError),
        ("w", 2, Order("w")),
        ("banana", 3, IllegalMoveError),
    ],
)
def test_a_typed_line_is_a_move_or_a_command(line: str, dimension: int, found: object) -> None:
    if found is IllegalMoveError:
        with pytest.raises(IllegalMoveError, match="is no move"):
            read(line, dimension)
    else:
        assert read(line, dimension) == found
