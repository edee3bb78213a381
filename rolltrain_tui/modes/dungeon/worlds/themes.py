"""The themes of the built-in worlds: sets of single words that name rooms and things."""

from dataclasses import dataclass

DIRECTIONS = ("north", "east", "south", "west")
STEPS = ((0, -1), (1, 0), (0, 1), (-1, 0))
"""How a direction moves on the map: (columns to the right, rows down)."""
COLOURS = ("red", "blue", "green", "yellow", "white", "black")
"""Colours of keys and doors: a key opens the door of its colour."""
MOST_ROOMS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What a world is made of, in words. No word may be a verb or a direction."""

    rooms: tuple[str, ...]
    """At least MOST_ROOMS names."""
    door: str
    key: str
    coin: str
    """What the coin quest asks for."""
    chest: str
    """Where the coin or the food lies."""
    boxes: tuple[str, ...]
    """Other containers."""
    stove: str
    foods: tuple[str, ...]
    clutter: tuple[str, ...]
    """Things without a purpose."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


THEMES: dict[str, Theme] = {
    "castle": Theme(
        rooms=_listed("hall kitchen library cellar tower chapel armory garden study gallery attic bedroom pantry stable courtyard crypt"),
        door="door",
        key="key",
        coin="coin",
        chest="chest",
        boxes=_listed("basket barrel drawer"),
        stove="stove",
        foods=_listed("carrot fish egg potato"),
        clutter=_listed("lamp rope book candle"),
    ),
    "ship": Theme(
        rooms=_listed("bridge galley cabin hold deck lounge bilge brig mess hangar laundry lookout workshop storage sickbay boiler"),
        door="hatch",
        key="key",
        coin="pearl",
        chest="locker",
        boxes=_listed("crate bucket sack"),
        stove="oven",
        foods=_listed("crab bean turnip shrimp"),
        clutter=_listed("oar map anchor spyglass"),
    ),
    "station": Theme(
        rooms=_listed("airlock lab reactor dock greenhouse quarters canteen archive observatory cockpit bay shaft vault clinic gym office"),
        door="gate",
        key="card",
        coin="crystal",
        chest="safe",
        boxes=_listed("case bin cabinet"),
        stove="heater",
        foods=_listed("algae rice noodle mushroom"),
        clutter=_listed("wrench helmet cable battery"),
    ),
}
