"""Networks of other runs as opponents: `saved:FOLDER` names a run, whose newest save counts, or one of its saves."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.experience import greedy_agent, greedy_host
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.names import SAVED
from rolltrain_tui.modes.duel.networks import Network, Role
from rolltrain_tui.modes.duel.pair import network
from rolltrain_tui.modes.duel.players import Agent, Host
from rolltrain_tui.training.snapshots import LearnerStateError, fitting, weights_sha256

Saved = Mapping[tuple[Role, str], nn.Module]
"""Networks by their role, and by what the campaign calls them."""


class SavedNetworkError(ValueError):
    """A network that cannot sit at this table. The message is for people."""


def saved_networks(config: DuelConfig, base: Path) -> Saved:
    """All that the pools of a campaign name. `base`: the folder that its paths are relative to. SavedNetworkError."""
    hero: Role = config.table.hero
    other: Role = "agent" if hero == "host" else "host"
    pools: list[tuple[Role, list[str]]] = [
        (other, config.table.opponents),
        (hero, config.rival.opponents if config.rival is not None else []),
    ]
    names = [(role, name) for role, pool in pools for name in dict.fromkeys(pool) if name.startswith(SAVED)]
    return {(role, name): _network(name, role, base, config) for role, name in names}


def saved_seat(role: Role, net: nn.Module) -> Host | Agent:
    """Such a network as a player."""

    @torch.no_grad()
    def values(boards: Boards, chosen: Tensor | None) -> Tensor:
        found: Tensor = net(boards.padded().float(), None if chosen is None else chosen.float())
        return found

    return greedy_host(values) if role == "host" else greedy_agent(values)


def sha256_of(saved: Saved) -> str:
    """Of all their weights; "" where there are none."""
    own = "".join(weights_sha256(net) for net in saved.values())
    return hashlib.sha256(own.encode()).hexdigest() if own else ""


def _network(name: str, role: Role, base: Path, table: DuelConfig) -> Network:
    from safetensors import SafetensorError
    from safetensors.torch import load

    from rolltrain_tui.modes.campaign_file import load_text

    path = base / Path(name.removeprefix(SAVED)).expanduser()
    folder = _save_in(path)
    try:
        config = load_text((folder / "campaign.yaml").read_text(encoding="utf-8"), str(folder / "campaign.yaml"))
        tensors = load((folder / "weights.safetensors").read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise SavedNetworkError(f"{printable(path)} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except SafetensorError as error:
        raise SavedNetworkError(f"{printable(path)} is damaged: {error}") from None
    if not isinstance(config, DuelConfig):
        raise SavedNetworkError(f"{printable(path)} is a run of kind {config.kind}, which plays no duel; name one of kind duel")
    if role != config.table.hero and config.rival is None:
        raise SavedNetworkError(f"{printable(path)} has learned as {config.table.hero}, and this pool needs a network of the {role}")
    if config.game.dimension != table.game.dimension:
        own, here = config.game.dimension, table.game.dimension
        raise SavedNetworkError(f"{printable(path)} has learned with {own} coordinates, and games of this campaign have {here}")
    if config.network.kind == "layers" and config.game.points < table.game.points:
        own, here = config.game.points, table.game.points
        raise SavedNetworkError(f"{printable(path)} reads at most {own} points, and games of this campaign begin with {here}")
    net = network(config, role, 0)
    prefix = "model.online." if role == config.table.hero else "duel.rival.model.online."
    try:
        net.load_state_dict({key: fitting(tensors, prefix + key, now.shape, now.dtype) for key, now in net.state_dict().items()})
    except LearnerStateError as error:
        raise SavedNetworkError(f"{printable(path)}: {error}") from None
    net.eval().requires_grad_(False)
    return net


def _save_in(path: Path) -> Path:
    """A save itself, or the newest one of a run. SavedNetworkError."""
    if (path / "weights.safetensors").is_file():
        return path
    try:
        name = (path / "latest").read_text(encoding="ascii").split(" ")[0]
    except (OSError, ValueError):
        raise SavedNetworkError(f"there is no run of a duel at {printable(path)}, and no save of one; name the folder of either") from None
    return path / "saves" / Path(name).name
