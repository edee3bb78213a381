"""Words and their numbers. The vocabulary is closed; a word that is not in it reads as <unknown>."""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from rolltrain_tui.modes.dungeon.player.stops import StopRule

PAD, UNKNOWN, BEGIN = 0, 1, 2
SPECIAL = ("<pad>", "<unknown>", "<begin>")
"""Padding has a number of its own: no word of a text is ever taken for it."""
KEPT = 20_000
"""Texts whose word numbers are cached: the same rooms are described over and over."""
STOP = "."
"""The word that ends a sentence, for a player that writes."""
_WORD, _WORD_OR_STOP = re.compile(r"[a-z0-9']+"), re.compile(r"[a-z0-9']+|\.")


def words_of(text: str, *, stops: bool = False) -> list[str]:
    """Lower case, without punctuation; `stops`: but for the stops."""
    return (_WORD_OR_STOP if stops else _WORD).findall(text.lower())


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

    def text(self, numbers: Sequence[int]) -> str:
        """What these words say."""
        ...

    def stop_rule(self) -> StopRule:
        """When a command that is written in these words has ended."""
        ...


class Vocabulary:
    begin, pad = BEGIN, PAD

    def __init__(self, words: Iterable[str], *, stops: bool = False) -> None:
        """`stops`: a stop is a word as well, as a player that writes needs it."""
        self._stops = stops
        self.words = (*SPECIAL, *sorted({word for text in words for word in words_of(text)}), *((STOP,) if stops else ()))
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
            found = self._read[text] = tuple(self._numbers.get(word, UNKNOWN) for word in words_of(text, stops=self._stops))
        return found

    def text(self, numbers: Sequence[int]) -> str:
        """The text of these words, without padding and other special numbers."""
        return " ".join(self.words[n] for n in numbers if n >= len(SPECIAL))

    def stop_rule(self) -> StopRule:
        """A stop ends a command; padding and the like are never written."""
        pieces = ["" if n < len(SPECIAL) else word for n, word in enumerate(self.words)]
        return StopRule(pieces, ends=(), never=range(len(SPECIAL)))
