"""The log: one line a turn and one sentence a story event, newest at the bottom, with a way back."""

from collections.abc import Iterator
from heapq import merge

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.protocol.events import Outcome, Topic
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import StoryLine, TurnLine
from rolltrain_tui.tui.widgets.game.die import TONES, WORDS, kept
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span, width_of, wrap
from rolltrain_tui.tui.wording.figures import factor, signed, trend

GUTTER, BRIEFEST = 9, 3
MARKS: dict[Outcome | Topic, tuple[str, str]] = {
    "fumble": ("✖", "bad"),
    "miss": ("·", "muted"),
    "hit": ("·", "good"),
    "crit": ("★", "accent"),
    "ability": ("✦", "warn"),
    "refused": ("✖", "warn"),
    "monster": ("‡", "primary"),
    "hurt": ("▼", "bad"),
    "heal": ("▲", "good"),
    "xp": ("·", "muted"),
    "level": ("▲", "accent"),
    "rest": ("≈", "cool"),
    "evaluation": ("◆", "cool"),
    "speech": ("“", "cool"),
    "save": ("✔", "muted"),
    "failed": ("✖", "bad+strong"),
    "end": ("■", "accent"),
    "note": ("·", "cool"),
    "act": ("§", "accent"),
    "gate": ("Π", "cool"),
    "oracle": ("★", "accent"),
    "item": ("+", "warn"),
    "vote": ("≡", "accent"),
}
"""Mark and tone of each outcome and topic. They only decorate: the sentence says everything."""


class LogPanel(ScenePanel):
    """Follows the newest line until it is scrolled back, then stays where it is."""

    ALLOW_SELECT = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.detailed: bool = True
        """Every turn has its line; else only the story, with the newest turn below it."""
        self._back = 0
        self._anchor: int | None = None
        self._scene: Scene | None = None

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        view = "Log" if self.detailed else "Log · story"
        self.name_box(view if self._anchor is None else f"{view} · scrolled back, End follows")
        self._back = min(self._back, max(0, self._rows_in_all(scene) - 1))
        self.show(log_lines(scene, self.content_size.width, self.content_size.height, self._back, self._anchor, self.detailed))

    def _rows_in_all(self, scene: Scene) -> int:
        return len(scene.story) + (len(scene.turn_lines) if self.detailed else 1)

    def scroll_by(self, rows: int) -> None:
        """Scroll back in time by `rows`; forward when negative. At the end the log follows again."""
        if self._scene is None:
            return
        self._back = max(0, self._back + rows)
        self._anchor = (self._scene.lines if self._anchor is None else self._anchor) if self._back else None
        self.show_scene(self._scene)

    def page(self, direction: int) -> None:
        self.scroll_by(direction * max(1, self.content_size.height - 1))

    def follow(self) -> None:
        self._back, self._anchor = 0, None
        if self._scene is not None:
            self.show_scene(self._scene)

    def on_mouse_scroll_up(self) -> None:
        self.scroll_by(3)

    def on_mouse_scroll_down(self) -> None:
        self.scroll_by(-3)


def _newest_first(scene: Scene, anchor: int | None, detailed: bool) -> Iterator[StoryLine | TurnLine]:
    turns: Iterator[StoryLine | TurnLine] = reversed(scene.turn_lines)
    stories: Iterator[StoryLine | TurnLine] = reversed(scene.story)
    if not detailed:
        if scene.turn_lines and anchor is None:
            yield scene.turn_lines[-1]
        turns = iter(())
        stories = (line for line in reversed(scene.story) if not line.event.minor)
    for entry in merge(turns, stories, key=lambda entry: -entry.number):
        if anchor is None or entry.number < anchor:
            yield entry


def log_lines(scene: Scene, width: int, height: int, back: int = 0, anchor: int | None = None, detailed: bool = True) -> list[Line]:
    """The last `height` rows, or those that end `back` rows above the line numbered `anchor`."""
    rows: list[Line] = []
    for entry in _newest_first(scene, anchor, detailed):
        rows[:0] = turn_rows(entry, width) if isinstance(entry, TurnLine) else story_rows(entry, width, scene.objective)
        if len(rows) >= height + back:
            break
    end = max(min(height, len(rows)), len(rows) - back)
    return rows[max(0, end - height) : end]


def turn_rows(line: TurnLine, width: int) -> list[Line]:
    """One turn: the dice, the outcome, what the weights felt, the loss; in fewer words where there is little room."""
    rows = (_turn_row(line, brief) for brief in range(BRIEFEST + 1))
    return [next((row for row in rows if width_of(row) <= width), _turn_row(line, BRIEFEST))]


def _turn_row(line: TurnLine, brief: int) -> Line:
    """`brief` 0: in full; 1: without columns; 2: without the dice; 3: without what was felt."""
    step, roll = line.step, line.roll
    mark, tone = MARKS["note" if roll is None else roll.outcome]
    spans: list[Span] = [(f"{step.turn:>6} ", "muted"), (f"{mark} ", tone)]
    if roll is not None:
        dice = f"d{roll.die} {','.join(str(natural) for natural in roll.naturals)}{signed(roll.modifier)}={roll.total}"
        if brief < 2:
            spans.append((f"{dice:<13} " if not brief else f"{dice} ", ""))
        spans.append((f"{WORDS[roll.outcome]:<6}" if not brief else WORDS[roll.outcome], TONES[roll.outcome]))
    if not step.finite:
        return [*spans, ("  not finite: nothing was applied", "bad")]
    if brief < 3 and step.k_effective is None:
        spans += [(" no step" if step.still else f" {factor(step.k_requested)} full", "")]
    elif brief < 3 and step.k_effective is not None:
        honest = kept(step)
        spans += [(f" {factor(step.k_effective)} {'felt' if honest else '≠ asked'}", "" if honest else "bad")]
    spans += [(f"{'  ' if not brief else ' '}loss {fixed(step.loss)} ", "")]
    return [*spans, trend(line.change)] if line.change is not None else spans


def story_rows(line: StoryLine, width: int, objective: Objective = VALIDATION_LOSS) -> list[Line]:
    """A sentence, its further rows indented; none for an event that narration does not tell."""
    text = tell(line.event, objective).strip()
    if not text or line.event.topic is None:
        return []
    mark, tone = MARKS[line.event.topic]
    first, *more = wrap(" ".join(text.split()), max(10, width - GUTTER))
    head: Line = [(f"{line.event.turn:>6} ", "muted"), (f"{mark} ", tone), (first, tone)]
    return [head, *([(" " * GUTTER, ""), (row, tone)] for row in more)]
