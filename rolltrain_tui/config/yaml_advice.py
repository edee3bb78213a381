"""Advice for YAML syntax errors, in plain words."""

import re
import unicodedata

import yaml

_ADVICE = (
    (r"mapping values are not allowed", "a ':' that fits nothing; check the indent, or put text that holds ': ' in quotes"),
    (r"could not find expected ':'", "a line without ':'; each line is `key: value`"),
    (r"expected <block end>", "this line's indent fits no line above it, or something above is left open"),
    (r"expected ',' or '\]'", "this list is not closed; put ',' between its entries and ']' at its end"),
    (r"expected ',' or '\}'", "this section in braces is not closed; put ',' between its entries and '}' at its end"),
    (r"found character '\\t'", "a tab; indent with spaces"),
    (r"found character '[`@%]'", "a value cannot start with this character; put it in quotes"),
    (r"found unexpected end of stream", "a quote is opened here and never closed"),
    (r"found unknown escape character|escape sequence", "an unknown \\ escape; in single quotes a \\ is only a \\"),
    (r"expected alphabetic or numeric character", "a value cannot start with '*' or '&'; put it in quotes"),
    (r"found undefined tag handle|while (?:scanning|parsing) a tag", "tags (!) are not read here; put the value in quotes"),
    (r"block sequence entries are not allowed", "a '-' entry cannot stand here; start it on a line of its own"),
    (r"expected '<document start>'", "the text before this ends the file's data; every line at the top is `key: value`"),
    (r"expected the node content", "a value is missing or out of place here"),
)
_QUOTED_OR_COMMENT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:^|\s)#.*")
_PLAIN = {" ": "space", ":": "colon", "-": "hyphen", ",": "comma"}
_OPENED = re.compile(r"unexpected end of stream|expected ',' or")


def advice(error: yaml.MarkedYAMLError) -> tuple[yaml.Mark, str]:
    """The place and the advice. For an unclosed bracket or quote the place is where it opens."""
    problem = f"{error.context or ''} {error.problem or ''}"
    mark = error.problem_mark
    if mark is None or (_OPENED.search(problem) and error.context_mark is not None):
        mark = error.context_mark or mark
    assert mark is not None
    text = next((said for pattern, said in _ADVICE if re.search(pattern, problem)), f"{error.problem or 'unreadable'}")
    return mark, f"not YAML: {text}"


def lookalike(text: str, error: yaml.MarkedYAMLError) -> tuple[int, int, str] | None:
    """A character near the error that only looks like a plain one: line and column from 0, and the advice."""
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark is not None]
    lines = text.split("\n")
    for number in range(max(0, min(marks, default=0) - 1), min(max(marks, default=-1) + 1, len(lines))):
        line = _QUOTED_OR_COMMENT.sub(lambda found: "x" * len(found[0]), lines[number])
        for column, character in enumerate(line):
            if not character.isascii() and (plain := _plain_form(character)):
                name = unicodedata.name(character, "an unnamed character").lower()
                return number, column, f"not YAML: {name} (U+{ord(character):04X}) stands here; {plain}"
    return None


def _plain_form(character: str) -> str:
    """What to write instead of a character that looks like a sign of YAML, or is not seen at all; "" for others."""
    category = unicodedata.category(character)
    like = " " if category == "Zs" else "-" if category == "Pd" else unicodedata.normalize("NFKC", character)
    if category == "Cf":
        return "take it out"
    return f"write a plain {_PLAIN[like]}" if like in _PLAIN else ""
