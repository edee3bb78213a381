"""Battles on disk: they are fought, written to the ledger, and verified by fighting them again."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rolltrain_tui.arena.agents import agent_file
from rolltrain_tui.arena.agents.agent_file import SUFFIX, Champion
from rolltrain_tui.arena.agents.agents import AgentError
from rolltrain_tui.arena.battles.events import BattleEnded, BattleEvent
from rolltrain_tui.arena.battles.ledger import Ledger
from rolltrain_tui.arena.battles.matches import RULES, Contender, Match, Terms, contender_of, floor_score
from rolltrain_tui.base.safe_text import flat

ENTRANTS = "entrants"
"""Folder of agents as they entered a battle that starts trained, each under the SHA-256 of its file."""
TOLERANCE = 1e-3
"""Largest relative difference of losses on another machine or torch, or by earlier rules."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """An agent that will enter a battle."""

    champion: Champion
    hero: str = ""
    rulebook: str = ""


class Battles:
    """The battles of the arena in folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger = Ledger(root)

    def enter(self, terms: Terms, entrants: Sequence[Entrant]) -> tuple[Contender, ...]:
        """The entrants as contenders. Agents that start trained are copied under their hash, so that the battle can be fought again."""
        contenders = tuple(contender_of(entrant.champion, terms.start, entrant.hero, entrant.rulebook) for entrant in entrants)
        for contender, entrant in zip(contenders, entrants, strict=True):
            if contender.weights_sha256 and not (path := self._entrant(contender.weights_sha256)).exists():
                agent_file.write(path, entrant.champion)
        return contenders

    def weights(self, contenders: Sequence[Contender]) -> dict[str, Champion]:
        """The agents that start trained, by hash. AgentError when a file is missing or has changed."""
        found = {}
        for contender in contenders:
            if digest := contender.weights_sha256:
                champion = agent_file.read(self._entrant(digest))
                if agent_file.sha256(champion) != digest:
                    raise AgentError(f"the champion that {contender.name} entered with is not the one it was")
                found[digest] = champion
        return found

    def fight(
        self,
        terms: Terms,
        contenders: Sequence[Contender],
        *,
        tournament: str = "",
        round_: int = 0,
        stopped: Callable[[], bool] = lambda: False,
        record: bool = True,
    ) -> Iterator[BattleEvent]:
        """Fight. If `record`, the match is written to the ledger before the last event is yielded. Loads torch."""
        from rolltrain_tui.arena.battles.battle import fight

        for event in fight(terms, contenders, self.weights(contenders), stopped=stopped):
            if isinstance(event, BattleEnded):
                event = BattleEnded(replace(event.match, tournament=tournament, round=round_))
                if record:
                    self.ledger.append(event.match)
            yield event

    def again(self, match: Match) -> Match:
        """The same battle again, without recording it. AgentError when it cannot be fought."""
        from rolltrain_tui.arena.battles.battle import result

        return result(match.terms, match.contenders, self.weights(match.contenders))

    def _entrant(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise AgentError(f"{digest[:20]!r} is no hash of a champion")
        return self.root / ENTRANTS / f"{digest}{SUFFIX}"


# ---------------------------------------------------------------------------------------------------------------------
# Verification


@dataclass(frozen=True, slots=True)
class MatchCheck:
    """The result for one line of the ledger."""

    line: int
    ok: bool
    words: str


def verify(battles: Battles, numbers: Collection[int] | None = None) -> Iterator[MatchCheck]:
    """Yield every flaw of the ledger's lines, then fight each match again (or those with these numbers) and compare.

    AgentError for a number that the ledger does not have.
    """
    entries, flaws = battles.ledger.read()
    known = {entry.number for entry in entries} | {flaw.line for flaw in flaws}
    if missing := set(numbers or ()) - known:
        raise AgentError(f"there is no match #{min(missing)}; the ledger has {len(entries)}")
    for flaw in flaws:
        yield MatchCheck(flaw.line, False, f"line {flaw.line} was tampered with or is damaged: {flaw.trouble}")
    for entry in entries:
        if numbers is None or entry.number in numbers:
            yield _check(battles, entry.number, entry.match)


def _check(battles: Battles, number: int, match: Match) -> MatchCheck:
    title = f"#{number} {' against '.join(c.name for c in match.contenders)}"
    try:
        # Not to the last bit: from Python 3.12 on, sum() rounds more finely.
        if not math.isclose(match.terms.floor, floor_score(match.terms.corpus, match.terms.vocabulary), rel_tol=1e-9):
            return MatchCheck(number, False, f"{title}: its floor is not that of its text")
        found = battles.again(match)
    except (AgentError, ValueError, OSError) as error:
        return MatchCheck(number, False, f"{title}: it cannot be fought again: {error}")
    if match.terms.rules > RULES:
        return MatchCheck(number, False, f"{title}: it was fought by rules {match.terms.rules} of a newer rolltrain; update to verify it")
    alike = (match.torch, match.machine, match.terms.rules) == (found.torch, found.machine, RULES)
    if match.standings == found.standings:
        return MatchCheck(number, True, f"{title}: the same, to the last bit")
    if not alike and _near(match, found):
        where = f"torch {flat(match.torch)} on {flat(match.machine)}, rules {match.terms.rules}"
        return MatchCheck(number, True, f"{title}: the same within rounding (it was fought with {where})")
    return MatchCheck(number, False, f"{title}: it ended otherwise. {_difference(match, found)}")


def _near(match: Match, found: Match) -> bool:
    """Equal up to rounding. Sampled lines may then differ, and scores and ranks with them, so only losses are compared."""
    return len(match.standings) == len(found.standings) and all(
        a.steps == b.steps
        and a.gflop == b.gflop
        and len(a.results) == len(b.results)
        and all(math.isclose(x.loss, y.loss, rel_tol=TOLERANCE) or x.loss > 10 for x, y in zip(a.results, b.results, strict=True))
        for a, b in zip(match.standings, found.standings, strict=True)
    )


def _difference(match: Match, found: Match) -> str:
    """The first number that differs, as a sentence."""
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
