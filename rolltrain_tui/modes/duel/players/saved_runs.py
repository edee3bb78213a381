"""Runs of which a pool names the networks, `saved:FOLDER`: read from the disk, without PyTorch."""

from pathlib import Path

from rolltrain_tui.base.atomic_files import content_of
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.schema import CampaignConfig


class SavedNetworkError(ValueError):
    """A network that cannot sit at this table. The message is for people."""


def read(path: Path) -> tuple[CampaignConfig, bytes]:
    """The campaign and the weights, as safetensors, of a save or of the newest one of a run. SavedNetworkError, CampaignFileError."""
    from safetensors import SafetensorError, deserialize

    from rolltrain_tui.modes.campaign_file import load_text

    folder = _save_in(path)
    try:
        config = load_text(content_of(folder / "campaign.yaml").decode(), str(folder / "campaign.yaml"))
        weights = content_of(folder / "weights.safetensors")
        deserialize(weights)
    except (OSError, UnicodeDecodeError) as error:
        raise SavedNetworkError(f"{printable(path)} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except SafetensorError as error:
        raise SavedNetworkError(f"{printable(path)} is damaged: {error}") from None
    return config, weights


def _save_in(path: Path) -> Path:
    """A save itself, or the newest one of a run. SavedNetworkError."""
    if (path / "weights.safetensors").is_file():
        return path
    try:
        name = content_of(path / "latest").decode("ascii").split(" ")[0]
    except (OSError, ValueError):
        raise SavedNetworkError(f"there is no run of a duel at {printable(path)}, and no save of one; name the folder of either") from None
    return path / "saves" / Path(name).name
