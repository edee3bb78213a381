"""Grammars: the notation, exact entropies against sums by hand, reading texts back, and the proof of unambiguity."""

import math
from collections import Counter
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.modes.text.corpora.entropy import derivations, entropy, expected_length, nats_per_character, surprisal
from rolltrain_tui.modes.text.corpora.grammar import Grammar
from rolltrain_tui.modes.text.corpora.notation import GrammarError, choose, rows, words
from rolltrain_tui.modes.text.corpora.unambiguous import conflicts

MEMORY = {
    "tale": choose("{who := heroes} came. {Mood}. {who.They} took {who.their} hat{end}"),
    "heroes": [*rows("they their", "Ulla, Odda", "she her"), *rows("they their", "Bo", "he his")],
    "mood": choose((3, "it rained"), (1, "then {who} sang")),
    "end": choose((2, ", and {who} left{end}"), (3, ".")),
}


def written(grammar: Grammar, count: int = 200) -> Counter[str]:
    random = Random(5)
    return Counter(grammar.sample(random) for _ in range(count))


def test_a_fresh_draw_a_recall_and_a_column_agree_in_every_document():
    """The remembered hero returns by name and with the right pronouns."""
    for text in written(Grammar(MEMORY | {"mood": choose("it rained")}, "tale")):
        name = text.split()[0]
        they, their = ("He", "his") if name == "Bo" else ("She", "her")
        assert text == f"{name} came. It rained. {they} took {their} hat" + f", and {name} left" * text.count(", and ") + "."


def test_a_capital_reference_capitalises_through_nested_rules():
    """{Greeting} finds the first letter inside the rules it begins with."""
    grammar = Grammar({"say": choose("{Greeting}!"), "greeting": choose("{mood} day"), "mood": words("good, bad")}, "say")
    assert {"Good day!", "Bad day!"} == set(written(grammar))


def test_weights_decide_how_often_an_alternative_is_drawn():
    """Three to one comes out as three to one."""
    counts = written(Grammar({"coin": choose((3, "heads."), (1, "tails."))}, "coin"), 4000)
    assert abs(counts["heads."] / 4000 - 0.75) < 0.03


def test_the_entropy_of_a_flat_grammar_is_the_sum_of_its_choices():
    """Two independent draws: log 4 and the entropy of (3/4, 1/4)."""
    grammar = Grammar({"s": choose("{a}{b}"), "a": words("n, e, s, w"), "b": choose((3, "up"), (1, "d"))}, "s")
    assert math.log(4) - 0.75 * math.log(0.75) - 0.25 * math.log(0.25) == pytest.approx(entropy(grammar), rel=1e-12)
    assert 1 + 0.75 * 2 + 0.25 == pytest.approx(expected_length(grammar), rel=1e-12)


def test_recursion_multiplies_by_the_expected_number_of_draws():
    """A list that goes on with probability 2/3 has two commas on average and three draws of its end."""
    grammar = Grammar({"list": choose("x{more}"), "more": choose((2, ",x{more}"), (1, "."))}, "list")
    choice = -(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3)
    assert 3 * choice == pytest.approx(entropy(grammar), rel=1e-10)
    assert 1 + 2 * 2 + 1 == pytest.approx(expected_length(grammar), rel=1e-10)


def test_a_recall_adds_length_but_no_entropy():
    """Saying the drawn word again costs characters only."""
    once = Grammar({"s": choose("{w := ws}."), "ws": words("owl, cat, mouse")}, "s")
    twice = Grammar({"s": choose("{w := ws}, {w}."), "ws": words("owl, cat, mouse")}, "s")
    assert entropy(once) == pytest.approx(entropy(twice), rel=1e-12)
    assert 2 * (11 / 3) + 3 == pytest.approx(expected_length(twice), rel=1e-12)


def test_length_of_columns_is_weighted_by_the_rows():
    """Two of three heroes are she and her."""
    grammar = Grammar({"s": choose("{who := heroes}{who.They}."), "heroes": MEMORY["heroes"]}, "s")
    assert (4 + 4 + 2) / 3 + (3 + 3 + 2) / 3 + 1 == pytest.approx(expected_length(grammar), rel=1e-12)


def test_endless_recursion_has_no_entropy_and_says_so():
    """A rule that writes itself more than once on average is refused, at the border and beyond."""
    for more in (2, 5):
        grammar = Grammar({"s": choose((more, "a{s}{s}"), (1, "b"))}, "s")
        with pytest.raises(GrammarError, match="endless documents"):
            entropy(grammar)


def test_surprisal_of_every_text_of_a_finite_grammar_sums_to_one():
    """The texts' probabilities, found by reading, make a distribution."""
    grammar = Grammar({k: v for k, v in MEMORY.items() if k != "end"} | {"end": choose((1, "."), (4, "!"))}, "tale")
    texts = written(grammar, 2000)
    assert 3 * 2 * 2 == len(texts)
    assert sum(math.exp(-surprisal(grammar, text)) for text in texts) == pytest.approx(1.0, rel=1e-9)


def test_reading_refuses_what_memory_forbids():
    """A tale about Ulla that ends with Odda has no derivation."""
    grammar = Grammar(MEMORY, "tale")
    assert derivations(grammar, "Ulla came. Then Ulla sang. She took her hat, and Ulla left.") == 1
    for wrong in ("Ulla came. Then Odda sang. She took her hat.", "Bo came. It rained. She took her hat.", "Bo came", ""):
        assert derivations(grammar, wrong) == 0
        assert math.inf == surprisal(grammar, wrong)


@pytest.mark.parametrize(
    ("rules", "rule", "text"),
    [
        ({"s": words("owl, cat, owl")}, "s", "owl"),
        ({"s": choose("{w}.")} | {"w": words("cat, catfish")}, "w", "cat"),
        ({"s": choose("old {man}", "{age} man"), "man": words("man, fox"), "age": words("old, new")}, "s", "old man"),
        ({"s": choose("{a}{b}"), "a": choose("x", "xy"), "b": choose("z", "yz")}, "a", "x"),
        ({"s": choose("{W}"), "w": words("iron, Iron")}, "W", "Iron"),
        ({"s": choose("{h := hs}, {t}"), "hs": words("Al, Bo"), "t": choose("{h} sat.", "{x} sat."), "x": words("Bo, Cy")}, "t", "Bo sat."),
        ({"s": choose("a{s}b", "c", "aacbb")}, "s", "aacbb"),
    ],
)
def test_the_proof_fails_on_an_ambiguous_grammar(rules, rule, text):
    """Duplicate words, prefixes, frames that meet, coinciding joins, capitals, recalls and recursion are all found, with a witness."""
    found = {conflict.rule: conflict for conflict in conflicts(Grammar(rules, "s"))}
    assert text == found[rule].text
    assert f"rule '{rule}'" in str(found[rule])


def test_the_proof_accepts_alternatives_that_share_a_long_beginning():
    """Alternatives may begin alike, recursion included, as long as each goes its own way before it ends."""
    rules = {"s": choose("{w} and {w}.", "{w}, {s}"), "w": words("owl, cow, cat, the cat, the cow")}
    assert [] == conflicts(Grammar(rules, "s"))
    assert [] == conflicts(Grammar(MEMORY, "tale"))


def test_the_proof_gives_up_rather_than_guess():
    """Alternatives that agree without end are reported, not accepted."""
    rules = {"s": choose("{t}b", "{u}c"), "t": choose("a{t}d", "e"), "u": choose("a{u}d", "e")}
    with pytest.raises(GrammarError, match="too alike"):
        conflicts(Grammar(rules, "s"))


def test_in_an_ambiguous_grammar_the_text_says_less_than_the_derivation():
    """Monte Carlo reads texts only, so it stays below the derivation's entropy where two derivations write one text."""
    grammar = Grammar({"s": choose("{a} {a}."), "a": words("owl, owl, cat")}, "s")
    texts = written(grammar, 3000)
    estimate = sum(count * surprisal(grammar, text) for text, count in texts.items()) / 3000
    true = 2 * (-(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3))
    assert true == pytest.approx(estimate, abs=0.05)
    assert 2 * math.log(3) == pytest.approx(entropy(grammar), rel=1e-12)
    assert derivations(grammar, "owl owl.") == 4


short = st.text(alphabet="ab", min_size=1, max_size=3)
lists = st.lists(short, min_size=1, max_size=3)


@given(lists, lists, st.lists(st.sampled_from(["{x}", "{y}", "{x}{y}", "{y}{x}", "a{x}", "b", "{x}a"]), min_size=1, max_size=3))
def test_the_proof_holds_against_brute_force(xs, ys, frames):
    """Where no conflict is found, no derivation of a small grammar writes the beginning of what another one writes."""
    grammar = Grammar({"s": choose(*frames), "x": words(",".join(xs)), "y": words(",".join(ys))}, "s")
    if conflicts(grammar):
        return
    texts = []
    for frame in frames:
        x_choices, y_choices = xs if "{x}" in frame else [""], ys if "{y}" in frame else [""]
        texts += [frame.replace("{x}", x).replace("{y}", y) for x, y in product(x_choices, y_choices)]
    assert len(set(texts)) == len(texts)
    assert not [(u, v) for u in texts for v in texts if u != v and v.startswith(u)]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"s": choose("{nobody}")}, "nobody"),
        ({"s": choose("{Nobody}")}, "no rule 'Nobody'"),
        ({"s": choose("a", "")}, "needs some text"),
        ({"s": choose((0, "a"), (1, "b"))}, "weight above zero"),
        ({"s": choose("{s}a", "b")}, "left recursion"),
        ({"s": choose("{t}a"), "t": choose("{s}b", "c")}, "left recursion"),
        ({"s": choose("{ t }")}, "cannot read the braces"),
        ({"s": choose("{w} {w := ws}"), "ws": words("a, b")}, "before it is remembered: w"),
        ({"s": choose("{maybe} {w}"), "maybe": choose("{w := ws}", "none"), "ws": words("a, b")}, "before it is remembered: w"),
        ({"s": choose("{w := ws}{w.they}"), "ws": words("a, b")}, "no column 'they'"),
        ({"s": choose("{w := ws}{w := vs}"), "ws": words("a, b"), "vs": words("c")}, "elsewhere"),
        ({"s": choose("{ws := ws}"), "ws": words("a, b")}, "called 'ws' already"),
        ({"s": choose("{v := vs}{w := ws}"), "vs": words("a"), "ws": choose("x{v}")}, "neither remember nor recall"),
        ({"s": choose("x{T}"), "t": choose("{w := ws}"), "ws": words("a, b")}, "cannot capitalise"),
    ],
)
def test_a_table_that_makes_no_grammar_is_refused_with_its_reason(rules, message):
    """Each mistake in a table is named."""
    with pytest.raises(GrammarError, match=message):
        Grammar(rules, "s")


def test_floor_is_entropy_over_length():
    """Nats per document over characters per document."""
    grammar = Grammar(MEMORY, "tale")
    assert entropy(grammar) / expected_length(grammar) == nats_per_character(grammar)
