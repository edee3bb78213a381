"""Reads and writes campaigns. A faulty one gives all its mistakes at once, each with its place and a remedy.

A campaign is data only. `schema` has the sections of every campaign; a mode adds its own. `yaml_marks` reads the YAML.
"""

import math
import shlex
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from rolltrain_tui.base.safe_text import printable, shown
from rolltrain_tui.config import overrides as settings
from rolltrain_tui.config.campaign_errors import MOST_FAULTS, Fault, Guide, faults
from rolltrain_tui.config.campaign_file_error import CampaignFileError
from rolltrain_tui.config.field_docs import field_docs
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.yaml_marks import MOST_BYTES, Document, Mark, Where, YamlError, read_marked

TEXTS, TABLES = (".txt", ".md"), (".jsonl", ".ndjson", ".csv", ".tsv")
"""Endings of what is trained on, and no campaign."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a campaign of one kind may hold."""

    kind: str
    config: type[CampaignConfig]
    guide: Guide
    good: Callable[[], Document]
    """A valid campaign of this kind, for examples."""

    def example(self, where: Where) -> str | None:
        """The text at this place of the valid campaign, if it is one line."""
        return self.good().written.get(where) or None


class UnknownKindError(ValueError):
    """The campaign's kind is unknown. The message is half a sentence with the known kinds; the rest is checked against `nearest`."""

    def __init__(self, words: str, nearest: Form) -> None:
        super().__init__(words)
        self.nearest = nearest


FormOf = Callable[[object], Form]
"""Value of `kind` -> form of its campaigns. UnknownKindError."""


def dump(config: CampaignConfig) -> str:
    """The campaign as YAML without comments. Reading it again gives an equal config."""
    global _dumped
    if config is not _dumped[0]:
        text: str = yaml.dump(
            config.model_dump(), Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=math.inf
        )
        _dumped = (config, text)
    return _dumped[1]


_dumped: tuple[CampaignConfig | None, str] = (None, "")
"""The last one: each save of a run writes its campaign, which takes 20 ms and never changes."""


def json_schema_of(config: type[CampaignConfig]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a campaign file, for editors."""
    schema = config.model_json_schema(schema_generator=_Schema)
    _unfold(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "rolltrain campaign"}


class _Schema(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        """No generated titles such as "N Layer"; the keys are the names."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """Each field with the text that stands below it in the source."""
        found = super().model_schema(schema)
        for name, text in field_docs(schema["cls"]).items():
            found["properties"][name].setdefault("description", text)
        return found


def _unfold(node: Any) -> None:
    """Put each description in one line. They come from docstrings, which are wrapped in the source."""
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            _unfold(value)
    if isinstance(node, dict) and isinstance(node.get("description"), str):
        node["description"] = " ".join(node["description"].split())


class _Dumper(yaml.SafeDumper):
    """Writes identifiers plain and all other text in double quotes, so that no text reads back as a number."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = None if text.isascii() and text.isidentifier() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


class Reading:
    """One reading of a campaign: the document, the overrides and the mistakes found so far."""

    def __init__(self, content: bytes | str, name: str, overrides: Sequence[str], form_of: FormOf, data: Path | None = None) -> None:
        self._name, self._form_of = name, form_of
        self._lines: set[tuple[tuple[int, ...], str]] = set()
        self._document = self._parse(content)
        self._overrides = [override for text in overrides if (override := self._override(text)) is not None]
        if data is not None:
            self._read_instead(data)

    def config(self) -> CampaignConfig:
        """The campaign. CampaignFileError with all mistakes."""
        for rank, override in enumerate(self._overrides):
            try:
                settings.apply(override, self._document.data)
            except settings.OverrideError as error:
                self._add((1, rank), str(error))
        config, found = None, []
        form = self._form()
        try:
            config = form.config.model_validate(self._document.data)
        except ValidationError as error:
            found = faults(error, form.guide, form.example)
        self.report(found)
        assert config is not None, "a validation error gives at least one fault"
        return config

    def _form(self) -> Form:
        """The form of the campaign's kind. An unknown kind is a mistake; the rest is read by the nearest form."""
        kind = self._document.data.get("kind")
        try:
            return self._form_of(kind)
        except UnknownKindError as error:
            if "kind" in self._document.data:
                where = ("kind",)
                self._add(*self._line(Fault(where, f"{error}", where)))
                self._document.data["kind"] = error.nearest.kind
            return error.nearest

    def _read_instead(self, data: Path) -> None:
        """Let the campaign read the player's file, which may lie anywhere."""
        label = f"--data {printable(data)}"
        try:
            config = self._form().config
            values = config.with_data(data.name if config.stays_in_its_folder else str(data.absolute()))
        except ValueError as error:
            raise CampaignFileError(f"{label}: {error}") from None
        self._overrides += [settings.Override(label, where, value) for where, value in values.items()]

    def report(self, found: Sequence[Fault]) -> None:
        """Add these mistakes. Raises CampaignFileError if there are any, these or earlier ones."""
        for fault in found:
            if not any(fault.where[: len(lost)] == lost for lost in self._document.unread):
                self._add(*self._line(fault))
        if self._lines:
            lines = [line for _, line in sorted(self._lines)]
            more = [f"{self._name}: and {len(lines) - MOST_FAULTS} more"] if len(lines) > MOST_FAULTS else []
            raise CampaignFileError("\n".join(lines[:MOST_FAULTS] + more))

    def _parse(self, content: bytes | str) -> Document:
        try:
            document = read_marked(content)
        except YamlError as error:
            raise CampaignFileError(self._data_instead() or f"{self._at(error.mark)}: {error.text}") from None
        if not isinstance(document.data, dict):
            what = f"a campaign is sections of `key: value` lines (got {shown(document.data)})"
            line = f"{self._at(document.values[()])}: {what}; `rolltrain new supervised` writes a complete one"
            raise CampaignFileError(self._data_instead() or line)
        for problem in document.problems:
            path = f"{_dotted(problem.where)}: " if problem.where else ""
            self._add((0, problem.mark.line, problem.mark.column), f"{self._at(problem.mark)}: {path}{problem.text}")
        return document

    def _data_instead(self) -> str:
        """What to do with a file that a player would train on, and named as the campaign; empty for another."""
        ending = Path(self._name).suffix.lower()
        if ending not in (*TEXTS, *TABLES):
            return ""
        how = (
            f"fine-tune on its columns: `rolltrain new finetune my.yaml --model DIR --data {shlex.quote(self._name)}`"
            if ending in TABLES
            else f"train on it as a text: `rolltrain play tiny_gpt --data {shlex.quote(self._name)}`"
        )
        return f"{self._name}: this is no campaign. To {how}"

    def _override(self, text: str) -> settings.Override | None:
        try:
            return settings.parse(text)
        except settings.OverrideError as error:
            self._add((1, 0), str(error))
            return None

    def _line(self, fault: Fault) -> tuple[tuple[int, ...], str]:
        """The sort key of a fault and its line. It points to the override that set the value, or into the file."""
        path = f"{_dotted(fault.where)}: " if fault.where else ""
        marks = self._document.keys if fault.on_key and fault.at else self._document.values
        for rank, override in reversed(list(enumerate(self._overrides))):
            made = override.where[: len(fault.at)] == fault.at and fault.at not in marks
            if override.reaches(fault.at) or made:
                return (1, rank), f"{override.label}: {'' if override.where == fault.where else path}{fault.text}"
        mark = next(marks[fault.at[:depth]] for depth in range(len(fault.at), -1, -1) if fault.at[:depth] in marks)
        return (0, mark.line, mark.column), f"{self._at(mark)}: {path}{fault.text}"

    def _at(self, mark: Mark | None) -> str:
        return self._name if mark is None else f"{self._name}:{mark.line}:{mark.column}"

    def _add(self, rank: tuple[int, ...], line: str) -> None:
        self._lines.add((rank, line))


def content_of(path: Path) -> bytes:
    """The file's bytes, at most one more than allowed. Raises CampaignFileError for a file that is not ordinary or not readable."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise CampaignFileError(f"{printable(path)}: this is a folder; name a campaign file, such as {printable(path / 'my.yaml')}")
        if not stat.S_ISREG(mode):
            raise CampaignFileError(f"{printable(path)}: this is a pipe or a device; save the campaign to a file first")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        remedy = "check the name; `rolltrain new supervised` writes a complete campaign to start from"
        raise CampaignFileError(f"{printable(path)}: there is no such file; {remedy}") from None
    except PermissionError:
        raise CampaignFileError(f"{printable(path)}: you may not read this file; change its permissions or copy it") from None
    except (OSError, ValueError) as error:
        if isinstance(error, CampaignFileError):
            raise
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "the name holds a NUL"
        raise CampaignFileError(f"{printable(path)}: cannot be read ({why}); check the name and the disk") from None


def astray(folder: Path, path: str) -> list[Fault]:
    """A fault if the campaign's text is no ordinary file under its folder, links followed. A missing file is reported later."""
    where = ("data", "path")
    target = (folder / path).resolve()
    if not target.is_relative_to(folder.resolve()):
        what = f"a link that leads out of the campaign's folder (got {shown(path)})"
        return [Fault(where, f"{what}; copy the text there, or use --data on the command line", where)]
    if target.exists() and not target.is_file():
        return [Fault(where, f"must be an ordinary file (got {shown(path)}); name a UTF-8 text", where)]
    return []


def _dotted(where: Where) -> str:
    return ".".join(str(part) if isinstance(part, int) or part.isidentifier() else shown(part)[1:-1] for part in where)
