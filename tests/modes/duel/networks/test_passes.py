"""Packed passes: what autograd finds over all places, but for rounding."""

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL
from support.small_learners import duel_learner

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load_text
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.networks.networks import LayerNet, MoveNet, Network, SetNet
from rolltrain_tui.modes.duel.networks.passes import LAYERS, MOVES, ONE_MOVE, SETS, Passes, read, read_both
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.learner import Learner

AGENT = ("table.hero=agent", "table.opponents=[zeillinger]", "table.judges=[zeillinger]")


def learner(*more: str) -> DuelLearner:
    return duel_learner("batch.transitions=32", *more)


@pytest.mark.parametrize("dimension", [2, 3, 4])
@pytest.mark.parametrize("kind", ["moves of a host", "one move of a host", "one move of an agent", "set of a host", "set of an agent"])
def test_values_and_gradients_are_those_of_autograd(kind: str, dimension: int) -> None:
    """Boards of one to seven points, one of them all at the origin; two batches, whose gradients add up; a move of each board learns."""
    stream = torch.Generator().manual_seed(dimension)
    role: Role = "agent" if kind.endswith("agent") else "host"
    passes = {"moves": MOVES, "one": ONE_MOVE, "set": SETS}[kind.split()[0]]
    net, plain = ((SetNet if passes is SETS else MoveNet)(role, dimension, 8) for _ in range(2))
    plain.load_state_dict(net.state_dict())
    for count in (1, 12):
        alive = torch.arange(7) < torch.randint(1, 8, (count, 1), generator=stream)
        points = torch.rand(count, 7, dimension, generator=stream).masked_fill(~alive[:, :, None], -1)
        points[0] = torch.where(alive[0, :, None], 0.0, -1.0)
        chosen = torch.rand(count, dimension, generator=stream) < 0.7 if role == "agent" else None
        values = plain(points, chosen)
        moves = torch.randint(values.shape[1], (count,), generator=stream)
        own, slopes = values.gather(1, moves[:, None])[:, 0], torch.randn(count, generator=stream)
        own.backward(slopes)
        with torch.no_grad():
            boards = passes.prepare(net, points, chosen)
            tape = passes.of_moves(net, boards, moves)
            passes.backward(net, tape, slopes)
            torch.testing.assert_close(passes.forward(net, boards).values, values, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(tape.values, own, rtol=1e-5, atol=1e-6)
    for mine, other in zip(net.parameters(), plain.parameters(), strict=True):
        assert mine.grad is not None
        assert mine.grad.is_contiguous()  # a fused optimiser takes no notice of strides
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["moves of a host", "moves of an agent", "set of a host", "set of an agent", "layers of an agent"])
def test_boards_before_and_after_are_read_as_each_by_itself(kind: str) -> None:
    """In one call and in two: the same values, to the bit."""
    stream = torch.Generator().manual_seed(3)
    role: Role = "agent" if kind.endswith("agent") else "host"
    nets: dict[str, tuple[Passes, Network]] = {
        "moves": (ONE_MOVE, MoveNet(role, 3, 8)),
        "set": (SETS, SetNet(role, 3, 8)),
        "layers": (LAYERS, LayerNet(role, 3, 9, [8])),
    }
    passes, net = nets[kind.split()[0]]
    for count in (1, 2, 30):
        alive = torch.arange(9) < torch.randint(1, 10, (2, count, 1), generator=stream)
        points = list(torch.rand(2, count, 9, 3, generator=stream).masked_fill(~alive[..., None], -1))
        chosen = list(torch.rand(2, count, 3, generator=stream) < 0.7) if role == "agent" else None
        together = read_both(passes, net, points, chosen)
        apart = [read(passes, net, *own) for own in zip(points, chosen or (None, None), strict=True)]
        assert [boards.places for boards in together] == [boards.places for boards in apart]
        with torch.no_grad():
            for one, other in zip(together, apart, strict=True):
                assert torch.equal(passes.forward(net, one.prepared).values, passes.forward(net, other.prepared).values)


@pytest.mark.parametrize("more", [("learning.double=true",), ("learning.double=false",), AGENT], ids=["double", "single", "an agent"])
def test_training_is_the_same_but_for_rounding(more: tuple[str, ...]) -> None:
    """Some turns with the same games: losses and weights are near each other, and the fewer values a pass finds, the less it costs."""
    words = ("asked", "packed", "padded") if more != AGENT else ("asked", "padded")
    runs = [learner(f"passes={passes}", *more) for passes in words]
    reports = [[hero.step(NEUTRAL) for _ in range(6)] for hero in runs]
    costs = [sum(turn.gflop for turn in turns) for turns in reports]
    assert costs == sorted(costs)
    assert len(set(costs)) == len(costs)
    for hero, turns in zip(runs[1:], reports[1:], strict=True):
        assert [turn.loss for turn in turns] == pytest.approx([turn.loss for turn in reports[0]], rel=1e-3)
        for own, theirs in zip(hero.levers.parameters, runs[0].levers.parameters, strict=True):
            torch.testing.assert_close(own, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("passes", ["asked", "packed", "padded"])
def test_double_q_learning_costs_more(passes: str) -> None:
    """It rates each next board once more, and the energy of a turn says so."""
    single, double = (learner(f"passes={passes}", f"learning.double={word}").step(NEUTRAL).gflop for word in ("false", "true"))
    assert single < double


def test_a_campaign_of_before_keeps_its_passes() -> None:
    """A file that does not name them is trained over all places, as it was: its runs go on, and verify, with the same bits."""
    text = (CAMPAIGNS / "duel_first.yaml").read_text(encoding="utf-8")
    older = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("passes:"))
    assert older != text
    made = [build(load_text(each, "it", (*DUEL, *more)), base=CAMPAIGNS) for each, more in ((older, ()), (text, ("passes=padded",)))]
    assert stepped(made[0]) == stepped(made[1])
    assert isinstance(made[0], DuelLearner)
    assert made[0].side.passes is None


def stepped(hero: Learner) -> str:
    """The weights after some turns."""
    for _ in range(3):
        hero.step(NEUTRAL)
    return hero.weights_sha256()


def test_a_board_at_the_table_is_rated_alike() -> None:
    """Players of both passes choose the same moves on the same boards."""
    boards = Boards.random(20, 6, 3, 9, torch.Generator().manual_seed(2)).to(dtype=torch.float32)
    found = [hero.player()(boards, torch.zeros(20)).tolist() for hero in (learner("passes=packed"), learner("passes=padded"))]  # type: ignore[call-arg, arg-type]
    assert found[0] == found[1]
