"""Corpora as numbers: splits, vocabulary, encoding there and back, and what is refused."""

import hashlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.modes.text.config import DataConfig
from rolltrain_tui.modes.text.corpora import corpus as corpus_module
from rolltrain_tui.modes.text.corpora import tokens as tokens_module
from rolltrain_tui.modes.text.corpora.built_in import built_in_text, floor
from rolltrain_tui.modes.text.corpora.corpus import corpus_from_text, load_corpus
from rolltrain_tui.modes.text.corpora.text_file import DataError
from rolltrain_tui.modes.text.corpora.tokens import LARGEST_VOCABULARY

TEXT = "Zwölf Drachen aßen 🐉 Käse. " * 10


def built_in(name: str, fraction: float = 0.1, context: int = 64):
    return load_corpus(DataConfig(corpus=name, path=None, validation_fraction=fraction), base=corpus_module.Path(), context=context)


def of(text: str, fraction: float = 0.25, context: int = 8):
    return corpus_from_text(text, "test", "'test'", None, fraction, context)


@pytest.mark.parametrize("name", ["tales", "names"])
@pytest.mark.parametrize("fraction", [0.1, 0.5])
def test_the_two_parts_are_the_text_cut_once(name, fraction):
    """Training part and validation part, one after the other, are the whole text: nothing lost, nothing twice."""
    corpus, text = built_in(name, fraction), built_in_text(name)
    assert int(len(text) * fraction) == len(corpus.val)
    assert text == corpus.decode(corpus.train.tolist()) + corpus.decode(corpus.val.tolist())
    assert corpus.train.dtype == corpus.val.dtype == torch.int64
    assert floor(name) == corpus.floor


def test_loading_twice_gives_the_same_data():
    """Hash, vocabulary and numbers agree between two loads."""
    one, two = built_in("names"), built_in("names")
    assert one.sha256 == two.sha256 == hashlib.sha256(built_in_text("names").encode()).hexdigest()
    assert one.vocabulary == two.vocabulary
    assert torch.equal(one.train, two.train)


def test_the_vocabulary_is_sorted_and_distinct():
    """Numbers follow the code points."""
    assert "".join(sorted(set(TEXT))) == of(TEXT).vocabulary


def test_chunks_leave_no_seam(monkeypatch):
    """A text encoded a few characters at a time gives the same numbers and hash."""
    whole = of(TEXT)
    monkeypatch.setattr(tokens_module, "_CHUNK", 7)
    pieces = of(TEXT)
    assert torch.equal(whole.train, pieces.train)
    assert torch.equal(whole.val, pieces.val)
    assert whole.sha256 == pieces.sha256


@given(st.text(alphabet=st.sampled_from(sorted(set(TEXT)))))
def test_encoding_and_back_changes_nothing(text):
    """Any text of the vocabulary's characters survives the round trip."""
    corpus = of(TEXT)
    assert text == corpus.decode(corpus.encode(text))


@given(st.text(min_size=40, max_size=80).filter(lambda text: len(set(text)) > 1))
def test_any_text_can_be_a_corpus(text):
    """Every character that Unicode has may stand in a text, and the text comes back."""
    corpus = of(text, 0.5, 4)
    assert text == corpus.decode(torch.cat([corpus.train, corpus.val]).tolist())


def test_an_unknown_character_is_named_with_its_place():
    """What the corpus lacks is refused, printable or not."""
    with pytest.raises(DataError, match=r"'Q' \(character 4 of the text\) is not among the 19 characters of corpus 'test'"):
        of(TEXT).encode("DraQ")
    with pytest.raises(DataError, match=r"'\\x1b' \(character 1 "):
        of(TEXT).encode("\x1b[2J")


def test_a_number_outside_the_vocabulary_is_our_own_mistake():
    """Neither too large nor negative numbers are read from the wrong end."""
    for number in (-1, len(of(TEXT).vocabulary)):
        with pytest.raises(AssertionError):
            of(TEXT).decode([number])


def test_more_than_4096_characters_leave_the_rarest_to_the_replacement_character():
    """The vocabulary is capped: frequent characters keep their number, rare ones share U+FFFD's, in the text and in a prompt."""
    common, rare = [chr(0x4E00 + i) for i in range(4000)], [chr(0xAC00 + i) for i in range(500)]
    corpus = of("".join(rare + common * 2), 0.25, 8)
    assert len(corpus.vocabulary) == LARGEST_VOCABULARY
    assert "\ufffd" in corpus.vocabulary
    assert corpus.vocabulary == "".join(sorted(corpus.vocabulary))
    kept = 4095 - 4000
    assert corpus.decode(corpus.train[:500].tolist()) == "".join(rare[:kept]) + "\ufffd" * (500 - kept)
    assert corpus.decode(corpus.encode("一" + rare[-1] + "x")) == "一\ufffd\ufffd"
    assert 500 - kept == corpus.rare


def test_exactly_4096_characters_are_all_kept():
    """The cap is reached without replacing anything."""
    text = "".join(chr(0x4E00 + i) for i in range(4096))
    assert (text, 0, "") == (of(text, 0.5).vocabulary, of(text, 0.5).rare, of(text, 0.5).note)


@pytest.mark.parametrize(("length", "enough"), [(35, False), (36, True)])
def test_each_part_needs_one_character_more_than_the_context(length, enough):
    """With context 8 and a quarter for validation, 36 characters are 27 and 9; 35 leave only 8."""
    text = ("ab" * 18)[:length]
    if enough:
        assert len(of(text).val) == 9
        return
    with pytest.raises(DataError) as caught:
        of(text)
    for words in (
        "too short for a context of 8",
        "35 characters 27 are for training and 8 for validation",
        "at least 9",
        "about 36 characters",
    ):
        assert words in str(caught.value)


def test_a_built_in_corpus_can_be_too_short_as_well():
    """A context of 65536 does not fit into a tenth of the names."""
    with pytest.raises(DataError, match=r"The built-in corpus names is too short for a context of 65536"):
        built_in("names", context=65536)


def test_a_text_of_one_character_is_refused():
    """There would be nothing to predict."""
    with pytest.raises(DataError, match="repeats a single character"):
        of("a" * 100)


def test_a_file_is_found_from_the_base_folder(tmp_path):
    """data.path is relative to the campaign's folder; the corpus bears the file's name and has no floor."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "käse.txt").write_text(TEXT, encoding="utf-8")
    corpus = load_corpus(DataConfig(corpus="file", path="texts/käse.txt", validation_fraction=0.2), base=tmp_path, context=16)
    assert corpus.name == "käse.txt"
    assert corpus.floor is None
    assert TEXT == corpus.decode(torch.cat([corpus.train, corpus.val]).tolist())


def test_an_absolute_path_ignores_the_base_folder(tmp_path):
    """What the command line names is used as it is."""
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    config = DataConfig.model_construct(corpus="file", path=str(tmp_path / "t.txt"), validation_fraction=0.2)
    assert len(TEXT) == sum(map(len, (lambda c: (c.train, c.val))(load_corpus(config, base=tmp_path / "elsewhere", context=16))))


def test_a_short_file_is_named_in_full(tmp_path):
    """The sentence says which file is too short."""
    (tmp_path / "t.txt").write_text("short")
    with pytest.raises(DataError, match=r"'.*t\.txt' is too short for a context of 16"):
        load_corpus(DataConfig(corpus="file", path="t.txt", validation_fraction=0.2), base=tmp_path, context=16)


@pytest.mark.parametrize(("corpus", "path", "message"), [("file", None, "data.path names none"), ("tales", "x.txt", "which needs no file")])
def test_corpus_and_path_must_fit(corpus, path, message, tmp_path):
    """A file corpus needs a path and a built-in one has none, whoever made the configuration."""
    config = DataConfig.model_construct(corpus=corpus, path=path, validation_fraction=0.1)
    with pytest.raises(DataError, match=message):
        load_corpus(config, base=tmp_path, context=8)
