"""Rows of a JSONL or CSV file, or one sentence with file and line about what is wrong with them."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import shown as shown_value
from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown

DELIMITERS = ",;\t"
_NUMBER = re.compile(r"([0-9]{1,9})(?:\.0+)?")
"""A whole number from 0 on; some programs write 1 as 1.0."""
LONGEST_FIELD = 2**30
"""Characters of one CSV value; Python's own limit of 131,072 is less than some texts have."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """Line in which it begins, counted from one."""
    values: Mapping[str, Any]
    header: int | None = None
    """Line that names the columns, where one does."""


def place(path: Path, line: int) -> str:
    """For the beginning of a message: 'data.csv':7."""
    return f"{shown(path)}:{line}"


def read_rows(path: Path, form: str) -> list[Row]:
    """The rows of a file of format `form`, jsonl or csv. DataError; blank lines are passed over."""
    text = read_text(path)
    rows = list(_json_rows(path, text) if form == "jsonl" else _csv_rows(path, text))
    if not rows:
        raise DataError(f"{shown(path)} has a header and no rows: add some.")
    return rows


def check(path: Path, form: str, text: str | None, label: str | None, labels: Sequence[str] | None) -> None:
    """Read a file of format `form` as the training will, up to its tokens. None for the columns that it has not. DataError."""
    if text is None:
        read_text(path)
        return
    rows, _ = texts_of(path, read_rows(path, form), text)
    if label is not None and labels is not None:
        for row, _ in rows:
            label_of(path, row, label, labels)


def texts_of(path: Path, rows: Sequence[Row], column: str) -> tuple[list[tuple[Row, str]], int]:
    """The rows that have a text, and how many have none. DataError where the column is missing or holds no text."""
    found: list[tuple[Row, str]] = []
    for row in rows:
        value = _value(path, row, column, "data.text")
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if not isinstance(value, str):
            raise DataError(f"{place(path, row.line)}: column {shown_value(column)} must hold text (got {shown_value(value)}).")
        found.append((row, value))
    if not found:
        raise DataError(f"{shown(path)}: column {shown_value(column)} is empty in every row; set data.text to the column with the texts.")
    return found, len(rows) - len(found)


def label_of(path: Path, row: Row, column: str, labels: Sequence[str]) -> int:
    """The place of the row's label among `labels`: by its name, or by its number where no name is one. DataError."""
    value = _value(path, row, column, "data.label")
    name = label_name(value)
    if value is not None and name in labels:
        return labels.index(name)
    numbered = not any(_NUMBER.fullmatch(label) for label in labels)
    if numbered and (found := _NUMBER.fullmatch(name)) and int(found[1]) < len(labels):
        return int(found[1])
    known = ", ".join(shown_value(label) for label in labels[:12]) + (", ..." if len(labels) > 12 else "")
    numbers = f", or a number from 0 to {len(labels) - 1}" if numbered else ""
    raise DataError(
        f"{place(path, row.line)}: label {shown_value(value)} must be one of {known}{numbers}; correct the row, or name it in data.labels."
    )


def label_name(value: Any) -> str:
    """As it is written in a campaign."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:g}"
    return str(value).strip()


def _value(path: Path, row: Row, column: str, key: str) -> Any:
    """What stands in the column. DataError where it is missing, or where what stands there is no text that can be written down."""
    if column not in row.values:
        there = ", ".join(shown_value(name) for name in list(row.values)[:12])
        raise DataError(
            f"{place(path, row.header or row.line)}: there is no column {shown_value(column)}, only {there}; set {key} to one of them."
        )
    value = row.values[column]
    if isinstance(value, str) and not whole(value):
        raise DataError(
            f"{place(path, row.line)}: column {shown_value(column)} holds half of a character (an escape such as \\ud83d by itself); "
            "write both halves, or take it out."
        )
    return value


def whole(text: str) -> bool:
    """Whether every character is whole: JSON can escape the halves of one (surrogates) by themselves, and UTF-8 has no place for these."""
    return not re.search(r"[\ud800-\udfff]", text)


def _json_rows(path: Path, text: str) -> Iterator[Row]:
    if text.lstrip().startswith("["):
        raise DataError(
            f"{shown(path)} holds one JSON list, and JSONL has one object a line: convert it with jq -c '.[]', or with Python's json."
        )
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            column = f":{error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            why = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be read"
            raise DataError(f'{place(path, line)}{column}: not JSON ({why}); a line is one object, such as {{"text": "..."}}.') from None
        if not isinstance(value, dict):
            raise DataError(f'{place(path, line)}: must be a JSON object such as {{"text": "..."}} (got {shown_value(value)}).')
        yield Row(line, value)


def _csv_rows(path: Path, text: str) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_FIELD)
    first = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    line = top = 1
    try:
        for values in reader:
            at, line = line, reader.line_num + 1
            if not values or values == [""]:
                continue
            if not header:
                header, top = [name.strip() for name in values], at
                named = [name for name in header if name]
                if len(set(named)) < len(named) or not named:
                    raise DataError(f"{place(path, at)}: the first line must name each column once (got {shown_value(first)}).")
                continue
            if len(values) != len(header):
                got = f"{counted(len(values), 'value')} for {counted(len(header), 'column')}"
                raise DataError(f'{place(path, at)}: {got}; put values that hold a {_name(delimiter)} in double quotes ("").')
            yield Row(at, {name: value for name, value in zip(header, values, strict=True) if name}, top)
    except csv.Error as error:
        raise DataError(f'{place(path, line)}: not CSV ({error}); write a quote inside quotes twice (""), and close every quote.') from None


def _name(delimiter: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab"}[delimiter]
