"""The proof that a grammar is unambiguous: no two derivations write the same text, so its entropy is the entropy of the text.

Condition: in no rule does one alternative write a text that another alternative's text begins with (equal texts included). Then, by
induction over the size of derivations, two different derivations from one rule never write texts of which one begins with the other:
where their first choices differ, by the condition; where they agree, read the parts from left to right, and the first part that was
derived differently must differ, before its end, in the text. So each text has one derivation, each rule writes a prefix code, and a
stream of documents falls apart into documents in one way only.

The check walks all texts of all alternatives of a rule at once, character by character, keeping the set of places where one could be
(a subset construction). It ends early at texts only one alternative can begin. A recalled text may be anything its rule can write,
whatever the rest says: that can only find too much, never too little. Duplicate words, a word that begins another, and frames that
meet in the middle ("old {man}" and "{age} man") are all found.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rolltrain_tui.modes.text.corpora.grammar import Grammar
from rolltrain_tui.modes.text.corpora.notation import Expand, GrammarError, Recall, Symbol

PLACES = 100_000
"""Sets of places visited in one rule before the check gives up."""
DEPTH = 300
"""Symbols still to be written at one place before the check gives up: only recursion in the middle of alternatives gets there."""

Place = tuple[int, tuple[Symbol, ...]]
"""An alternative's number, and what it still has to write."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Alternatives of `rule` that cannot be told apart: the first writes `text`, the second writes it too or begins with it."""

    rule: str
    first: int
    second: int
    text: str

    def __str__(self) -> str:
        pair = f"alternatives {self.first + 1} and {self.second + 1}"
        return f"rule '{self.rule}': {pair} both begin with '{self.text}', where the first one ends"


def conflicts(grammar: Grammar) -> list[Conflict]:
    """The shortest conflict of every rule that has one; an empty list is a proof. GrammarError where the check gives up."""
    return [found for rule in grammar.rules if (found := _conflict(grammar, rule)) is not None]


def _conflict(grammar: Grammar, rule: str) -> Conflict | None:
    # Sets in which only one alternative is left are never visited: what it writes from there on is its own.
    start = _settle(grammar, ((number, a.symbols) for number, a in enumerate(grammar.rules[rule])))
    seen = {start}
    waiting = deque([(start, "")])
    while waiting:
        places, text = waiting.popleft()
        ended = min((number for number, symbols in places if not symbols), default=None)
        if ended is not None:
            other = min(number for number, _ in places if number != ended)
            return Conflict(rule, ended, other, text)
        for character, following in _step(grammar, places):
            if len({number for number, _ in following}) > 1 and following not in seen:
                seen.add(following)
                waiting.append((following, text + character))
        if len(seen) > PLACES or max(len(symbols) for _, symbols in places) > DEPTH:
            raise GrammarError(f"rule '{rule}': its alternatives are too alike to tell whether it is unambiguous")
    return None


def _step(grammar: Grammar, places: frozenset[Place]) -> Iterator[tuple[str, frozenset[Place]]]:
    """Where one can be after each possible next character."""
    by_character: dict[str, list[Place]] = {}
    for number, (head, *tail) in places:
        assert isinstance(head, str)
        rest = (head[1:], *tail) if len(head) > 1 else tuple(tail)
        by_character.setdefault(head[0], []).append((number, rest))
    for character in sorted(by_character):
        yield character, _settle(grammar, by_character[character])


def _settle(grammar: Grammar, places: Iterable[Place]) -> frozenset[Place]:
    """The places with their first symbol expanded until it is text. Ends because the grammar has no left recursion."""
    settled: set[Place] = set()
    waiting = list(places)
    while waiting:
        place = number, symbols = waiting.pop()
        if not symbols or isinstance(symbols[0], str):
            settled.add(place)
        else:
            waiting += [(number, (*begin, *symbols[1:])) for begin in _expansions(grammar, symbols[0])]
    return frozenset(settled)


def _expansions(grammar: Grammar, symbol: Expand | Recall) -> list[tuple[Symbol, ...]]:
    rule = grammar.rules[symbol.rule if isinstance(symbol, Expand) else grammar.bound[symbol.variable]]
    if isinstance(symbol, Recall) and symbol.column is not None:
        return [(text,) for text in {a.columns[symbol.column] for a in rule}]
    return [a.symbols for a in rule]
