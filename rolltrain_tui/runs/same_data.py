"""A saved run goes on with the data it was trained on: it is found again where it was moved with the run, and its hash is compared."""

import os
from collections.abc import Callable
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.schema import CampaignConfig

NEW_RUN = "begin a new run with it (rolltrain train CAMPAIGN --data FILE)"


class DataChangedError(ValueError):
    """The data is not what the run learned from. The message names the file, since when, and what to do."""


def base_now(config: CampaignConfig, base: Path, run: Path, *, known: str) -> Path:
    """The folder that the campaign's paths are relative to: `base`, or where a file is gone from there, the nearest that holds them all.

    These are the folders above the run, then the one where the program runs: the run may have been moved with its text, or come from
    another machine. DataChangedError where none holds them. Nothing is looked for where no hash `known` could tell another text.
    """
    own = [source for source in config.sources if not Path(source).is_absolute()]
    missing = [source for source in own if not os.path.exists(base / source)]  # noqa: PTH110 (a folder that may not be read is no error)
    if not missing or not known:
        return base
    for folder in (*run.absolute().parents, Path.cwd()):
        if all(os.path.exists(folder / source) for source in own):  # noqa: PTH110
            return folder
    raise DataChangedError(
        f"{printable(base / missing[0])} does not exist, and the run learned from it. Put it there again, or go to the folder where it "
        "lies now (cd) and open the run from there."
    )


def check_same_data(
    config: CampaignConfig, base: Path, sha256: str, *, known: str, turn: int, before: Callable[[], CampaignConfig]
) -> None:
    """Compare the hash of the data read now with the hash `known` at `turn`. DataChangedError.

    `before` gives the run's settings at that turn: other ones may name another file. An empty hash is unknown, as in older saves; so is
    the second one, of how the data was read.
    """
    (data, _, reading), (data_now, _, reading_now) = known.partition(" "), sha256.partition(" ")
    if not data or not data_now:
        return
    if data == data_now:
        if reading and reading_now and reading != reading_now:
            raise DataChangedError(
                f"The tokenizer reads the data of this run as other tokens than up to turn {turn}. Restore the files of the tokenizer, "
                "such as tokenizer_config.json, and the version of transformers; or begin a new run."
            )
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
