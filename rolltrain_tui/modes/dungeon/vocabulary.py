"""Words and their numbers. The vocabulary is closed; a word that is not in it reads as <unknown>."""

import re
from collections.abc import Iterable
from typing import Protocol

PAD, UNKNOWN, BEGIN = 0, 1, 2
SPECIAL = ("<pad>", "<unknown>", "<begin>")
"""Padding has a number of its own: no word of a text is ever taken for it."""
KEPT = 20_000
"""Texts whose numbers are remembered: the same rooms are described over and over."""
_WORD = re.compile(r"[a-z0-9']+")


def words_of(text: str) -> list[str]:
    """Lower case, without punctuation."""
    return _WORD.findall(text.lower())


class Words(Protocol):
    """What a player reads by: a vocabulary, or a tokenizer."""

    @property
    def begin(self) -> int:
        """In front of every text."""
        ...

    @property
    def pad(self) -> int:
        """Behind shorter ones."""
        ...

    def __len__(self) -> int: ...

    def numbers(self, text: str) -> tuple[int, ...]:
        """The words of a text."""
        ...


class Vocabulary:
    begin, pad = BEGIN, PAD

    def __init__(self, words: Iterable[str]) -> None:
        self.words = (*SPECIAL, *sorted({word for text in words for word in words_of(text)}))
        self._numbers = {word: number for number, word in enumerate(self.words)}
        self._read: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, text: str) -> tuple[int, ...]:
        """The words of a text."""
        found = self._read.get(text)
        if found is None:
            if len(self._read) >= KEPT:
                self._read.clear()
            found = self._read[text] = tuple(self._numbers.get(word, UNKNOWN) for word in words_of(text))
        return found
