"""Networks of other runs as opponents: `saved:FOLDER` names a run, whose newest save counts, or one of its saves (see saved_runs)."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.experience import greedy_agent, greedy_host, values_by
from rolltrain_tui.modes.duel.networks.networks import Network
from rolltrain_tui.modes.duel.networks.pair import network
from rolltrain_tui.modes.duel.players.names import SAVED, Role
from rolltrain_tui.modes.duel.players.players import Agent, Host
from rolltrain_tui.modes.duel.players.saved_runs import SavedNetworkError
from rolltrain_tui.training.state.snapshots import LearnerStateError, fitting, weights_sha256

Saved = Mapping[tuple[Role, str], nn.Module]
"""Networks by their role, and by what the campaign calls them."""


def saved_networks(config: DuelConfig, base: Path) -> Saved:
    """All that the pools of a campaign name. `base`: the folder that its paths are relative to. SavedNetworkError."""
    names = dict.fromkeys((role, name) for _, role, name in config.saved_opponents)
    return {(role, name): _network(name, role, base, config) for role, name in names}


def saved_seat(role: Role, net: nn.Module) -> Host | Agent:
    """Such a network as a player."""
    return greedy_host(values_by(net)) if role == "host" else greedy_agent(values_by(net))


def sha256_of(saved: Saved) -> str:
    """SHA-256 of all their weights; "" where there are none."""
    own = "".join(weights_sha256(net) for net in saved.values())
    return hashlib.sha256(own.encode()).hexdigest() if own else ""


def _network(name: str, role: Role, base: Path, table: DuelConfig) -> Network:
    from safetensors.torch import load

    config, weights = table.saved_opponent(name, role, base)
    net = network(config, role, 0)
    prefix, tensors = "model.online." if role == config.table.hero else "duel.rival.model.online.", load(weights)
    try:
        net.load_state_dict({key: fitting(tensors, prefix + key, now.shape, now.dtype) for key, now in net.state_dict().items()})
    except LearnerStateError as error:
        raise SavedNetworkError(f"{printable(base / name.removeprefix(SAVED))}: {error}") from None
    net.eval().requires_grad_(False)
    return net
