"""The bridge between the training thread, which plays the run, and the screen, whose timer takes the events.

The thread touches no widget. Its last message is always `Left`. An error comes before that, as an event or as `Failed`.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from rolltrain_tui.base.allocator import tune_allocator
from rolltrain_tui.base.blame import blame, told
from rolltrain_tui.protocol.events import Event, Examined, MonsterAppeared, ScoutsSetOut, Secret
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.playable import PlayableRun, Sought
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.firsts import Firsts
from rolltrain_tui.story.scene.pauses import pause_reason, sick_signals
from rolltrain_tui.story.veil import veiled
from rolltrain_tui.tui.threads.buffer import EventBuffer
from rolltrain_tui.tui.threads.messages import AutoPaused, Failed, Left, Message, Opened, ToExplain, VoteDue

T = TypeVar("T")
TAKEN_AT_ONCE = 4000  # folded in well under a UI tick


class Bridge:
    """One run, played from opening to leaving."""

    def __init__(
        self,
        open_run: Callable[[], PlayableRun],
        inbox: Inbox,
        ready: Callable[[PlayableRun], None] | None = None,
        *,
        explains: bool = False,
        pauses: bool = True,
        hidden: frozenset[Secret] = frozenset(),
    ) -> None:
        """`open_run` and then `ready` are called in the thread, before the first turn. `explains`: it waits at the first of each kind.

        `pauses`: it waits at the campaign's rules. `hidden`: events are veiled before anybody hears of them.
        """
        self.inbox = inbox
        self.run: PlayableRun | None = None
        """Set before `Opened` is told."""
        self.scene = Scene(hidden=hidden)
        """The thread's until `opened` (it folds the story so far), the reader's from then on."""
        self.buffer = EventBuffer()
        self.opened = False
        """The scene is the reader's now, and the first turn can be played."""
        self.pause_on: frozenset[str] = frozenset()
        """The rules at which the run pauses. The campaign's, until the player changes them."""
        self.explains = explains
        self.hidden = hidden
        self.votes = False
        """At every encounter the run waits for the room's vote."""
        self.until: frozenset[str] = frozenset()
        """It runs at full speed until one of these rules is met."""
        self._tempo: float | None = None
        self._firsts, self._sick = Firsts(), set[str]()
        self._open, self._ready, self._pauses = open_run, ready, pauses
        self._revealing, self._to_reveal, self._over = threading.Lock(), frozenset[Secret](), False
        self._thread = threading.Thread(target=self._thread_main, name="run", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the run to save and stop. It does so between two micro-batches."""
        self.inbox.stop()

    def run_until(self, rules: frozenset[str]) -> None:
        """Go on at full speed, and pause when one of these rules is met."""
        if not self.until:
            self._tempo = self.inbox.turns_per_second
        self.until = rules
        self.inbox.set_speed(None)
        self.inbox.resume()

    def run_no_more(self) -> None:
        """Back to the tempo of before."""
        if self.until:
            self.until = frozenset()
            self.inbox.set_speed(self._tempo)

    def reveal(self, secrets: frozenset[Secret]) -> None:
        """Show what was kept back, of the turns before as well: the scene is folded anew, between two turns or after the last."""
        with self._revealing:
            self._to_reveal |= secrets
            over = self._over
        if over:
            self._unveil()
        else:
            self.between_turns(lambda run: self._unveil())

    def _unveil(self) -> None:
        with self._revealing:
            secrets, self._to_reveal = self._to_reveal, frozenset()
        if secrets and self.run is not None:
            self.hidden -= secrets
            self.buffer.put(Sought(Scene.of(self.run.story, self.hidden)))
            self.buffer.close_turn()

    def between_turns(self, look: Callable[[PlayableRun], T]) -> "Future[T]":
        """Call `look` in the run's thread between two turns; its result as a future. Where the run ends first, the future stays open."""
        found: Future[T] = Future()

        def deed() -> None:
            assert self.run is not None, "a run that waits for its turn is open"
            try:
                found.set_result(look(self.run))
            except Exception as error:  # the screen hears of it; the training goes on
                found.set_exception(error)

        self.inbox.between_turns(deed)
        return found

    def join(self, deadline: float) -> bool:
        """Wait up to `deadline` seconds for the thread. True: it is gone, and everything it had to save is saved."""
        self._thread.join(deadline)
        return not self._thread.is_alive()

    @property
    def playing(self) -> bool:
        return self._thread.is_alive()

    def take(self) -> list[Message]:
        """The turns since the last call, oldest first and each whole; the rest next time when they are very many."""
        return self.buffer.take(TAKEN_AT_ONCE)

    def _thread_main(self) -> None:
        tune_allocator()
        try:
            self._play()
        except ValueError as error:
            self.buffer.put(Failed(f"{blame(error)}{error}"))
        except BaseException as error:  # a thread must not die unheard
            self.buffer.put(Failed(told(error)))
        finally:
            self._reveal_the_rest()
            self.buffer.put(Left())
            self.buffer.close_turn()

    def _reveal_the_rest(self) -> None:
        """What was asked for during the last turn: no turn follows before which it could be done."""
        with self._revealing:
            self._over = True
        try:
            self._unveil()
        except Exception as error:  # as between two turns; what comes after must be told
            self.buffer.put(Failed(told(error)))

    def _play(self) -> None:
        run = self.run = self._open()
        if run.config is not None:
            limit = None if "floor" in self.hidden else run.config.objective.limit
            self.scene.objective = replace(run.config.objective, limit=limit)  # shown before the first event tells it
        for event in run.story:
            self.scene.apply(event)
            self._firsts.meet(event)
        self._sick = {reading.signal for reading in self.scene.sick}
        if self._ready is not None:
            self._ready(run)
        self.buffer.put(Opened(run.note))
        self.inbox.turn_over = self._turn_over
        self.pause_on = frozenset(run.config.pace.pause_on if run.config is not None and self._pauses else ())
        for happened in run.play(self.inbox):
            if isinstance(happened, Sought):
                self.buffer.put(happened)
                continue
            if (seen := veiled(happened, self.hidden)) is not None:
                self.buffer.put(seen)
            self._pause_at(happened, seen)
            if isinstance(happened, ScoutsSetOut):
                self.buffer.close_turn()  # they are out for seconds: the screen says so meanwhile
        self.opened = True

    def _pause_at(self, event: Event, seen: Event | None) -> None:
        """A pause must be set before the generator is asked for the next turn, hence here and not on the screen's side.

        `seen` is the event as the screen may show it; None: not at all.
        """
        if seen is not None and self._firsts.meet(seen) and self.explains:
            self.buffer.put(ToExplain(seen, held=self._hold()))
        if self.votes and isinstance(event, MonsterAppeared):
            self.buffer.put(VoteDue(held=self._hold()))
        reason = pause_reason(event, self._rules(), self._sick)
        if isinstance(event, Examined):
            self._sick = sick_signals(event)
        if reason is not None:
            ran = reason in self.until
            self.run_no_more()
            self.inbox.pause()
            self.buffer.put(AutoPaused(event.turn, reason, ran))

    def _hold(self) -> bool:
        """Pause. Whether the run was going until now."""
        going = not self.inbox.paused
        self.inbox.pause()
        return going

    def _rules(self) -> frozenset[str]:
        """At what it pauses now. A pause for a sick signal would tell the diagnosis."""
        lasting = self.pause_on - {"evaluation"} if self.until else self.pause_on
        return (lasting | self.until) - ({"sick"} if "diagnosis" in self.hidden else set())

    def _turn_over(self) -> None:
        self.buffer.close_turn()
        self.opened = True
