"""The networks of a role: the one that learns, and its target network."""

import copy

import torch
from torch import nn

from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.networks.networks import LayerNet, MoveNet, Network, SetNet
from rolltrain_tui.modes.duel.players.names import Role


class Pair(nn.Module):
    """The network that learns, and the target network, which is in evaluation mode always."""

    def __init__(self, online: nn.Module) -> None:
        super().__init__()
        self.online = online
        self.target = without_parameters(copy.deepcopy(online)).eval()


def without_parameters(net: nn.Module) -> nn.Module:
    """The same network with buffers in place of its parameters: snapshots and saves hold all buffers, but only parameters that learn."""
    for module in net.modules():
        for name, p in list(module._parameters.items()):
            del module._parameters[name]
            module.register_buffer(name, None if p is None else p.detach().clone())
    return net


def network(config: DuelConfig, role: Role, seed: int) -> Network:
    """A new network for a role. NetworkError for layers that describe none."""
    game, shape = config.game, config.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if shape.kind == "set":
            return SetNet(role, game.dimension, shape.width or 1)
        if shape.kind == "moves":
            return MoveNet(role, game.dimension, shape.width or 1)
        return LayerNet(role, game.dimension, game.points, shape.layers or [], relu_first=shape.relu_first)
