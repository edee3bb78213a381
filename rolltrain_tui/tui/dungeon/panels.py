"""What the dungeon's screen shows, as lines: the head, the map, the bag, the commands and the race."""

from collections.abc import Sequence

from rolltrain_tui.base.grammar import capital
from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.table.rival import Rival
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.worlds import chart
from rolltrain_tui.tui.widgets.panel import Line, Span, bar, cut, justify, paragraph, width_of

MAP_TONES = {chart.HERE: "accent", chart.SEEN: "", chart.WAY: "muted", chart.UNSEEN: "off", chart.LOCKED: "bad"}
BAR = 8
"""Cells of a probability."""


def head_line(sitting: Sitting, width: int) -> Line:
    """The world at the left; moves, par and points at the right."""
    world = sitting.world
    par = f" · par {sitting.par}" if sitting.par else ""
    over = "bad" if sitting.par and world.moves > sitting.par else "strong"
    right: Line = [(f"move {world.moves}", over), (par, "muted"), (f" · points {sitting.seen.score}/{world.max_score}", "strong")]
    return justify([(world.title, "primary")], right, width)


def map_lines(sitting: Sitting, width: int, height: int) -> list[Line]:
    return [[(text, MAP_TONES[kind]) for text, kind in line] for line in sitting.chart.lines(width, height)]


def bag_lines(sitting: Sitting, width: int) -> list[Line]:
    return paragraph(sitting.seen.inventory, width)


def command_lines(commands: Sequence[str], chosen: int | None, meant: Sequence[str], width: int) -> list[Line]:
    """The commands with their numbers, side by side; the chosen one and those that the typed line may mean stand out."""
    rows: list[list[Span]] = [[]]
    room = width // 2 - 6
    for n, command in enumerate(commands):
        tone = "tab" if n == chosen else "good" if command in meant else "off" if meant else ""
        action = f"screen.pick({n})"
        spans = [(f"{n + 1:>2} ", "key", action), (cut(command, room), tone, action), ("  ", "")]
        if width_of(rows[-1]) + width_of(spans) > width:
            rows.append([])
        rows[-1] += spans
    return list(rows)


def race_title(rival: Rival) -> str:
    return f"{rival.seen.score}/{rival.world.max_score} · {capital(rival.mind.name)}"


def race_lines(rival: Rival, width: int, height: int) -> list[Line]:
    """The rival's moves with their probabilities, the last at the bottom, and what else it thought of."""
    if not rival.choices:
        text = "It takes one command for each of yours. Beside it: the probability that it gave it."
        return paragraph(text, width, "muted")
    last = rival.choices[-1]
    under: list[Line] = [_chance(f"   or {command}", chance, width, "muted") for command, chance in last.others[: max(0, height - 2)]]
    if last.done:
        under = [[("   It has won." if last.won else "   It has lost.", "good" if last.won else "bad")]]
    over = [_chance(f"{n:>3} {choice.command}", choice.probability, width, "") for n, choice in enumerate(rival.choices, start=1)]
    room = max(1, height - len(under))
    return [*over[-room:], *under]


def _chance(text: str, chance: float, width: int, tone: str) -> Line:
    right = [*bar(chance, 1.0, BAR, "cool"), (f" {chance:.2f}", tone)]
    return justify([(cut(text, width - BAR - 6), tone)], right, width)


def closing_choices(outing: Outing) -> list[str]:
    """What may be done after the end."""
    teach = ["teach the model this game"] if outing.may_teach else []
    return [
        *teach,
        f"next world, seed {outing.sitting.world.seed + 1}",
        "again, the same world",
        "back to the run" if outing.teaches else "quit",
    ]
