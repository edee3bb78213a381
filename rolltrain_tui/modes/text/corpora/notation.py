"""The notation of grammars: tables of rules, from which `grammar.Grammar` writes documents.

A grammar is a table of rules; a rule is a list of weighted alternatives; an alternative is text with braces in it:

    {weather}         the text of a fresh draw from rule `weather`
    {Weather}         the same, with a capital first letter
    {hero := heroes}  a fresh draw from rule `heroes`, remembered as `hero`
    {hero}            the remembered text again
    {hero.they}       another column of the remembered row ({hero.They}: with a capital)

Remembering makes a tale hang together (the same hero, the right pronoun) and costs no entropy: what is repeated is not drawn. With its
finitely many remembered values written out as copies of the rules, each such grammar is a plain probabilistic context-free grammar.
`entropy` gives its exact entropy, `unambiguous` proves that different derivations write different texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class GrammarError(ValueError):
    """The rules do not make a grammar; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Expand:
    """A fresh draw from `rule`, remembered under `variable` where one is given."""

    rule: str
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """The remembered text of `variable`, or another `column` of its row."""

    variable: str
    column: str | None = None


Symbol = str | Expand | Recall


@dataclass(frozen=True, slots=True)
class Alternative:
    probability: float
    symbols: tuple[Symbol, ...]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """One alternative as a table writes it: its text, its weight within the rule, and other forms of a remembered row."""

    text: str
    weight: float = 1
    columns: Mapping[str, str] = field(default_factory=dict)


Rules = Mapping[str, Sequence[Draft]]


def choose(*alternatives: str | tuple[float, str]) -> list[Draft]:
    """Sentence frames, one an argument; a bare string has weight 1."""
    return [Draft(a) if isinstance(a, str) else Draft(a[1], a[0]) for a in alternatives]


def words(text: str) -> list[Draft]:
    """Equally likely words or phrases, separated by commas."""
    return [Draft(word.strip()) for word in text.split(",")]


def rows(columns: str, names: str, values: str) -> list[Draft]:
    """Rows that differ in their text only: `rows("they them", "Odda, Ulla", "she her")`."""
    shared = dict(zip(columns.split(), values.split(), strict=True))
    return [Draft(name.strip(), columns=shared) for name in names.split(",")]
