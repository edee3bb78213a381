"""Where recordings of plain training (ghosts) lie: the user's own beside the runs, the shipped ones in the package."""

from collections.abc import Sequence
from pathlib import Path

from rolltrain_tui.config.shipped import is_shipped
from rolltrain_tui.game import baseline
from rolltrain_tui.game.baseline import FOLDER, Ghost, Recipe
from rolltrain_tui.runs.saves import saves_root


def recorded_to(campaign: Path) -> Path:
    """The file for a new recording: beside the campaign, or with the user's runs where the campaign came with the game."""
    if is_shipped(campaign):
        return saves_root(None) / FOLDER / f"{campaign.stem}.json"
    return baseline.place(campaign)


def places(campaign: Path) -> tuple[Path, ...]:
    """The files to look for a ghost of this campaign, in this order."""
    return tuple(dict.fromkeys((recorded_to(campaign), baseline.place(campaign))))


def find(paths: Sequence[Path], recipe: Recipe) -> tuple[Ghost | None, str]:
    """The first ghost of this recipe; else None, and why the first file does not serve."""
    looked = [baseline.find(path, recipe) for path in paths]
    ghost = next((ghost for ghost, _ in looked if ghost is not None), None)
    return ghost, "" if ghost is not None else next((note for _, note in looked if note), "")


def check_replaceable(path: Path, recipe: Recipe, *, chosen: bool) -> None:
    """GhostError where a recording would be lost. `chosen`: the user named the file, so it may be anything."""
    if not path.is_file():
        return
    remedy = "--force replaces it, and --out FILE keeps both"
    try:
        reason = baseline.difference(baseline.read(path), recipe)
    except baseline.GhostError:
        reason = "is no ghost" if chosen else ""  # a damaged recording is there to be replaced
    if reason:
        raise baseline.GhostError(f"The recording in {path} {reason}. {remedy}.")
