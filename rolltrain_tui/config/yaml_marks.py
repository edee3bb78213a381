"""A strict YAML reader that keeps line and column of every key and value, for error messages.

It reads a part of YAML: no anchors, merges, tags, duplicate keys or second documents. Only `true` and `false` are booleans, `1e-3` is a
number, dates and 017 are text. Size, depth and number of values are bounded, because campaigns come from strangers.

ruamel.yaml has positions too, but takes twice the time, accepts all of these, and stops at the first mistake.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.config.yaml_advice import advice, lookalike

MOST_BYTES = 256 * 1024
MOST_VALUES = 2000
DEEPEST = 32
MOST_DIGITS, LARGEST = 20, 2**63 - 1
"""PyTorch counts in 64 bits."""

Where = tuple[str | int, ...]
"""The path to a value: ("dice", "custom", 3)."""

_CORE = "tag:yaml.org,2002:"
_SCALARS = {
    "null": re.compile(r"~|null|Null|NULL|"),
    "bool": re.compile(r"true|false"),
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9]*)"),
    "float": re.compile(
        r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
    ),
}


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the text. Both numbers count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a place: a sentence that says what to do."""

    mark: Mark
    where: Where
    text: str


class YamlError(ValueError):
    """No part of the text can be read."""

    def __init__(self, mark: Mark | None, text: str) -> None:
        super().__init__(text)
        self.mark, self.text = mark, text


@dataclass(slots=True)
class Document:
    """The data of a file, with the place of each part. Problems that leave the rest readable are collected; `unread` lists lost values."""

    data: Any = None
    keys: dict[Where, Mark] = field(default_factory=dict)
    values: dict[Where, Mark] = field(default_factory=dict)
    written: dict[Where, str] = field(default_factory=dict)
    """The source text of each one-line value."""
    problems: list[Problem] = field(default_factory=list)
    unread: set[Where] = field(default_factory=set)


def read_marked(content: bytes | str) -> Document:
    """Parse one document. Raises YamlError if no part of it can be read."""
    if len(content) > MOST_BYTES:
        raise YamlError(None, f"larger than {MOST_BYTES // 1024} KiB; a campaign is a few KiB of settings")
    text = decode(content) if isinstance(content, bytes) else content
    if (foreign := yaml.reader.Reader.NON_PRINTABLE.search(text)) is not None:
        raise YamlError(_mark_at(text, foreign.start()), f"holds the control character {foreign.group()!r}; a campaign is plain text")
    document = Document()
    loader = _Loader(text, document)
    with _sentences(loader, text):
        root = loader.only_document()
        document.data = _Builder(document, text).build(root, ())
    return document


def decode(content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark. Raises YamlError with the place of the first wrong byte."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:2]:
        raise YamlError(None, "saved as UTF-16 or UTF-32; save it as UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        raise YamlError(_mark_at(before, len(before)), f"byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8") from None


def _mark_at(text: str, index: int) -> Mark:
    return Mark(text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1)


def _mark(mark: yaml.Mark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


@contextmanager
def _sentences(loader: "_Loader", text: str) -> Iterator[None]:
    """Turn every error of the parser into a YamlError with a place and advice."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        if (found := lookalike(text, error)) is not None:
            line, column, words = found
            raise YamlError(Mark(line + 1, column + 1), words) from None
        mark, words = advice(error)
        raise YamlError(_mark(mark), words) from None
    except (ValueError, OverflowError) as error:  # an escape or a directive with a number out of range
        if isinstance(error, YamlError):
            raise
        raise YamlError(_mark(loader.get_mark()), "not YAML: a number here is out of range") from None


class _Loader(yaml.SafeLoader):
    """PyYAML's pure-Python loader with our own scalars and bounds. The C loader can crash on deep nesting."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute

    def __init__(self, text: str, document: Document) -> None:
        super().__init__(text)
        self._document = document
        self._depth = self._count = 0

    def only_document(self) -> Node:
        self._take()  # the stream-start event
        if self.check_event(yaml.StreamEndEvent):
            raise YamlError(Mark(1, 1), "the file is empty; `rolltrain new supervised` writes a complete campaign to start from")
        root = self.compose_document()
        assert root is not None
        if not self.check_event(yaml.StreamEndEvent):
            raise YamlError(_mark(self._next().start_mark), "a second document starts here; keep one campaign in a file")
        return root

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self._next()
        self._count += 1
        if self._count > MOST_VALUES:
            raise YamlError(_mark(event.start_mark), f"more than {MOST_VALUES} values; this is not a campaign")
        if self._depth >= DEEPEST:
            raise YamlError(_mark(event.start_mark), f"nested more than {DEEPEST} deep; a campaign is sections of `key: value` lines")
        if isinstance(event, yaml.AliasEvent):
            return _Unread(self._take(), "an alias (*); write the value out instead")
        if event.anchor is not None:
            self._document.problems.append(Problem(_mark(event.start_mark), (), "an anchor (&) has no use here; leave it out"))
            event.anchor = None
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _next(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]

    def _take(self) -> Any:
        return self.get_event()  # type: ignore[no-untyped-call]


class _Unread(ScalarNode):
    """A value that is not read, with the reason."""

    def __init__(self, event: Any, why: str) -> None:
        super().__init__(_CORE + "null", "", event.start_mark, event.end_mark)
        self.why = why


for _name, _first in (("null", ["~", "n", "N", ""]), ("bool", list("tf")), ("int", list("-+0123456789")), ("float", list("-+.0123456789"))):
    _Loader.add_implicit_resolver(_CORE + _name, re.compile(rf"^(?:{_SCALARS[_name].pattern})$"), _first)


class _Builder:
    """Builds plain Python values from the node tree. Marks and problems go into the document."""

    def __init__(self, document: Document, text: str) -> None:
        self._document, self._text = document, text

    def build(self, node: Node, where: Where) -> Any:
        self._document.values[where] = _mark(node.start_mark)
        if node.start_mark.line == node.end_mark.line:
            self._document.written[where] = self._text[node.start_mark.index : node.end_mark.index]
        if isinstance(node, _Unread):
            return self._lose(node, where, node.why)
        kind = node.tag.removeprefix(_CORE)
        if isinstance(node, MappingNode) and kind == "map":
            return self._mapping(node, where)
        if isinstance(node, SequenceNode) and kind == "seq":
            return [self.build(child, (*where, index)) for index, child in enumerate(node.value)]
        if isinstance(node, ScalarNode) and (kind == "str" or kind in _SCALARS):
            return self._scalar(node, kind, where)
        return self._lose(node, where, f"the tag {shown(node.tag)} is not read here; leave it out")

    def _mapping(self, node: MappingNode, where: Where) -> dict[str, Any]:
        section: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if (key := self._key(key_node, where)) is None:
                continue
            place = (*where, key)
            if key in section:
                first = self._document.keys[place]
                self._problem(key_node, place, f"written twice, first in line {first.line}; keep one of the two")
                continue
            self._document.keys[place] = _mark(key_node.start_mark)
            section[key] = self.build(value_node, place)
        return section

    def _key(self, node: Node, where: Where) -> str | None:
        if not isinstance(node, ScalarNode) or isinstance(node, _Unread):
            self._problem(node, where, "a key must be a word")
            return None
        if node.value == "<<" and node.style is None:
            self._problem(node, where, "merging (<<) is not done here; write the values out")
            return None
        if node.tag != _CORE + "str":
            self._problem(node, where, f"a key must be a word (got {shown(node.value)})")
            return None
        return str(node.value)

    def _scalar(self, node: ScalarNode, kind: str, where: Where) -> Any:
        text = str(node.value)
        if kind == "str":
            return text
        if not _SCALARS[kind].fullmatch(text):
            return self._lose(node, where, f"tagged as {kind}, which {shown(text)} is not; leave the tag out")
        if kind == "int" and (len(text) > MOST_DIGITS or abs(int(text)) > LARGEST):
            return self._lose(node, where, f"a number of {len(text)} digits is too large; there is none above {LARGEST}")
        return _value(kind, text)

    def _lose(self, node: Node, where: Where, text: str) -> None:
        self._document.unread.add(where)
        self._problem(node, where, text)

    def _problem(self, node: Node, where: Where, text: str) -> None:
        self._document.problems.append(Problem(_mark(node.start_mark), where, text))


def _value(kind: str, text: str) -> Any:
    if kind == "int":
        return int(text)
    if kind == "float":
        lower = text.lower()
        return float(lower.replace(".inf", "inf").replace(".nan", "nan"))
    return {"true": True, "false": False}.get(text)


def number_in(text: str) -> int | float | None:
    """The number that `text` would be without quotes, or None."""
    for kind in ("int", "float"):
        if len(text) <= MOST_DIGITS and _SCALARS[kind].fullmatch(text):
            number: int | float = _value(kind, text)
            return number
    return None
