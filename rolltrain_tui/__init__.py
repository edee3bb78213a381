"""rolltrain: a role-playing game in which every turn is one real optimiser step of a real PyTorch model.

Importing the package imports neither torch nor textual; those who need them import them.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Barbarian", "Cleric", "Fighter", "Paladin", "Rogue", "RollToTrain", "Session", "Wizard", "session"]

_ROOMS = {"RollToTrain": "plain", "Session": "session", "session": "session"}


def __getattr__(name: str) -> Any:
    """The public names, each brought in at first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.integrations.{_ROOMS.get(name, 'characters')}"), name)
