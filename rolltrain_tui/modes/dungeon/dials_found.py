"""What is found in the training of dials that were turned: each says what it was asked for, and what was measured.

entropy, value, kl   (loss - loss without that part) / the part itself, on the turn's first minibatch
rate                 learning rate of the turn over that of the schedule
every                turns between the last two times that the games went on
worlds               part of the new games that are in the worlds asked for
temperature          how far apart commands stand at temperature 1, over how far apart they stand now, on the turn's first minibatch
again                age of the lessons, in turns
"""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Told
from rolltrain_tui.modes.dungeon.algorithms.kl import KLCoefficients
from rolltrain_tui.modes.dungeon.dials import Settings
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.policy import Player
from rolltrain_tui.protocol.dials import told

LEAST = 1e-6
"""A part of the loss that is smaller tells nothing of its weight."""


class Learning(Protocol):
    """What is asked of the learner."""

    algorithm: Algorithm
    settings: Settings
    kl: KLCoefficients
    player: Player

    @property
    def temperature(self) -> float: ...

    def losses(self, rows: Mapping[str, Tensor]) -> tuple[Tensor, Told]: ...


@torch.no_grad()
def weights_found(learner: Learning, dials: Mapping[str, str], rows: Mapping[str, Tensor]) -> Told:
    """Weights in the loss, from the loss with and without their parts; of parts that are next to nothing, none."""
    here, parts = learner.losses(rows)
    own, found = learner.algorithm, Told()
    loss = here.mean().item()
    try:
        for dial, part, sign in (("entropy", "objective/entropy", -1), ("value", "loss/value_avg", 1)):
            if dial in dials and abs(parts.get(part, 0.0)) > LEAST:
                learner.algorithm = own.weighed(entropy=0.0) if dial == "entropy" else own.weighed(value=0.0)
                weight = sign * (loss - learner.losses(rows)[0].mean().item()) / parts[part]
                asked = getattr(learner.settings, dial)
                found |= told(dial, weight if asked is None else asked, weight)
    finally:
        learner.algorithm = own
    if "kl" in dials and abs(parts.get("loss/kl_avg", 0.0)) > LEAST:
        coefficient = learner.kl.loss
        learner.kl.set_loss(0.0)
        try:
            away = loss - learner.losses(rows)[0].mean().item()
        finally:
            learner.kl.set_loss(coefficient)
        found |= told("kl", coefficient, away / parts["loss/kl_avg"])
    if "temperature" in dials:
        offers = Offers.of(rows)
        plain, now = (_spread(learner.player(offers, t).logits) for t in (1.0, learner.temperature))
        found |= told("temperature", learner.temperature, plain / max(now, LEAST))
    return found


def _spread(logits: Tensor) -> float:
    """Mean distance between the first command and each other one; logits (B, K)."""
    apart = logits - logits[:, :1]
    return apart[apart.isfinite()].abs().mean().item()
