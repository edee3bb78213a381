"""The table of a class as one HTML file. It loads nothing from anywhere, runs no script, and escapes every text of a stranger's."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from rolltrain_tui.base.grammar import counted, minus
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading.gradebook import MARKS, Row, against, moment, with_error

_STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1d2330; --paper: #fbfaf6; --line: #d9d5c8; --soft: #6b7280; --good: #1d7a46; --ask: #9a6a00; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8e6df; --paper: #16181d; --line: #33363f; --soft: #9aa0ac; --good: #6fce97; --ask: #e5b454; --bad: #ff8a80;
  }
}
body { margin: 2rem auto; max-width: 84rem; padding: 0 1rem; background: var(--paper); color: var(--ink); }
body { font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; }
p { color: var(--soft); margin: .2rem 0 1.2rem; max-width: 60rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .5rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-size: .8rem; color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; }
td.number { white-space: nowrap; }
td.name { font-weight: 600; }
td:nth-child(2) { min-width: 18rem; }
td:last-child { min-width: 10.5rem; }
.wide ~ p { margin-top: 1.2rem; font-size: .9rem; }
small { font-weight: 400; color: var(--soft); display: block; overflow-wrap: anywhere; max-width: 34rem; }
small.alike { color: var(--ask); }
.exact, .consistent { color: var(--good); }
.undecided { color: var(--ask); }
.contradicted { color: var(--bad); }
.refused { color: var(--soft); }
@media print { body { margin: 0; max-width: none; font-size: 11px; } .wide { overflow: visible; } tr { break-inside: avoid; } }
"""
_HEADS = (
    "Student",
    "Verdict",
    "Value",
    "Against plain",
    "Turns",
    "Orders",
    "Predictions",
    "Twins",
    "Received (UTC)",
)
_NUMBERS = frozenset(_HEADS[2:8])
_NUMBER = '"number"'
_LEGEND = (
    "Exact: trained again here, the same to the last bit. Consistent: another kind of machine, the same but for rounding. "
    "Undecided: another kind of machine, and it drifted apart; a person looks, and it is no zero. Contradicted: it did not happen so; "
    "the record was changed, or another version of rolltrain made it. "
    "Refused: not this assignment, or not readable; a file that cannot be read tells no name. It is not proved who played."
)
_COLUMNS = (
    "Value: what the run was judged by at its end, plus or minus its standard error. Against plain: the same beside plain training, "
    "where one is recorded. Turns: played, of those of the campaign. Orders: what the player asked for. Predictions: right, of those made. "
    "Twins: abilities that helped / hurt / did nothing clear, by a copy of the training without them. Received: the date of the file."
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{students}. Assignment {id}.</p>
<div class="wide"><table>
<thead><tr>{heads}</tr></thead>
<tbody>
{body}
</tbody>
</table></div>
{legend}
</main>
</body>
</html>
"""


def as_page(rows: Sequence[Row], assignment: Assignment) -> str:
    """The whole file."""
    title = escape(flat(assignment.title))
    named = [row for row in rows if not row.nameless]
    counts = Counter(row.result.outcome for row in named)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in MARKS if counts[outcome])
    heads = "".join(f'<th scope="col"{" class=" + _NUMBER if head in _NUMBERS else ""}>{head}</th>' for head in _HEADS)
    body = "\n".join(_row(row) for row in rows)
    students = counted(len(named), "student") + (f": {told}" if told else "")
    if files := len(rows) - len(named):
        students += f"; and {counted(files, 'file')} without a name"
    legend = f"<p>{_LEGEND}</p>\n<p>{_COLUMNS}</p>"
    return _PAGE.format(style=_STYLE, title=title, students=students, id=assignment.id[:8], heads=heads, body=body, legend=legend)


def _row(row: Row) -> str:
    found = row.result
    verdict = f'<span class="{found.outcome}">{MARKS[found.outcome]} {found.outcome}</span>'
    reason = found.reason if found.outcome not in ("exact", "consistent") else ""
    seen = found.turns > 0  # a file that was refused unread has no numbers
    numbers = (
        f"{minus(with_error(found)) or '–'}{_small(found.label)}",
        minus(against(found)) or "–",
        f"{found.turn}/{found.turns}" if seen else "–",
        f"{found.given}{_small(f'{found.refused} refused' if found.refused else '')}" if seen else "–",
        f"{found.right}/{found.made}" if seen else "–",
        f"{found.helped} / {found.hurt} / {found.unclear}" if seen else "–",
    )
    cells = (
        f'<td class="name">{_text(row.name)}{_small(found.hero)}</td>',
        f"<td>{verdict}{_small(reason)}{_small(row.alike and f'Alike: {row.alike}', 'alike')}{_small(row.note)}</td>",
        *(f'<td class="number">{told}</td>' for told in numbers),
        f"<td>{moment(row.received)}{_small(row.file)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _small(text: str, kind: str = "") -> str:
    return f"<small{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{_text(text)}</small>" if text else ""


def _text(text: str) -> str:
    return escape(flat(text), quote=True)
