"""The built-in corpora: the same for everybody, unambiguous, with a floor that an estimate from the text alone confirms."""

import hashlib
import math
import re
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from rolltrain_tui.modes.text.corpora.built_in import BUILT_IN, built_in_text, floor, floor_report, ratio_estimate
from rolltrain_tui.modes.text.corpora.entropy import derivations, surprisal
from rolltrain_tui.modes.text.corpora.unambiguous import conflicts

NAMES = ("tales", "names")


@pytest.fixture(scope="module")
def texts():
    return {name: built_in_text(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_every_build_gives_the_same_text(name, texts):
    """Two builds agree to the last character, whatever the global random state."""
    assert hashlib.sha256(texts[name].encode()).hexdigest() == hashlib.sha256(built_in_text(name).encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "least", "most", "characters"), [("tales", 1_000_000, 1_010_000, (40, 70)), ("names", 200_000, 300_000, (30, 70))]
)
def test_size_and_alphabet(name, least, most, characters, texts):
    """About 1 MB of tales and a quarter of names, in plain ASCII."""
    assert least <= len(texts[name]) <= most
    assert characters[0] <= len(set(texts[name])) <= characters[1]
    assert texts[name].isascii()


@pytest.mark.parametrize("name", NAMES)
def test_the_grammar_is_proved_unambiguous(name):
    """No alternative of any rule begins another one of it."""
    assert [] == conflicts(BUILT_IN[name].grammar)


@pytest.mark.parametrize(("name", "documents"), [("tales", 300), ("names", 3000)])
@pytest.mark.slow
def test_the_exact_floor_agrees_with_the_estimate_from_the_text(name, documents):
    """-log p, read back from sampled documents, meets the formula within three standard errors, and those are small."""
    report = floor_report(name, documents)
    assert abs(report.monte_carlo - report.analytic) < 3 * report.standard_error
    assert report.standard_error < 0.01 * report.analytic
    assert floor(name) == report.analytic


@pytest.mark.parametrize("name", NAMES)
def test_each_document_has_exactly_one_derivation(name):
    """Reading finds the derivation that wrote a document, no other, and none for the document with a character missing."""
    grammar, random = BUILT_IN[name].grammar, Random(3)
    for _ in range(40):
        document = grammar.sample(random)
        assert derivations(grammar, document) == 1
        assert derivations(grammar, document[:-1]) == 0


@pytest.mark.parametrize(("name", "separator"), [("tales", "\n\n"), ("names", "\n")])
def test_the_corpus_is_a_stream_of_such_documents(name, separator, texts):
    """Its first documents, cut at their ends, are read back; their surprisal per character is near the floor."""
    documents = [document + separator for document in texts[name].split(separator)[:200]]
    grammar = BUILT_IN[name].grammar
    nats = [surprisal(grammar, document) for document in documents]
    estimate, error = ratio_estimate(nats, [len(document) for document in documents])
    assert abs(estimate - floor(name)) < 4 * error


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_short_contexts_stay_above_the_floor(name, texts):
    """The entropy of a character given the 0 to 3 before it falls with the context and stays above the floor."""
    text, entropies = texts[name][:300_000], []
    for order in range(4):
        blocks = Counter(text[i : i + order + 1] for i in range(len(text) - order))
        contexts = Counter(text[i : i + order] for i in range(len(text) - order))
        entropies.append(sum(n * math.log(contexts[block[:-1]] / n) for block, n in blocks.items()) / (len(text) - order))
    assert all(later < earlier for earlier, later in pairwise(entropies))
    assert floor(name) < entropies[-1]


def test_floors_leave_something_to_learn():
    """Both floors are well under one nat per character and well above nothing."""
    for name in NAMES:
        assert 0.2 < floor(name) < 1.0


def test_a_tale_keeps_its_promises(texts):
    """One hero, with one set of pronouns, in three paragraphs; and the reward that was promised is the one that is paid."""
    heroes = {a.symbols[0]: a.columns["them"] for a in BUILT_IN["tales"].grammar.rules["heroes"]}
    tales = texts["tales"].split("\n\n")[:-1]
    assert len(tales) > 500
    for tale in tales[:200]:
        assert len(tale.split("\n")) == 3
        named = heroes.keys() & set(re.findall(r"\w+", tale))
        assert len(named) == 1
        (them,) = (heroes[hero] for hero in named)
        assert not re.search(rf"\b{'him' if them == 'her' else 'her'}\b", tale)
        reward = re.search(r"(?:pay|offered|Reward:|put) (\d[\d,]* \w+(?: \w+)?)(?:\.| on the table)", tale)
        assert reward is not None
        assert reward[1] in tale.rsplit("\n", 1)[1]


def test_articles_agree_with_what_follows(texts):
    """A before consonants, an before vowels and before 8, 11 and 18."""
    wrong = re.findall(r"\b[Aa] (?:[aeiou8]|11|18)\w*|\b[Aa]n [^aeiou81]\w*", texts["tales"])
    assert [] == wrong
    assert len(re.findall(r"\b[Aa]n \w", texts["tales"])) > 500


def test_names_are_many_and_one_a_line(texts):
    """Names seldom repeat, are of readable length, and every people shows."""
    lines = texts["names"].splitlines()
    assert len(set(lines)) > 0.8 * len(lines)
    assert all(5 <= len(line) <= 60 for line in lines)
    for people in (" of the ", " son of ", "'", "-", "Professor "):
        assert sum(people in line for line in lines) > 100


def test_the_report_says_floor_estimate_and_proof():
    """The lines for a terminal name the corpus, both numbers, and that the grammar is unambiguous."""
    report = floor_report("names", 100)
    words = report.describe()
    assert f"names: floor {report.analytic:.4f} nats per character" in words
    assert f"Monte Carlo: {report.monte_carlo:.4f} ± {report.standard_error:.4f}" in words
    assert "proved unambiguous" in words


def test_a_report_on_nothing_is_refused():
    """An unknown corpus and too few documents are user mistakes with a sentence."""
    with pytest.raises(ValueError, match="choose one of tales, names"):
        floor_report("poems")
    with pytest.raises(ValueError, match="at least 2 documents"):
        floor_report("names", 1)


def test_the_ratio_estimate_and_its_error_match_a_case_by_hand():
    """Two documents of 1 and 3 nats in 2 and 4 characters: ratio 2/3, residuals -1/3 and 1/3."""
    estimate, error = ratio_estimate([1.0, 3.0], [2, 4])
    assert 2 / 3 == pytest.approx(estimate)
    assert math.sqrt((2 / 9) / 2) / 3 == pytest.approx(error)
