"""What the phone page shows of a run: plain numbers and clean text. The page puts text nowhere but into text nodes."""

import math
from collections.abc import Iterable, Sequence

from rolltrain_tui.base.safe_text import clean, flat, one_line
from rolltrain_tui.runs.follow import Followed
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.expedition.watch import MARKS
from rolltrain_tui.tui.threads.bridge import Bridge
from rolltrain_tui.tui.widgets.game.log import log_lines
from rolltrain_tui.tui.widgets.game.proof import proof_lines
from rolltrain_tui.tui.widgets.panel import Line
from rolltrain_tui.tui.wording.titles import titled

POINTS, LINES, WIDTH = 120, 12, 44
"""Points of a curve, lines of the log, characters of a line."""
LONGEST_SAMPLE = 600
Curve = list[list[float]]


def status(scene: Scene, pace: str) -> dict[str, object]:
    """How far the run is, and how its hero is. `pace`: whether it goes on now, in words."""
    hero, foe, step = scene.sheet, scene.monster, scene.step
    return {
        "campaign": flat(scene.campaign),
        "turn": scene.turn,
        "turns": scene.turns,
        "pace": pace,
        "hero": one_line(f"{hero.name} · {titled(hero.hero_class)} {hero.level}", 40) if hero.name else "",
        "hp": hero.hp,
        "most_hp": hero.max_hp,
        "foe": None if foe is None else {"name": one_line(titled(foe.name), 30), "hp": foe.hp, "most": foe.max_hp},
        "loss": "" if step is None or not math.isfinite(step.loss_ema) else scene.objective.text(step.loss_ema, unit=False),
        "value": "" if scene.evaluation is None else scene.objective.text(scene.evaluation.value, unit=False),
        "label": flat(scene.objective.short_label),
    }


def pace(bridge: Bridge) -> str:
    """Whether the run goes on now; of one that another process plays, how it stands with it."""
    if isinstance(bridge.run, Followed):
        return MARKS[bridge.run.standing.state][0]
    if bridge.scene.ending is not None:
        return "■ the end"
    if bridge.scene.failure:
        return "✖ stopped by an error"
    return "‖ paused" if bridge.inbox.paused else "▶ playing"


def chart(scene: Scene) -> dict[str, object]:
    """The curve, thinned."""
    objective = scene.objective
    ghost = () if scene.ghost is None else scene.ghost.points
    title = "Loss" if objective.of_loss else objective.title
    return {
        "title": flat(f"{title} ({objective.short_unit})" if objective.unit else title),
        "mean": _thin([(bucket.last, bucket.ema) for bucket in scene.losses.buckets]) if objective.of_loss else [],
        "marks": _thin(scene.history.validations),
        "ghost": _thin([(point.turn, point.value) for point in ghost if point.turn <= max(1, scene.turn)]),
        "par": flat(objective.par),
        "limit": _number(objective.limit),
        "limit_name": flat(objective.limit_name),
        "better": objective.better,
    }


def log(scene: Scene) -> list[list[list[str]]]:
    """The last lines, from the beginning of a sentence on, each as pairs of text and tone, moved to the left as far as they go together."""
    rows = _spans(log_lines(scene, WIDTH, LINES))
    rows = rows[next((i for i, row in enumerate(rows) if row and row[0][0].strip()), 0) :]
    blank = min((len(row[0][0]) - len(row[0][0].lstrip()) for row in rows if row and row[0][0].strip()), default=0)
    return [[[row[0][0][blank:], row[0][1]], *row[1:]] if row else row for row in rows]


def proof(scene: Scene) -> list[list[list[str]]]:
    """What was claimed, what was measured, and what the twin found."""
    return _spans(proof_lines(scene, 400, 3))


def says(scene: Scene) -> dict[str, object] | None:
    """What the model said last; None before it has spoken."""
    if scene.spoke is None:
        return None
    return {"turn": scene.spoke.turn, "text": clean(scene.spoke.text)[:LONGEST_SAMPLE].strip()}


def _spans(lines: Iterable[Line]) -> list[list[list[str]]]:
    return [[[clean(span[0]), span[1]] for span in line] for line in lines]


def _thin(points: Iterable[tuple[int, float]]) -> Curve:
    """At most `POINTS` of them, the last among them, with no more digits than can be seen."""
    kept: Sequence[tuple[int, float]] = [point for point in points if math.isfinite(point[1])]
    step = max(1, -(-len(kept) // POINTS))
    return [[turn, round(value, 4)] for turn, value in kept[(len(kept) - 1) % step :: step]] if kept else []


def _number(value: float | None) -> float | None:
    return round(value, 4) if value is not None and math.isfinite(value) else None
