"""Validation errors as sentences for people: which key is wrong, what is allowed there, what to do.

The allowed values are read from the JSON schema, so new bounds and choices need no text here.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.config.number_advice import number_advice
from rolltrain_tui.config.yaml_marks import Where

MOST_FAULTS = 40


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake. `where` is the place of the value, `at` the place to point to: the value, or its section if it is missing."""

    where: Where
    text: str
    at: Where
    on_key: bool = False


class Guide:
    """The JSON schema of a campaign, by place. It is made for the first mistake: a campaign without one needs none."""

    def __init__(self, schema: Callable[[], Mapping[str, Any]]) -> None:
        self._make = schema

    @property
    def _schema(self) -> Mapping[str, Any]:
        return self._make()

    def find(self, where: Where) -> tuple[Where, dict[str, Any]]:
        """The longest prefix of `where` that the schema knows, and its entry. pydantic adds names of union branches to a place."""
        node = self._resolve(dict(self._schema))
        reached: Where = ()
        for part in where:
            if (below := self._child(node, part)) is None:
                break
            node, reached = below, (*reached, part)
        return reached, node

    def keys(self, where: Where) -> list[str]:
        """The keys of the section there, also of one that may be null."""
        return [key for branch in self._branches(self.find(where)[1]) for key in branch.get("properties", ())]

    def homes(self, key: str) -> list[str]:
        """The sections that have this key."""
        return [section for section in self.keys(()) if key in self.keys((section,))]

    def _child(self, node: dict[str, Any], part: str | int) -> dict[str, Any] | None:
        for branch in self._branches(node):
            below = branch.get("items") if isinstance(part, int) else branch.get("properties", {}).get(part)
            if below is not None:
                return self._resolve(below)
        return None

    def _branches(self, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What may stand at a place: the entry itself, and each that it offers."""
        yield node
        yield from map(self._resolve, node.get("anyOf", ()))

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        if (name := node.get("$ref")) is None:
            return node
        definition: dict[str, Any] = self._schema["$defs"][name.rpartition("/")[2]]
        return {**definition, **{key: value for key, value in node.items() if key != "$ref"}}


def faults(error: ValidationError, guide: Guide, example: Callable[[Where], str | None]) -> list[Fault]:
    """One Fault per mistake. `example` answers with the text at a place in a valid campaign."""
    details = error.errors(include_url=False)
    unknown_keys = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    unknown = [_unknown(where, guide) for where in unknown_keys[: MOST_FAULTS + 1]]
    meant = {where for _, where in unknown}
    missing = [detail["loc"] for detail in details if detail["type"] == "missing" and detail["loc"] not in meant]
    found = [fault for fault, _ in unknown]
    found += [_missing(where, guide, example) for where in missing]
    wrong: dict[Where, Fault] = {}
    for detail in details:
        if detail["type"] not in ("extra_forbidden", "missing"):
            fault = _wrong(detail, guide)
            wrong.setdefault(fault.where, fault)  # each branch of a union reports its own error; one is enough
    return found + list(wrong.values())


def _unknown(where: Where, guide: Guide) -> tuple[Fault, Where | None]:
    """The fault, and the known key that was probably meant, if any."""
    section, key = where[:-1], str(where[-1])
    choices = guide.keys(section)
    if near := get_close_matches(key.lower(), choices, n=1):
        return Fault(where, f"unknown key; did you mean '{near[0]}'?", where, on_key=True), (*section, near[0])
    homes = guide.homes(key)
    hint = f"it belongs in section '{homes[0]}'" if len(homes) == 1 and not section else f"known here: {', '.join(choices)}"
    return Fault(where, f"unknown key; {hint}", where, on_key=True), None


def _missing(where: Where, guide: Guide, example: Callable[[Where], str | None]) -> Fault:
    _, entry = guide.find(where)
    meaning = " ".join(entry.get("description", "").split())
    if (text := example(where)) is not None:
        remedy = f"add it, for example `{where[-1]}: {text}`"
    else:
        kind = allowed(guide.find(("kind",))[1])
        remedy = f"add the section; `rolltrain new {kind}` writes a complete file" if "properties" in entry else f"add {allowed(entry)}"
    return Fault(where, f"missing; {remedy}{f'. {meaning}' if meaning else ''}", where[:-1], on_key=True)


def _wrong(detail: ErrorDetails, guide: Guide) -> Fault:
    where, entry = guide.find(detail["loc"])
    context = detail.get("ctx", {})
    if detail["type"] == "rule":
        return Fault(where, f"{context['what']} (got {shown(detail['input'])}); {context['remedy']}", where)
    value = detail["input"]
    hint = _hint(value, entry)
    return Fault(where, f"must be {allowed(entry)} (got {shown(value)}){f'; {hint}' if hint else ''}", where)


def allowed(entry: Mapping[str, Any]) -> str:
    """The values that a schema entry allows, in words."""
    if "anyOf" in entry:
        return " or ".join(map(allowed, entry["anyOf"]))
    if "const" in entry:
        return str(entry["const"])
    if "enum" in entry:
        return f"one of {', '.join(map(str, entry['enum']))}"
    kind = entry.get("type", "section" if "$ref" in entry else "value")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _bounds(entry)
    if kind == "string":
        return "text" + _length(entry)
    if kind == "array":
        return f"a list in which each entry is {allowed(entry['items'])}"
    return {"boolean": "true or false", "null": "null"}.get(kind, "a section of `key: value` lines")


def _bounds(entry: Mapping[str, Any]) -> str:
    low, above = entry.get("minimum"), entry.get("exclusiveMinimum")
    high, below = entry.get("maximum"), entry.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {_plain(low)} to {_plain(high)}"
    words = (("of at least", low), ("above", above), ("of at most", high), ("below", below))
    bounds = [f"{word} {_plain(bound)}" for word, bound in words if bound is not None]
    return f" {' and '.join(bounds)}" if bounds else ""


def _length(entry: Mapping[str, Any]) -> str:
    if (most := entry.get("maxLength")) is not None:
        return f" of {entry.get('minLength', 0)} to {most} characters"
    return " of at least one character" if entry.get("minLength") else ""


def _within(number: float, entry: Mapping[str, Any]) -> bool:
    """Whether the schema entry allows a number of this size."""
    low, above = entry.get("minimum", -math.inf), entry.get("exclusiveMinimum", -math.inf)
    high, below = entry.get("maximum", math.inf), entry.get("exclusiveMaximum", math.inf)
    return entry.get("type") in ("integer", "number") and bool(low <= number <= high and above < number < below)


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _hint(value: object, entry: Mapping[str, Any]) -> str:
    """A hint for a value of the wrong type or spelling; "" if the allowed values explain enough."""
    branches: Sequence[Mapping[str, Any]] = entry.get("anyOf", (entry,))
    kinds = {branch.get("type") for branch in branches}

    def fits(number: float) -> bool:
        return any(_within(number, branch) for branch in branches)

    if isinstance(value, str):
        words = [str(word) for branch in branches for word in (*branch.get("enum", ()), *filter(None, (branch.get("const"),)))]
        if near := get_close_matches(value.lower(), words, n=1):
            return f"did you mean '{near[0]}'?"
        if kinds & {"integer", "number"}:
            return number_advice(value, whole="number" not in kinds, fits=fits)
        if "boolean" in kinds and value.lower() in _BOOLEANS:
            return f"write {_BOOLEANS[value.lower()]}"
    if isinstance(value, float) and value.is_integer() and fits(value):
        return f"write {int(value)}"
    one_of_few = any({"enum", "const"} & branch.keys() for branch in branches)
    if "string" in kinds and isinstance(value, bool | int | float) and not one_of_few:
        return "put it in quotes"
    return ""


_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "true": "true", "no": "false", "off": "false", "n": "false", "false": "false"}
