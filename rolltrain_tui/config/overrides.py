"""`--set dotted.path=VALUE`: replaces one value of a campaign on the command line, under the same rules as in the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.config.yaml_marks import Where, YamlError, read_marked


class OverrideError(ValueError):
    """An override cannot be read. The message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Override:
    label: str
    """The player's text, as error messages show it."""
    where: Where
    value: Any

    def reaches(self, where: Where) -> bool:
        """Whether this override set the value at `where`."""
        return where[: len(self.where)] == self.where


def parse(text: str) -> Override:
    """Read `dice.rulebook=off`. Raises OverrideError."""
    label = f"--set {shown(text, 60)[1:-1]}"
    path, equals, value = text.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        raise OverrideError(f"{label}: write the path of a value, '=', and the value, for example --set dice.rulebook=off")
    return Override(label, keys, _value(label, value))


def without_own_text(overrides: Sequence[str]) -> tuple[tuple[str, ...], Path | None]:
    """Separate an absolute `data.path` from the overrides. On the command line the player may name any file.

    Answers with the other overrides and the path, for `campaign_file.load(path, overrides, data=...)`.
    """
    kept: list[str] = []
    text = None
    for override in overrides:
        path, _, value = override.partition("=")
        named = _value(override, value) if path.strip() == "data.path" else None
        if isinstance(named, str) and Path(named).expanduser().is_absolute():
            text = Path(named).expanduser()
        else:
            kept.append(override)
    return tuple(kept), text


def _value(label: str, text: str) -> Any:
    if not text.strip():
        return None
    try:
        document = read_marked(text)
    except YamlError as error:
        raise OverrideError(f"{label}: {error.text}") from None
    if document.problems:
        raise OverrideError("\n".join(f"{label}: {problem.text}" for problem in document.problems))
    return document.data


def apply(override: Override, data: dict[str, Any]) -> None:
    """Set the value in `data`. Raises OverrideError if the path leads through a value that is no section."""
    section = data
    for depth, key in enumerate(override.where[:-1], start=1):
        below = section.setdefault(str(key), {})
        if not isinstance(below, dict):
            parent = ".".join(map(str, override.where[:depth]))
            raise OverrideError(f"{override.label}: {parent} has no parts; set {parent} as a whole")
        section = below
    section[str(override.where[-1])] = override.value
