"""The bounded buffer between the thread that trains and the thread that draws. Whole turns come out of it, never a part of one."""

import threading
from collections import deque

from rolltrain_tui.protocol.events import CommandAccepted, CommandRefused, DiceRolled, Event, StepTaken
from rolltrain_tui.tui.threads.messages import Message

CAPACITY = 20_000
READ_OUTS = (DiceRolled, StepTaken)
"""Numbers of which the newest tells most; everything else is story and is never dropped."""


class EventBuffer:
    """First in, first out. `capacity` bounds the turns that brought read-outs alone: when they are too many, every other goes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.dropped = 0
        """Read-outs that nobody will see; the chronicle has them."""
        self.urgent = False
        """A message waits that answers the player or stops the run."""
        self._turns: deque[list[Message]] = deque()
        self._turn: list[Message] = []
        """The turn that is being played."""
        self._read_outs = 0
        self._lock = threading.Lock()

    def put(self, message: Message) -> None:
        """Add a message to the turn that is being played."""
        with self._lock:
            if isinstance(message, READ_OUTS):
                if self._read_outs >= self.capacity:
                    self._thin_out()
                self._read_outs += 1
            self._turn.append(message)

    def close_turn(self) -> None:
        """The turn is over: it may be taken."""
        with self._lock:
            if self._turn:
                self._turns.append(self._turn)
                self.urgent = self.urgent or any(map(is_urgent, self._turn))
                self._turn = []

    def _thin_out(self) -> None:
        """Drop every other turn of those that brought nothing but read-outs; the newest stays."""
        plain = [turn for turn in self._turns if all(isinstance(message, READ_OUTS) for message in turn)]
        gone = {id(turn) for turn in plain[-2::-2]}
        dropped = sum(len(turn) for turn in plain[-2::-2])
        self._turns = deque(turn for turn in self._turns if id(turn) not in gone)
        self.dropped += dropped
        self._read_outs -= dropped

    def take(self, limit: int) -> list[Message]:
        """Whole turns, oldest first, until there are `limit` messages or more."""
        taken: list[Message] = []
        with self._lock:
            while self._turns and len(taken) < limit:
                taken += self._turns.popleft()
            self.urgent = any(is_urgent(message) for turn in self._turns for message in turn)
            self._read_outs -= sum(isinstance(message, READ_OUTS) for message in taken)
        return taken

    def __len__(self) -> int:
        """Turns that can be taken."""
        return len(self._turns)


def is_urgent(message: Message) -> bool:
    """An answer to the player, or something that is no event of the run: it is to be seen at once."""
    return not isinstance(message, Event) or isinstance(message, CommandAccepted | CommandRefused)
