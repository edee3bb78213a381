"""Shipped campaigns and templates hold every value. A comment that lists what may stand in its line lists all that the schema takes."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.installed import with_the_curve
from support.paths import MODE_EXAMPLE

from rolltrain_tui.config.shipped import shipped
from rolltrain_tui.config.yaml_marks import read_marked
from rolltrain_tui.modes import MODES, campaign_file

TEMPLATES = {f"new {kind}": campaign_file.template(kind) for kind, mode in MODES.built_in.items() if mode.template}
CURVE = (MODE_EXAMPLE / "rolltrain_curve" / "curve.yaml").read_text("utf-8")
FILES = {path.stem: path.read_text("utf-8") for path in shipped()} | TEMPLATES | {"new curve": CURVE}
LINE = re.compile(r"( *)(\w+):([^#]*)(?:# (.*))?")


@pytest.fixture(autouse=True)
def _the_curve_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with_the_curve(monkeypatch)


@pytest.mark.parametrize("file", FILES)
def test_every_value_stands_in_the_file(file: str) -> None:
    """What a campaign is read as is what its file says, the values too that older files lack. A section that is null may be left out."""
    says = read_marked(FILES[file]).data
    read = campaign_file.load_text(FILES[file], file).model_dump(mode="json")
    assert says == {name: value for name, value in read.items() if value is not None or name in says}


def lines(text: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(path, value, comment) of each line with a name and a value."""
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if found := LINE.fullmatch(line):
            indent, name, value, comment = len(found[1]), found[2], found[3].strip(), found[4] or ""
            path = [*(part for part in path if part[0] < indent), (indent, name)]
            yield tuple(name for _, name in path), value, comment


def parts(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema, all that it refers to and its alternatives; of lists, those of their items."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    yield schema
    for other in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ()), schema.get("items", {})):
        if other:
            yield from parts(other, root)


def choices(path: tuple[str, ...], root: dict[str, Any]) -> list[str]:
    """The words that may stand at this place."""
    places = [root]
    for name in path:
        places = [part["properties"][name] for place in places for part in parts(place, root) if name in part.get("properties", {})]
    return [word for place in places for part in parts(place, root) for word in part.get("enum", ()) if isinstance(word, str)]


def listed(comment: str, known: list[str]) -> list[str]:
    """The words that a comment lists, with bars or with commas; none where it is a sentence."""
    bars = [re.match(r"[\w-]*", part)[0] for part in comment.split(" | ")]  # type: ignore[index]
    if len(bars) > 1:
        return bars if bars[0] in known else bars[1:]
    commas = comment.split(", ")
    return commas if set(commas[:2]) <= set(known) and len(commas) > 1 else []


@pytest.mark.parametrize("file", FILES)
def test_a_comment_that_lists_choices_lists_all(file: str) -> None:
    """Apart from the value in the line itself, which need not be repeated."""
    found = re.search(r"^kind: (\w+)", FILES[file], re.MULTILINE)
    root = campaign_file.json_schema(found[1] if found else "supervised")
    seen = 0
    for path, value, comment in lines(FILES[file]):
        known = choices(path, root)
        if words := known and listed(comment, known):
            seen += 1
            assert set(known) - {value} <= set(words) <= set(known), (path, comment)
    assert seen > 10
