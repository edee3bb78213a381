"""Large texts are numbered once."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rolltrain_tui.modes.text.config import DataConfig
from rolltrain_tui.modes.text.corpora import kept_tokens
from rolltrain_tui.modes.text.corpora.corpus import Corpus, corpus_from_text, load_corpus
from rolltrain_tui.modes.text.corpora.text_file import DataError

NARROW = "Zwölf Drachen aßen 🐉 Käse.\n" * 40
WIDE = "".join(chr(0x4E00 + i) for i in range(700)) * 3
"""More than 256 characters: two bytes each."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every text is large, and is kept here."""
    monkeypatch.setattr(kept_tokens, "LARGE", 100)
    monkeypatch.setattr(kept_tokens, "_folder", lambda: tmp_path / "kept")
    return tmp_path / "kept"


def load(text: str, tmp_path: Path) -> Corpus:
    (tmp_path / "t.txt").write_text(text, encoding="utf-8")
    return load_corpus(DataConfig(corpus="file", path="t.txt", validation_fraction=0.25), base=tmp_path, context=8)


def same(one: Corpus, other: Corpus) -> bool:
    texts = (torch.equal(getattr(one, part).long(), getattr(other, part).long()) for part in ("train", "val"))
    return all(texts) and (one.vocabulary, one.sha256, one.rare) == (other.vocabulary, other.sha256, other.rare)


def tokenized_in_memory(text: str) -> Corpus:
    return corpus_from_text(text, "t.txt", "", None, 0.25, 8)


@pytest.mark.parametrize(("text", "bytes_each"), [(NARROW, 1), (WIDE, 2)])
def test_a_large_text_is_the_same_data_in_fewer_bytes(text: str, bytes_each: int, tmp_path: Path) -> None:
    """Made or kept, numbers, vocabulary and hash are those of the text read in memory."""
    for _ in range(2):
        corpus = load(text, tmp_path)
        assert same(corpus, tokenized_in_memory(text))
        assert corpus.train.element_size() == bytes_each


def test_a_kept_text_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start numbers nothing."""
    load(NARROW, tmp_path)
    monkeypatch.setattr(kept_tokens, "tokenize", None)
    assert same(load(NARROW, tmp_path), tokenized_in_memory(NARROW))


def test_another_text_under_the_same_name_is_read_anew(tmp_path: Path) -> None:
    """What is kept belongs to the bytes of the file, not to its name or its time."""
    load(NARROW, tmp_path)
    other = NARROW.replace("Käse", "Köse")
    assert same(load(other, tmp_path), tokenized_in_memory(other))


@pytest.mark.parametrize("kind", ["json", "ids"])
@pytest.mark.parametrize("damage", [lambda data: data[:0], lambda data: data[:-1], lambda data: b"x" + data[1:]])
def test_a_damaged_kept_text_is_made_again(kind: str, damage: Callable[[bytes], bytes], tmp_path: Path, folder: Path) -> None:
    """Damage is found by the hash, and mended."""
    load(NARROW, tmp_path)
    (kept,) = folder.glob(f"*.{kind}")
    good = kept.read_bytes()
    kept.unlink()  # the tensor of the first reading has it mapped
    kept.write_bytes(damage(good))
    assert same(load(NARROW, tmp_path), tokenized_in_memory(NARROW))
    assert kept.read_bytes() == good


def test_a_folder_that_takes_nothing_costs_time_only(tmp_path: Path, folder: Path) -> None:
    """Where nothing can be kept the text is numbered each time."""
    folder.write_text("a file in the way")
    assert same(load(WIDE, tmp_path), tokenized_in_memory(WIDE))


def test_only_the_last_used_texts_are_kept(tmp_path: Path, folder: Path) -> None:
    """The folder does not grow for ever."""
    for number in range(kept_tokens.KEPT + 3):
        load(NARROW + str(number), tmp_path)
    assert len(list(folder.glob("*.json"))) == len(list(folder.glob("*.ids"))) == kept_tokens.KEPT


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\xff" * 200, "is not UTF-8"), (b"a\x00" * 200, "UTF-16"), (b"a" * 200, "repeats a single character"), (b"ab" * 60, "too short")],
)
def test_a_large_file_that_is_no_text_is_refused_in_the_same_words(data: bytes, words: str, tmp_path: Path, folder: Path) -> None:
    """Nothing is kept of what cannot be read."""
    (tmp_path / "t.txt").write_bytes(data)
    with pytest.raises(DataError, match=words):
        load_corpus(DataConfig(corpus="file", path="t.txt", validation_fraction=0.25), base=tmp_path, context=64)
    assert words == "too short" or not folder.exists()
