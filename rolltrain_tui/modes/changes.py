"""The differences between two settings of a run, value by value, and how to apply them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file

Config = TypeVar("Config", bound=CampaignConfig)
Change = tuple[str, str, str]
"""Dotted path, value before, value after. The values are JSON, which an override can read."""

MACHINE = "device"
"""The machine section decides where and how fast a run is computed. It is no part of the story."""


def changes(before: CampaignConfig, after: CampaignConfig) -> tuple[Change, ...]:
    """The changes in the order of the file, without the machine section."""
    old, new = (config.model_dump(mode="json") for config in (before, after))
    return tuple(change for change in _differences(old, new, "") if change[0].partition(".")[0] != MACHINE)


def asked_changes(before: CampaignConfig, after: CampaignConfig) -> tuple[Change, ...]:
    """The changes that somebody asks of a run under way. ValueError where it keeps the value that it began with."""
    found = changes(before, after)
    for path, was, value in found:
        if lasts(path, after):
            raise ValueError(f"{path}: a run keeps the value that it began with, {was}; leave it as it is, or begin a new run with {value}")
    return found


def as_begun(before: CampaignConfig, after: Config) -> tuple[Config, str]:
    """A program's settings for a run under way: with the values that a run keeps from `before`, and in words how its own differ.

    No program names what its hero does by itself: that follows from how it is played.
    """
    lasting = [change for change in changes(before, after) if lasts(change[0], after)]
    kept = changed(after, [(path, value, was) for path, was, value in lasting]) if lasting else after
    assert isinstance(kept, type(after))
    return kept, ", ".join(f"{path} {was} (here {value})" for path, was, value in lasting if path != "hero.auto")


def lasts(path: str, config: CampaignConfig) -> bool:
    """Whether a run keeps the value at this dotted path from its first turn on."""
    return any(path == lasting or path.startswith(f"{lasting}.") for lasting in config.lasting)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], under: str) -> Iterator[Change]:
    for name, value in new.items():
        was = old.get(name)
        if isinstance(was, dict) and isinstance(value, dict) and was.keys() == value.keys():
            yield from _differences(was, value, f"{under}{name}.")
        elif was != value:
            yield f"{under}{name}", _json(was), _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def changed(config: CampaignConfig, by: Sequence[Change]) -> CampaignConfig:
    """The campaign after the changes. CampaignFileError if a value is not valid."""
    return campaign_file.load_text(campaign_file.dump(config), "the campaign", [f"{path}={value}" for path, _, value in by])
