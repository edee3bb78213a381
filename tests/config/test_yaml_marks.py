"""The strict YAML reader: plain values out, every place remembered, every hostile text refused quickly."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.config.yaml_marks import DEEPEST, MOST_BYTES, Mark, YamlError, read_marked


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1e5", 100000.0),
        (".5", 0.5),
        ("-3", -3),
        ("+7", 7),
        ("0", 0),
        (".inf", float("inf")),
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("017", "017"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-01-02", "2026-01-02"),
        ("'5'", "5"),
        ("=", "="),
        ("[1, off]", [1, "off"]),
        ("!!str 5", "5"),
        ("!!int 5", 5),
    ],
)
def test_scalars_are_what_they_look_like(text: str, value: object) -> None:
    """Only true and false are booleans, 1e-3 is a number, and dates, octals and clock times are text."""
    found = read_marked(f"key: {text}\n")
    assert [] == found.problems
    assert (type(value), value) == (type(found.data["key"]), found.data["key"])


def test_every_key_and_value_has_its_place() -> None:
    """Lines and columns count from 1, in nested sections and lists too."""
    found = read_marked("top: 1\nsection:\n  list: [a, bc]\n")
    assert {("top",): Mark(1, 1), ("section",): Mark(2, 1), ("section", "list"): Mark(3, 3)} == found.keys
    assert Mark(3, 13) == found.values["section", "list", 1]
    assert "[a, bc]" == found.written["section", "list"]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", Mark(3, 1), "first in line 1"),
        ("a: &x 1\n", Mark(1, 4), "anchor"),
        ("a: *x\n", Mark(1, 4), "alias"),
        ("<<: {a: 1}\n", Mark(1, 1), "merging"),
        ("a: !!python/object/apply:os.system [x]\n", Mark(1, 4), "tag"),
        ("a: !!timestamp 2026-01-02\n", Mark(1, 4), "tag"),
        ("a: !!int five\n", Mark(1, 4), "five"),
        (f"a: {'9' * 5000}\n", Mark(1, 4), "5000 digits"),
        ("1: a\n", Mark(1, 1), "a key must be a word"),
        ("? [a]\n: b\n", Mark(1, 3), "a key must be a word"),
    ],
)
def test_what_campaigns_do_not_need_is_a_problem_at_its_place(text: str, place: Mark, says: str) -> None:
    """Aliases, merges, tags, duplicate and odd keys are named with their place, and reading goes on."""
    [problem] = read_marked(text).problems
    assert place == problem.mark
    assert says in problem.text


def test_all_problems_are_told_at_once() -> None:
    """One reading finds every duplicate and alias, and still gives the rest of the data."""
    found = read_marked("a: 1\na: 2\nb: *x\nc: 3\n")
    assert [Mark(2, 1), Mark(3, 4)] == [problem.mark for problem in found.problems]
    assert (1, 3) == (found.data["a"], found.data["c"])
    assert {("b",)} == found.unread


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", Mark(1, 1), "empty"),
        ("# only a comment\n", Mark(1, 1), "empty"),
        ("a: 1\n---\nb: 2\n", Mark(2, 1), "second document"),
        ("a: b: c\n", Mark(1, 5), "indent"),
        ("a:\n\tb: 1\n", Mark(2, 1), "tab"),
        ("a: [1, 2\nb: 3\n", Mark(1, 4), "closed"),
        ("a: {b: 1\nc 3\n", Mark(1, 4), "closed"),
        ('a: "open\nb: 1\n', Mark(1, 4), "never closed"),
        ("a: 1\n  b: 2\n", Mark(2, 4), "indent"),
        ("a: @x\n", Mark(1, 4), "quotes"),
        ('a: "\\q"\n', Mark(1, 6), "escape"),
        ('a: "\\UFFFFFFFF"\n', None, "out of range"),
        (f"%YAML {'1' * 5000}.1\n---\na: 1\n", None, "out of range"),
        ("a: \x00\n", Mark(1, 4), "control character"),
        ("a: \x1b[2J\n", Mark(1, 4), "control character"),
        (b"a: caf\xe9\n", Mark(1, 7), "UTF-8"),
        (b"\xef\xbb\xbfa: \xe9\n", Mark(1, 4), "UTF-8"),
        ("a: 1\n".encode("utf-16"), None, "UTF-16"),
        ("a: 1\n".encode("utf-16-be"), None, "UTF-16"),
        ("a: 1\n".encode("utf-32"), None, "UTF-16 or UTF-32"),
        ("a: 1\n".encode("utf-32-be"), None, "UTF-16 or UTF-32"),
        (b"\x1f\x8b\x08\x00packed", Mark(1, 2), "byte 0x8b is not UTF-8"),
    ],
)
def test_unreadable_text_is_refused_with_place_and_advice(text: str | bytes, place: Mark | None, says: str) -> None:
    """What cannot be read is a YamlError in plain words, where the mistake is."""
    with pytest.raises(YamlError) as caught:
        read_marked(text)
    assert says in caught.value.text
    assert place in (None, caught.value.mark)


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Editors that write a byte order mark before UTF-8 do not move the columns."""
    found = read_marked(b"\xef\xbb\xbfa: 1\n")
    assert {"a": 1} == found.data
    assert Mark(1, 1) == found.keys["a",]


def test_nesting_is_bounded() -> None:
    """The deepest allowed nesting is read; one more level is refused."""
    assert read_marked("[" * DEEPEST + "]" * DEEPEST).data is not None
    with pytest.raises(YamlError, match="deep"):
        read_marked("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1))


HOSTILE = {
    "alias bomb": "a: &a [x,x]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "self reference": "a: &a [*a]\n",
    "100,000 lists": "[" * 100_000,
    "100,000 sections": "{a: " * 60_000,
    "100,000 dashes": "- " * 100_000,
    "merge chain": "".join(f"k{i}: &k{i}\n  <<: *k{i - 1}\n  a{i}: 1\n" for i in range(1, 800)),
    "10 MB": "a: b\n" * 2_000_000,
    "many values": "a: [" + "1," * 120_000 + "1]",
    "many documents": "--- a\n" * 40_000,
    "only comments": "#\n" * 120_000,
    "only blank lines": "\n" * 250_000,
    "only colons": ":" * 250_000,
    "python object": "a: !!python/object/apply:os.system ['true']",
    "huge number": "a: " + "9" * 200_000,
    "binary": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_with_little_work(text: str | bytes) -> None:
    """Bombs, deep nests, merge chains and giants are refused after a moment of computing."""
    before = time.process_time()
    try:
        refused = bool(read_marked(text).problems)
    except YamlError:
        refused = True
    assert refused
    assert time.process_time() - before < 60  # 0.3 s at most on a 2.5 GHz core; what these texts are made for takes hours


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:1 \n-[]{}&*!|>'\"%@`#?,\t\\0x", max_size=80)))
def test_any_text_is_read_or_refused(content: bytes | str) -> None:
    """No text at all makes the reader fail in any other way than YamlError."""
    with suppress(YamlError):
        read_marked(content)


def test_the_size_limit_counts_bytes() -> None:
    """A file of exactly the limit is read; one byte more is refused."""
    assert read_marked("a: 1" + " " * (MOST_BYTES - 4)).data == {"a": 1}
    with pytest.raises(YamlError, match="larger than 256 KiB"):
        read_marked(b"a: 1" + b" " * (MOST_BYTES - 3))


@given(st.text(max_size=60))
def test_foreign_text_is_shown_in_one_clean_line(text: str) -> None:
    """No value, whatever it holds, brings control characters or length into an error message."""
    assert shown(text).isprintable()
    assert len(shown(text)) <= 60


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a:\u00a01\nb: 2\n", Mark(1, 3), "no-break space (U+00A0) stands here; write a plain space"),
        ("a：1\nb: 2\n", Mark(1, 2), "fullwidth colon (U+FF1A) stands here; write a plain colon"),
        ("s:\n\u00a0\u00a0a: 1\n  b: 2\n", Mark(2, 1), "no-break space"),
        ("s:\n\u3000a: 1\n  b: 2\n", Mark(2, 1), "ideographic space (U+3000)"),
        ("a:\u202f1\nb: 2\n", Mark(1, 3), "narrow no-break space"),
        ("a: 1\n– b\nc: 2\n", Mark(2, 1), "en dash (U+2013) stands here; write a plain hyphen"),
        ("a:\u200b1\nb: 2\n", Mark(1, 3), "zero width space (U+200B) stands here; take it out"),
    ],
)
def test_a_character_that_looks_like_another_is_named(text: str, place: Mark, says: str) -> None:
    """What the eye cannot tell from a space, a colon or a hyphen is named with its place and the remedy."""
    with pytest.raises(YamlError) as caught:
        read_marked(text)
    assert place == caught.value.mark
    assert says in caught.value.text


@pytest.mark.parametrize("text", ['a: "b\u00a0c"\nd 1\ne: 2\n', "a: 1 # b\u00a0c\nd 1\ne: 2\n", "a: 1\n# b：c\nd 1\ne: 2\n"])
def test_quotes_and_comments_may_hold_any_character(text: str) -> None:
    """The advice is about the real mistake."""
    with pytest.raises(YamlError, match="a line without ':'"):
        read_marked(text)
