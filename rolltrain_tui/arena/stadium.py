"""Where battles are fought and kept: entrants that start trained, the ledger, and the fight that ends in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.arena import champions
from rolltrain_tui.arena.agents import AgentError
from rolltrain_tui.arena.champions import SUFFIX, Champion
from rolltrain_tui.arena.ledger import Ledger
from rolltrain_tui.arena.matches import Contender, Match, Terms, contender_of

if TYPE_CHECKING:
    from rolltrain_tui.arena.battle_events import Event

ENTRANTS = "entrants"


class Stadium:
    """Of the arena in folder `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger = Ledger(root)

    def enter(self, terms: Terms, found: Sequence[Champion], heroes: Sequence[tuple[str, str]] = ()) -> tuple[Contender, ...]:
        """The agents as contenders, with (class, rulebook) for heroes; those that start trained are kept by their hash, to fight again."""
        known = heroes or [("", "")] * len(found)
        contenders = tuple(contender_of(champion, terms.start, *hero) for champion, hero in zip(found, known, strict=True))
        for contender, champion in zip(contenders, found, strict=True):
            if contender.weights_sha256 and not (path := self._entrant(contender.weights_sha256)).exists():
                champions.write(path, champion)
        return contenders

    def weights(self, contenders: Sequence[Contender]) -> dict[str, Champion]:
        """What those that start trained have learnt. AgentError when a file is gone or is another one now."""
        found = {}
        for contender in contenders:
            if digest := contender.weights_sha256:
                champion = champions.read(self._entrant(digest))
                if champions.sha256(champion) != digest:
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
    ) -> "Iterator[Event]":
        """Fight, and write the match to the ledger, if it is to be recorded, before its last event is told. This loads torch."""
        from rolltrain_tui.arena.battle import fight
        from rolltrain_tui.arena.battle_events import BattleEnded

        for event in fight(terms, contenders, self.weights(contenders), stopped=stopped):
            if isinstance(event, BattleEnded):
                event = BattleEnded(replace(event.match, tournament=tournament, round=round_))
                if record:
                    self.ledger.append(event.match)
            yield event

    def again(self, match: Match) -> Match:
        """The same battle once more, outside the ledger. AgentError when it cannot be fought."""
        from rolltrain_tui.arena.battle import result

        return result(match.terms, match.contenders, self.weights(match.contenders))

    def _entrant(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise AgentError(f"{digest[:20]!a} is no hash of a champion")
        return self.root / ENTRANTS / f"{digest}{SUFFIX}"
