"""Is the ledger true? Its lines are checked, and its matches fought again and compared, number by number."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rolltrain_tui.arena.agents import AgentError
from rolltrain_tui.arena.matches import RULES, Match, floor_score
from rolltrain_tui.arena.stadium import Stadium
from rolltrain_tui.base.safe_text import flat

TOLERANCE = 1e-3
"""Of losses, relative, on another machine or torch than the match's own, or by earlier rules."""


@dataclass(frozen=True, slots=True)
class Finding:
    """About one line of the ledger."""

    line: int
    ok: bool
    words: str


def verify(stadium: Stadium, numbers: Collection[int] | None = None) -> Iterator[Finding]:
    """First every flaw of the ledger's lines, then each match (or those with these numbers) fought again.

    AgentError for a number that is not there.
    """
    entries, flaws = stadium.ledger.read()
    known = {entry.number for entry in entries} | {flaw.line for flaw in flaws}
    if missing := set(numbers or ()) - known:
        raise AgentError(f"there is no match #{min(missing)}; the ledger has {len(entries)}")
    for flaw in flaws:
        yield Finding(flaw.line, False, f"line {flaw.line} was tampered with or is damaged: {flaw.trouble}")
    for entry in entries:
        if numbers is None or entry.number in numbers:
            yield _again(stadium, entry.number, entry.match)


def _again(stadium: Stadium, number: int, match: Match) -> Finding:
    title = f"#{number} {' against '.join(c.name for c in match.contenders)}"
    try:
        if match.terms.floor != floor_score(match.terms.corpus, match.terms.vocabulary):
            return Finding(number, False, f"{title}: its floor is not that of its text")
        found = stadium.again(match)
    except (AgentError, ValueError, OSError) as error:
        return Finding(number, False, f"{title}: it cannot be fought again: {error}")
    if match.terms.rules > RULES:
        return Finding(number, False, f"{title}: it was fought by rules {match.terms.rules} of a newer rolltrain; update to verify it")
    alike = (match.torch, match.machine, match.terms.rules) == (found.torch, found.machine, RULES)
    if match.standings == found.standings:
        return Finding(number, True, f"{title}: the same, to the last bit")
    if not alike and _near(match, found):
        where = f"torch {flat(match.torch)} on {flat(match.machine)}, rules {match.terms.rules}"
        return Finding(number, True, f"{title}: the same within rounding (it was fought with {where})")
    return Finding(number, False, f"{title}: it ended otherwise. {_difference(match, found)}")


def _near(match: Match, found: Match) -> bool:
    """Equal but for what another machine's rounding does; lines may then differ, and ranks with them."""
    return len(match.standings) == len(found.standings) and all(
        a.steps == b.steps
        and a.gflop == b.gflop
        and len(a.results) == len(b.results)
        and all(math.isclose(x.loss, y.loss, rel_tol=TOLERANCE) or x.loss > 10 for x, y in zip(a.results, b.results, strict=True))
        for a, b in zip(match.standings, found.standings, strict=True)
    )


def _difference(match: Match, found: Match) -> str:
    """The first number that is not the same."""
    if len(match.standings) != len(found.standings):
        return f"The ledger has {len(match.standings)} standings for {len(found.standings)} contenders."
    for contender, a, b in zip(match.contenders, match.standings, found.standings, strict=True):
        for name in ("rank", "steps", "gflop", "skipped"):
            if getattr(a, name) != getattr(b, name):
                return f"{contender.name}: {name} {getattr(a, name):g} in the ledger, {getattr(b, name):g} in truth."
        for x, y in zip(a.results, b.results, strict=False):
            for name in ("seed", "loss", "distinct", "verbatim", "score"):
                if getattr(x, name) != getattr(y, name):
                    return f"{contender.name}, seed {y.seed}: {name} {getattr(x, name):.6g} in the ledger, {getattr(y, name):.6g} in truth."
    return "Its results have another length."
