"""The texts of agents: a built-in corpus or a text file. Each is loaded once in a process."""

import hashlib
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.text.corpora.built_in import BUILT_IN, built_in_text, floor
from rolltrain_tui.modes.text.corpora.other_forms import refuse_other_forms
from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown

if TYPE_CHECKING:
    from rolltrain_tui.modes.text.corpora.corpus import Corpus

VALIDATION_FRACTION = 0.1
"""Last part of each text, which is not trained on."""


@dataclass(frozen=True, slots=True)
class TextFacts:
    """Facts about a text that a new agent records. Computed without torch."""

    corpus: str
    vocabulary: int
    sha256: str
    characters: int


@cache
def text_facts(corpus: str) -> TextFacts:
    """Facts about names, tales, or a text file. ValueError when there is no such text."""
    name = corpus if corpus in BUILT_IN else str(Path(corpus).expanduser().resolve())
    text = plain_text(name)
    return TextFacts(name, min(4096, len(set(text))), hashlib.sha256(text.encode()).hexdigest(), len(text))


def check_form(corpus: str) -> None:
    """DataError where a new agent would learn from a table, a page or JSON with its marks."""
    if corpus not in BUILT_IN:
        refuse_other_forms(Path(corpus).expanduser())


def check_length(facts: TextFacts, context: int) -> None:
    """DataError when the validation part is shorter than one window, or when the text has fewer than 2 different characters."""
    need = ceil((context + 1) / VALIDATION_FRACTION)
    if facts.characters < need or facts.vocabulary < 2:
        raise DataError(
            f"{shown(Path(facts.corpus))} has {facts.characters:,} characters, {counted(facts.vocabulary, 'different one')}: "
            f"a context of {context} needs {need:,} or more. Choose a longer text or a smaller context."
        )


@cache
def plain_text(name: str) -> str:
    """The text of a corpus, training and validation part."""
    return built_in_text(name) if name in BUILT_IN else read_text(Path(name))


@cache
def corpus_of(name: str, context: int) -> "Corpus":
    """The text as tensors, split in two parts of at least `context` + 1 characters each. ValueError."""
    from rolltrain_tui.modes.text.corpora.corpus import corpus_from_text

    built_in = name in BUILT_IN
    title = f"The built-in corpus {name}" if built_in else Path(name).name
    return corpus_from_text(plain_text(name), name, title, floor(name) if built_in else None, VALIDATION_FRACTION, context)
