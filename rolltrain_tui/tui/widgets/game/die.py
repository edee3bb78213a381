"""The die: a solid drawn in braille that tumbles at a pace the eye can follow, and what the roll did."""

from collections.abc import Mapping

from rolltrain_tui.protocol.events import DiceRolled, Outcome, StepTaken
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.drawing.polyhedra import FRAMES, picture
from rolltrain_tui.tui.widgets.panel import Line, Panel, Span, width_of
from rolltrain_tui.tui.wording.figures import factor, signed

TUMBLING_SPEED = 5
"""Turns a second above which the die shows its result at once."""
TUMBLE_FRAMES = (14, 17, 20, 22, 23)
WORDS = {"fumble": "FUMBLE", "miss": "MISS", "hit": "HIT", "crit": "CRIT"}
TONES = {"fumble": "bad+strong", "miss": "warn", "hit": "good", "crit": "accent"}
TOLERANCE = 1e-3
"""Relative difference up to which the k felt counts as the k asked."""


class DiePanel(Panel):
    """`tumble` plays a few frames; `show_scene` always shows the result."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._frame = 0
        self._scene: Scene | None = None
        self._frames: list[int] = []

    def show_scene(self, scene: Scene) -> None:
        self._scene = scene
        self.name_box(f"d{scene.die}")
        self.show(die_lines(scene, self.content_size.width, self.content_size.height, self._frame))

    @property
    def tumbling(self) -> bool:
        return bool(self._frames or self._frame)

    def tumble(self, scene: Scene) -> None:
        """Roll for a third of a second, then show the result; a die in the air is not thrown again."""
        self._scene = scene
        if not self.tumbling:
            self._frames = [frame % FRAMES for frame in TUMBLE_FRAMES]
            self._next_frame()

    def _next_frame(self) -> None:
        self._frame = self._frames.pop(0) if self._frames else 0
        if self._scene is not None:
            self.show_scene(self._scene)
        if self._frames or self._frame:
            self.set_timer(0.07, self._next_frame)


def verdict(roll: DiceRolled, outcomes: Mapping[Outcome, int]) -> Line:
    """The comparison and its outcome in a word; for many micro-batches, how many of each."""
    if sum(outcomes.values()) > 1:
        return [(f"{number} {WORDS[outcome].lower()}  ", TONES[outcome]) for outcome, number in outcomes.items() if number]
    sign = "≥" if roll.total >= roll.dc else "<"
    return [(f"{roll.total:>2} {sign} DC {roll.dc}   ", ""), (WORDS[roll.outcome], TONES[roll.outcome] + "+strong")]


def measured(scene: Scene) -> Line:
    """What the levers asked of the update and what the weights felt."""
    step = scene.step
    if step is None or scene.roll is None or step.turn < scene.roll.turn:
        # The step is still being taken; keep its place, or the line would jump twice a turn.
        return [(f"k {factor(scene.roll.k)} felt {'…':<8}", "muted")] if scene.roll is not None else []
    if not step.finite:
        return [("✖ not finite, nothing applied", "bad")]
    asked: Span = (f"k {factor(step.k_requested)} ", "")
    if step.still:
        return [asked, ("no step", "muted")]
    if step.k_effective is None:
        return [asked, ("full step", "muted")]
    return [asked, (f"felt {factor(step.k_effective)} ✔", "good") if kept(step) else (f"felt {factor(step.k_effective)} ✖", "bad")]


def sum_of_roll(roll: DiceRolled) -> str:
    """ "17+2", "max of 17, 4 +2"."""
    dice = ", ".join(str(natural) for natural in roll.naturals)
    return f"{dice} {signed(roll.modifier)} = {roll.total}"


def centred(line: Line, width: int) -> Line:
    gap = max(0, (width - width_of(line)) // 2)
    return [(" " * gap, ""), *line]


def die_lines(scene: Scene, width: int, height: int, frame: int) -> list[Line]:
    roll = scene.roll
    words = [] if roll is None else [[(sum_of_roll(roll), "muted")], verdict(roll, scene.roll_outcomes), measured(scene)]
    if roll is None:
        words = [[("no roll yet", "muted")]]
    rows = max(0, height - len(words) - (1 if height >= 9 else 0))
    rows = min(rows, 14, (width + 1) // 2)
    columns = min(width, 2 * rows)
    tone = "muted" if roll is None else TONES[roll.outcome]
    number = "" if frame or roll is None else str(roll.natural)
    art = [
        centred(_engraved(line, number if row == (rows - 1) // 2 else "", tone), width)
        for row, line in enumerate(picture(scene.die, frame, columns, rows))
    ]
    spare = height - rows - len(words)
    lines: list[Line] = [[] for _ in range(spare // 2)] if spare > 1 else []
    return [*lines, *art, *([[]] if spare > 0 else []), *(centred(line, width) for line in words)][:height]


def _engraved(row: str, number: str, tone: str) -> Line:
    """A row of the die with its number in the middle."""
    if not number:
        return [(row, tone)]
    start = (len(row) - len(number)) // 2
    spans: list[Span] = [(row[: start - 1] + " ", tone), (number, f"{tone}+strong"), (" " + row[start + len(number) + 1 :], tone)]
    return spans


def kept(step: StepTaken) -> bool:
    """What was asked was felt; or less of it, where a cap on the update's length cut it."""
    if (felt := step.k_effective) is None:
        return True  # the plain step, as asked
    cut = "norm_cap" in step.levers and abs(felt) <= abs(step.k_requested)
    return cut or abs(felt - step.k_requested) <= TOLERANCE * max(1.0, abs(step.k_requested))
