"""The line at the top: which adventure, how far, how fast, and whether it is safe on disk."""

from dataclasses import dataclass

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.events import SaveFailed
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.panel import Line, Panel, Span, justify, width_of
from rolltrain_tui.tui.wording.figures import clock, rate

SLOWEST = 0.05
"""Turns a second that still show as a number; less was measured while the run stood still."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the screen's own clock knows of the run."""

    paused: bool = False
    wished: float | None = None
    """Turns a second the player asked for; None is full speed."""
    measured: float | None = None
    """Turns a second of late."""
    saved_ago: float | None = None
    """Seconds since the last save was heard of."""
    leaving: bool = False
    why: str = ""
    """Why it has paused by itself."""
    until: bool = False
    """It runs until something happens."""
    replay: str = ""
    """The tempo of a replay, such as "8x"; empty while the run is being played."""
    watched: Span | None = None
    """How it stands with a run that another process plays."""
    steady: float | None = None
    """The same over a longer time, for when the end is to be expected."""


class StatusLine(Panel):
    def show_state(self, scene: Scene, pace: Pace) -> None:
        self.show([status_line(scene, pace, self.content_size.width)])


def status_line(scene: Scene, pace: Pace, width: int) -> Line:
    """What was saved gives way first, then the bar, then the title."""
    tempo: Line = [("   ", ""), *_tempo(scene, pace)]
    saved = _saved(scene, pace)
    left: Line = [(" ", ""), (clean(scene.campaign) or "Rolltrain", "accent")]
    room = width - width_of(left) - width_of(tempo) - 2
    progress = _progress(scene, 14 if width >= 100 else 8)
    right: list[Span] = [*(progress if width_of(progress) <= room else _progress(scene, 0)), *tempo]
    if width_of(left) + width_of(right) + width_of(saved) + 3 <= width:
        right += saved
    return justify(left, [*right, (" ", "")], width)


def _progress(scene: Scene, cells: int) -> Line:
    if scene.turns is None:
        return [("turn ", "muted"), (str(scene.turn), "strong")]
    share = min(1.0, scene.turn / scene.turns) if scene.turns else 0.0
    full = int(share * cells)
    digits = len(str(scene.turns))
    return [
        ("turn ", "muted"),
        (f"{scene.turn:>{digits}}", "strong"),
        (f"/{scene.turns}", "muted"),
        (" " + "▰" * full, "primary"),
        ("▱" * (cells - full), "track"),
        (f"{' ' if cells else ''}{int(share * 100):>3}%", ""),
    ]


def _tempo(scene: Scene, pace: Pace) -> Line:
    if pace.replay:
        return _replay(scene, pace)
    if pace.watched is not None:
        return [pace.watched, (f"  {pace.measured:5.1f} turns/s", "muted")] if pace.measured else [pace.watched]
    if scene.failure:
        return [("✖ stopped by an error", "bad+strong")]
    if scene.ending is not None:
        return [("■ the end", "accent")]
    if pace.leaving:
        return [("saving …", "accent")]
    if pace.paused:
        why = f": {pace.why}" if pace.why else ""
        return [(f"‖ paused{why}", "warn+strong"), *([] if why else [(f" ({rate(pace.wished)})", "muted")])]
    if scene.scouting:
        return [("▶ scouts are out", "cool")]
    if pace.until:
        return [("▶▶ until something happens", "good")]
    measured = ""
    if pace.measured is not None and pace.measured >= SLOWEST and (pace.wished is None or pace.measured < 0.9 * pace.wished):
        measured = f" {pace.measured:5.1f} turns/s"
    eta = "" if not pace.steady or scene.turns is None else f"   ETA {clock((scene.turns - scene.turn) / pace.steady)}"
    return [(f"▶ {rate(pace.wished)}", "good"), (measured, "muted"), (eta, "muted")]


def _replay(scene: Scene, pace: Pace) -> Line:
    if scene.ending is not None:
        return [("■ the end", "accent"), (f"   replay {pace.replay}", "muted")]
    if pace.paused:
        return [("‖ paused", "warn+strong"), (f"   replay {pace.replay}", "muted")]
    return [("▶ replay ", "good"), (pace.replay, "good+strong")]


def _saved(scene: Scene, pace: Pace) -> Line:
    if isinstance(scene.saved, SaveFailed):
        return [("   ✖ not saved", "bad")]
    if pace.saved_ago is None:
        return []
    return [(f"   saved {clock(pace.saved_ago):>5} ago", "muted")]
