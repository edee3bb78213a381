"""The built-in adventure: the rules of play on a layout, fast enough to train in.

What the player sees is the whole room, so that the description, the inventory and the quest tell all that counts for the next move.
"""

from functools import cached_property

from rolltrain_tui.modes.dungeon.worlds.completion import meant, plain
from rolltrain_tui.modes.dungeon.worlds.layout import CARRIED, GONE, NO_LOCK, START, Exit, generate
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, State
from rolltrain_tui.modes.dungeon.worlds.refusals import VERBS, Position, refusal
from rolltrain_tui.modes.dungeon.worlds.search import shortest
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings, named
from rolltrain_tui.modes.dungeon.worlds.themes import DIRECTIONS

GO, TAKE, DROP, UNLOCK, OPEN, COOK, EAT, LOOK = range(8)
PLAYING, WON = range(2)


class Adventure:
    """A built-in world of a seed, and a game in it. It follows `World`."""

    def __init__(self, settings: WorldSettings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.layout = layout = generate(settings, seed)
        self._rooms, self._treasure = len(layout.rooms), layout.treasure
        self._sparse = settings.points == "sparse"
        # Sentences and commands of each room, thing, lock and container, made once.
        self._doors = [f"{colour} {layout.theme.door}" for colour in layout.colours]
        self._ways = [[self._way(n, way) for n, way in enumerate(ways)] for ways in layout.exits]
        self._here = [f"You are in the {name}. Exits: " for name in layout.rooms]
        self._take = [(f"take {thing}", (TAKE, n)) for n, thing in enumerate(layout.things)]
        self._drop = [(f"drop {thing}", (DROP, n)) for n, thing in enumerate(layout.things)]
        self._unlock = [(f"unlock {name}", (UNLOCK, n)) for n, name in enumerate(self._doors)]
        self._open = [(f"open {name}", (OPEN, n)) for n, (name, _) in enumerate(layout.containers)]
        self._a = [f"an {thing}" if thing[0] in "aeiou" else f"a {thing}" for thing in layout.things]
        self._held = [[n for n, (_, room) in enumerate(layout.containers) if room == here] for here in range(self._rooms)]
        self.reset()

    @property
    def title(self) -> str:
        return f"{named(self.settings)}, seed {self.seed}"

    @property
    def objective(self) -> str:
        thing = self.layout.things[self.layout.treasure]
        if self.layout.quest == "coin":
            return f"Find the {thing} and take it."
        return f"Find the {thing}, cook it at the {self.layout.theme.stove} and eat it."

    @property
    def max_score(self) -> int:
        return 1 if self._sparse else len(self.deeds)

    @cached_property
    def deeds(self) -> dict[tuple[int, int], int]:
        """What the quest needs beyond walking, as (verb, number) -> its bit; each is worth one point, once."""
        layout, locks = self.layout, len(self.layout.colours)
        hiding = {place - self._rooms for place in layout.places[: locks + 1] if place >= self._rooms}
        end = [(COOK, layout.treasure), (EAT, layout.treasure)] if layout.quest == "cook" else []
        keys = [deed for lock in range(locks) for deed in ((TAKE, lock), (UNLOCK, lock))]
        return {deed: 1 << n for n, deed in enumerate((*keys, *((OPEN, n) for n in sorted(hiding)), (TAKE, layout.treasure), *end))}

    @cached_property
    def walkthrough(self) -> tuple[str, ...]:
        return shortest(self.layout, self.layout.places)

    @property
    def advice(self) -> str:
        if self._status == WON:
            return ""
        taken = sum(1 << n for n in range(self.layout.treasure + 1) if self._places[n] == CARRIED)
        return shortest(self.layout, self._places, (self._room, taken, self._unlocked, self._opened, self._cooked))[0]

    @property
    def place(self) -> str:
        return self.layout.rooms[self._room]

    @property
    def carried(self) -> tuple[str, ...]:
        return tuple(thing for thing, place in zip(self.layout.things, self._places, strict=True) if place == CARRIED)

    @property
    def moves(self) -> int:
        return self._moves

    @property
    def state(self) -> State:
        """(moves, room, visited, unlocked, opened, cooked, deeds done, won, the place of each thing ...); sets are bits."""
        flags = (self._visited, self._unlocked, self._opened, self._cooked, self._done, self._status)
        return (self._moves, self._room, *flags, *self._places)

    def restore(self, state: State) -> Observation:
        layout = self.layout
        bits = (1 << self._rooms, 1 << len(layout.colours), 1 << len(layout.containers), 2, 1 << len(self.deeds), 2)
        most = (1 << 53, self._rooms, *bits, *[self._rooms + len(layout.containers)] * len(layout.things))
        least = (*[0] * 8, *[GONE] * len(layout.things))
        numbers = [value for value in state if isinstance(value, int)]
        if (
            len(numbers) != len(state)
            or len(state) != len(most)
            or not all(a <= n < b for a, n, b in zip(least, numbers, most, strict=True))
        ):
            raise ValueError(f"the state is not one of the world {self.title}; it was saved in another world")
        self._moves, self._room, self._visited, self._unlocked, self._opened, self._cooked, self._done, self._status, *self._places = (
            numbers
        )
        return self._observed("", True)

    def reset(self) -> Observation:
        self._moves, self._room, self._visited = 0, START, 1 << START
        self._unlocked = self._opened = self._cooked = self._done = 0
        self._status = PLAYING
        self._places = list(self.layout.places)
        return self._observed("", True)

    def step(self, command: str) -> Observation:
        action = self._options.get(command)
        if action is None:
            action = self._options.get(plain(command))
            if action is None:
                return self._observed(self._refused(plain(command)), False)
        return self._observed(self._carry_out(*action), True)

    def close(self) -> None:
        """Nothing is open."""

    def _way(self, n: int, way: Exit) -> tuple[str, tuple[int, int], str, str, int, int, str]:
        """(command, action, exit, exit once it was visited, bit of the room behind, lock, what a locked door says)."""
        name = DIRECTIONS[way.direction]
        visited = f"{name} (visited)" if self.settings.marks else name
        closed = "" if way.lock == NO_LOCK else f" A locked {self._doors[way.lock]} leads {name}."
        return f"go {name}", (GO, n), name, visited, 1 << way.to, way.lock, closed

    def _refused(self, command: str) -> str:
        if self._status == WON:
            return "The game is over."
        meaning = meant(command, self._thinkable)
        if len(meaning) == 1 and meaning[0] not in self._options:
            command = meaning[0]
        return refusal(self.layout, Position(self._room, self.carried, self._unlocked), command)

    @cached_property
    def _thinkable(self) -> list[str]:
        """Every command that names something of this world, whether or not it makes sense."""
        layout = self.layout
        names = [*layout.things, *(name for name, _ in layout.containers), *self._doors, layout.theme.stove]
        return [f"go {direction}" for direction in DIRECTIONS] + [f"{verb} {name}" for verb in VERBS[1:-1] for name in names] + ["look"]

    def _carry_out(self, verb: int, n: int) -> str:
        layout, places = self.layout, self._places
        self._moves += 1
        if verb == GO:
            way = layout.exits[self._room][n]
            self._room = way.to
            self._visited |= 1 << way.to
            return f"You go {DIRECTIONS[way.direction]}."
        if verb == LOOK:
            return "You look around."
        if verb == DROP:
            places[n] = self._room
            return f"You drop the {layout.things[n]}."
        self._done |= self.deeds.get((verb, n), 0)
        if verb == TAKE:
            places[n] = CARRIED
            told = f"You take the {layout.things[n]}."
            return self._won(told) if n == self._treasure and layout.quest == "coin" else told
        if verb == UNLOCK:
            self._unlocked |= 1 << n
            return f"You unlock the {self._doors[n]}."
        if verb == OPEN:
            self._opened |= 1 << n
            return f"You open the {layout.containers[n][0]}."
        if verb == COOK:
            self._cooked = 1
            return f"You cook the {layout.things[n]}."
        assert verb == EAT
        places[n] = GONE
        return self._won(f"You eat the {layout.things[n]}.")

    def _won(self, told: str) -> str:
        self._status = WON
        return f"{told} You have won."

    def _observed(self, feedback: str, accepted: bool) -> Observation:
        """The room, what is carried and what may be done; one pass over exits, things and containers."""
        layout, room, places = self.layout, self._room, self._places
        options: list[tuple[str, tuple[int, int]]] = []
        exits: list[str] = []
        doors = ""
        visited, unlocked = self._visited, self._unlocked
        for command, action, name, marked, to, lock, closed in self._ways[room]:
            if lock == NO_LOCK or unlocked >> lock & 1:
                options.append((command, action))
                exits.append(marked if visited & to else name)
            else:
                doors += closed
                if places[lock] == CARRIED:
                    options.append(self._unlock[lock])
        lying: list[str] = []
        carried: list[str] = []
        for n, place in enumerate(places):
            if place == room:
                lying.append(self._a[n])
                options.append(self._take[n])
            elif place == CARRIED:
                carried.append(self._a[n])
                options.append(self._drop[n])
        kept = ""
        for n in self._held[room]:
            name = layout.containers[n][0]
            if self._opened >> n & 1:
                inside = self._rooms + n
                found = [thing for thing, place in enumerate(places) if place == inside]
                options += [self._take[thing] for thing in found]
                kept += f" The {name} holds {' and '.join(self._a[thing] for thing in found)}." if found else f" The {name} is empty."
            else:
                kept += f" The {name} is closed."
                options.append(self._open[n])
        if layout.stove == room:
            kept += f" The {layout.theme.stove} is here."
        food = self._treasure
        if layout.quest == "cook" and places[food] == CARRIED:
            if self._cooked:
                options.append((f"eat {layout.things[food]}", (EAT, food)))
            elif layout.stove == room:
                options.append((f"cook {layout.things[food]}", (COOK, food)))
        options.append(("look", (LOOK, 0)))
        won = self._status == WON
        self._options = {} if won else dict(options)
        here = f"{self._here[room]}{', '.join(exits) or 'none'}.{doors}{' You see ' + ', '.join(lying) + '.' if lying else ''}{kept}"
        cooked = f" The {layout.things[food]} is cooked." if self._cooked and not won else ""
        holding = f"You carry {', '.join(carried)}.{cooked}" if carried else f"You carry nothing.{cooked}"
        score = int(won) if self._sparse else self._done.bit_count()
        return Observation(feedback, here, holding, tuple(self._options), score, accepted, won, won, False)
