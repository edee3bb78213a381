"""The signals in lines: one for a corner of the expedition, a table with gauges, the layers under the glass. Pure functions of facts."""

import math
from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.story.counsel import advice_of
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.drawing.frame import joined
from rolltrain_tui.tui.widgets.panel import Line, Span, cut, paragraph, width_of, wrap
from rolltrain_tui.tui.wording.figures import count

TITLE, VALUE, UNIT, VERDICT = 18, 8, 7, 10
RANGE, SHORT_RANGE = 13, 10
"""Cells of the table's columns; the gauge takes the rest. The range is short where there is no gauge."""
GAUGE_FROM = TITLE + VALUE + UNIT + RANGE + VERDICT + 5 + 8
"""Narrower tables have no gauge."""
WIDEST_GAUGE = 30
BLOCKS = "▁▂▃▄▅▆▇█"
EXAMINATIONS = 200
"""How far back the course of a signal goes."""
SICK_SPAN, LOW_SPAN = 1 / 3, 1 / 5
"""Part of a gauge beyond its one bound; with two bounds, beyond each."""


def number(value: float) -> str:
    """Three digits that count, however small: "0.0012", "1.2e-05"."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"
    size = abs(value)
    if size >= 10_000:
        text = count(size)
        text = text if len(text) <= 7 else f"{size:.1e}"  # what rounds up to another digit
    elif value == 0 or size >= 0.001:
        text = f"{size:.{0 if size >= 100 or value == 0 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4}f}"
    else:
        text = f"{size:.1e}" if size > 1e-99 else "≈0"
    return f"−{text}" if value < 0 else text


def bounds(reading: Reading) -> str:
    """The healthy range: "≤ 1.3", "≥ 1", "1e-4–0.1"."""
    if reading.low is not None and reading.high is not None:
        return f"{_bound(reading.low)}–{_bound(reading.high)}"
    if reading.high is not None:
        return f"≤ {_bound(reading.high)}"
    return f"≥ {_bound(reading.low)}" if reading.low is not None else "any"


def _bound(value: float) -> str:
    """Two digits that count."""
    size = abs(value)
    text = f"{size:.1e}".replace(".0e", "e") if 0 < size < 0.001 else f"{size:.{3 if size >= 10 else 2}g}"
    return ("−" if value < 0 else "") + text.replace("e-0", "e-").replace("e+0", "e")


def verdict(reading: Reading, *, counts: bool = True) -> tuple[str, str]:
    """A word with its mark, and its tone. `counts`: not so in a run that is too young for this signal."""
    if reading.condition == "sick" and not counts:
        return "· young", "muted"
    if reading.condition == "sick":
        low = reading.low is not None and reading.value < reading.low
        return ("✖ too low" if low else "✖ too high"), "bad"
    return ("✔ healthy", "good") if reading.condition == "healthy" else ("· unknown", "muted")


def place(reading: Reading) -> float:
    """Where the value stands on its gauge, 0 to 1: the bounds have their fixed places. Between two positive ones it goes by magnitude."""
    value, low, high = reading.value, reading.low, reading.high
    if low is not None and high is not None:
        if low > 0:
            value, low, high = (math.log(max(x, 1e-30)) for x in (value, low, high))
        share = (value - low) / (high - low) if high > low else 0.5
        return _within(LOW_SPAN + (1 - 2 * LOW_SPAN) * share)
    if high is not None:
        return _within((1 - SICK_SPAN) * value / high if high > 0 else (0.0 if value <= high else 1.0))
    if low is not None:
        return _within(SICK_SPAN * value / low if low > 0 else (1.0 if value >= low else 0.0))
    return 0.5


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))


def gauge(reading: Reading, width: int, *, counts: bool = True) -> Line:
    """Healthy stretch ━, sick stretch ╌, and ● where the value stands; no ● where there is no value."""
    low = 0 if reading.low is None else round(width * (LOW_SPAN if reading.high is not None else SICK_SPAN))
    high = width if reading.high is None else width - round(width * (LOW_SPAN if reading.low is not None else SICK_SPAN))
    cells = [("━", "faint") if low <= x < high else ("╌", "bad") for x in range(width)]
    if not math.isnan(reading.value):
        at = min(width - 1, int(place(reading) * width))
        # A value on the right side of its bound must not be drawn beyond it by rounding.
        at = min(high - 1, max(low, at)) if reading.condition == "healthy" else at
        cells[at] = ("●", verdict(reading, counts=counts)[1])
    return joined(cells)


def signal_lines(
    readings: Sequence[Reading],
    width: int,
    objective: Objective = VALIDATION_LOSS,
    chosen: int | None = None,
    uncounted: Collection[str] = (),
) -> list[Line]:
    """The table of the signals: title, value with unit, healthy range, gauge, verdict.

    `chosen`: the one that the cursor is on; a click on another one's title takes it there.
    `uncounted`: signals for which the run is too young.
    """
    gauges = min(WIDEST_GAUGE, width - GAUGE_FROM + 8) if width >= GAUGE_FROM else 0
    ranges = RANGE if gauges else SHORT_RANGE
    head = (
        f"{'signal':<{TITLE}} {'value':>{VALUE}} {'':<{UNIT}} {'healthy':<{ranges}} " + (" " * (gauges + 1) if gauges else "") + "verdict"
    )
    lines: list[Line] = [[(cut(head, width), "muted")]]
    for place_in_table, reading in enumerate(readings):
        counts = reading.signal not in uncounted
        word, tone = verdict(reading, counts=counts)
        title, unit = _named(reading, objective)
        strong = "strong" if reading.condition == "sick" and counts else ""
        click = () if chosen is None else (f"screen.choose({place_in_table - chosen})",)
        spans: list[Span] = [
            (f"{cut(title, TITLE):<{TITLE}}", "tab" if place_in_table == chosen else strong, *click),
            (" ", ""),
            (f"{number(reading.value):>{VALUE}} ", tone if strong else ""),
            (f"{unit:<{UNIT}} ", "muted"),
            (f"{cut(bounds(reading), ranges):<{ranges}} ", "muted"),
            *(gauge(reading, gauges, counts=counts) if gauges else ()),
            (" " if gauges else "", ""),
            (word, f"{tone}+strong" if strong else tone),
        ]
        lines.append(spans)
    return lines


def _named(reading: Reading, objective: Objective) -> tuple[str, str]:
    """Title and unit; a newer chronicle may know signals that this game does not."""
    row = SIGNALS.get(reading.signal)
    return (row.title, row.unit_of(objective)) if row is not None else (clean(reading.signal), "")


def detail_lines(reading: Reading, scene: Scene, width: int) -> list[Line]:
    """The signal under the cursor: what it measures, how it went so far, and what to do where it is sick."""
    row = SIGNALS.get(reading.signal)
    if row is None:
        return [[(clean(reading.signal), "strong")]]
    lines: list[Line] = []
    for number_of_line, line in enumerate(wrap(f"{row.title}: {row.meaning}.", width)):
        lines.append([(line, "strong" if number_of_line == 0 else "")])
    history = scene.history.signals.get(reading.signal, [])[-EXAMINATIONS:]
    if len(history) > 1:
        values = [value for _, value in history]
        unit = f" {row.unit_of(scene.objective)}".rstrip()
        ends = f" turn {history[0][0]} to {history[-1][0]}: {number(values[0])} to {number(values[-1])}{unit}"
        lines.append([(spark(values, max(8, min(40, width - len(ends)))), "cool"), (cut(ends, width), "muted")])
    if reading.condition == "sick":
        young = scene.examined is not None and reading.signal in scene.examined.uncounted
        lines += paragraph(UNCOUNTED if young else f"→ {advice_of(row.name, scene)}", width)
    return lines


def spark(values: Sequence[float], cells: int) -> str:
    """The values as bars, the newest on the right; each cell is the mean of its share of them."""
    cells = min(cells, len(values))
    shares = [values[len(values) * x // cells : len(values) * (x + 1) // cells] for x in range(cells)]
    means = [sum(share) / len(share) for share in shares]
    low, high = min(means), max(means)
    return "".join(BLOCKS[round((mean - low) / (high - low) * 7) if high > low else 3] for mean in means)


COMFORT = ("✔ No signal is out of range. Keep going.", "good")
"""A word and its tone, where no signal is sick."""


UNCOUNTED = "The run is young: this is out of its range, but does not count yet."
"""Of a signal that would be sick in an older run."""


def advice_lines(
    readings: Sequence[Reading],
    width: int,
    comfort: tuple[str, str] = COMFORT,
    uncounted: Collection[str] = (),
    advice: Callable[[str], str] = lambda signal: SIGNALS[signal].advice,
) -> list[Line]:
    """What a practitioner would do about the sick ones, without the uncounted; the comfort where there are none.

    `advice`: about a signal, half a sentence.
    """
    sick = [reading for reading in readings if reading.condition == "sick" and reading.signal not in uncounted]
    lines: list[Line] = [[("What a practitioner would do", "primary+strong")]]
    if not sick:
        words, tone = comfort
        lines += paragraph(words, width, tone)
    for reading in sick:
        row = SIGNALS.get(reading.signal)
        if row is not None:
            lines.append([(f"✖ {row.title}", "bad+strong")])
            lines += [[(f"  {line}", "muted")] for line in wrap(f"{row.meaning}.", width - 2)]
            lines += [[(f"  {line}", "")] for line in wrap(f"→ {advice(row.name)}", width - 2)]
    return lines


def layer_lines(layers: Sequence[LayerReading], width: int) -> list[Line]:
    """One line a layer: its name, weights, gradient norm, update over weight, dead part, and how log10 |g| is spread."""
    if not layers:
        return paragraph("No layer was looked at; diagnosis.examine of this campaign is off.", width, "muted")
    cells = 20 if width >= 74 else 10
    name = max(8, min(max(len(clean(layer.name)) for layer in layers), width - 35 - cells))
    scale = f"1e-9{'|g|':^{cells - 5}}1"
    lines: list[Line] = [[(cut(f"{'layer':<{name}} {'weights':>7} {'|g|':>8} {'upd/w':>8}  {'dead':>5}  {scale}", width), "muted")]]
    for layer in layers:
        dead = "–" if math.isnan(layer.dead) else f"{layer.dead:.0%}"
        lines.append(
            [
                (f"{cut(clean(layer.name), name):<{name}} ", ""),
                (f"{count(layer.weights):>7} ", "muted"),
                (f"{number(layer.gradient_norm):>8} ", "" if math.isfinite(layer.gradient_norm) else "bad"),
                (f"{number(layer.update_ratio):>8}  ", ""),
                (f"{dead:>5}  ", "bad" if layer.dead > 0.1 else "muted"),
                (histogram(layer.histogram, cells), "cool"),
            ]
        )
    return lines


def histogram(counts: Sequence[int], cells: int) -> str:
    """Bars of block characters; a bin that holds anything has at least the lowest."""
    most, each = max(counts, default=0), max(1, cells // max(1, len(counts)))
    return "".join((BLOCKS[math.ceil(8 * n / most) - 1] if n else " ") * each for n in counts)


def beside(left: Sequence[Line], right: Sequence[Line], at: int) -> list[Line]:
    """Two blocks of lines, the second beginning in column `at`."""
    return [[*a, (" " * max(0, at - width_of(a)), ""), *b] if b else list(a) for a, b in zip_longest(left, right, fillvalue=())]


def sick_line(sick: Sequence[Reading], width: int, objective: Objective = VALIDATION_LOSS) -> Line:
    """What ails the run, for a corner: "sick: Temperature 0.03 nats +2 · d"; nothing when it is healthy."""
    if not sick:
        return []
    title, unit = _named(sick[0], objective)
    more = f" +{len(sick) - 1}" if len(sick) > 1 else ""
    action = "screen.diagnose"
    tail: list[Span] = [(more, "bad", action), (" · ", "muted"), ("d", "key", action)]
    room = width - width_of(tail) - 6
    value = number(sick[0].value)
    unit = unit if unit in ("x", "%") else f" {unit}".rstrip()
    words = next((text for text in (f"{title} {value}{unit}", f"{title} {value}") if len(text) <= room), title)
    return [("sick: ", "bad+strong", action), (cut(words, max(0, room)), "", action), *tail]
