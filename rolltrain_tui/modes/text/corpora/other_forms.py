"""Refuses tables, web pages and JSON, from which a model would learn the markup with the words."""

import json
import re
import shlex
from pathlib import Path

from rolltrain_tui.modes.text.corpora.text_file import DataError, beginning, shown

_JSON, _LINES, _TABLE, _PAGE = "JSON", "JSONL, one JSON object a line", "a table", "a page with tags"
_ENDINGS = {
    **dict.fromkeys((".json", ".ipynb"), _JSON),
    **dict.fromkeys((".jsonl", ".ndjson"), _LINES),
    **dict.fromkeys((".csv", ".tsv"), _TABLE),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xml"), _PAGE),
}
_BEGINS = {
    _JSON: re.compile(r'\s*[\[{]\s*["\[{\]}\d-]'),
    _LINES: re.compile(r'\s*\{\s*["}]'),
    _TABLE: re.compile(r"\s*[^\n]*[,;\t]"),
    _PAGE: re.compile(r"\s*<[!?A-Za-z]"),
}


def refuse_other_forms(path: Path) -> None:
    """DataError where the ending and the beginning of the file at `path` both say JSON, a table or a page with tags.

    Both must agree, so that a plain text that only begins like one is accepted. Files that cannot be read are left to their
    reader. Runs that go on from a save are not checked.
    """
    form = _ENDINGS.get(path.suffix.lower())
    if form is None:
        return
    try:
        start = beginning(path).decode(errors="replace").removeprefix("\ufeff")
    except DataError:
        return
    if _BEGINS[form].match(start):
        raise DataError(f"{shown(path)} is {form}, not plain text: {_remedy(path, form, start)}; to learn its marks too, name it .txt.")


def _remedy(path: Path, form: str, start: str) -> str:
    name = shlex.quote(str(path))
    if form == _PAGE:
        return f"save its words as plain text (pandoc -t plain {name}, or a browser)"
    if form == _JSON:
        return "save its texts as plain text (jq -r does it)"
    column = f"save the column with the texts as plain text{_jq(name, start) if form == _LINES else ''}"
    return f"{column}, or fine-tune on it (rolltrain new finetune my.yaml --model DIR --data {name})"


def _jq(name: str, start: str) -> str:
    """A command for the field that has the longest text in the first line; "" where that line cannot be read."""
    try:
        row = json.loads(start.lstrip().partition("\n")[0])
        field = max((key for key in row if isinstance(row[key], str)), key=lambda key: len(row[key]))
    except (ValueError, RecursionError):
        return ""
    return f" (jq -r {shlex.quote(f'.[{json.dumps(field)}]')} {name} > texts.txt)"
