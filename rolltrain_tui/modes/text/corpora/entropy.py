"""How much a grammar's documents say: entropy, length, and nats per character, computed exactly; and the surprisal of a given text.

Every draw is independent of the others, so the entropy of a derivation is the sum over rules of (expected draws) x (entropy of one
draw). With M[A][B] the expected number of B's in one draw of A, that sum is h[start] in h = own + M h. It is the entropy of the *text*
exactly when no two derivations write the same text, which `unambiguous.conflicts` proves; else it overstates it.

`surprisal` goes the other way, from a text alone: it finds every derivation that writes it and sums their probabilities. The mean of
-log p over sampled documents is therefore an estimate of the text's true entropy that trusts neither the sampler nor the proof.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rolltrain_tui.modes.text.corpora.grammar import Grammar
from rolltrain_tui.modes.text.corpora.notation import Expand, GrammarError, Recall, Symbol

SWEEPS = 10_000
"""Rounds after which a grammar that has not settled is taken to write endless documents on average."""


def entropy(grammar: Grammar) -> float:
    """Entropy of one document's derivation, in nats."""
    own = {name: -sum(a.probability * math.log(a.probability) for a in rule) for name, rule in grammar.rules.items()}
    return _expected_total(grammar, own, recalls=False)


def expected_length(grammar: Grammar) -> float:
    """Mean characters of one document. What is recalled never sways a draw, so a recall counts with the mean length of what it repeats."""
    own = {
        name: sum(a.probability * sum(_own_length(grammar, symbol) for symbol in a.symbols) for a in rule)
        for name, rule in grammar.rules.items()
    }
    return _expected_total(grammar, own, recalls=True)


def nats_per_character(grammar: Grammar) -> float:
    """The floor of an endless stream of independent documents: H(document) / E[length], by the renewal-reward theorem."""
    return entropy(grammar) / expected_length(grammar)


def _own_length(grammar: Grammar, symbol: Symbol) -> float:
    if isinstance(symbol, str):
        return len(symbol)
    if isinstance(symbol, Expand) or symbol.column is None:
        return 0.0  # counted through M
    return sum(a.probability * len(a.columns[symbol.column]) for a in grammar.rules[grammar.bound[symbol.variable]])


def _expected_total(grammar: Grammar, own: Mapping[str, float], *, recalls: bool) -> float:
    """Solves x = own + M x by Gauss-Seidel sweeps: exact after as many as the rules are deep, geometric where they recurse."""
    uses = _uses(grammar, recalls=recalls)
    total = dict(own)
    for _ in range(SWEEPS):
        change = 0.0
        for name in reversed(grammar.rules):  # users come before what they use, so this order settles fast
            value = own[name] + sum(count * total[child] for child, count in uses[name].items())
            change = max(change, abs(value - total[name]) / (1.0 + abs(value)))
            total[name] = value
        if not math.isfinite(total[grammar.start]):
            break
        if change < 1e-14:
            return total[grammar.start]
    raise GrammarError(f"rule '{grammar.start}' writes endless documents on average: its recursion is not subcritical")


def _uses(grammar: Grammar, *, recalls: bool) -> dict[str, dict[str, float]]:
    """M[A][B]; with `recalls`, repeating a remembered text counts as a B too (for lengths; for entropies it is free)."""
    uses: dict[str, dict[str, float]] = {name: {} for name in grammar.rules}
    for name, rule in grammar.rules.items():
        for alternative in rule:
            for symbol in alternative.symbols:
                if isinstance(symbol, Expand):
                    child = symbol.rule
                elif recalls and isinstance(symbol, Recall) and symbol.column is None:
                    child = grammar.bound[symbol.variable]
                else:
                    continue
                uses[name][child] = uses[name].get(child, 0.0) + alternative.probability
    return uses


class _Remember(NamedTuple):
    """What is to do once a remembered rule has been read: keep its text, which began at `start`."""

    variable: str
    start: int
    columns: Mapping[str, str]


_Remembered = tuple[str, Mapping[str, str]]
_Agenda = tuple[Symbol | _Remember, "_Agenda | None"] | None
"""What is still to be read, a linked list."""


class _Reading(NamedTuple):
    position: int
    log_probability: float
    agenda: "_Agenda"
    memory: Mapping[str, _Remembered]


def surprisal(grammar: Grammar, text: str) -> float:
    """-log p(text) in nats, over all derivations that write exactly this document; inf when there is none."""
    found = [r.log_probability for r in _readings(grammar, text)]
    if not found:
        return math.inf
    best = max(found)
    return -(best + math.log(sum(math.exp(value - best) for value in found)))


def derivations(grammar: Grammar, text: str) -> int:
    """How many derivations write exactly this document: 0 or 1 in an unambiguous grammar."""
    return sum(1 for _ in _readings(grammar, text))


def _readings(grammar: Grammar, text: str) -> Iterator[_Reading]:
    """Every complete derivation, depth first. Ends because the grammar has no left recursion and no empty alternative."""
    waiting = [_Reading(0, 0.0, (Expand(grammar.start), None), {})]
    while waiting:
        reading = waiting.pop()
        if reading.agenda is None:
            if reading.position == len(text):
                yield reading
        else:
            waiting.extend(_advance(grammar, text, reading))


def _advance(grammar: Grammar, text: str, reading: _Reading) -> Iterator[_Reading]:
    position, log_probability, agenda, memory = reading
    assert agenda is not None
    symbol, rest = agenda
    if isinstance(symbol, _Remember):
        yield _Reading(position, log_probability, rest, {**memory, symbol.variable: (text[symbol.start : position], symbol.columns)})
    elif isinstance(symbol, Expand):
        yield from _alternatives(grammar, text, reading, symbol, rest)
    else:
        literal = symbol if isinstance(symbol, str) else _recalled(symbol, memory)
        if text.startswith(literal, position):
            yield _Reading(position + len(literal), log_probability, rest, memory)


def _recalled(symbol: Recall, memory: Mapping[str, _Remembered]) -> str:
    text, columns = memory[symbol.variable]
    return text if symbol.column is None else columns[symbol.column]


def _alternatives(grammar: Grammar, text: str, reading: _Reading, symbol: Expand, rest: "_Agenda") -> Iterator[_Reading]:
    for alternative in grammar.rules[symbol.rule]:
        first = alternative.symbols[0]
        if isinstance(first, str) and not text.startswith(first, reading.position):
            continue
        agenda = rest
        if symbol.variable is not None:
            agenda = (_Remember(symbol.variable, reading.position, alternative.columns), agenda)
        for part in reversed(alternative.symbols):
            agenda = (part, agenda)
        yield _Reading(reading.position, reading.log_probability + math.log(alternative.probability), agenda, reading.memory)
