"""The map of what a player has seen: it follows the moves of any world whose rooms have names and whose commands go in directions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rolltrain_tui.modes.dungeon.worlds.protocol import Observation
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS, STEPS

Cell = tuple[int, int]
"""(column, row); the first room is (0, 0)."""
NAME = 7
"""Characters of a room on the map."""
WIDTH, GAP = NAME + 2, 2
HERE, SEEN, WAY, UNSEEN, LOCKED = "here", "seen", "way", "unseen", "locked"
"""What a piece of a line shows: the player's room (between stars), a room, a way, a room behind an exit not yet taken, a locked way."""
_LOCK = re.compile(r"A locked [a-z ]+ leads (north|east|south|west)\.")


@dataclass
class Chart:
    """Rooms by their names, each on one cell. A room whose cell is taken is left out: not every world fits on a grid."""

    cells: dict[str, Cell] = field(default_factory=dict)
    ways: set[frozenset[Cell]] = field(default_factory=set)
    unseen: set[Cell] = field(default_factory=set)
    """Cells behind exits not yet taken."""
    locked: set[frozenset[Cell]] = field(default_factory=set)
    """Ways with a locked door."""
    here: str = ""

    def begin(self, place: str, seen: Observation) -> None:
        """At the first observation of a game."""
        self.here = place
        if place:
            self.cells[place] = (0, 0)
        self._look_out(seen)

    def follow(self, command: str, place: str, seen: Observation) -> None:
        """After an accepted command: the player is at this place now."""
        before, self.here = self.cells.get(self.here), place
        step = _step(command)
        if step is not None and before is not None and place:
            cell = self.cells.get(place, (before[0] + step[0], before[1] + step[1]))
            if place in self.cells or cell not in self.cells.values():
                self.cells[place] = cell
                if cell != before:
                    self.ways.add(frozenset((before, cell)))
        self._look_out(seen)

    def _look_out(self, seen: Observation) -> None:
        """Notes the exits and the locked doors of the room; what was an exit before may be a room now."""
        here = self.cells.get(self.here)
        if here is not None:
            for commands, ways, others in (
                (seen.admissible, self.ways, self.locked),
                ([f"go {direction}" for direction in _LOCK.findall(seen.description)], self.locked, self.ways),
            ):
                for step in filter(None, map(_step, commands)):
                    cell = here[0] + step[0], here[1] + step[1]
                    self.unseen.add(cell)
                    ways.add(frozenset((here, cell)))
                    others.discard(frozenset((here, cell)))
        self.unseen -= set(self.cells.values())

    def lines(self, width: int, height: int) -> list[list[tuple[str, str]]]:
        """The map as (text, kind) pieces, in at most `width` cells and `height` lines; the player's room is always on it."""
        columns, rows = max(1, (width + GAP) // (WIDTH + GAP)), max(1, (height + 1) // 2)
        names = {cell: name for name, cell in self.cells.items()}
        shown = [*names, *self.unseen]
        if not shown:
            return []
        centre = self.cells.get(self.here, shown[0])
        left = _window([x for x, _ in shown], columns, centre[0])
        top = _window([y for _, y in shown], rows, centre[1])
        right, bottom = min(left + columns - 1, max(x for x, _ in shown)), min(top + rows - 1, max(y for _, y in shown))
        drawn = []
        for y in range(top, bottom + 1):
            line: list[tuple[str, str]] = []
            between: list[tuple[str, str]] = []
            for x in range(left, right + 1):
                line.append(self._room(names.get((x, y), ""), (x, y)))
                gap = GAP if x < right else 0
                sign, kind = self._way((x, y), (x + 1, y), "─")
                line.append((sign * gap, kind))
                sign, kind = self._way((x, y), (x, y + 1), "│")
                between.append((sign.center(WIDTH) + " " * gap, kind))
            drawn += [line, between]
        return drawn[:-1]

    def _way(self, one: Cell, other: Cell, sign: str) -> tuple[str, str]:
        way = frozenset((one, other))
        return ("#", LOCKED) if way in self.locked else (sign if way in self.ways else " ", WAY)

    def _room(self, name: str, cell: Cell) -> tuple[str, str]:
        if name:
            short = (name if len(name) <= NAME else name[: NAME - 1] + "…").center(NAME)
            return (f"*{short}*", HERE) if name == self.here else (f"[{short}]", SEEN)
        return ("?".center(WIDTH), UNSEEN) if cell in self.unseen else (" " * WIDTH, WAY)


def _step(command: str) -> Cell | None:
    """How a command moves on the map; None if it goes nowhere."""
    verb, _, direction = command.partition(" ")
    return STEPS[DIRECTIONS.index(direction)] if verb == "go" and direction in DIRECTIONS else None


def _window(places: Sequence[int], room: int, centre: int) -> int:
    """The first of `room` neighbouring places: all of them if they fit, else those around the centre."""
    least, most = min(places), max(places)
    return least if most - least < room else max(least, min(centre - room // 2, most - room + 1))
