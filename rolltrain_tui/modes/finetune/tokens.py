"""From a campaign's files to lessons in token ids. Everything that is wrong with them is one sentence."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.base.safe_text import shown as shown_value
from rolltrain_tui.modes.finetune.config import FinetuneConfig
from rolltrain_tui.modes.finetune.lessons import Example, Labelled, Lessons, Windows, mixed
from rolltrain_tui.modes.finetune.rows import label_of, read_rows, texts_of
from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown
from rolltrain_tui.training.state.streams import random_stream

PIECE = 100_000
"""Characters that a tokenizer reads at once; cut at the end of a line where there is one."""
STRANGE = 0.05
"""Part of unknown tokens from which on the player should hear of it."""
FEWEST = 2
"""Sequences that a validation, and a training set of examples, must have."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was read."""

    lessons: Lessons
    sha256: str
    """Hash of the texts, and of their labels."""
    reading: str
    """Hash of their tokens: another tokenizer reads the same texts as others."""
    note: str
    """For the player: what was left out, or is missing."""
    shows: tuple[tuple[str, int], ...] = ()
    """Texts of the validation set with their labels, in its order; none for a language model."""


def read(config: FinetuneConfig, base: Path, tokenizer: Any, vocabulary: int, device: torch.device) -> Told:
    """The lessons of a campaign whose paths are relative to `base`. `vocabulary`: token ids that the model knows. DataError."""
    path = base / config.sources[0]
    other = base / config.sources[1] if config.data.validation is not None else None
    reader = _Reader(config, tokenizer, vocabulary, device)
    return (reader.windows if config.model.task == "causal_lm" else reader.examples)(path, other)


class _Reader:
    def __init__(self, config: FinetuneConfig, tokenizer: Any, vocabulary: int, device: torch.device) -> None:
        self.config, self.data, self.length = config, config.data, config.model.length
        self.tokenizer, self.vocabulary, self.device = tokenizer, vocabulary, device
        self.empty = 0
        """Rows without text."""
        self.tokens = self.unknown = 0
        """All tokens, and those that stand for what the tokenizer does not know."""

    # ------------------------------------------------------------------------------------------------------------
    # A language model

    def windows(self, path: Path, other: Path | None) -> Told:
        fraction = self.data.validation_fraction
        if self.data.format == "text":
            train, digest = self._text(path)
            if other is not None:
                validation, more = self._text(other)
                digest += more
            else:
                split = len(train) - int(len(train) * fraction)
                train, validation = train[:split], train[split:]
        else:
            documents, digest = self._documents(path)
            if other is not None:
                held, more = self._documents(other)
                digest += more
            else:
                kept = _kept([0] * len(documents), fraction)
                held = [document for document, keep in zip(documents, kept, strict=True) if keep]
                documents = [document for document, keep in zip(documents, kept, strict=True) if not keep]
            train, validation = _joined(documents), _joined(held)
        self._refuse_short(path, train, "to train on", other is None)
        self._refuse_short(other or path, validation, "for validation", other is None)
        lessons = Windows(train, validation, self.length, self.vocabulary, self.device)
        reading = _sha256(str(part.tolist()) for part in (train, validation))
        return Told(lessons, _sha256(digest), reading, self._note())

    def _text(self, path: Path) -> tuple[Tensor, list[str]]:
        text = read_text(path)
        ids = [self._ids(piece) for piece in _pieces(text)]
        return _joined(ids), [_sha256([text])]

    def _documents(self, path: Path) -> tuple[list[list[int]], list[str]]:
        """Each row's text as one document, with the tokenizer's mark at its end where it has one."""
        assert self.data.text is not None, "a language model reads a column"
        rows, empty = texts_of(path, read_rows(path, self.data.format), self.data.text)
        self.empty += empty
        end = self.tokenizer.eos_token_id
        mark = [] if end is None or end >= self.vocabulary else [end]
        return [self._ids(text) + mark for _, text in rows], [_sha256(text for _, text in rows)]

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return self._known(ids)

    def _known(self, ids: list[int]) -> list[int]:
        if ids:
            self._refuse_unknown(max(ids))
        self.tokens += len(ids)
        self.unknown += ids.count(self.tokenizer.unk_token_id) if self.tokenizer.unk_token_id is not None else 0
        return ids

    def _refuse_unknown(self, token: int) -> None:
        if token >= self.vocabulary:
            raise DataError(
                f"the tokenizer gives token {token}, and the model knows {self.vocabulary}: it belongs to another model; "
                "copy both from the same place"
            )

    def _refuse_short(self, path: Path, tokens: Tensor, purpose: str, split: bool) -> None:
        need = self.length + 1
        if len(tokens) >= need:
            return
        remedy = "a smaller model.length, or more text"
        if split and purpose == "for validation":
            remedy = "a smaller model.length, a larger data.validation_fraction, or more text"
        raise DataError(
            f"{shown(path)} has {len(tokens):,} {plural(len(tokens), 'token')} {purpose}, "
            f"and model.length {self.length} needs {need:,}: use {remedy}."
        )

    # ------------------------------------------------------------------------------------------------------------
    # A classifier

    def examples(self, path: Path, other: Path | None) -> Told:
        rows, digest = self._labelled(path)
        if other is not None:
            held, more = self._labelled(other)
            digest += more
        else:
            kept = _kept([label for _, label in rows], self.data.validation_fraction)
            held = [row for row, keep in zip(rows, kept, strict=True) if keep]
            rows = [row for row, keep in zip(rows, kept, strict=True) if not keep]
        for name, found, purpose in ((path, rows, "to train on"), (other or path, held, "for validation")):
            if len(found) < FEWEST:
                raise DataError(f"{shown(name)} has {counted(len(found), 'example')} {purpose}, too few to learn anything: add some.")
        labels = self.data.labels or []
        if len({label for _, label in rows}) < 2:
            raise DataError(f"{shown(path)}: every row has the label {shown_value(labels[rows[0][1]])}; there is nothing to tell apart.")
        absent = [name for i, name in enumerate(labels) if i not in {label for _, label in rows}]
        tokenizer = self.tokenizer
        self._refuse_unknown(tokenizer.pad_token_id)
        train, validation = self._encoded(rows), self._encoded(held)
        fillers = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
        padding = {name: fillers.get(name, 0) for name in train[0].inputs}
        lessons = Labelled(train, validation, len(labels), padding, tokenizer.padding_side == "left", self.device)
        missing = f"No row to train on has the label {', '.join(absent)}." if absent else ""
        shows = tuple(held[i] for i in mixed(torch.arange(len(held))).tolist())  # the order of `lessons.validation`
        reading = _sha256(str([tokenizer.padding_side, padding, *(example.inputs for example in part)]) for part in (train, validation))
        return Told(lessons, _sha256(digest), reading, f"{self._note()} {missing}".strip(), shows)

    def _labelled(self, path: Path) -> tuple[list[tuple[str, int]], list[str]]:
        column, labels = self.data.label, self.data.labels
        assert self.data.text is not None, "a classifier reads a column"
        assert column is not None, "a classifier reads labels"
        assert labels is not None, "a classifier knows its labels"
        rows, empty = texts_of(path, read_rows(path, self.data.format), self.data.text)
        self.empty += empty
        found = [(text, label_of(path, row, column, labels)) for row, text in rows]
        return found, [_sha256(f"{label} {text}" for text, label in found)]

    def _encoded(self, rows: Sequence[tuple[str, int]]) -> list[Example]:
        examples = []
        for text, label in rows:
            inputs = dict(self.tokenizer(text, truncation=True, max_length=self.length, verbose=False))
            if not self._known(inputs["input_ids"]):
                raise DataError(f"the tokenizer makes no token of {shown_value(text)}; take that row out")
            examples.append(Example(inputs, label))
        return examples

    def _note(self) -> str:
        left_out = f"Rows without text that were left out: {self.empty:,}." if self.empty else ""
        share = self.unknown / max(1, self.tokens)
        strange = f"{share:.0%} of the tokens are unknown to the tokenizer." if share >= STRANGE else ""
        return f"{left_out} {strange}".strip()


def _kept(labels: Sequence[int], fraction: float) -> list[bool]:
    """Which rows are kept for validation: of each label the same share, chosen once and for all."""
    kept = [False] * len(labels)
    for label in sorted(set(labels)):
        own = [i for i, other in enumerate(labels) if other == label]
        count = min(len(own) - 1, max(1, round(fraction * len(own)))) if len(own) > 1 else 0
        order = torch.randperm(len(own), generator=random_stream(0, f"validation {label}")).tolist()
        for i in order[:count]:
            kept[own[i]] = True
    return kept


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces, each up to the end of a line where one is near."""
    start = 0
    while start < len(text):
        end = start + PIECE
        if end < len(text) and (line := text.rfind("\n", start + PIECE // 2, end)) >= 0:
            end = line + 1
        yield text[start:end]
        start = end


def _joined(parts: Sequence[Any]) -> Tensor:
    """Lists of ids, or tensors, as one: (N,)."""
    found = [torch.as_tensor(part, dtype=torch.int64) for part in parts]
    return torch.cat(found) if found else torch.empty(0, dtype=torch.int64)


def _sha256(texts: Any) -> str:
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(f"{len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()
