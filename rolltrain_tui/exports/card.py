"""The report card: a run on one page of Markdown. What the abilities claim stands beside what was measured."""

import re
from collections.abc import Iterable, Sequence
from math import isfinite, nan

from rolltrain_tui.base.grammar import counted, minus, plural
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.exports.summary import RunSummary
from rolltrain_tui.rules.health.gate import ghost_value
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.phrases import HOW_IT_ENDED, of_turns, plus_minus, title

_MARKS = re.compile(r"([\\`*_{}\[\]<>|#!&~$])")


def report_card(summary: RunSummary, pictures: Sequence[str] = ()) -> str:
    """The card. `pictures` are the names of image files in the same folder."""
    parts = [_head(summary), _result(summary), *(f"![{name}]({name})" for name in pictures), _dice(summary), _abilities(summary)]
    return "\n\n".join(part for part in (*parts, _monsters(summary), _moments(summary)) if part) + "\n"


def _head(summary: RunSummary) -> str:
    began = summary.began
    if began is None:
        return "# A run without a beginning\n\nIts chronicle does not say how it began."
    words = (
        f"{_safe(began.sheet.name)} the {_safe(title(began.sheet.hero_class))}, rulebook {_safe(began.rulebook)} on a d{began.die} against "
        f"DC {began.dc}, seed {began.seed}. "
        f"{began.parameters:,} {plural(began.parameters, 'weight')} on {_safe(began.device)} in {_safe(began.dtype)}."
    )
    return f"# {_safe(began.campaign)}: report card\n\n{words}"


def _result(summary: RunSummary) -> str:
    last, began, objective = summary.last, summary.began, summary.objective
    asked, felt = summary.steps.means
    rows = [
        ("turns", f"{summary.turn}{of_turns(summary.turns)}" if began is not None else str(summary.turn)),
        ("how it ended", HOW_IT_ENDED[summary.ended.ending].lower() if summary.ended is not None else "it goes on, or was broken off"),
        (f"judgement beside {_safe(objective.par)}", _judgement(summary)),
        ("training loss, smoothed", _number(last.get("train/loss_ema", nan))),
        (objective.name, _with_error(summary.ended.value, summary.ended.standard_error) if summary.ended else _latest(last)),
        ("best on the way", _number(last.get("val/loss_best", nan))),
        (f"{_safe(objective.par)} (ghost) at that turn", _ghost(summary)),
        (f"{objective.limit_name}: the best that is possible", "not known" if objective.limit is None else _number(objective.limit)),
        ("turns that were not finite", str(summary.not_finite)),
        ("turns whose k was measured", str(summary.steps.measured)),
        ("k asked, mean over these", _number(asked)),
        ("k felt, mean over these", _number(felt)),
        ("energy, twins aside", _gflop(last.get("perf/gflop", nan))),
        ("level, XP, deaths", f"{last.get('hero/level', nan):.0f}, {last.get('hero/xp', 0):.0f}, {summary.deaths}"),
    ]
    if summary.gates:
        rows.append(("gates opened", f"{summary.gates[True]} of {sum(summary.gates.values())}"))
    return "## Result\n\n" + _table(("", "value"), rows)


def _judgement(summary: RunSummary) -> str:
    judgement = summary.judgement
    if judgement is None:
        return "–"
    difference = judgement.difference
    if difference is None:
        return judgement.words
    return f"{judgement.outcome}: {_signed(difference.value)}{plus_minus(difference.standard_error, 4)}"


def _latest(last: dict[str, float]) -> str:
    return _with_error(last.get("val/loss", nan), last.get("val/loss_se", nan))


def _ghost(summary: RunSummary) -> str:
    return "not recorded" if summary.ghost is None else _number(ghost_value(summary.ghost.points, summary.turn, summary.objective.worst))


def _dice(summary: RunSummary) -> str:
    total = sum(summary.outcomes.values())
    if not total:
        return ""
    names = {"fumble": "fumbles", "miss": "misses", "hit": "hits", "crit": "critical hits"}
    told = ", ".join(f"{summary.outcomes[name]} {words}" for name, words in names.items())
    return f"## Dice\n\nIn {counted(total, 'turn')} {told}. On the d{summary.sides}: {summary.fairness.words}."


def _abilities(summary: RunSummary) -> str:
    rows = []
    for name, tally in sorted(summary.abilities.items()):
        if not name:  # a twin that walks without any ability
            continue
        asked, felt = map(_number, tally.means)
        delta = _signed(tally.delta / tally.twins) if tally.twins else "–"
        rows.append((_safe(title(name)), str(tally.uses), str(tally.triggers), str(tally.turns), asked, felt, str(tally.twins), delta))
    if not rows:
        return ""
    head = ("ability", "used", "by itself", "turns in force", "k asked", "k felt", "twins", "Δ of the twins")
    objective = summary.objective
    note = (
        "k: means over the measured turns in force, dice and all other levers included. "
        f"Δ: mean difference in {objective.name} between run and shadow twin; "
        f"{'below' if objective.better == 'lower' else 'above'} zero the ability helped."
    )
    return f"## Abilities\n\n{_table(head, rows)}\n\n{note}"


def _monsters(summary: RunSummary) -> str:
    rows = [
        (_safe(title(name)), str(count), str(summary.slain[name]), str(summary.lanes[name].turns if name in summary.lanes else 0))
        for name, count in summary.met.most_common()
    ]
    return "## Monsters\n\n" + _table(("monster", "met", "slain", "turns near"), rows) if rows else ""


def _moments(summary: RunSummary) -> str:
    lines = [f"- turn {event.turn}: {_safe(one_line(tell(event, summary.objective), 300))}" for event in summary.moments]
    firsts = "Of each monster its first fall.\n\n" if max(summary.slain.values(), default=0) > 1 else ""
    return f"## Moments\n\n{firsts}" + "\n".join(lines) if lines else ""


def _safe(text: str) -> str:
    """Foreign text for a Markdown page: one line, with Markdown's own characters escaped."""
    return _MARKS.sub(r"\\\1", one_line(text, 400))


def _number(value: float) -> str:
    return minus(f"{value + 0.0:.4f}") if isfinite(value) else "–"  # + 0.0: no negative zero


def _gflop(value: float) -> str:
    if not isfinite(value):
        return "–"
    return f"{value:,.0f} GFLOP" if value >= 100 else f"{value:.3g} GFLOP"


def _signed(value: float) -> str:
    return f"{'+' if isfinite(value) and value >= 0 else ''}{_number(value)}"


def _with_error(value: float, error: float) -> str:
    return _number(value) + plus_minus(error, 4)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = [":--", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
