"""Networks that rate the moves of a role: layer lists on the points as one row, a network of sets, for which the order of the points is
nothing, and one that rates each move by itself, for which the order of the coordinates is nothing either.

A host's network gives one value for each action code, an agent's one for each coordinate. Shapes: B boards, N points, d coordinates; points
come as (B, N, d) with padding -1, the agent's chosen coordinates as (B, d) of 0 and 1.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.duel.game import actions, choices
from rolltrain_tui.modes.duel.players.names import Role

Layers = Sequence[Any]
"""A layer list: a number is a linear layer of that width, "b" a batch norm, "rK" a residual block of width K, and {"repeat": n,
"net_arch": [...]} the list n times."""
LONGEST = 256
"""Layers that a list may have when it is written out."""


class NetworkError(ValueError):
    """A layer list that describes no network."""


def outputs(role: Role, dimension: int) -> int:
    """Moves that the network rates."""
    return actions(dimension) if role == "host" else dimension


def written_out(layers: Layers) -> list[int | str]:
    """The list without repetitions. NetworkError, in words."""
    found: list[int | str] = []
    for layer in layers:
        if isinstance(layer, dict):
            count, own = layer.get("repeat"), layer.get("net_arch")
            if set(layer) != {"repeat", "net_arch"} or not _whole(count) or not isinstance(own, list):
                raise NetworkError(f"a repeated part of the layers must be {{repeat: 2, net_arch: [...]}}, not {layer!r}")
            found += written_out(own) * int(count or 0)
        elif _whole(layer) or layer == "b" or (isinstance(layer, str) and layer[:1] == "r" and layer[1:].isdecimal() and int(layer[1:])):
            found.append(layer)
        else:
            raise NetworkError(f"a layer must be a width such as 64, b for a batch norm, or r64 for a residual block, not {layer!r}")
        if len(found) > LONGEST:
            raise NetworkError(f"the layers are more than {LONGEST}; repeat fewer of them")
    return found


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


class Passage(NamedTuple):
    """FLOPs of a forward pass: for each board, and for each place for a point."""

    board: int
    point: int


def _products(*modules: nn.Module) -> int:
    """Two FLOPs for each weight of the linear layers in these."""
    return sum(2 * m.weight.numel() for module in modules for m in module.modules() if isinstance(m, nn.Linear))


class ResidualBlock(nn.Module):
    """x + BN(Linear(ReLU(BN(Linear(x)))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lin1, self.bn1 = nn.Linear(width, width), nn.BatchNorm1d(width)
        self.lin2, self.bn2 = nn.Linear(width, width), nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn2(self.lin2(torch.relu(self.bn1(self.lin1(x)))))
        return x + y


class LayerNet(nn.Module):
    """A layer list over the points as one row, in their order. A ReLU stands before every layer but the first and the last.

    `relu_first` puts one on the raw features too, as the original does: then a point that is gone looks like the origin.
    """

    def __init__(self, role: Role, dimension: int, points: int, layers: Layers, *, relu_first: bool = False) -> None:
        super().__init__()
        self.points = points
        width = dimension * points + (dimension if role == "agent" else 0)
        parts: list[nn.Module] = [nn.Flatten()]
        for layer in written_out(layers):
            if layer == "b":
                parts.append(nn.BatchNorm1d(width))
                continue
            parts.append(nn.ReLU() if len(parts) > 1 or relu_first else nn.Identity())
            if isinstance(layer, int):
                parts.append(nn.Linear(width, layer))
                width = layer
            elif int(layer[1:]) != width:
                raise NetworkError(f"residual block {layer} follows a layer of width {width}; the two must be the same, so write r{width}")
            else:
                parts.append(ResidualBlock(width))
        self.layers = nn.Sequential(*parts, nn.Linear(width, outputs(role, dimension)))
        self.only_linear = not any(isinstance(part, nn.BatchNorm1d | ResidualBlock) for part in self.layers)
        self.relu_first = isinstance(self.layers[1], nn.ReLU)
        self._theta: list[tuple[Tensor, Tensor, bool]] | None = None

    @property
    def theta(self) -> list[tuple[Tensor, Tensor, bool]]:
        """Weight and bias of each linear layer, and whether a ReLU stands behind it. Kept: looking them up costs as much as a product.

        They stay the same objects when the module moves to another device or dtype.
        """
        if self._theta is None:
            pairs = pairwise([*self.layers, None])
            self._theta = [(own.weight, own.bias, isinstance(behind, nn.ReLU)) for own, behind in pairs if isinstance(own, nn.Linear)]
        return self._theta

    def cost(self) -> Passage:
        return Passage(_products(self), 0)

    def row(self, points: Tensor, chosen: Tensor | None) -> Tensor:
        """What the first layer reads: a place for each point, (B, N d), and an agent's chosen coordinates."""
        if (room := self.points - points.shape[1]) > 0:
            points = nn.functional.pad(points, (0, 0, 0, room), value=-1.0)
        row = (points[:, : self.points] if room < 0 else points).flatten(1)
        return row if chosen is None else torch.cat([row, chosen.to(row.dtype)], dim=1)

    def forward(self, points: Tensor, chosen: Tensor | None = None) -> Tensor:
        values: Tensor = self.layers(self.row(points, chosen))
        return values


class SetNet(nn.Module):
    """Each point by itself through two layers, their mean and maximum over the living points, one more layer, the values.

    As in Deep Sets (Zaheer et al., 2017).
    A point is its coordinates and a flag that it lives. The order of the points is nothing, and their number may be any.
    """

    def __init__(self, role: Role, dimension: int, width: int) -> None:
        super().__init__()
        self.point1, self.point2 = nn.Linear(dimension + 1, width), nn.Linear(width, width)
        self.board = nn.Linear(2 * width + (dimension if role == "agent" else 0), width)
        self.values = nn.Linear(width, outputs(role, dimension))

    def cost(self) -> Passage:
        return Passage(_products(self.board, self.values), _products(self.point1, self.point2))

    def forward(self, points: Tensor, chosen: Tensor | None = None) -> Tensor:
        alive = (points[:, :, :1] >= 0).to(points.dtype)  # (B, N, 1)
        read = torch.cat([points * alive, alive], dim=2)
        each = torch.relu(self.point2(torch.relu(self.point1(read)))) * alive  # (B, N, width)
        mean = each.sum(dim=1) / alive.sum(dim=1).clamp(min=1)
        pooled = [mean, each.amax(dim=1)] + ([] if chosen is None else [chosen.to(points.dtype)])
        values: Tensor = self.values(torch.relu(self.board(torch.cat(pooled, dim=1))))
        return values


class MoveNet(nn.Module):
    """Each move is rated by itself, with the same weights, from what it does to each point; no order of points or coordinates counts.

    An entry, one coordinate c of one point, is read as six numbers: x_c; x_c as a share of the most of c; the sum of the point's
    coordinates; mean, most and least of c among the living points. For a move, the entries of a point are added up by their part in it:
    those that the host takes in, all of them, and of an agent's move the one that it picks. Then mean and maximum over the points.
    Renumbered coordinates renumber the values, and change none.
    """

    def __init__(self, role: Role, dimension: int, width: int) -> None:
        super().__init__()
        self.entry = nn.Linear(6, width)
        self.taken, self.all = nn.Linear(width, width), nn.Linear(width, width)
        self.picked = nn.Linear(width, width) if role == "agent" else None
        self.move, self.value = nn.Linear(2 * width, width), nn.Linear(width, 1)
        self.register_buffer("sets", choices(dimension).float(), persistent=False)  # (A, d)
        self.sets: Tensor

    def cost(self) -> Passage:
        moves, dimension = self.sets.shape
        moves, adding = (dimension, 0) if self.picked is not None else (moves, 2 * moves * dimension * self.all.out_features)
        parts = (self.entry, self.taken) if self.picked is None else (self.entry, self.taken, self.picked)
        return Passage(moves * _products(self.move, self.value), dimension * _products(*parts) + _products(self.all) + adding)

    def cost_of_one(self) -> Passage:
        """FLOPs of rating a single move, as `one_move` does."""
        once = (self.all, self.taken) if self.picked is None else (self.all, self.taken, self.picked)
        return Passage(_products(self.move, self.value), self.sets.shape[1] * _products(self.entry) + _products(*once))

    def forward(self, points: Tensor, chosen: Tensor | None = None) -> Tensor:
        alive = (points[:, :, :1] >= 0).to(points.dtype)  # (B, N, 1)
        share = 1 / alive.sum(dim=1).clamp(min=1)  # (B, 1): of a point among the living
        x = points * alive
        most = x.amax(dim=1, keepdim=True)  # (B, 1, d)
        least = (x + 2 * most * (1 - alive)).amin(dim=1, keepdim=True)
        whole = (x.sum(dim=2, keepdim=True), (x.sum(dim=1) * share)[:, None], most, least)
        read = torch.stack([x, x / most.clamp(min=1e-30), *(part.expand_as(x) for part in whole)])  # (6, B, N, d)
        entries = torch.relu(self.entry(read.permute(3, 1, 2, 0)))  # (d, B, N, w)
        each = self.all(entries.sum(dim=0)).masked_fill(alive == 0, -torch.inf)  # (B, N, w): a point that is gone adds nothing to a move
        taken = self.taken(entries)
        if self.picked is None:
            moves = (self.sets @ taken.flatten(1)).view(-1, *each.shape) + each  # (A, B, N, w)
        else:
            assert chosen is not None, "an agent's move is one of the chosen coordinates"
            legal = chosen.T[:, :, None, None].to(taken.dtype)  # (d, B, 1, 1)
            moves = self.picked(entries) + (taken * legal).sum(dim=0) + each
        moves = torch.relu(moves)
        pooled = torch.cat([moves.sum(dim=2) * share, moves.amax(dim=2)], dim=2)  # (A, B, 2w)
        values: Tensor = self.value(torch.relu(self.move(pooled)))[:, :, 0].T
        return values


Network = LayerNet | SetNet | MoveNet
"""Called with points and an agent's chosen coordinates; rates the moves."""


def has_batch_norm(net: nn.Module) -> bool:
    return any(isinstance(module, nn.BatchNorm1d) for module in net.modules())
