"""The bounded buffer between the thread that trains and the thread that draws."""

import threading
from collections import deque

from rolltrain_tui.protocol.events import DiceRolled, StepTaken
from rolltrain_tui.tui.messages import Message

CAPACITY = 20_000
READ_OUTS = (DiceRolled, StepTaken)
"""Numbers of which the newest tells most; everything else is story and is never dropped."""


class EventBuffer:
    """First in, first out. `capacity` bounds the read-outs: when they are too many, those of every other turn go."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.dropped = 0
        """Read-outs that nobody will see; the chronicle has them."""
        self._messages: deque[Message] = deque()
        self._read_outs = 0
        self._lock = threading.Lock()

    def put(self, message: Message) -> None:
        with self._lock:
            if isinstance(message, READ_OUTS):
                if self._read_outs >= self.capacity:
                    self._thin_out()
                self._read_outs += 1
            self._messages.append(message)

    def _thin_out(self) -> None:
        """Drop every other turn's rolls and step; by turn, so that a roll stays with the step it belongs to."""
        turns = sorted({message.turn for message in self._messages if isinstance(message, READ_OUTS)})
        keep = set(turns[1::2]) if len(turns) > 1 else set()
        kept = deque(message for message in self._messages if not isinstance(message, READ_OUTS) or message.turn in keep)
        gone = len(self._messages) - len(kept)
        self._messages = kept
        self._read_outs -= gone
        self.dropped += gone

    def take(self, limit: int) -> list[Message]:
        """Up to `limit` messages, oldest first."""
        with self._lock:
            taken = [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
            self._read_outs -= sum(isinstance(message, READ_OUTS) for message in taken)
            return taken

    def __len__(self) -> int:
        return len(self._messages)
