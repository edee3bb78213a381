"""Writes a campaign for a model and a file of the player's own: values that fit both, each with its reason as a comment.

The template is that campaign for a folder and a file that are not there.
"""

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.base.safe_text import shown as shown_value
from rolltrain_tui.modes.finetune.config import LONGEST_NAME
from rolltrain_tui.modes.finetune.folder import ModelFolder, look
from rolltrain_tui.modes.finetune.rows import Row, label_name, place, read_rows, texts_of, whole
from rolltrain_tui.modes.text.corpora.other_forms import refuse_other_forms
from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown

TEXT_COLUMNS = ("text", "sentence", "content", "review", "document", "body", "prompt", "question", "title", "message")
LABEL_COLUMNS = ("label", "labels", "class", "category", "target", "sentiment", "stars", "rating", "topic", "intent")
MOST_LABELS = 200
_INTEGER = re.compile(r"-?[0-9]{1,18}")
ATTENTION = ("c_attn", "q_proj", "v_proj", "query", "value", "query_key_value", "qkv_proj", "Wqkv", "q_lin", "v_lin")
"""Layers of attention by the names that model families give them: where adapters are usually put."""
TOKENS_A_TURN = 1024
"""Tokens of a batch: enough for a calm gradient, little enough for a CPU."""
SAMPLE = 400
"""Texts, or pieces of a text, whose tokens are counted."""
PIECE = 2000
COMMENTS = 29
"""Column of the comments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was seen of a model and its data."""

    model: str = "model"
    data: str = "data.txt"
    task: str = "causal_lm"
    form: str = "text"
    text: str | None = None
    label: str | None = None
    labels: Sequence[str] | None = None
    context: int | None = None
    weights: int = 10_000_000
    layers: Sequence[str] = ("c_attn",)
    parts: Sequence[str] = ()
    lengths: Sequence[int] = ()
    """Tokens of single texts; none for a language model."""
    tokens: int = 200_000
    """Tokens in all."""
    rows: int = 0
    """Texts with a label; 0 for a language model, which reads them as one text."""


def template() -> str:
    """A complete campaign, to be changed by its owner."""
    return _written(Found())


def fitted(model: Path, data: Path, folder: Path) -> str:
    """A complete campaign that trains this model on this file; `folder` is where it will lie. ValueError, in words."""
    return _written(_survey(look(model), data, folder))


# ---------------------------------------------------------------------------------------------------------------------
# Looking


def _survey(model: ModelFolder, data: Path, folder: Path) -> Found:
    from rolltrain_tui.modes.finetune.loading import load_tokenizer

    form = _form(data)
    if form == "text":
        refuse_other_forms(data)
    rows, plain = (read_rows(data, form), "") if form != "text" else ([], read_text(data))
    label = _label_column(rows) if rows else None
    causal, classifies = (any(word in name for name in model.architectures) for word in ("LM", "ForSequenceClassification"))
    both_ways = any("MaskedLM" in name for name in model.architectures)
    task = "classifier" if classifies or (label is not None and (both_ways or not causal)) else "causal_lm"
    if label is None and (task == "classifier" or both_ways):
        raise DataError(
            f"{shown(data)}: {shown(model.path)} is a model that classifies, and no column looks like labels{_unfit(rows)}; take csv or "
            "jsonl, and name a column label"
        )
    text = _text_column(data, rows, label) if rows else None
    tokenizer = load_tokenizer(model)
    read = texts_of(data, rows, text)[0] if text is not None else []  # rows without text are left out, and so are their labels
    texts = [found for _, found in read] if text is not None else _pieces(plain)
    some = texts[:: max(1, len(texts) // SAMPLE)][:SAMPLE]
    counts = [len(tokenizer(one, verbose=False)["input_ids"]) for one in some]
    shapes = model.shapes()
    return Found(
        model=_path(model.path, folder),
        data=_path(data, folder),
        task=task,
        form=form,
        text=text,
        label=label if task == "classifier" else None,
        labels=_labels(data, [row for row, _ in read], label, model) if task == "classifier" and label is not None else None,
        context=model.context,
        weights=sum(map(math.prod, shapes.values())),
        layers=[name for name in ATTENTION if any(f".{name}." in own for own in shapes)] or ["all-linear"],
        parts=sorted({name.rpartition(".")[0] for name in shapes if "embed" in name or "wte" in name}),
        lengths=counts if task == "classifier" else (),
        tokens=round(sum(counts) / max(1, sum(map(len, some))) * sum(map(len, texts))),
        rows=len(texts) if task == "classifier" else 0,
    )


def _form(data: Path) -> str:
    """The file's format, by its ending."""
    ending = data.suffix.lower()
    return "jsonl" if ending in (".jsonl", ".ndjson", ".json") else "csv" if ending in (".csv", ".tsv") else "text"


def _columns(rows: Sequence[Row]) -> list[str]:
    """Those that a campaign can name."""
    return [name for name in dict.fromkeys(name for row in rows[:SAMPLE] for name in row.values) if _fits(name)]


def _fits(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and whole(name)


def _label_column(rows: Sequence[Row]) -> str | None:
    """The column of a usual name, else the one with the fewest values; None where all have too many values for labels, or one."""
    columns = {name.lower(): name for name in _columns(rows)}
    values = {name: len(_values_of(rows, own)) for name, own in columns.items()}
    fit = [name for name, count in values.items() if 2 <= count <= _most_labels(rows) and name not in TEXT_COLUMNS]
    best = next((name for name in LABEL_COLUMNS if name in fit), None) or min(fit, key=lambda name: values[name], default=None)
    return None if best is None else columns[best]


def _most_labels(rows: Sequence[Row]) -> int:
    return min(MOST_LABELS, max(2, len(rows) // 4))


def _values_of(rows: Sequence[Row], column: str) -> set[str]:
    """What stands in the column, without what stands for nothing."""
    return {label_name(value) for row in rows if not _nothing(value := row.values.get(column))}


def _nothing(value: Any) -> bool:
    """Null, NaN, and nothing but white space: so programs write a value that is missing."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or (isinstance(value, str) and not value.strip())


def _unfit(rows: Sequence[Row]) -> str:
    """Why a column of a usual name does not look like labels."""
    for column in _columns(rows):
        if column.lower() in LABEL_COLUMNS:
            count, most = len(_values_of(rows, column)), _most_labels(rows)
            held = "one value only" if count == 1 else f"{count:,} different values in {len(rows):,} rows, and {most} would do"
            return f" (column {shown_value(column)} holds {held if count else 'nothing'})"
    return f" among {', '.join(map(shown_value, _columns(rows)[:12]))}" if rows else ""


def _text_column(data: Path, rows: Sequence[Row], label: str | None) -> str:
    """The column of a usual name, else the one with the longest texts. DataError where none holds text."""
    columns = [name for name in _columns(rows) if name != label and not all(_nothing(row.values.get(name)) for row in rows)]
    usual = [name for own in TEXT_COLUMNS for name in columns if name.lower() == own]
    if usual:
        return usual[0]
    lengths = {name: sum(len(value) for row in rows if isinstance(value := row.values.get(name), str)) for name in columns}
    best = max(lengths, key=lambda name: lengths[name], default=None)
    if best is None or not lengths[best]:
        raise DataError(
            f"{shown(data)} has no column with texts, only {', '.join(map(shown_value, _columns(rows)))}; name one of them text."
        )
    return best


def _labels(data: Path, rows: Sequence[Row], column: str, model: ModelFolder) -> list[str]:
    """The labels in the order of the model's outputs, where it classifies and knows them; else in the order of their names."""
    names = {_label(data, row, column) for row in rows}
    found = sorted(names, key=lambda name: (0, int(name), "") if _INTEGER.fullmatch(name) else (1, 0, name))
    own = model.labels if any("ForSequenceClassification" in name for name in model.architectures) else None
    if own is not None and set(found) <= {*own, *map(str, range(len(own)))} and len(own) == len({*filter(_fits, own)}) >= 2:
        return own
    if len(found) < 2:
        raise DataError(f"{shown(data)}: column {shown_value(column)} holds {shown_value(found[0])} only; a classifier needs two labels.")
    return found


def _label(data: Path, row: Row, column: str) -> str:
    """DataError where a campaign could not name it."""
    value = row.values.get(column)
    name = "" if _nothing(value) else label_name(value)
    if isinstance(value, dict | list) or not _fits(name):
        got = "nothing" if not name else shown_value(value)
        raise DataError(
            f"{place(data, row.line)}: column {shown_value(column)} must hold a label, a number or at most {LONGEST_NAME} characters of "
            f"text (got {got}); correct the row, or take it out."
        )
    return name


def _pieces(text: str) -> list[str]:
    return [text[i : i + PIECE] for i in range(0, len(text), PIECE)]


def _path(path: Path, folder: Path) -> str:
    """Relative where it lies under the campaign's folder, so that the folder can be moved as a whole."""
    full, under = path.expanduser().absolute(), folder.absolute()
    return full.relative_to(under).as_posix() if full.is_relative_to(under) else os.path.normpath(full)


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def _written(found: Found) -> str:
    """The template with these values, and its comments in one column."""
    values, lines = _values(found), []
    for line in Path(__file__).with_name("template.yaml").read_text("utf-8").splitlines():
        code, mark, comment = ("", "", line) if line.startswith("#") else line.partition(" # ")
        code, comment = (Template(part).substitute(values) for part in (code, comment))
        lines.append(f"{code.rstrip() + '  ':<{COMMENTS}}# {comment}" if mark else code + comment)
    return "\n".join(lines) + "\n"


def _values(found: Found) -> Mapping[str, str]:
    length, batch = _shape(found)
    fraction = 0.1
    sequences = max(1, round((found.rows or found.tokens / length) * (1 - fraction)))
    epoch = max(1, math.ceil(sequences / batch))
    turns = min(2000, max(60, 3 * epoch))
    held = max(2, round(sequences * fraction / (1 - fraction)))
    probes = min(64, held)
    camp = max(10, turns // 5)
    large, lora = found.weights >= 500_000_000, "{r: 8, alpha: 16, dropout: 0.0, target_modules: " + _list(found.layers) + "}"
    return {
        "name": _quoted(one_line(f"{Path(found.model).name} reads {Path(found.data).name}", 60)),
        "turns": str(turns),
        "epochs": f"; {epoch} of them read everything once",
        "model": _quoted(found.model),
        "task": found.task,
        "length": str(length),
        "limit": f"; the model can read {found.context}" if found.context else "",
        "parts": f", such as {found.parts[0]}" if found.parts else "",
        "targets": _list(found.layers),
        "lora": lora if large else "null",
        "data": _quoted(found.data),
        "format": found.form,
        "text": _quoted(found.text),
        "label": _quoted(found.label),
        "labels": _list(found.labels) if found.labels is not None else "null",
        "fraction": f"{fraction:g}",
        "rate": _rate(found.weights, large),
        "warmup": str(max(1, turns // 20)),
        "batch": str(batch),
        "scouting": str(max(10, turns // 10)),
        "camp": str(camp),
        "rest": str(max(5, camp // 2)),
        "every": str(max(5, turns // 30)),
        "probes": str(probes),
        "final": str(min(1024, max(probes, held))),
        "walk": str(min(20, max(5, camp // 2))),
        "verdict": str(min(128, max(8, 2 * held))),
        "speech": str(max(10, turns // 10)),
        "save": str(max(10, turns // 20)),
    }


def _shape(found: Found) -> tuple[int, int]:
    """Tokens of a sequence, and sequences of a batch."""
    limit = found.context or 512
    if found.lengths:
        most = sorted(found.lengths)[int(0.95 * (len(found.lengths) - 1))]  # longer texts are few, and are cut
        length = min(limit, 512, max(8, 8 * math.ceil(most / 8)))
    else:
        length = min(limit, 128, max(2, found.tokens // 40))  # at least some windows for validation
    batch = min(16, max(2, TOKENS_A_TURN // length))
    return length, max(1, min(batch, (found.rows or found.tokens // length) // 4))


def _rate(weights: int, lora: bool) -> str:
    """Small models bear larger steps."""
    return "2e-4" if lora else "5e-5" if weights >= 50_000_000 else "2e-4" if weights >= 5_000_000 else "1e-3"


def _quoted(value: str | None) -> str:
    return "null" if value is None else json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(_quoted, values)) + "]"
