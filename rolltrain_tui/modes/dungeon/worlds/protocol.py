"""What every text adventure answers, whoever made it. The words are TextWorld's: admissible commands, max score, walkthrough."""

from typing import NamedTuple, Protocol

State = tuple[int | str, ...]
"""Where a game stands: small, hashable, and JSON as a list. Together with the world's seed it is a whole save."""


class Observation(NamedTuple):
    """What the player knows after a command. Every text is clean: printable, without markup, at most some thousand characters."""

    feedback: str
    """What the command did, or why it was refused: "You take the red key." """
    description: str
    """The room as it is now: its exits, doors, things and containers. It says all that can be seen."""
    inventory: str
    """What is carried, as a sentence: "You carry a red key." """
    admissible: tuple[str, ...]
    """The commands that the world accepts now, in a fixed order. Empty when the game is over."""
    score: int
    """Points so far."""
    accepted: bool
    """Whether the world accepted the command. A refused command changes nothing and costs no move."""
    done: bool
    won: bool
    lost: bool
    past: tuple[str, ...] = ()
    """Moves of the past, as the player remembers them. Worlds leave it empty; who plays may fill it."""
    gained: float = 0.0
    """Rewards above 0 of this game so far, where the player is told what it still has to earn. Worlds leave it 0."""


class World(Protocol):
    """One adventure and where its game stands. The same seed and settings give the same adventure everywhere."""

    @property
    def seed(self) -> int: ...

    @property
    def title(self) -> str:
        """The world in some words: "castle, 4 rooms, coin, seed 7"."""
        ...

    @property
    def objective(self) -> str:
        """What the player must do, as one or two sentences."""
        ...

    @property
    def max_score(self) -> int:
        """The points of a game that is won."""
        ...

    @property
    def walkthrough(self) -> tuple[str, ...]:
        """Commands that win with all points. In the built-in worlds there is no shorter way; their number is the par."""
        ...

    @property
    def advice(self) -> str:
        """The next command of a way to win from here; "" after the end, and where none is known."""
        ...

    @property
    def moves(self) -> int:
        """Commands accepted since the beginning."""
        ...

    @property
    def place(self) -> str:
        """The name of the room where the player is; "" where a world does not tell."""
        ...

    @property
    def state(self) -> State: ...

    def restore(self, state: State) -> Observation:
        """Goes on from a state of this world. ValueError for a state that is not one."""
        ...

    def reset(self) -> Observation:
        """Begins anew."""
        ...

    def step(self, command: str) -> Observation:
        """Carries the command out. A command that is not admissible is refused in the feedback; it never raises."""
        ...

    def close(self) -> None:
        """Ends what the world keeps open, such as a process. It may be called twice."""
        ...


class Maker(Protocol):
    """Makes the world of a seed; what a learner plays in."""

    def __call__(self, seed: int) -> World: ...

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that the worlds can say or understand, sorted; () where no list is known."""
        ...
