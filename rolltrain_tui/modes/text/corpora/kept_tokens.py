"""A large text is turned into token numbers once. They are kept in the user's cache folder, and mapped into memory.

A text of 100 MB takes seconds and several times its size to number; from the kept file training begins at once, and reads the places
that it needs. What is kept is found by the hash of the text file, and used only while its own hash is right.
"""

import ctypes
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.modes.text.corpora.text_file import read_text, sha256_of, shown
from rolltrain_tui.modes.text.corpora.tokens import Tokens, narrowest, tokenize

LARGE = 8 * 2**20
"""Bytes of a text file from which on its numbers are kept; a smaller one is numbered in less than half a second."""
KEPT = 4
"""Texts, the last used ones."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a kept text besides its numbers."""

    vocabulary: str
    sha256: str
    rare: int
    count: int
    """Number of its characters."""
    ids_sha256: str
    """SHA-256 of the file of numbers."""


def is_large(path: Path) -> bool:
    """Whether the text at `path` is worth keeping as numbers. What is wrong with the file is for its reader to say."""
    try:
        return path.stat().st_size >= LARGE
    except (OSError, ValueError):
        return False


def tokens_of(path: Path) -> Tokens:
    """The text file at `path` as numbers, uint8 or int16: those kept of it, or else made and kept. DataError."""
    folder, name = _folder(), sha256_of(path)
    kept = _load(folder, name)
    if kept is None:
        made = tokenize(read_text(path), shown(path), narrow=True)
        with suppress(OSError):  # a full disk or a folder without write access: then the numbers are made anew each time
            _keep(folder, name, made)
            _forget_the_oldest(folder)
        kept = _load(folder, name) or made
    return kept


def _folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("rolltrain", appauthor=False)) / "texts"


def _load(folder: Path, name: str) -> Tokens | None:
    """None where nothing is kept, or where it is damaged."""
    page, numbers = folder / f"{name}.json", folder / f"{name}.ids"
    try:
        record = codec(Record).load(parse_json(atomic_files.content_of(page)))
        with numbers.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != record.ids_sha256:
                return None
        ids = _mapped(numbers, record.count, narrowest(len(record.vocabulary)))
        with suppress(OSError):
            page.touch()
    except (OSError, RecordError, RuntimeError):  # the last: torch cannot map it
        return None
    return Tokens(ids, record.vocabulary, record.sha256, record.rare)


def _mapped(file: Path, count: int, dtype: torch.dtype) -> Tensor:
    return torch.from_file(str(file), shared=False, size=count, dtype=dtype)


def _keep(folder: Path, name: str, tokens: Tokens) -> None:
    """The numbers first: a page without its numbers would be a lie. OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = ctypes.string_at(tokens.ids.data_ptr(), tokens.ids.nbytes)
    record = Record(tokens.vocabulary, tokens.sha256, tokens.rare, len(tokens.ids), hashlib.sha256(ids).hexdigest())
    atomic_files.replace(folder / f"{name}.ids", ids)
    atomic_files.replace(folder / f"{name}.json", dump_json(codec(Record).dump(record)).encode("ascii"))


def _forget_the_oldest(folder: Path) -> None:
    """Whoever has a forgotten text mapped keeps it until the end of the run. OSError."""
    pages = sorted(folder.glob("*.json"), key=lambda page: page.stat().st_mtime, reverse=True)
    for page in pages[KEPT:]:
        page.unlink()
        page.with_suffix(".ids").unlink(missing_ok=True)
