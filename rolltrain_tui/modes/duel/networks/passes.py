"""How boards are passed through a network: through its modules, or by passes that are written out where there are some for its kind."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.networks import one_move, packed_moves, packed_sets, written_out
from rolltrain_tui.modes.duel.networks.networks import LayerNet, Network, SetNet


class Read(NamedTuple):
    """Boards prepared for a network. It holds no weights, so the learning network and its target may read the same."""

    points: Tensor
    """(B, N, d), padding -1."""
    chosen: Tensor | None
    """(B, d): an agent's legal coordinates."""
    prepared: Any
    """Input of passes that are written out."""
    places: int
    """Places for points, of all boards, that a pass computes."""


class Passes(NamedTuple):
    """The passes of one kind of network, written out. All are called without gradients."""

    prepare: Callable[[Any, Tensor, Tensor | None], Any]
    """Network, points, chosen -> what is read below."""
    both: Callable[[Any, list[Tensor], list[Tensor] | None], Sequence[Any]]
    """The same for two batches of boards, each by itself."""
    forward: Callable[[Any, Any], Any]
    """Network, boards -> a tape, whose `values` are (B, A)."""
    of_moves: Callable[[Any, Any, Tensor], Any]
    """Network, boards, a move of each -> a tape, whose `values` are (B,)."""
    backward: Callable[[Any, Any, Tensor], None]
    """Network, tape of moves, dL/dQ: adds dL/dtheta to `.grad`."""
    one_move: bool = False
    """Whether rating one move costs less than rating all."""


class Picked(NamedTuple):
    """One move of each board, picked from a tape that rates all moves."""

    tape: Any
    move: Tensor
    """(B, 1)"""
    values: Tensor
    """(B,)"""


def rating_all(
    prepare: Callable[[Any, Tensor, Tensor | None], Any],
    both: Callable[[Any, list[Tensor], list[Tensor] | None], Sequence[Any]],
    forward: Callable[[Any, Any], Any],
    backward: Callable[[Any, Any, Tensor], None],
) -> Passes:
    """Passes for a network that rates one move by rating all. `backward` takes dL/dQ as (B, A)."""

    def of_moves(net: Any, boards: Any, moves: Tensor) -> Picked:
        tape, move = forward(net, boards), moves[:, None]
        return Picked(tape, move, tape.values.gather(1, move)[:, 0])

    def of_slopes(net: Any, picked: Picked, slopes: Tensor) -> None:
        backward(net, picked.tape, torch.zeros_like(picked.tape.values).scatter_(1, picked.move, slopes[:, None]))

    return Passes(prepare, both, forward, of_moves, of_slopes)


LAYERS = rating_all(
    LayerNet.row,
    lambda net, points, chosen: list(map(net.row, points, chosen or (None, None))),
    written_out.forward,
    written_out.backward,
)
MOVES = rating_all(
    lambda net, points, chosen: packed_moves.packed(points),
    lambda net, points, chosen: packed_moves.packed_halves(torch.cat(points)),
    packed_moves.forward,
    packed_moves.backward,
)
ONE_MOVE = Passes(
    lambda net, points, chosen: packed_moves.packed(points, chosen),
    lambda net, points, chosen: packed_moves.packed_halves(torch.cat(points), None if chosen is None else torch.cat(chosen)),
    packed_moves.forward,
    one_move.forward,
    one_move.backward,
    one_move=True,
)
SETS = rating_all(
    lambda net, points, chosen: packed_sets.packed(points, chosen),
    lambda net, points, chosen: packed_sets.packed_halves(torch.cat(points), None if chosen is None else torch.cat(chosen)),
    packed_sets.forward,
    packed_sets.backward,
)


def passes_of(net: Network, config: DuelConfig, device: torch.device) -> Passes | None:
    """The passes that are written out for this network. None: boards go through its modules."""
    if device.type != "cpu":
        return None
    if isinstance(net, LayerNet):
        return LAYERS if net.only_linear else None
    if config.passes == "padded":
        return None
    if isinstance(net, SetNet):
        return SETS
    if config.passes == "asked":
        return ONE_MOVE
    return MOVES if net.picked is None else None


def read(passes: Passes | None, net: nn.Module, points: Tensor, chosen: Tensor | None) -> Read:
    """Boards made ready for passes, or for the modules."""
    return _read(points, chosen, None if passes is None else passes.prepare(net, points, chosen))


def read_both(passes: Passes | None, net: nn.Module, points: list[Tensor], chosen: list[Tensor] | None) -> list[Read]:
    """Two batches of boards, each read as by itself. In one call, where that is cheaper."""
    prepared = (None, None) if passes is None else passes.both(net, points, chosen)
    return list(map(_read, points, chosen or (None, None), prepared))


def _read(points: Tensor, chosen: Tensor | None, prepared: Any) -> Read:
    of = getattr(prepared, "of", None)
    return Read(points, chosen, prepared, points.shape[0] * points.shape[1] if of is None else len(of.board))
