"""The built-in corpora: which grammar, which seed, how much text; and the report on the floor of each.

The seed is fixed, so that every campaign reads the same text, whatever its own seed. No torch here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from rolltrain_tui.modes.text.corpora import names, tales
from rolltrain_tui.modes.text.corpora.entropy import entropy, expected_length, nats_per_character, surprisal
from rolltrain_tui.modes.text.corpora.grammar import Grammar
from rolltrain_tui.modes.text.corpora.unambiguous import conflicts


@dataclass(frozen=True, slots=True)
class BuiltIn:
    grammar: Grammar
    seed: int
    characters: int
    """The text ends with the document that reaches this length."""


BUILT_IN: Mapping[str, BuiltIn] = {
    "tales": BuiltIn(tales.TALES, seed=1974, characters=1_000_000),
    "names": BuiltIn(names.NAMES, seed=2014, characters=250_000),
}


@cache
def built_in_text(name: str) -> str:
    """The whole text of a built-in corpus, the same in every process and version of Python."""
    built_in = BUILT_IN[name]
    random = Random(built_in.seed)
    documents: list[str] = []
    missing = built_in.characters
    while missing > 0:
        documents.append(built_in.grammar.sample(random))
        missing -= len(documents[-1])
    return "".join(documents)


@cache
def floor(name: str) -> float:
    """Exact nats per character of the endless stream that a built-in corpus is the beginning of."""
    return nats_per_character(BUILT_IN[name].grammar)


@dataclass(frozen=True, slots=True)
class FloorReport:
    """The loss that no model can beat on a built-in corpus, computed twice.

    `analytic` is exact for the endless stream of documents, in nats per character. `monte_carlo` is estimated from sampled documents
    alone: each is read back, the probabilities of all derivations that write it are summed, and the mean of -log p is divided by the
    mean length. A model needs the whole document so far to reach the floor; one that sees only a window of text stays above it.
    The validation text is a finite sample: its own best possible loss differs from the floor by chance, either way.
    """

    name: str
    analytic: float
    monte_carlo: float
    standard_error: float
    """Standard error of monte_carlo."""
    characters: int
    documents: int
    """Sampled for monte_carlo, with this many characters in all."""
    document_entropy: float
    """Nats per document, exact."""
    document_length: float
    """Mean characters per document, exact."""
    ambiguities: tuple[str, ...]
    """Conflicts among the grammar's rules; empty: proved to be unambiguous, so that `analytic` is the entropy of the text."""

    def describe(self) -> str:
        """Plain lines for a terminal."""
        proof = "proved unambiguous: every text has one derivation" if not self.ambiguities else "; ".join(self.ambiguities)
        return (
            f"{self.name}: floor {self.analytic:.4f} nats per character"
            f" ({self.document_entropy:.2f} nats in a document of {self.document_length:.1f} characters, on average)\n"
            f"  Monte Carlo: {self.monte_carlo:.4f} ± {self.standard_error:.4f},"
            f" from {self.documents} fresh documents with {self.characters:,} characters\n"
            f"  grammar: {proof}"
        )


def floor_report(name: str, documents: int = 400) -> FloorReport:
    """Computes and estimates the floor of the built-in corpus `name`; well under two seconds with the usual number of documents."""
    if name not in BUILT_IN:
        raise ValueError(f"there is no built-in corpus '{name}'; choose one of {', '.join(BUILT_IN)}")
    if documents < 2:
        raise ValueError(f"an estimate with a standard error needs at least 2 documents, not {documents}")
    grammar = BUILT_IN[name].grammar
    random = Random(20)
    texts = [grammar.sample(random) for _ in range(documents)]
    estimate, error = ratio_estimate([surprisal(grammar, text) for text in texts], [len(text) for text in texts])
    return FloorReport(
        name=name,
        analytic=nats_per_character(grammar),
        monte_carlo=estimate,
        standard_error=error,
        characters=sum(map(len, texts)),
        documents=documents,
        document_entropy=entropy(grammar),
        document_length=expected_length(grammar),
        ambiguities=tuple(map(str, conflicts(grammar))),
    )


def ratio_estimate(nats: list[float], lengths: list[int]) -> tuple[float, float]:
    """sum(nats) / sum(lengths) and its standard error by the delta method, for independent pairs."""
    count = len(nats)
    ratio = math.fsum(nats) / sum(lengths)
    residual = math.fsum((h - ratio * n) ** 2 for h, n in zip(nats, lengths, strict=True))
    return ratio, math.sqrt(residual / (count * (count - 1))) / (sum(lengths) / count)
