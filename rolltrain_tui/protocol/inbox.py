"""How the player's wishes reach the campaign: the Inbox that commands (`protocol.commands`) are put into.

A command changes the run, is applied at a turn boundary and is recorded with its turn. Tempo (pause, speed, stop) is not a command: it
is set on the Inbox, changes only when turns happen, and can never change what happens in them.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from rolltrain_tui.protocol.commands import Command


class Inbox:
    """The one door in. Any thread may put commands and set the tempo; only the campaign's thread drains and waits."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: deque[Command] = deque(commands)
        self._changed = threading.Condition()
        self._paused = False
        self._single_steps = 0
        self._stopped = False
        self._turns_per_second: float | None = None
        self._next_turn_at = 0.0
        self._deeds: deque[Callable[[], None]] = deque()
        self.turn_over: Callable[[], None] = lambda: None
        """Called in the campaign's thread between two turns: everything that the last one brought has been told."""

    # The player's side.

    def put(self, *commands: Command) -> None:
        """Queue commands for the next turn boundary, all for the same one."""
        with self._changed:
            self._commands.extend(commands)
            self._changed.notify_all()

    def pause(self) -> None:
        with self._changed:
            self._paused = True
            self._single_steps = 0

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def step_once(self) -> None:
        """Pause, and let exactly one more turn pass."""
        with self._changed:
            self._paused = True
            self._single_steps += 1
            self._changed.notify_all()

    def set_speed(self, turns_per_second: float | None) -> None:
        """At most this many turns a second; None is full speed."""
        with self._changed:
            self._turns_per_second = turns_per_second
            self._next_turn_at = 0.0
            self._changed.notify_all()

    def stop(self) -> None:
        """End the campaign at the next turn boundary, or inside the turn at the next micro-batch."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def between_turns(self, deed: Callable[[], None]) -> None:
        """Have this done by the campaign's thread before its next turn, also while it is paused. It may look, and must change nothing."""
        with self._changed:
            self._deeds.append(deed)
            self._changed.notify_all()

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def stopped(self) -> bool:
        return self._stopped

    @property
    def turns_per_second(self) -> float | None:
        return self._turns_per_second

    # The campaign's side.

    def drain(self, turn: int) -> list[Command]:
        """All commands that wait for this turn, oldest first."""
        if not self._commands:
            return []
        with self._changed:
            commands = list(self._commands)
            self._commands.clear()
            return commands

    def pending(self) -> list[Command]:
        """The commands not drained yet, for a save."""
        with self._changed:
            return list(self._commands)

    def hear(self) -> None:
        """Called where a turn takes long, by every process at the same places: from here on `stopped` is what all of them know."""

    def wait_for_turn(self) -> bool:
        """Block while paused, and until the pace allows another turn. False: the player has stopped the campaign."""
        self.turn_over()
        while (may := self._may_play()) is None:
            self._deeds.popleft()()
        return may

    def _may_play(self) -> bool | None:
        """As `wait_for_turn`; None as soon as there is a deed to be done first."""
        if self._deeds and not self._stopped:
            return None
        if not self._paused and self._turns_per_second is None:
            return not self._stopped
        with self._changed:
            while not self._stopped:
                if self._deeds:
                    return None
                if self._paused:
                    if self._single_steps:
                        self._single_steps -= 1
                        return True
                    self._changed.wait()
                elif self._turns_per_second is None:
                    return True
                elif (left := self._next_turn_at - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    self._next_turn_at = max(self._next_turn_at, time.monotonic() - 0.5) + 1 / self._turns_per_second
                    return True
            return False


class ScriptedInbox(Inbox):
    """An Inbox that also plays recorded moves, each at its turn; live commands come after them."""

    def __init__(self, moves: Iterable[tuple[int, Command]]) -> None:
        super().__init__()
        self._moves = deque(sorted(moves, key=lambda move: move[0]))

    def drain(self, turn: int) -> list[Command]:
        due: list[Command] = []
        while self._moves and self._moves[0][0] <= turn:
            due.append(self._moves.popleft()[1])
        return due + super().drain(turn)
