"""The generator: a map, its locked doors, its things and where they lie. The same seed gives the same layout in every Python.

Rooms stand on a grid and are joined as a tree. The quest ends in the deepest room. A locked door closes a way that the quest
needs; its key lies where the player can come without it. Further ways join only rooms behind the same doors. Whoever wins has all points.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeVar

from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.dungeon.worlds.themes import COLOURS, STEPS, THEMES, Theme

T = TypeVar("T")

CARRIED, GONE = -1, -2
"""Places of a thing, beside rooms (0 ...) and containers (rooms ...)."""
NO_LOCK = -1
START = 0


class Exit(NamedTuple):
    direction: int
    to: int
    lock: int
    """The lock on this way, or NO_LOCK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What never changes in a world. Rooms, locks, things and containers go by number; the player begins in room 0."""

    theme: Theme
    quest: str
    rooms: tuple[str, ...]
    cells: tuple[tuple[int, int], ...]
    """(column, row) of each room on the grid."""
    exits: tuple[tuple[Exit, ...], ...]
    """The exits of each room, in the order of directions."""
    colours: tuple[str, ...]
    """The colour of each lock and its key."""
    things: tuple[str, ...]
    """The keys in the order of locks, then the quest's thing, then clutter."""
    places: tuple[int, ...]
    """Where each thing lies at the beginning: a room, or a container as rooms + its number."""
    containers: tuple[tuple[str, int], ...]
    """(name, room) of each; 0 is the chest."""
    stove: int
    """The room of the stove; -1 where the quest needs none."""

    @property
    def treasure(self) -> int:
        """The thing that the quest is about."""
        return len(self.colours)


class Dice:
    """Draws that are the same in every version of Python: only `random` of a seed in words is promised to stay."""

    def __init__(self, words: str) -> None:
        self._random = Random(words).random

    def below(self, n: int) -> int:
        return int(self._random() * n)

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def sample(self, choices: Sequence[T], n: int) -> list[T]:
        """n different ones, in random order."""
        rest = list(choices)
        return [rest.pop(self.below(len(rest))) for _ in range(n)]


def generate(settings: WorldSettings, seed: int) -> Layout:
    """The layout of a seed. Points and marks change nothing here: sparse and dense worlds of a seed have the same map."""
    numbers = " ".join(str(getattr(settings, name)) for name in ("rooms", "locks", "boxes", "loops", "clutter"))
    dice = Dice(f"rolltrain world {settings.quest} {settings.theme} {numbers} seed {seed}")
    theme = THEMES[settings.theme]
    count = settings.rooms
    rooms = tuple(dice.sample(theme.rooms, count))

    # The map: each room beside an earlier one.
    cells, parents = _tree(dice, count)
    lines = [_line(parents, room) for room in range(count)]  # the rooms from the start to each
    goal = max(range(count), key=lambda room: (len(lines[room]), room))

    locked, key_rooms = _locked(dice, settings.locks, lines, goal)
    colours = tuple(dice.sample(COLOURS, len(key_rooms)))

    # Things and containers. Boxes hide the keys of the first locks.
    kind = theme.coin if settings.quest == "coin" else dice.pick(theme.foods)
    clutter = dice.sample(theme.clutter, settings.clutter)
    boxes = dice.sample(theme.boxes, settings.boxes)
    box_rooms = [key_rooms[n] if n < len(key_rooms) else dice.below(count) for n in range(len(boxes))]
    key_places = [count + 1 + n if n < len(boxes) else room for n, room in enumerate(key_rooms)]
    stove = -1 if settings.quest == "coin" else dice.below(count)

    # Further ways between neighbours on the grid
    free = _free_ways(cells, parents, lines, locked)
    loops = dice.sample(free, min(settings.loops, len(free)))
    tree = [(up, room, locked.get(room, NO_LOCK)) for room, up in enumerate(parents) if room != START]

    return Layout(
        theme=theme,
        quest=settings.quest,
        rooms=rooms,
        cells=tuple(cells),
        exits=_exits(cells, [*tree, *((one, other, NO_LOCK) for one, other in loops)]),
        colours=colours,
        things=(*(f"{colour} {theme.key}" for colour in colours), kind, *clutter),
        places=(*key_places, count, *(dice.below(count) for _ in clutter)),
        containers=((theme.chest, goal), *zip(boxes, box_rooms, strict=True)),
        stove=stove,
    )


def _tree(dice: Dice, count: int) -> tuple[list[tuple[int, int]], list[int]]:
    """The cell and the parent of each room; the start is its own parent."""
    cells, parents = [(0, 0)], [START]
    while len(cells) < count:
        up = dice.below(len(cells))
        right, down = dice.pick(STEPS)
        cell = cells[up][0] + right, cells[up][1] + down
        if cell not in cells:
            cells.append(cell)
            parents.append(up)
    return cells, parents


def _line(parents: Sequence[int], room: int) -> list[int]:
    """The rooms from the start to this one, both included."""
    line = [room]
    while line[-1] != START:
        line.append(parents[line[-1]])
    return line[::-1]


def _locked(dice: Dice, locks: int, lines: Sequence[Sequence[int]], goal: int) -> tuple[dict[int, int], list[int]]:
    """The locks of doors by the room behind each, and the rooms of their keys.

    Last door first: each on a way to the goal or to a key of before, and its own key on the start's side of all.
    """
    locked: dict[int, int] = {}
    needed = [goal]
    for lock in range(locks):
        ways = sorted({room for end in needed for room in lines[end][1:]} - set(locked))
        if not ways:
            break
        locked[goal if lock == 0 else dice.pick(ways)] = lock
        open_rooms = [room for room in range(len(lines)) if not locked.keys() & set(lines[room])]
        needed.append(dice.pick(open_rooms))
    return locked, needed[1:]


def _exits(cells: Sequence[tuple[int, int]], ways: Iterable[tuple[int, int, int]]) -> tuple[tuple[Exit, ...], ...]:
    """The exits of each room. `ways`: two rooms and a lock."""
    exits: list[list[Exit]] = [[] for _ in cells]
    for one, other, lock in ways:
        exits[one].append(Exit(_direction(cells[one], cells[other]), other, lock))
        exits[other].append(Exit(_direction(cells[other], cells[one]), one, lock))
    return tuple(tuple(sorted(found)) for found in exits)


def _free_ways(
    cells: Sequence[tuple[int, int]], parents: Sequence[int], lines: Sequence[Sequence[int]], locked: dict[int, int]
) -> list[tuple[int, int]]:
    """Pairs of neighbours on the grid that nothing joins yet and that lie behind the same doors."""
    doors = [locked.keys() & set(line) for line in lines]
    pairs = [(one, other) for other in range(len(cells)) for one in range(other) if doors[one] == doors[other]]
    return [(a, b) for a, b in pairs if parents[b] != a and parents[a] != b and _steps(cells[a], cells[b]) == 1]


def _steps(one: tuple[int, int], other: tuple[int, int]) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _direction(one: tuple[int, int], other: tuple[int, int]) -> int:
    """From a cell to its neighbour."""
    return STEPS.index((other[0] - one[0], other[1] - one[1]))
