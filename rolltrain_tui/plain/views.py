"""Views of a run without a screen: the story in sentences, a progress bar, or only what goes wrong."""

import errno
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.story.closing import closing_sentences
from rolltrain_tui.story.counsel import hint_sentence
from rolltrain_tui.story.narration import tell, tell_turn
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.typed_commands import typed

HEADLINES = (ev.CampaignBegan, ev.LevelGained, ev.HeroFell, ev.SaveFailed, ev.TrainingFailed, ev.CampaignEnded, ev.CampaignStopped)
"""Told above the progress bar."""
TROUBLES = (ev.SaveFailed, ev.TrainingFailed)
"""Told in every view."""
UNREAD = 128 + 13
"""The exit code where the reader has gone: what the shell makes of SIGPIPE, which not every system has."""


class SafeStream:
    """Writes lines to a stream, from any thread.

    It falls silent where writing fails, since a full disk must not end a training run. It calls `unheard` where the reader has gone.
    """

    def __init__(self, stream: TextIO, unheard: Callable[[], None] = lambda: None) -> None:
        self._stream, self._unheard = stream, unheard
        self._lock = threading.Lock()
        self.lost = False
        """Lines could not be written."""
        self.unread = False
        """The reader has gone, as with a closed pipe or a terminal that hung up."""
        self.reason = ""
        """Why lines could not be written."""

    def say(self, line: str) -> None:
        with self._lock:
            if self.lost:
                return
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError) as error:
                self.lost, self.reason = True, getattr(error, "strerror", None) or str(error)
                self.unread = isinstance(error, BrokenPipeError) or getattr(error, "errno", 0) == errno.EIO
        if self.unread:
            self._unheard()

    def settled(self) -> int:
        """The exit code of what was told: 141 where the reader has gone; 1, with the reason on stderr, where lines were lost."""
        if self.unread:
            return UNREAD
        if self.lost:
            SafeStream(sys.stderr).say(f"The story could not be written to the end: {self.reason}.")
        return int(self.lost)


class View(Protocol):
    """Shows the events of a run."""

    def open(self, scene: Scene, turns: int) -> None:
        """Before the first event; `scene` is the story so far and follows what is shown."""

    def show(self, event: ev.Event) -> None: ...

    def close(self) -> None: ...


class QuietView:
    """Tells only what goes wrong."""

    def __init__(self, voice: SafeStream) -> None:
        self._voice = voice

    def open(self, scene: Scene, turns: int) -> None:
        pass

    def show(self, event: ev.Event) -> None:
        if isinstance(event, TROUBLES):
            self._voice.say(tell(event))

    def close(self) -> None:
        pass


class PlainView:
    """One sentence an event, each line with its turn. Roll and step of a turn share a line, told every `every` turns.

    `typing`: somebody can type orders, and is told what to type for the keys of the screen that the campaign's own texts name.
    """

    def __init__(self, voice: SafeStream, every: int = 1, *, typing: bool = False) -> None:
        self._voice, self._every, self._typing = voice, every, typing
        self._width = 1
        self._rolls: list[ev.DiceRolled] = []
        self._scene = Scene()

    def open(self, scene: Scene, turns: int) -> None:
        self._scene, self._width = scene, len(str(turns))

    def show(self, event: ev.Event) -> None:
        if isinstance(event, ev.DiceRolled):
            self._rolls.append(event)
        elif isinstance(event, ev.StepTaken):
            rolls, self._rolls = self._rolls, []
            if event.turn % self._every == 0 or not event.finite:
                self._tell(event.turn, tell_turn(rolls, event))
        elif sentence := tell(event, self._scene.objective):
            told = typed(sentence) if self._typing and isinstance(event, ev.ActBegan | ev.CampaignEnded) else ""
            self._tell(event.turn, f"{sentence} {told}".rstrip())
        if isinstance(event, ev.CampaignBegan | ev.ScoutsReturned) and (hint := hint_sentence(self._scene)):
            self._tell(event.turn, hint)
        for sentence in closing_sentences(self._scene) if isinstance(event, ev.CampaignEnded) else ():
            self._tell(event.turn, sentence)

    def close(self) -> None:
        pass

    def _tell(self, turn: int, sentence: str) -> None:
        self._voice.say(f"{turn:>{self._width}}  {sentence}")


class BarView:
    """A progress bar with loss, last evaluation, turns a second and the time that is left; headlines above it."""

    REDRAW_SECONDS = 0.2

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._clock = clock
        self._drawn_at = -math.inf
        self._progress = Progress(
            TextColumn("turn {task.completed:.0f}/{task.total:.0f}"),
            BarColumn(bar_width=None),
            TextColumn("loss {task.fields[loss]}  {task.fields[label]} {task.fields[val]}"),
            _TurnsPerSecond(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            console=self._console,
            auto_refresh=False,
            expand=True,
        )

    def open(self, scene: Scene, turns: int) -> None:
        self._scene = scene
        self._task = self._progress.add_task("", total=turns, completed=scene.turn, loss="-", label="val", val="-")
        self._progress.start()

    def show(self, event: ev.Event) -> None:
        if isinstance(event, ev.StepTaken):
            if self._clock() - self._drawn_at >= self.REDRAW_SECONDS:
                self._draw()
        elif isinstance(event, HEADLINES) or (isinstance(event, ev.Saved) and event.reason in ("end", "quit", "player")):
            self._say(tell(event, self._scene.objective))
            for sentence in closing_sentences(self._scene) if isinstance(event, ev.CampaignEnded) else ():
                self._say(sentence)

    def close(self) -> None:
        self._draw()
        self._progress.stop()

    def _say(self, sentence: str) -> None:
        """Above the bar, as one line: the terminal folds it, so that a path in it can be copied whole."""
        self._progress.console.print(sentence, soft_wrap=True)

    def _draw(self) -> None:
        self._drawn_at = self._clock()
        step, evaluation = self._scene.step, self._scene.evaluation
        self._progress.update(
            self._task,
            completed=self._scene.turn,
            loss=fixed(step.loss_ema) if step else "-",
            label=self._scene.objective.short_label,
            val=fixed(evaluation.value) if evaluation else "-",
            refresh=True,
        )


def progress_view(bar: bool | None = None) -> View:
    """A progress bar on standard error, or a quiet view. None: a bar where it is a terminal."""
    wanted = sys.stderr.isatty() if bar is None else bar
    return BarView(sys.stderr) if wanted else QuietView(SafeStream(sys.stderr))


class _TurnsPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} it/s" if speed else "- it/s")
