"""A room of TextWorld's, told in the sentences of the built-in worlds, so that a model which learnt there can be examined here.

What is true in the game (its facts) says more than its text. Where a game has no facts, the admissible commands show some of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from rolltrain_tui.modes.dungeon.worlds import foreign
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS

MOST_FACTS = 5000
STRANGE = ("examine ", "inventory")
"""Commands that begin so change nothing, and built-in worlds do not know them."""
COOKED = ("cooked", "roasted", "fried", "grilled")


class Fact(NamedTuple):
    """Such as at(coin, kitchen)."""

    name: str
    things: tuple[str, ...]


class Told(NamedTuple):
    """The room, what is carried, and the commands in the words of built-in worlds, each with what TextWorld calls it."""

    place: str
    description: str
    inventory: str
    commands: Mapping[str, str]


def facts(given: object) -> tuple[Fact, ...]:
    """The facts of TextWorld's propositions, cleaned; () for what holds none."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return ()
    found = []
    for row in islice(given, MOST_FACTS):
        name, arguments = getattr(row, "name", None), getattr(row, "arguments", None)
        if isinstance(name, str) and isinstance(arguments, Sequence):
            things = tuple(foreign.sentences(getattr(thing, "name", None))[:40].lower() for thing in arguments)
            if all(things):
                found.append(Fact(name, things))
    return tuple(found)


def in_our_words(commands: Iterable[str]) -> dict[str, str]:
    """Ours -> TextWorld's: "take egg" for "take egg from fridge", where no other command is called so."""
    found: dict[str, str] = {}
    for command in commands:
        if command.startswith(STRANGE):
            continue
        ours = command.split(" with ")[0] if command.startswith(("unlock ", "cook ")) else command
        ours = ours.split(" from ")[0] if ours.startswith("take ") else ours
        found[command if ours in found else ours] = command
    return found


def told(known: Sequence[Fact], commands: Sequence[str], visited: Iterable[str]) -> Told:
    """The room by its facts. `visited`: names of rooms where the player has been."""
    been, ours = set(visited), in_our_words(commands)
    place = next((fact.things[1] for fact in known if fact.name == "at" and fact.things[0] == "p" and len(fact.things) > 1), "")
    ways = {
        fact.things[0]: fact.name[:-3] for fact in known if fact.name.endswith("_of") and fact.things[1:] == (place,)
    }  # room -> direction
    behind = {direction: room for room, direction in ways.items()}
    doors = {fact.things[1]: ways.get(fact.things[2], "") for fact in known if fact.name == "link" and fact.things[0] == place}
    here = [fact.things[0] for fact in known if fact.name == "at" and fact.things[1:] == (place,) and fact.things[0] != "p"]
    state = {fact.things[0]: fact.name for fact in known if fact.name in ("open", "closed", "locked")}
    inside: dict[str, list[str]] = {}
    for fact in known:
        if fact.name in ("in", "on") and len(fact.things) == 2:
            inside.setdefault(fact.things[1], []).append(fact.things[0])

    exits = [f"{way} (visited)" if behind.get(way) in been else way for way in DIRECTIONS if f"go {way}" in ours]
    text = f"You are in the {place}. Exits: {', '.join(exits) or 'none'}."
    for door, way in doors.items():
        text += {"locked": f" A locked {door} leads {way}.", "closed": f" The {door} is closed."}.get(state.get(door, ""), "")
    lying = [thing for thing in here if f"take {thing}" in ours]
    text += f" You see {', '.join(map(_a, lying))}." if lying else ""
    for thing in here:
        if thing in lying:
            continue
        if state.get(thing) in ("closed", "locked"):
            text += f" The {thing} is {state[thing]}."
        elif held := inside.get(thing):
            text += f" The {thing} holds {' and '.join(map(_a, held))}."
        else:
            text += f" The {thing} is empty." if thing in state else f" The {thing} is here."
    carried = inside.get("i", [])
    cooked = "".join(f" The {thing} is cooked." for thing in carried if any(Fact(name, (thing,)) in known for name in COOKED))
    return Told(place, text, f"You carry {', '.join(map(_a, carried)) or 'nothing'}.{cooked}", ours)


def guessed(place: str, commands: Sequence[str], inventory: str, ways: Mapping[tuple[str, str], str]) -> Told:
    """The room by the commands alone. `ways`: (room, direction) -> the room behind, as far as it was seen."""
    ours = in_our_words(commands)
    exits = [command.removeprefix("go ") for command in ours if command.startswith("go ")]
    marked = [f"{name} (visited)" if (place, name) in ways else name for name in exits]
    things = [command.removeprefix("take ") for command in ours if command.startswith("take ")]
    closed = "".join(f" The {command.removeprefix('open ')} is closed." for command in ours if command.startswith("open "))
    lying = f" You see {', '.join(map(_a, things))}." if things else ""
    carried = inventory.replace("You are carrying", "You carry").replace(": ", " ", 1)
    return Told(place, f"You are in the {place}. Exits: {', '.join(marked) or 'none'}.{lying}{closed}", carried, ours)


def _a(thing: str) -> str:
    return f"an {thing}" if thing[0] in "aeiou" else f"a {thing}"
