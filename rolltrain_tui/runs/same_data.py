"""A saved run goes on with the data it was trained on: the hash in its saves is compared with what is read now."""

from collections.abc import Callable
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.schema import CampaignConfig

NEW_RUN = "begin a new run with it (rolltrain train CAMPAIGN --data FILE)"


class DataChangedError(ValueError):
    """The data is not what the run learned from. The message names the file, since when, and what to do."""


def check_same_data(
    config: CampaignConfig, base: Path, sha256: str, *, known: str, turn: int, before: Callable[[], CampaignConfig]
) -> None:
    """Compare the hash of the data read now with the hash `known` at `turn`. DataChangedError.

    `before` gives the run's settings at that turn: other ones may name another file. An empty hash is unknown, as in older saves.
    """
    if not known or not sha256 or known == sha256:
        return
    if config.data_path is None:
        raise DataChangedError(
            f"The data of this campaign is not what the run had learned from up to turn {turn}. Open the run with the settings and the "
            "version of rolltrain that it began with, or begin a new run."
        )
    names = [printable(base / source) for source in config.sources]
    file = names[0] if len(names) == 1 else f"One of {', '.join(names)}"
    if config.sources != before().sources:
        raise DataChangedError(f"{file} is another text than the run had learned from up to turn {turn}. Keep its text, or {NEW_RUN}.")
    raise DataChangedError(f"{file} is no longer what this run learned from up to turn {turn}. Restore the file, or {NEW_RUN}.")
