"""The reference model: the player as it was, whose distance is kept small.

It is no second model. The weights that do not learn are the player's own; of those that learn, `start` keeps a copy, and `camp` reads
the snapshot that the learner keeps for a rollback anyway.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor
from torch.func import functional_call

from rolltrain_tui.modes.dungeon.choice import Choice
from rolltrain_tui.modes.dungeon.offers import Offers
from rolltrain_tui.modes.dungeon.policy import Player

Source = Literal["start", "camp"]
"""start: the weights before the first turn; camp: those of the last camp."""


class Reference:
    def __init__(self, player: Player, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """`weights`: of the reference, by their names in the player; what it leaves out is the player's."""
        self.player, self.weights = player, weights

    @torch.no_grad()
    def choice(self, offers: Offers, action: Tensor) -> Choice:
        """What it says about these actions. The player is in evaluation mode."""
        seen = functional_call(self.player, dict(self.weights()), (offers,))
        return seen.of(action)  # type: ignore[no-any-return]


def learning_weights(player: Player) -> dict[str, Tensor]:
    """Copies of the weights that learn, by name."""
    return {name: p.detach().clone() for name, p in player.named_parameters() if p.requires_grad}
