"""The shipped campaigns: their folder, and the lookup by name."""

import shlex
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.campaign_file_error import CampaignFileError

_PACKAGE = Path(__file__).resolve().parent.parent
AILMENTS = {
    "tutorial": "healthy: start here",
    "tiny_gpt": "healthy, and larger",
    "hot_forge": "steps too large",
    "frozen_north": "steps too small",
    "overfit_manor": "too little to read",
    "cursed_tome": "dice that do not train",
    "placebo": "a doubled loss",
    "own_text": "a text of yours",
    "duel_table": "a game, for you to learn",
    "duel_first": "a game, learned by playing",
    "duel_mirror": "nobody to play but itself",
    "dungeon_first": "a text adventure, learned by playing",
    "dungeon_kitchen": "a meal, and points that show the way",
    "dungeon_babel": "a reward for nothing",
    "dungeon_exam": "an examination in games of others",
}
"""What ails each shipped campaign, in the order in which to play them."""


def shipped() -> list[Path]:
    """All shipped campaigns in the order in which to play them; any others after them by name."""
    order = list(AILMENTS)
    return sorted(_folder().glob("*.yaml"), key=lambda path: (order.index(path.stem) if path.stem in order else len(order), path.stem))


def find(name_or_path: str | Path) -> Path:
    """An existing file, or a shipped campaign by name: tiny_gpt, tiny_gpt.yaml or campaigns/tiny_gpt.yaml.

    Raises CampaignFileError with the nearest names, and for an assignment, which has to be joined first.
    """
    if not str(name_or_path).strip():
        raise CampaignFileError("the campaign's name is empty; name a file, or one that is shipped (is a shell variable not set?)")
    path = Path(name_or_path)
    if _is_there(path) and not path.is_dir():
        if path.suffix == ".class":
            told = printable(path)
            raise CampaignFileError(
                f"{told} is an assignment. Join it, and play what that writes: rolltrain class join {shlex.quote(told)} --name NAME"
            )
        return path
    known = {campaign.stem: campaign for campaign in shipped()}
    if path.parent.as_posix() in (".", "campaigns") and path.suffix in ("", ".yaml", ".yml") and path.stem in known:
        return known[path.stem]
    if _is_there(path):
        return path
    stem, close = path.stem.lower(), 0.8
    near = (
        get_close_matches(stem, known, 1, close)
        or get_close_matches(path.name, _beside(path), 1, close)
        or get_close_matches(stem, known, 1)
    )
    hint = f"did you mean '{printable(near[0])}'? " if near else ""
    raise CampaignFileError(f"{printable(path)}: no such campaign; {hint}shipped with the game: {', '.join(known)}")


def text_of(name: str) -> str:
    """The file of a shipped campaign."""
    return (_folder() / f"{name}.yaml").read_text(encoding="utf-8")


def is_shipped(campaign: Path) -> bool:
    """Whether this campaign file came with the game."""
    return campaign.resolve().parent == _folder().resolve()


def _folder() -> Path:
    """`campaigns/` of a checkout, or the copy inside an installed package."""
    checkout = _PACKAGE.parent
    return checkout / "campaigns" if (checkout / "pyproject.toml").is_file() else _PACKAGE / "_campaigns"


def _beside(path: Path) -> list[str]:
    """Campaign files in the same folder, by name."""
    with suppress(OSError, ValueError):
        return sorted(file.name for file in path.parent.iterdir() if file.suffix in (".yaml", ".yml"))
    return []


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long or holds a NUL is no file
        return False
