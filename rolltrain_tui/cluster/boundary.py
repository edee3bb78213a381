"""What the ranks agree on between two turns: whether one follows, and the commands for it.

One whole number is agreed on each time, the highest of all ranks':

    STOP    the player leaves, or a process was asked to end: nobody begins another turn
    WAIT    the player has paused the first rank: nothing happens yet, but it lives
    n > 0   the turn begins, with n bytes of commands, which follow
    0       the turn begins

On a walk of scouts, which is as long as many turns, STOP or 0 is agreed on before each step of theirs.

So a turn without commands costs one number. WAIT comes every second: a pause may be longer than the time after which
torch.distributed takes a silent rank for dead.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rolltrain_tui.cluster.gang import Gang
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.log import event_codec
from rolltrain_tui.training.machine.ranks import Ranks

STOP, WAIT = 1 << 62, 1 << 61
HEARTBEAT = 1.0
"""Seconds between two WAITs."""


def agreed(ranks: Ranks, commands: list[Command]) -> list[Command]:
    """The first rank's commands, on every rank: for loops that are not ours, where every rank begins its turns by itself."""
    if not isinstance(ranks, Gang):
        return commands
    lines = _written(commands) if ranks.first else b""
    size = ranks.highest(len(lines))
    return _read(ranks.tell(lines, size)) if size else []


def _written(commands: Sequence[Command]) -> bytes:
    return "\n".join(map(event_codec.encode, commands)).encode()


def _read(lines: bytes) -> list[Command]:
    return list(map(event_codec.decode_command, lines.decode().split("\n")))


class LeadersInbox(Inbox):
    """The first rank's: the player's own inbox, with every turn announced to the others.

    `next_turn` is the number of the turn that would come next. Use it inside of `beating`.
    """

    def __init__(self, gang: Gang, inner: Inbox, next_turn: Callable[[], int]) -> None:
        super().__init__()
        self._gang, self._inner, self._next_turn = gang, inner, next_turn
        self._told: list[Command] = []
        """Commands that all ranks know, until the turn drains them."""
        self._waits = self._over = False

    def put(self, *commands: Command) -> None:
        self._inner.put(*commands)

    def pending(self) -> list[Command]:
        return [*self._told, *self._inner.pending()]

    @property
    def stopped(self) -> bool:
        """Agreed by all: inside of a turn, nobody leaves the others alone."""
        return self._over

    def hear(self) -> None:
        self._over = self._over or self._gang.highest(STOP if self._inner.stopped else 0) == STOP

    def wait_for_turn(self) -> bool:
        self._waits = True
        may = self._inner.wait_for_turn() and not self._over
        self._waits = False
        if self._over:  # another rank was asked to end while this one waited
            return False
        commands = self._inner.drain(self._next_turn()) if may else []
        lines = _written(commands)
        self._told += commands
        word = self._gang.highest(len(lines) if may else STOP)
        if word == STOP:
            self._over = True
        elif word:
            self._gang.tell(lines, word)
        return not self._over

    def drain(self, turn: int) -> list[Command]:
        told, self._told = self._told, []
        return told

    @contextmanager
    def beating(self) -> Iterator[None]:
        """While inside, the others are told every second that a waiting player is no dead one."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(HEARTBEAT):
                if self._waits:
                    self._inner.between_turns(self._say_wait)  # the campaign's thread says it: two threads would mix their words

        heart = threading.Thread(target=beat, name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            done.set()
            heart.join()

    def _say_wait(self) -> None:
        if not self._over and self._gang.highest(WAIT) == STOP:
            self._over = True
            self._inner.stop()


class FollowersInbox(Inbox):
    """Every other rank's: turns begin when the first rank says so. `stop` asks all ranks to stop."""

    def __init__(self, gang: Gang) -> None:
        super().__init__()
        self._gang = gang
        self._told: list[Command] = []
        self._over = False
        self.asked = False
        """This rank was asked to end."""

    def stop(self) -> None:
        self.asked = True

    def open_again(self) -> None:
        """For the next run, after one that was stopped."""
        self._told, self._over = [], False

    @property
    def stopped(self) -> bool:
        return self._over

    def hear(self) -> None:
        self._over = self._over or self._gang.highest(STOP if self.asked else 0) == STOP

    def wait_for_turn(self) -> bool:
        while (word := self._gang.highest(STOP if self.asked else 0)) == WAIT:
            pass
        if word == STOP:
            self._over = True
        elif word:
            self._told += _read(self._gang.tell(b"", word))
        return not self._over

    def drain(self, turn: int) -> list[Command]:
        told, self._told = self._told, []
        return told
