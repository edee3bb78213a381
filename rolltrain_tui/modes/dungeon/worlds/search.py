"""The shortest way to win a built-in world, by breadth-first search over what counts for winning."""

from collections.abc import Sequence

from rolltrain_tui.modes.dungeon.worlds.layout import NO_LOCK, START, Layout
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS

Node = tuple[int, int, int, int, int]
"""(room, taken things that are needed, unlocked doors, opened containers, cooked); sets are bits.

To drop, to look and to take clutter never helps: nothing limits what is carried.
"""


BEGINNING: Node = (START, 0, 0, 0, 0)


def shortest(layout: Layout, places: Sequence[int], start: Node = BEGINNING) -> tuple[str, ...]:
    """The commands of a shortest win from a node, with things in these places; the first by the order of rooms' exits among equals."""
    came: dict[Node, tuple[Node, str]] = {}
    frontier = [start]
    while frontier:
        following: list[Node] = []
        for node in frontier:
            for command, after in _moves(layout, places, node):
                if after is None:
                    return _told(came, node, start, command)
                if after not in came and after != start:
                    came[after] = node, command
                    following.append(after)
        frontier = following
    raise AssertionError("a world that cannot be won")


def _told(came: dict[Node, tuple[Node, str]], node: Node, start: Node, last: str) -> tuple[str, ...]:
    commands = [last]
    while node != start:
        node, command = came[node]
        commands.append(command)
    return tuple(reversed(commands))


def _moves(layout: Layout, places: Sequence[int], node: Node) -> list[tuple[str, Node | None]]:
    """Every useful command and where it leads; None is the end that wins."""
    room, taken, unlocked, opened, cooked = node
    treasure, rooms = layout.treasure, len(layout.rooms)
    moves: list[tuple[str, Node | None]] = []
    for direction, to, lock in layout.exits[room]:
        if lock == NO_LOCK or unlocked >> lock & 1:
            moves.append((f"go {DIRECTIONS[direction]}", (to, taken, unlocked, opened, cooked)))
        elif taken >> lock & 1:
            moves.append((f"unlock {layout.colours[lock]} {layout.theme.door}", (room, taken, unlocked | 1 << lock, opened, cooked)))
    for n, place in enumerate(places[: treasure + 1]):
        within = place >= rooms and layout.containers[place - rooms][1] == room and opened >> (place - rooms) & 1
        if not taken >> n & 1 and (place == room or within):
            wins = n == treasure and layout.quest == "coin"
            moves.append((f"take {layout.things[n]}", None if wins else (room, taken | 1 << n, unlocked, opened, cooked)))
    for n, (name, where) in enumerate(layout.containers):
        if where == room and not opened >> n & 1:
            moves.append((f"open {name}", (room, taken, unlocked, opened | 1 << n, cooked)))
    if layout.quest == "cook" and taken >> treasure & 1:
        if cooked:
            moves.append((f"eat {layout.things[treasure]}", None))
        elif room == layout.stove:
            moves.append((f"cook {layout.things[treasure]}", (room, taken, unlocked, opened, 1)))
    return moves
