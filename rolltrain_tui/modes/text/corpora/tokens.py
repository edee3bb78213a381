"""A text as numbers: which characters it has, and the place of each character among them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.modes.text.corpora.text_file import DataError

LARGEST_VOCABULARY = 4096
REPLACEMENT = "\ufffd"
_BASIC = 0x10000
"""Tables have a place for each of these code points, U+FFFD among them, and for higher ones only where the text has such."""
_CHUNK = 1 << 22
"""Characters that are encoded at a time: 16 MB of code points."""


@dataclass(frozen=True, eq=False)
class Tokens:
    """A whole text, encoded."""

    ids: Tensor
    """(N,): places in `vocabulary`."""
    vocabulary: str
    """Distinct characters, sorted. Where a text has more than 4096, the rarest share U+FFFD."""
    sha256: str
    """SHA-256 of the text in UTF-8, after the repair of line ends: the same hash, the same data."""
    rare: int
    """How many of its different characters share U+FFFD."""


def tokenize(text: str, title: str, *, narrow: bool = False) -> Tokens:
    """Number the characters of a text: int64, or as few bytes each as will do (`narrow`). DataError begins with `title`.

    Memory at the peak: the text, its numbers, and a fixed 50 MB.
    """
    counts = _count(text)
    different = int((counts > 0).sum())
    if different < 2:
        raise DataError(f"{title} repeats a single character, so there is nothing to learn: choose another text.")
    kept = _vocabulary(counts)
    ids = _encode(text, kept, len(counts), narrowest(len(kept)) if narrow else torch.int64)
    rare = different - len(kept) + 1 if len(kept) < different else 0
    return Tokens(ids, "".join(map(chr, kept.tolist())), _sha256(text), rare)


def narrowest(different: int) -> torch.dtype:
    """The smallest type that holds the numbers of so many different characters."""
    return torch.uint8 if different <= 256 else torch.int16


def _codes(text: str) -> Iterable[tuple[int, Tensor]]:
    """Code points (int32) of the text, chunk by chunk, each with its offset."""
    for start in range(0, len(text), _CHUNK):
        yield start, torch.frombuffer(bytearray(text[start : start + _CHUNK].encode("utf-32-le")), dtype=torch.int32)


def _count(text: str) -> Tensor:
    """(M,): how often each code point below M occurs; none is higher."""
    counts = torch.zeros(_BASIC, dtype=torch.int64)
    for _, codes in _codes(text):
        found = torch.bincount(codes, minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    return counts


def _vocabulary(counts: Tensor) -> Tensor:
    """Code points of the vocabulary, ascending. Too many: the most frequent ones (ties: the smaller code) and U+FFFD for the rest."""
    present = torch.nonzero(counts).flatten()
    if len(present) <= LARGEST_VOCABULARY:
        return present
    others = present[present != ord(REPLACEMENT)]
    frequent = others[torch.argsort(counts[others], descending=True, stable=True)][: LARGEST_VOCABULARY - 1]
    return torch.cat([frequent, torch.tensor([ord(REPLACEMENT)])]).sort().values


def _encode(text: str, kept: Tensor, codes_below: int, dtype: torch.dtype) -> Tensor:
    """(N,): a table look-up per character; characters that were not kept get U+FFFD's number."""
    table = torch.zeros(codes_below, dtype=dtype)
    table[kept] = torch.arange(len(kept), dtype=dtype)
    everything_else = torch.ones(codes_below, dtype=torch.bool)
    everything_else[kept] = False
    table[everything_else] = table[ord(REPLACEMENT)]
    ids = torch.empty(len(text), dtype=dtype)
    for start, codes in _codes(text):
        torch.index_select(table, 0, codes, out=ids[start : start + len(codes)])
    return ids


def _sha256(text: str) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(text), _CHUNK):
        digest.update(text[start : start + _CHUNK].encode())
    return digest.hexdigest()
