"""Networks of the duel: what they do not distinguish, what they cost."""

import pytest
import torch
from torch import nn

from rolltrain_tui.modes.duel.game import Boards, actions, begun, choices, code_of
from rolltrain_tui.modes.duel.networks.networks import LayerNet, MoveNet, Network, SetNet
from rolltrain_tui.modes.duel.players.names import Role

ROLES = pytest.mark.parametrize("role", ["host", "agent"])


def boards(games: int, dimension: int) -> torch.Tensor:
    return begun(Boards.random(games, 6, dimension, 9, torch.Generator().manual_seed(1))).padded(6)


def chosen(games: int, dimension: int) -> torch.Tensor:
    codes = torch.randint(actions(dimension), (games,), generator=torch.Generator().manual_seed(2))
    return choices(dimension)[codes]


@ROLES
@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_renumbered_coordinates_renumber_the_values_of_moves(role: Role, dimension: int) -> None:
    """The same board with other numbers for its coordinates: every move is worth what it was, under its new number."""
    torch.manual_seed(0)
    net, points, taken = MoveNet(role, dimension, 8), boards(5, dimension), chosen(5, dimension)
    order = torch.randperm(dimension, generator=torch.Generator().manual_seed(3))  # coordinate j of the new is order[j] of the old
    values, renumbered = net(points, taken), net(points[:, :, order], taken[:, order])
    old = code_of(choices(dimension)[:, order.argsort()]) if role == "host" else order  # under which number a new move was known
    assert torch.allclose(renumbered, values[:, old], atol=1e-6)
    assert values.std() > 0


@ROLES
@pytest.mark.parametrize("kind", [SetNet, MoveNet])
def test_the_order_of_points_and_the_places_without_one_are_nothing(role: Role, kind: type[SetNet] | type[MoveNet]) -> None:
    """Points in another order, with more room behind them."""
    net, points, taken = kind(role, 3, 8), boards(5, 3), chosen(5, 3) if role == "agent" else None
    shuffled = torch.cat([points.flip(1), torch.full((5, 3, 3), -1.0)], dim=1)
    assert torch.allclose(net(shuffled, taken), net(points, taken), atol=1e-6)


@ROLES
@pytest.mark.parametrize("kind", ["moves", "set", "layers"])
def test_a_pass_costs_what_is_told(role: Role, kind: str) -> None:
    """Two FLOPs for each weight that meets a number, on boards of six places."""
    nets: dict[str, Network] = {"moves": MoveNet(role, 3, 8), "set": SetNet(role, 3, 8), "layers": LayerNet(role, 3, 6, [8, "r8"])}
    net, points, taken = nets[kind].eval(), boards(4, 3), chosen(4, 3) if role == "agent" else None
    spent = []
    for module in net.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_hook(lambda m, given, _: spent.append(2 * m.weight.numel() * given[0][..., 0].numel()))
    net(points, taken)
    adding = 2 * 4 * 3 * (4 * 6 * 8) if (kind, role) == ("moves", "host") else 0  # four sets of three coordinates, for each point
    assert sum(spent) + adding == 4 * (net.cost().board + 6 * net.cost().point)


def test_the_weights_that_a_network_keeps_at_hand_are_those_it_moves() -> None:
    """On another dtype too: looked up before the move, they are what a network looked up after it would find."""
    net = LayerNet("host", 3, 6, [8, 8])
    before = net.theta
    net.double()
    assert {id(tensor) for weight, bias, _ in before for tensor in (weight, bias)} == {id(p) for p in net.parameters()}
    assert all(weight.dtype == bias.dtype == torch.float64 for weight, bias, _ in net.theta)
