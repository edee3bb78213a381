"""The two contestants of the game: the campaign headless, and the campaign in a terminal.

    python -m rolltrain_tui.bench.metered CONTROL_FD REPORT_FD headless|tui CAMPAIGN [OVERRIDE ...]

The parent grants blocks of turns, one number per line on CONTROL_FD. Each line on REPORT_FD is one JSON object.
"""

import json
import math
import os
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import StepReport

STEP = "step"
"""The whole of the learner's turn, among its parts."""
PANELS, PAINTING, SCREEN = "panels", "painting", "in all"
"""Of the screen's CPU: events become lines of panels; changed lines become bytes for the terminal; and the whole, timers among it."""


class MeteredInbox(Inbox):
    """An inbox that waits for granted blocks of turns. It reports finished blocks and applied commands."""

    def __init__(self, control: int, report: int) -> None:
        super().__init__()
        self._control = os.fdopen(control, "r")
        self._report = os.fdopen(report, "w", buffering=1)
        self._left = 0
        self._started: float | None = None
        self.training = False
        """The present block has been running for 0.2 s or more."""
        self.late = 0.0
        """The largest delay of a tick of the screen in seconds."""
        self.parts: dict[str, float] = {}
        """Seconds that the learner has spent in each part of its turns, and in `step`."""
        self.screen: dict[str, float] = {}
        """Seconds of CPU that the screen's thread has spent in each of its parts, and in all."""
        self._put_at = 0.0
        self._turns: list[float] = []
        """When each turn of this block began, in seconds."""
        self._before: dict[str, float] = {}
        """The same when this block began: between two blocks the screen goes on."""

    def say(self, **facts: Any) -> None:
        self._report.write(json.dumps(facts) + "\n")

    def wait_for_turn(self) -> bool:
        self.turn_over()
        if self._left == 0:
            if self._started is None:
                self.say(ready=True)
            else:
                drawn = {part: now - self._before.get(part, 0.0) for part, now in self.screen.items()}
                now = time.perf_counter()
                turns = [end - begin for begin, end in pairwise([*self._turns, now])]
                self.say(late=self.late, parts=self.parts, screen=drawn, turns=turns, seconds=now - self._started)
            self.training = False
            line = self._control.readline()
            if not line:
                self.stop()
                return False
            self._left, self._started, self._before, self._turns = int(line), time.perf_counter(), dict(self.screen), []
        self._left -= 1
        self._turns.append(now := time.perf_counter())
        self.training = self._started is not None and now - self._started > 0.2
        return not self.stopped

    def put(self, *commands: Command) -> None:
        self._put_at = time.monotonic()
        super().put(*commands)

    def drain(self, turn: int) -> list[Command]:
        commands = super().drain(turn)
        if commands:
            self.say(applied=time.monotonic(), put=self._put_at, commands=len(commands))
        return commands


def headless(campaign: Path, overrides: tuple[str, ...], inbox: MeteredInbox) -> None:
    from rolltrain_tui.modes.campaign_file import load
    from rolltrain_tui.runs.run import Run
    from rolltrain_tui.training.levered_learner import LeveredLearner

    def watch(learner: LeveredLearner, inbox: MeteredInbox) -> None:
        """Let the inbox know how long the parts of a turn take."""
        step, inbox.parts = learner.step, learner.seconds
        learner.seconds[STEP] = 0.0

        def timed(effect: StepEffect) -> StepReport:
            report = step(effect)
            learner.seconds[STEP] += report.seconds
            return report

        learner.step = timed  # type: ignore[method-assign]

    config = load(campaign, overrides)
    with tempfile.TemporaryDirectory() as runs:
        run = Run.begin(config, base=campaign.parent, runs=Path(runs))
        learner = run.campaign.learner
        facts = learner.info()
        if isinstance(learner, LeveredLearner):
            watch(learner, inbox)
        inbox.say(dtype=facts.dtype, threads=facts.threads, tokens=facts.tokens_per_turn, gflop=facts.gflop_per_turn)
        for _ in run.play(inbox):
            pass


def tui(campaign: Path, overrides: tuple[str, ...], inbox: MeteredInbox) -> None:
    from rolltrain_tui.tui.app import RolltrainApp
    from rolltrain_tui.tui.expedition.expedition import TICK_SECONDS, ExpeditionScreen
    from rolltrain_tui.tui.launch import Launch

    class GrantedApp(RolltrainApp):
        """The game, whose turns are granted."""

        def new_inbox(self) -> Inbox:
            return inbox

    watch_ticks(ExpeditionScreen, TICK_SECONDS, inbox)
    meter(ExpeditionScreen, "show_news", inbox.screen, PANELS)
    meter(ExpeditionScreen, "_compositor_refresh", inbox.screen, PAINTING)
    with tempfile.TemporaryDirectory() as runs:
        launch = Launch(campaign=campaign, overrides=("hero.name=Bench", *overrides), runs=Path(runs), explain=False)
        app = GrantedApp(launch)
        app.run()
        if app.farewell:
            sys.exit(app.farewell)


def watch_ticks(kind: type, seconds: float, inbox: MeteredInbox) -> None:
    """Measure how late the screen's own ticks come while turns pass. A timer for this alone would cost the training half a per cent."""
    tick, due = kind.tick, math.inf  # type: ignore[attr-defined]

    def watched(self: Any) -> None:
        nonlocal due
        now = time.monotonic()
        if inbox.training:
            inbox.late = max(inbox.late, now - due)
        due = now + seconds
        tick(self)
        inbox.screen[SCREEN] = time.thread_time()

    kind.tick = watched  # type: ignore[attr-defined]


def meter(kind: type, method: str, spent: dict[str, float], part: str) -> None:
    """Add the CPU of this thread inside a method to a part."""
    work, spent[part] = getattr(kind, method), 0.0

    def metered(self: Any) -> None:
        began = time.thread_time()
        try:
            work(self)
        finally:
            spent[part] += time.thread_time() - began

    setattr(kind, method, metered)


if __name__ == "__main__":
    control, report, contestant, campaign, *overrides = sys.argv[1:]
    inbox = MeteredInbox(int(control), int(report))
    {"headless": headless, "tui": tui}[contestant](Path(campaign), tuple(overrides), inbox)
