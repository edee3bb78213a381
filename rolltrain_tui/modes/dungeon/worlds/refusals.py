"""Why a built-in world refuses a command, as a sentence that says what would help."""

from typing import NamedTuple

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.modes.dungeon.worlds.layout import Layout
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS

VERBS = ("go", "take", "drop", "unlock", "open", "cook", "eat", "look")


class Position(NamedTuple):
    """Where a game stands, as far as refusals ask."""

    room: int
    carried: tuple[str, ...]
    unlocked: int
    """Doors, as bits."""


def refusal(layout: Layout, now: Position, command: str) -> str:
    """The reason; `command` is in lower case with single spaces, and is not admissible."""
    verb, _, rest = command.partition(" ")
    if verb not in VERBS:
        return f"I do not know how to {one_line(command, 40)}." if command else "Say what to do."
    if verb == "look" or not rest:
        return "Say only look." if verb == "look" else f"Say what to {verb}."
    if verb == "go":
        if rest not in DIRECTIONS:
            return f"Go where? The directions are {', '.join(DIRECTIONS)}."
        locks = [way.lock for way in layout.exits[now.room] if DIRECTIONS[way.direction] == rest]
        if not locks:
            return f"There is no way {rest}."
        colour = layout.colours[locks[0]]
        key = f"{colour} {layout.theme.key}"
        return f"The {colour} {layout.theme.door} is locked. " + ("Unlock it first." if key in now.carried else f"You need the {key}.")
    known = {
        *layout.things,
        *(name for name, _ in layout.containers),
        *(f"{colour} {layout.theme.door}" for colour in layout.colours),
        layout.theme.stove,
    }
    if rest not in known:
        return f"You see no {one_line(rest, 40)}."
    if verb == "take":
        if rest in now.carried:
            return f"You carry the {rest} already."
        return f"There is no {rest} to take here." if rest in layout.things else f"The {rest} cannot be taken."
    if verb in ("drop", "eat", "cook") and rest not in now.carried:
        return f"You do not carry the {rest}." if rest in layout.things else f"You cannot {verb} the {rest}."
    if verb == "cook":
        return f"Only the food can be cooked, once, at the {layout.theme.stove}." if layout.stove >= 0 else "There is nothing to cook with."
    if verb == "eat":
        return (
            f"The {rest} must be cooked first."
            if rest == layout.things[layout.treasure] and layout.quest == "cook"
            else f"You cannot eat the {rest}."
        )
    if verb == "unlock":
        return _unlocked(layout, now, rest)
    here = any(name == rest and room == now.room for name, room in layout.containers)
    if any(name == rest for name, _ in layout.containers):
        return f"The {rest} is open already." if here else f"There is no {rest} here."
    return f"Unlock the {rest}; that opens it too." if rest.endswith(layout.theme.door) else f"The {rest} cannot be opened."


def _unlocked(layout: Layout, now: Position, rest: str) -> str:
    doors = [f"{colour} {layout.theme.door}" for colour in layout.colours]
    if rest not in doors:
        return f"The {rest} has no lock."
    lock = doors.index(rest)
    if all(way.lock != lock for way in layout.exits[now.room]):
        return f"There is no {rest} here."
    if now.unlocked >> lock & 1:
        return f"The {rest} is open already."
    return f"You need the {layout.colours[lock]} {layout.theme.key}."
