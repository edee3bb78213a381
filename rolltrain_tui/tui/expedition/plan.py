"""Where the panels of the expedition stand, for any size of terminal: a pure function from size to places."""

from dataclasses import dataclass
from typing import Literal

from textual.geometry import Region

Size = Literal["tiny", "small", "wide"]
SMALLEST = (60, 18)
WIDE_FROM = (100, 30)
MONSTER_ROWS = 19
"""What the foe's panel fills with its portrait and all it has to tell."""

TABS = (("log", "Log"), ("hero", "Hero"), ("monster", "Foe"), ("proof", "Proof"), ("voice", "It says"))
"""Panels that share one place on a small screen."""


@dataclass(frozen=True, slots=True)
class Plan:
    size: Size
    places: dict[str, Region]
    """Panel -> place; a panel without one is hidden."""


def size_class(width: int, height: int) -> Size:
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return "tiny"
    return "wide" if width >= WIDE_FROM[0] and height >= WIDE_FROM[1] else "small"


def plan(width: int, height: int, tab: str, *, presenting: bool = False) -> Plan:
    """Places that tile the screen without overlapping; `tab` is the panel shown on a small one. `presenting`: few and large."""
    size = size_class(width, height)
    if size == "tiny":
        return Plan(size, {})
    if presenting:
        return Plan(size, _presented_wide(width, height) if size == "wide" else _presented_small(width, height))
    return Plan(size, _wide(width, height) if size == "wide" else _small(width, height, tab))


def _small(width: int, height: int, tab: str) -> dict[str, Region]:
    """One column: bars, chart, tabs, notice, keys."""
    keys = 2
    # The log can be short; the other panels hold what must be read whole, and the chart gives way.
    chart = max(5, min(12, height - 15 if tab == "log" else (height - 8 - keys) // 3 + 1))
    body_from = 1 + 4 + chart + 1
    body = height - body_from - 1 - keys
    return {
        "status": Region(0, 0, width, 1),
        "compact": Region(0, 1, width, 4),
        "chart": Region(0, 5, width, chart),
        "tabs": Region(0, 5 + chart, width, 1),
        tab: Region(0, body_from, width, body),
        "notice": Region(0, height - 1 - keys, width, 1),
        "keys": Region(0, height - keys, width, keys),
    }


def _wide(width: int, height: int) -> dict[str, Region]:
    """Above: hero, die, chart. Below: the foe and the model's voice; the proof over the log."""
    keys = 2
    body = height - 2 - keys
    left = min(46, 35 + max(0, width - 120) // 8)
    die = min(34, 26 + max(0, width - 120) // 8)
    upper = max(13, min(24, body * 2 // 5 + 1))
    lower, top, right = body - upper, 1 + upper, width - left
    # The model's voice stands below the foe where both have room, else below the log, where its lines are longer.
    voice_left = lower - MONSTER_ROWS >= 8
    monster = MONSTER_ROWS if voice_left else lower
    voice = Region(0, top + monster, left, lower - monster) if voice_left else Region(left, top + lower - 4, right, 4)
    proof = 5 if lower >= 18 else 4  # a third line, for what the levers measured
    log = lower - proof - (0 if voice_left else 4)
    return {
        "status": Region(0, 0, width, 1),
        "hero": Region(0, 1, left, upper),
        "die": Region(left, 1, die, upper),
        "chart": Region(left + die, 1, width - left - die, upper),
        "monster": Region(0, top, left, monster),
        "voice": voice,
        "proof": Region(left, top, right, proof),
        "log": Region(left, top + proof, right, log),
        "notice": Region(0, height - 1 - keys, width, 1),
        "keys": Region(0, height - keys, width, keys),
    }


def _presented_small(width: int, height: int) -> dict[str, Region]:
    """Large numbers above, the chart, and the last words of the story."""
    stage, log = (6, 4) if height >= 22 else (5, 3)
    chart = height - stage - log - 3
    return {
        "status": Region(0, 0, width, 1),
        "stage": Region(0, 1, width, stage),
        "chart": Region(0, 1 + stage, width, chart),
        "log": Region(0, 1 + stage + chart, width, log),
        "notice": Region(0, height - 2, width, 1),
        "keys": Region(0, height - 1, width, 1),
    }


def _presented_wide(width: int, height: int) -> dict[str, Region]:
    """Large numbers at the left; the chart over the story at the right."""
    body, left = height - 3, min(48, width * 2 // 5)
    log = max(8, body // 3)
    return {
        "status": Region(0, 0, width, 1),
        "stage": Region(0, 1, left, body),
        "chart": Region(left, 1, width - left, body - log),
        "log": Region(left, 1 + body - log, width - left, log),
        "notice": Region(0, height - 2, width, 1),
        "keys": Region(0, height - 1, width, 1),
    }
