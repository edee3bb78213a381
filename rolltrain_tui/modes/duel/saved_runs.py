"""Runs whose networks a pool names, `saved:FOLDER`: found, and held against the campaign that they shall play in. Without PyTorch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.yaml_marks import Where
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.names import SAVED

if TYPE_CHECKING:
    from rolltrain_tui.modes.duel.networks import Role


class SavedNetworkError(ValueError):
    """A network that cannot sit at this table. The message is for people."""


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A run that may sit there, as far as its campaign says."""

    path: Path
    config: DuelConfig
    weights: bytes
    """In the format of safetensors."""


def named(config: DuelConfig) -> "Iterator[tuple[Where, Role, str]]":
    """Each saved network that the pools of a campaign name: where, for which role, and the name."""
    hero: Role = config.table.hero
    pools: list[tuple[Where, Role, list[str]]] = [(("table", "opponents"), "agent" if hero == "host" else "host", config.table.opponents)]
    if config.rival is not None:
        pools.append((("rival", "opponents"), hero, config.rival.opponents))
    for where, role, pool in pools:
        yield from (((*where, place), role, name) for place, name in enumerate(pool) if name.startswith(SAVED))


def saved_run(name: str, role: "Role", base: Path, table: DuelConfig) -> SavedRun:
    """The run of this name; `base`: the folder that its path is relative to. SavedNetworkError; ValueError for its campaign."""
    from safetensors import SafetensorError, deserialize

    from rolltrain_tui.modes.campaign_file import load_text

    path = base / Path(name.removeprefix(SAVED)).expanduser()
    folder = _save_in(path)
    try:
        config = load_text((folder / "campaign.yaml").read_text(encoding="utf-8"), str(folder / "campaign.yaml"))
        weights = (folder / "weights.safetensors").read_bytes()
        deserialize(weights)  # type: ignore[no-untyped-call]
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
    return SavedRun(path, config, weights)


def _save_in(path: Path) -> Path:
    """A save itself, or the newest one of a run. SavedNetworkError."""
    if (path / "weights.safetensors").is_file():
        return path
    try:
        name = (path / "latest").read_text(encoding="ascii").split(" ")[0]
    except (OSError, ValueError):
        raise SavedNetworkError(f"there is no run of a duel at {printable(path)}, and no save of one; name the folder of either") from None
    return path / "saves" / Path(name).name
