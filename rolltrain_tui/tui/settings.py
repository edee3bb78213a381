"""What the player likes, remembered between games: one small JSON file in the user's configuration folder."""

import json
import os
from pathlib import Path

from rolltrain_tui.base import atomic_files


def settings_path() -> Path:
    """`settings.json` under $ROLLTRAIN_CONFIG, or where this system keeps the configuration of `rolltrain`."""
    folder = os.environ.get("ROLLTRAIN_CONFIG")
    if folder:
        return Path(folder) / "settings.json"
    from platformdirs import user_config_dir

    return Path(user_config_dir("rolltrain", appauthor=False)) / "settings.json"


def read_settings() -> dict[str, object]:
    """All settings; none when the file is missing or cannot be read, for a lost taste must not stop a game."""
    try:
        settings = json.loads(atomic_files.content_of(settings_path()))
    except (OSError, ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def remember(name: str, value: str | int | float | bool) -> bool:
    """Keep one setting, leaving the others as they are. False when the disk does not allow it."""
    path = settings_path()
    settings = read_settings() | {name: value}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.replace(path, (json.dumps(settings, indent=2, sort_keys=True) + "\n").encode())
    except OSError:
        return False
    return True
