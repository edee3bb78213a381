"""The reference model: the player as it was before the first turn, whose distance is kept small.

It is no second model: only the weights that learn are kept twice. Those that are frozen are the player's own. It is not saved either: a
learner of the same campaign begins with the same weights.
"""

import torch
from torch import Tensor
from torch.func import functional_call

from rolltrain_tui.modes.dungeon.player.choice import Choice
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.policy import Player, Seen


class Reference:
    def __init__(self, player: Player) -> None:
        """A player that has not learned yet."""
        self.player = player
        self.weights = {name: p.detach().clone() for name, p in player.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def choice(self, offers: Offers, action: Tensor, temperature: float = 1.0) -> Choice:
        """What it says about these actions, at the temperature of the player. The player is in evaluation mode."""
        seen: Seen = functional_call(self.player, self.weights, (offers, temperature))
        return seen.of(action)
