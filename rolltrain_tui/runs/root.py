"""Where runs are kept. It loads nothing of what is in them: the title screen opens before that."""

import os
import tomllib
from pathlib import Path


def saves_root(option: Path | None) -> Path:
    """Where runs are kept: the option, else $ROLLTRAIN_SAVES, else saves/ of the surrounding checkout, else the user's data folder."""
    if option is not None:
        return option.expanduser()
    if chosen := os.environ.get("ROLLTRAIN_SAVES"):
        return Path(chosen).expanduser()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if _is_checkout(folder):
            return folder / "saves"
    import platformdirs

    return Path(platformdirs.user_data_dir("rolltrain", appauthor=False)) / "saves"


def _is_checkout(folder: Path) -> bool:
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(project, dict) and project.get("name") == "rolltrain-tui"
