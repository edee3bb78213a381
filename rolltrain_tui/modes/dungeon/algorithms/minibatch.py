"""Some of the lessons, as one step learns from them. Each function gives new rows, and leaves those that it was given.

Shapes: B moves of a minibatch. Rows are columns by name, one row a move.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.algorithm import Rows
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.training.batch_gradient import BatchGradient, drop_worst
from rolltrain_tui.training.levers.noise import swaps


def ready(rows: Rows, places: Tensor, device: torch.device) -> dict[str, Tensor]:
    """These rows, on the device, without padding that none of them needs: of texts, commands and what is told of words."""
    offers = Offers.of(rows).only(places).columns()
    longest = offers["commands"].shape[2]
    others = {name: column[places] for name, column in rows.items() if name not in offers}
    others = {name: column[:, :longest] if column.dim() == 2 else column for name, column in others.items()}
    return {name: column.to(device) for name, column in (offers | others).items()}


def without_the_worst(micros: Sequence[Rows], losses: Tensor, drop: int, batch: BatchGradient) -> list[dict[str, Tensor]]:
    """The micro-batches without the `drop` moves of highest loss. `losses`: of all their moves, one micro-batch after the other."""
    stays = drop_worst(losses, drop, batch)
    batch.scored = len(losses)
    parts = torch.split(stays, [len(rows["action"]) for rows in micros])
    return [{name: column[own.to(column.device)] for name, column in rows.items()} for rows, own in zip(micros, parts, strict=True)]


def noisy(rows: Rows, targets: Sequence[str], fraction: float, stream: torch.Generator) -> tuple[dict[str, Tensor], int]:
    """The moves, of which that fraction is learned towards what another move of the minibatch earned; and how many those are.

    `targets`: the columns that a move is learned towards.
    """
    mixed = dict(rows)
    places, others = swaps(len(rows["action"]), fraction, stream)
    for name in targets:
        mixed[name] = rows[name].clone()
        mixed[name][places] = rows[name][others]
    return mixed, len(places)
