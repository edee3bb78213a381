"""The game: what holds on any board."""

from collections.abc import Callable
from itertools import product

import pytest
import torch

from rolltrain_tui.modes.duel.game import (
    Boards,
    GameError,
    actions,
    after,
    begun,
    choices,
    code_of,
    in_order,
    joined,
    mask_of,
    newton_polytope,
    shift,
)
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Match, chances, play, random_host


def boards(games: int, points: int, dimension: int, seed: int = 0) -> Boards:
    return Boards.random(games, points, dimension, 20, torch.Generator().manual_seed(seed))


def dominated(points: list[list[int]], i: int) -> bool:
    """Whether another living point is below point i, or an equal one comes before it; said one by one."""
    own = points[i]
    return any(all(a <= b for a, b in zip(q, own, strict=True)) and (q != own or j < i) for j, q in enumerate(points) if j != i)


@pytest.mark.parametrize(("points", "dimension"), [(1, 2), (7, 2), (20, 3), (12, 5)])
def test_the_polytope_is_what_its_definition_says(points: int, dimension: int) -> None:
    """All games at once give what each point's own comparison gives."""
    some = boards(40, points, dimension)
    kept = newton_polytope(some).alive
    for game, own in enumerate(some.padded().tolist()):
        assert kept[:, game].tolist() == [not dominated(own, i) for i in range(points)]


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_the_hull_keeps_the_corners(dimension: int) -> None:
    """Of every game: the points of the hull lie in Pareto's, and exactly those that some weights rank first stay."""
    some = boards(30, 12, dimension, seed=dimension)
    pareto, hull = newton_polytope(some), newton_polytope(some, "hull")
    assert not bool((hull.alive & ~pareto.alive).any())
    weights = torch.rand(20_000, dimension, generator=torch.Generator().manual_seed(1), dtype=torch.float64).log().neg()  # any directions
    x = pareto.x.double().masked_fill(~pareto.alive, 1e9)
    worth = torch.einsum("wd,dnb->wnb", weights, x)
    first = torch.zeros_like(hull.alive)
    first.scatter_(0, worth.argmin(dim=1), True)
    assert not bool((first & ~hull.alive).any())
    assert (first == hull.alive).double().mean() > 0.97  # a corner so flat that no weight drawn finds it is rare


def test_games_do_not_know_of_each_other() -> None:
    """A game alone goes as it goes among others, and however many points the others have."""
    together, alone = begun(boards(50, 20, 3)), begun(boards(50, 20, 3).only(torch.tensor([7])))
    stream = torch.Generator().manual_seed(5)
    for _ in range(6):
        codes = random_host(together, torch.rand(50, generator=stream))
        chosen = mask_of(codes, 3)
        axes = chosen.int().argmax(dim=0)
        together, alone = after(together, chosen, axes), after(alone, chosen[:, 7:8], axes[7:8])
        assert torch.equal(together.only(torch.tensor([7])).x[:, : alone.points], alone.x)


def test_floats_and_whole_numbers_end_nearly_the_same_games() -> None:
    """Shares of the largest lose a tie now and then to rounding, which exact numbers keep: hardly a game ends otherwise for it."""
    drawn = boards(200, 12, 3, seed=2)
    versions = [newton_polytope(drawn), begun(drawn), begun(drawn.to(dtype=torch.float64))]
    stream = torch.Generator().manual_seed(6)
    for _ in range(20):
        chosen = mask_of(random_host(drawn, torch.rand(200, generator=stream)), 3)
        axes = chosen.int().argmax(dim=0)
        versions = [newton_polytope(shift(versions[0], chosen, axes)), *(after(some, chosen, axes) for some in versions[1:])]
        for rounded in versions[1:]:
            assert (versions[0].ended == rounded.ended).double().mean() > 0.97


def test_whole_numbers_that_grow_too_large_are_refused() -> None:
    """No silent wrap-around: a sentence with the remedy."""
    large = Boards.of(torch.tensor([[[2**61, 0], [0, 2**61]]]))
    with pytest.raises(GameError, match="64 bits"):
        shift(large, torch.ones(2, 1, dtype=torch.bool), torch.tensor([0]))


@pytest.mark.parametrize("dimension", [2, 3, 6])
def test_codes_go_both_ways(dimension: int) -> None:
    table = choices(dimension)
    assert len(table) == actions(dimension) == 2**dimension - dimension - 1
    assert code_of(table).tolist() == list(range(len(table)))


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (torch.zeros(1, 3, 1), "at least 2 coordinates"),
        (torch.zeros(1, 0, 3), "at least 1 point"),
        (torch.zeros(3, 3), "2 axes"),
    ],
)
def test_boards_that_are_none_are_refused_in_words(points: torch.Tensor, words: str) -> None:
    with pytest.raises(GameError, match=words):
        Boards.of(points)


def test_a_host_must_choose_two() -> None:
    with pytest.raises(GameError, match="at least 2"):
        code_of(torch.tensor([[True, False, False]]))


@pytest.mark.parametrize(("host", "agent"), list(product(HOSTS, AGENTS)))
def test_every_player_plays_by_the_rules(host: str, agent: str) -> None:
    """Any host against any agent: moves are counted, and games that are over stay so."""
    starts, asked = begun(boards(20, 10, 4)), []

    def counting(boards: Boards, chance: torch.Tensor) -> torch.Tensor:
        asked.append(len(boards))
        return HOSTS[host].move(boards, chance)

    match = play(counting, AGENTS[agent].move, starts, 30, chances(30, 20, torch.Generator().manual_seed(3)))
    assert int(match.moves.sum()) == sum(asked)
    assert bool((match.finished | (match.moves == 30)).all())
    assert match.rho().value > 0 or host == "all"


def test_an_empty_table_and_a_single_point_are_over(count: Callable[[int, int], int]) -> None:
    """A game that begins with one point has no moves, and rho of no moves is 0."""
    starts = begun(Boards.of(torch.tensor([[[1.0, 2.0, 3.0]]])))
    match = play(HOSTS["zeillinger"].move, AGENTS["first"].move, starts, 5, chances(5, 1, torch.Generator()))
    assert (match.moves.tolist(), match.finished.tolist(), match.rho().value) == ([0], [True], 0.0)


def test_the_standard_error_of_rho_is_how_far_it_scatters() -> None:
    """Of many matches of as many games the estimates lie apart by what each tells of itself."""
    stream = torch.Generator().manual_seed(3)
    moves, finished = torch.randint(1, 9, (400, 50), generator=stream), torch.rand(400, 50, generator=stream) < 0.7
    found = [Match(*games).rho() for games in zip(moves, finished, strict=True)]
    scatter = torch.tensor([rho.value for rho in found]).std().item()
    assert sum(rho.standard_error for rho in found) / len(found) == pytest.approx(scatter, rel=0.15)


def test_boards_join_and_order() -> None:
    """Games of different sizes side by side; the same points in any order are one board in lexicographic order."""
    one, other = boards(2, 3, 2), boards(3, 5, 2, seed=1)
    both = joined([one, other])
    assert (len(both), both.points) == (5, 5)
    assert torch.equal(both.padded()[2:], other.padded())
    flipped = Boards(other.x.flip(1))
    assert torch.equal(in_order(flipped).x, in_order(other).x)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_plays_the_same_games() -> None:
    starts = begun(boards(200, 20, 3))
    stream = torch.Generator().manual_seed(1)
    chance = chances(50, 200, stream)
    host, agent = HOSTS["zeillinger"].move, AGENTS["random"].move
    here = play(host, agent, starts, 50, chance)
    there = play(host, agent, starts.to("cuda"), 50, chance.cuda())
    assert here.moves.tolist() == there.moves.tolist()
