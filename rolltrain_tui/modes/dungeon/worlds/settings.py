"""What a built-in world is made of, as numbers and names; and the checks of them."""

from dataclasses import dataclass, replace
from difflib import get_close_matches

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.modes.dungeon.worlds.themes import COLOURS, MOST_ROOMS, THEMES

QUESTS = ("coin", "cook")
POINTS = ("dense", "sparse")
LIMITS = {"rooms": (1, MOST_ROOMS), "locks": (0, len(COLOURS)), "boxes": (0, 3), "loops": (0, 12), "clutter": (0, 4)}
"""The smallest and the largest value of each number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSettings:
    """The size and the kind of a world. ValueError, with a sentence, for values outside of `LIMITS` and unknown names."""

    rooms: int = 4
    quest: str = "coin"
    """coin: find it and take it. cook: find the food, cook it at the stove and eat it."""
    theme: str = "castle"
    locks: int = 1
    """Locked doors at most; a map of few rooms has room for less. Each has its own key, and each stands in the way."""
    boxes: int = 0
    """Closed containers beside the chest. The first hide keys, the others are empty."""
    loops: int = 0
    """Ways at most beyond those that join all rooms; they never lead around a lock."""
    clutter: int = 0
    """Things without a purpose."""
    points: str = "dense"
    """dense: one point for each deed that the quest needs. sparse: one point, for winning."""
    marks: bool = True
    """Whether the description says which exits lead to rooms where the player has been."""

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise ValueError(f"{name} is {shown(value)}; give a whole number from {least} to {most}")
        for name, known in (("quest", QUESTS), ("theme", tuple(THEMES)), ("points", POINTS)):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(unknown(name, value, known))
        if not isinstance(self.marks, bool):
            raise ValueError(f"marks is {shown(self.marks)}; give true or false")


DIFFICULTIES = {
    "easy": {"locks": 0, "boxes": 0, "loops": 0, "clutter": 0},
    "normal": {"locks": 1, "boxes": 0, "loops": 0, "clutter": 0},
    "hard": {"locks": 2, "boxes": 2, "loops": 2, "clutter": 2},
}
"""What a difficulty sets. Every other setting stays."""


def of_difficulty(settings: WorldSettings, difficulty: str, **kept: int) -> WorldSettings:
    """The settings at a difficulty, but for those that are to be kept. ValueError for an unknown one."""
    if difficulty not in DIFFICULTIES:
        raise ValueError(unknown("difficulty", difficulty, tuple(DIFFICULTIES)))
    return replace(settings, **(DIFFICULTIES[difficulty] | kept))  # type: ignore[arg-type]


def named(settings: WorldSettings) -> str:
    """The settings in some words: "castle, 4 rooms, coin"; beyond that what is not the standard."""
    standard = WorldSettings()
    others = (name for name in ("locks", "boxes", "loops", "clutter") if getattr(settings, name) != getattr(standard, name))
    extra = [f"{name} {getattr(settings, name)}" for name in others]
    rooms = "1 room" if settings.rooms == 1 else f"{settings.rooms} rooms"
    return ", ".join([settings.theme, rooms, settings.quest, *extra, *(["sparse"] if settings.points == "sparse" else [])])


def unknown(kind: str, given: object, known: tuple[str, ...]) -> str:
    """The sentence for an unknown name."""
    near = get_close_matches(str(given)[:80].lower(), known, n=1)
    meant = f" (do you mean {near[0]}?)" if near else ""
    return f"there is no {kind} {shown(given)}{meant}; choose from {', '.join(known)}"
