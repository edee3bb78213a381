"""rolltrain: a role-playing game in which every turn is one real optimiser step of a real PyTorch model.

    RollToTrain          a trainer: any model, optimiser and loader
    session, Session     the game on a training loop of your own
    RollToTrainCallback  the game on a Hugging Face Trainer; for Lightning it is in rolltrain_tui.integrations.lightning
    Wizard, Rogue ...    the hero's class

Importing the package imports neither torch nor textual; those who need them import them.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Barbarian", "CharacterClass", "Cleric", "ExperienceSystem", "Fighter", "GradientOoze", "LossDragon", "Monster", "MonsterEncounter",
    "Paladin", "Rogue", "RollToTrain", "Session", "WeightWraith", "Wizard", "session",
]  # fmt: skip

_ORIGINAL = ("CharacterClass", "ExperienceSystem", "GradientOoze", "LossDragon", "Monster", "MonsterEncounter", "WeightWraith")
_ROOMS = {"RollToTrain": "plain", "RollToTrainCallback": "huggingface", "Session": "session.session", "session": "session.begin"}
_ROOMS |= dict.fromkeys(_ORIGINAL, "terms.original")


def __getattr__(name: str) -> Any:
    """The public names, each brought in at first use. RollToTrainCallback needs an extra, so `import *` leaves it out."""
    if name not in __all__ and name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.integrations.{_ROOMS.get(name, 'terms.characters')}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_ROOMS, "__version__"})
