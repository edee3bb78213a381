"""The report card: a run on one page of Markdown, with what was claimed beside what was measured."""

import re
from collections.abc import Iterable, Sequence
from math import isfinite, nan

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.exports.digest import Digest
from rolltrain_tui.rules.gate import ghost_val_loss
from rolltrain_tui.story.narration import tell, title

_MARKS = re.compile(r"([\\`*_{}\[\]<>|#!])")


def report_card(digest: Digest, pictures: Sequence[str] = ()) -> str:
    """The card; `pictures` are names of image files beside it."""
    parts = [_head(digest), _result(digest), *(f"![{name}]({name})" for name in pictures), _dice(digest), _abilities(digest)]
    return "\n\n".join(part for part in (*parts, _monsters(digest), _moments(digest)) if part) + "\n"


def _head(digest: Digest) -> str:
    began = digest.began
    if began is None:
        return "# A run without a beginning\n\nIts chronicle does not say how it began."
    words = (
        f"{_safe(began.hero)} the {_safe(title(began.hero_class))}, rulebook {_safe(began.rulebook)} on a d{began.die} against "
        f"DC {began.dc}, seed {began.seed}. {began.parameters:,} weights on {_safe(began.device)} in {_safe(began.dtype)}."
    )
    return f"# {_safe(began.campaign)}: report card\n\n{words}"


def _result(digest: Digest) -> str:
    last, began = digest.last, digest.began
    rows = [
        ("turns", f"{digest.turn} of {began.turns}" if began is not None else str(digest.turn)),
        ("how it ended", digest.ended.ending if digest.ended is not None else "it goes on, or was broken off"),
        ("training loss, smoothed", _number(last.get("train/loss_ema", nan))),
        ("validation loss", _with_error(digest.ended.val_loss, digest.ended.standard_error) if digest.ended else _latest(last)),
        ("best on the way", _number(last.get("val/loss_best", nan))),
        ("plain training (ghost) at that turn", _ghost(digest)),
        ("floor: entropy of the text", _number(began.floor) if began is not None and began.floor is not None else "not known"),
        ("turns that were not finite", str(digest.not_finite)),
        ("k asked, mean over turns", _number(digest.curves["k/asked"].mean)),
        ("k felt, mean over turns", _number(digest.curves["k/felt"].mean)),
        ("energy, twins aside", f"{last.get('perf/gflop', nan):,.0f} GFLOP"),
        ("level, XP, deaths", f"{last.get('hero/level', nan):.0f}, {last.get('hero/xp', 0):.0f}, {digest.deaths}"),
    ]
    if digest.gates:
        rows.append(("gates opened", f"{digest.gates[True]} of {sum(digest.gates.values())}"))
    return "## Result\n\n" + _table(("", "value"), rows)


def _latest(last: dict[str, float]) -> str:
    return _with_error(last.get("val/loss", nan), last.get("val/loss_se", nan))


def _ghost(digest: Digest) -> str:
    return "not recorded" if digest.ghost is None else _number(ghost_val_loss(digest.ghost.points, digest.turn))


def _dice(digest: Digest) -> str:
    total = sum(digest.outcomes.values())
    if not total:
        return ""
    names = {"fumble": "fumbles", "miss": "misses", "hit": "hits", "crit": "critical hits"}
    told = ", ".join(f"{digest.outcomes[name]} {words}" for name, words in names.items())
    return f"## Dice\n\nIn {total} turns {told}. On the d{digest.sides}: {digest.fairness.words}."


def _abilities(digest: Digest) -> str:
    rows = []
    for name, tally in sorted(digest.abilities.items()):
        if not name:  # a twin without all of them
            continue
        asked, felt = (_number(total / tally.measured if tally.measured else nan) for total in (tally.asked, tally.felt))
        delta = _signed(tally.delta / tally.twins) if tally.twins else "–"
        rows.append((_safe(title(name)), str(tally.uses), str(tally.triggers), str(tally.turns), asked, felt, str(tally.twins), delta))
    if not rows:
        return ""
    head = ("ability", "used", "by itself", "turns in force", "k asked", "k felt", "twins", "Δ of the twins")
    note = (
        "k: means over the turns in force, dice and all other levers included. Δ: mean difference in validation loss between run and "
        "shadow twin; below zero the ability helped."
    )
    return f"## Abilities\n\n{_table(head, rows)}\n\n{note}"


def _monsters(digest: Digest) -> str:
    rows = [
        (_safe(title(name)), str(count), str(digest.slain[name]), str(digest.lanes[name].turns if name in digest.lanes else 0))
        for name, count in digest.met.most_common()
    ]
    return "## Monsters\n\n" + _table(("monster", "met", "slain", "turns near"), rows) if rows else ""


def _moments(digest: Digest) -> str:
    lines = [f"- turn {event.turn}: {_safe(one_line(tell(event), 300))}" for event in digest.moments]
    return "## Moments\n\n" + "\n".join(lines) if lines else ""


def _safe(text: str) -> str:
    """Foreign text in a Markdown page: one line, its marks taken literally."""
    return _MARKS.sub(r"\\\1", one_line(text, 400))


def _number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−") if isfinite(value) else "–"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else ''}{_number(value)}"


def _with_error(value: float, error: float) -> str:
    return f"{_number(value)} ± {_number(error)}" if isfinite(error) else _number(value)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = [":--", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
