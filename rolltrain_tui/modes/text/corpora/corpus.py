"""What the model reads: a text as character numbers, with a vocabulary, a training part and a validation part."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from torch import Tensor

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.text.config import DataConfig
from rolltrain_tui.modes.text.corpora import kept_tokens
from rolltrain_tui.modes.text.corpora.built_in import built_in_text, floor
from rolltrain_tui.modes.text.corpora.parts import refuse_short, split_at
from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown
from rolltrain_tui.modes.text.corpora.tokens import LARGEST_VOCABULARY, REPLACEMENT, Tokens, tokenize


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text, split in two. The numbers are places in `vocabulary`: int64, and of a large text uint8 or int16, read from the disk."""

    name: str
    """tales, names, or the file's name."""
    vocabulary: str
    """Distinct characters, sorted. Where a text has more than 4096, the rarest share U+FFFD."""
    train: Tensor
    """(N,): the first part of the text."""
    val: Tensor
    """(M,): the rest."""
    floor: float | None
    """Nats per character that no model can beat on the endless stream of such text (see FloorReport); None: unknown."""
    sha256: str = ""
    """SHA-256 of the text in UTF-8, after the repair of line ends: the same hash, the same data."""
    rare: int = 0
    """How many of its different characters share U+FFFD."""

    @property
    def note(self) -> str:
        """What the player should know of the vocabulary; "" where every character has its own number."""
        if not self.rare:
            return ""
        return f"The text has more than {LARGEST_VOCABULARY:,} different characters: its {self.rare:,} rarest ones are read as one, U+FFFD."

    def encode(self, text: str) -> list[int]:
        """Numbers of the characters. One that the corpus lacks becomes U+FFFD where the vocabulary has it; else DataError names it."""
        fallback = self._numbers.get(REPLACEMENT)
        numbers = [self._numbers.get(character, fallback) for character in text]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            place = numbers.index(None)
            raise DataError(
                f"{text[place]!r} (character {place + 1} of the text) is not among the {counted(len(self.vocabulary), 'character')}"
                f" of corpus '{self.name}': write the text without it."
            )
        return known

    def decode(self, ids: Iterable[int]) -> str:
        """The characters with these numbers, `encode` backwards. AssertionError for a number outside the vocabulary."""
        places = list(ids)
        assert not places or (min(places) >= 0 and max(places) < len(self.vocabulary)), "a number outside the vocabulary"
        return "".join(map(self.vocabulary.__getitem__, places))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {character: number for number, character in enumerate(self.vocabulary)}


def load_corpus(config: DataConfig, *, base: Path, context: int) -> Corpus:
    """The corpus that a campaign names; `config.path` is relative to `base`. Each part holds at least context + 1 characters.

    Raises DataError. A large text is numbered once and then read from the disk as the training needs it (see kept_tokens).
    """
    if config.corpus == "file":
        if config.path is None:
            raise DataError("data.corpus is file, but data.path names none: give the path of a UTF-8 text file.")
        path = base / config.path
        if not kept_tokens.is_large(path):
            return corpus_from_text(read_text(path), path.name, shown(path), None, config.validation_fraction, context)
        return _split(kept_tokens.tokens_of(path), path.name, shown(path), None, config.validation_fraction, context)
    if config.path is not None:
        raise DataError(f"data.corpus is {config.corpus}, which needs no file: set data.corpus to file, or data.path to null.")
    return _built_in(config.corpus, config.validation_fraction, context)


@lru_cache(maxsize=2)
def _built_in(name: str, validation_fraction: float, context: int) -> Corpus:
    """Encoding takes as long as many turns, and one process may open a run again and again. Nobody changes a corpus."""
    return corpus_from_text(built_in_text(name), name, f"The built-in corpus {name}", floor(name), validation_fraction, context)


def corpus_from_text(text: str, name: str, title: str, floor: float | None, validation_fraction: float, context: int) -> Corpus:
    """Splits and encodes; `title` begins the sentences of errors."""
    refuse_short(title, len(text), validation_fraction, context)
    return _split(tokenize(text, title), name, title, floor, validation_fraction, context)


def _split(tokens: Tokens, name: str, title: str, floor: float | None, validation_fraction: float, context: int) -> Corpus:
    refuse_short(title, len(tokens.ids), validation_fraction, context)
    split = split_at(len(tokens.ids), validation_fraction)
    return Corpus(name, tokens.vocabulary, tokens.ids[:split], tokens.ids[split:], floor, tokens.sha256, tokens.rare)
