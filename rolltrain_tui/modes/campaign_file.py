"""Campaign files of every kind: found, read, written, and described. The campaign's `kind` says which mode's sections it has."""

import json
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rolltrain_tui.base.blame import ForeignError
from rolltrain_tui.base.promises import kept
from rolltrain_tui.base.safe_text import printable, shown
from rolltrain_tui.config.campaign_errors import Fault, Guide
from rolltrain_tui.config.campaign_file_error import CampaignFileError
from rolltrain_tui.config.endings import unearned
from rolltrain_tui.config.overrides import without_own_text
from rolltrain_tui.config.reading import Form, Reading, UnknownKindError, astray, content_of, dump, json_schema_of
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.shipped import find, shipped, text_of
from rolltrain_tui.config.yaml_marks import Document, read_marked
from rolltrain_tui.modes import MODES, named, part_of

__all__ = ["CampaignFileError", "base_of", "dump", "find", "fitted", "json_schema", "load", "load_text", "shipped", "template"]

FIRST = "supervised"
"""The kind by whose form a campaign of unknown kind is read."""


def load(path: Path, overrides: Sequence[str] = (), *, data: Path | None = None) -> CampaignConfig:
    """The campaign in `path`, with `overrides` ("dotted.path=VALUE") written over its values. Raises CampaignFileError.

    `data` is a file that the player named on the command line: it may lie anywhere, and its folder is then the one that the campaign's
    path is relative to. Without it the campaign's own file stays under the campaign's folder, links followed.
    """
    read = content_of(path), printable(path), tuple(overrides), data
    config = _config(*read).model_copy(deep=True)
    inside = config.data_path is not None and config.stays_in_its_folder and data is None
    faults = [*unearned(config), *(astray(path.parent, config.data_path) if inside and config.data_path else [])]
    try:
        config.refuse_data(base_of(config, path, data))
    except ValueError as error:
        faults.append(Fault(("data", "path"), str(error), ("data", "path")))
    if faults:
        _reading(*read).report(faults)
    return config


def load_with_files(path: Path) -> CampaignConfig:
    """As load, with a look at the files that the campaign names: what is wrong with them is told as the campaign's own mistakes are."""
    config = load(path)
    if faults := [Fault(where, text, where) for where, text in config.file_faults(path.parent)]:
        _reading(content_of(path), printable(path), (), None).report(faults)
    return config


@lru_cache(maxsize=8)
def _config(content: bytes, name: str, overrides: tuple[str, ...], data: Path | None) -> CampaignConfig:
    """Cached, because parsing YAML is slow and a start reads its campaign three times: for command line, choice of a hero, and run."""
    return _reading(content, name, overrides, data).config()


def _reading(content: bytes, name: str, overrides: tuple[str, ...], data: Path | None) -> Reading:
    return Reading(content, name, overrides, form_of, data)


def base_of(config: CampaignConfig, campaign: Path, data: Path | None) -> Path:
    """The folder that the campaign's paths are relative to: its file's, or that of the `data` which it reads instead."""
    return (data if data is not None and config.stays_in_its_folder else campaign).parent


def load_with_base(path: Path, overrides: Sequence[str] = (), *, data: Path | None = None) -> tuple[CampaignConfig, Path]:
    """The campaign as the player asks for it, and the folder that its paths are relative to. Raises CampaignFileError.

    The player's own text is `data`, or an absolute `data.path` among the overrides.
    """
    overrides, text = without_own_text(overrides)
    data = data or text
    config = load(path, overrides, data=data)
    return config, base_of(config, path, data)


def load_text(text: str | bytes, name: str, overrides: Sequence[str] = ()) -> CampaignConfig:
    """A campaign from text, such as a save's; `name` is what error messages call it. Raises CampaignFileError."""
    return Reading(text, printable(name), overrides, form_of).config()


@cache
def json_schema(kind: str = FIRST) -> dict[str, Any]:
    """The JSON schema of campaign files of this kind, for editors. Do not change the answer: it is shared. CampaignFileError."""
    return json_schema_of(config_class(_known(kind)))


def template(kind: str) -> str:
    """A complete, commented campaign of this kind, to be changed by its owner. CampaignFileError where there is none."""
    place = MODES[_known(kind)].template
    if not place:
        raise CampaignFileError(f"{kind}: a program makes campaigns of this kind; the codex page own_model shows how")
    if ":" not in place:
        return text_of(place)
    found = named(kind, "template")
    text: str = kept(lambda: found() if callable(found) else found, str, "mode", kind, "template")()
    return text


def fitted(kind: str, model: Path, data: Path, folder: Path) -> str:
    """A complete, commented campaign of this kind, fitted to a model and a file; `folder` is where it will lie. ValueError."""
    if not MODES[_known(kind)].fitted:
        kinds = ", ".join(name for name, mode in MODES.items() if mode.fitted)
        raise CampaignFileError(f"{kind}: a campaign of this kind makes its own model; --model and --data are for {kinds}")
    text: str = part_of(kind, "fitted", str)(model, data, folder)
    return text


def of_json(text: str) -> CampaignConfig:
    """The campaign that was written as JSON by `model_dump_json`. ValueError."""
    return config_class(json.loads(text).get("kind", FIRST)).model_validate_json(text)


def config_class(kind: str) -> type[CampaignConfig]:
    """What a campaign of this kind may hold. ForeignError where a plug-in names something else."""
    found = named(kind, "config")
    if not isinstance(found, type) or not issubclass(found, CampaignConfig):
        raise ForeignError("mode", kind, f"its config is a {type(found).__name__}, not a class made from CampaignConfig")
    return found


def form_of(kind: object) -> Form:
    """The form by which a campaign of this kind is read. UnknownKindError."""
    if isinstance(kind, str) and kind in MODES:
        return _form(kind)
    near = get_close_matches(kind.lower(), MODES, n=1) if isinstance(kind, str) else []
    hint = f"; did you mean '{near[0]}'?" if near else ""
    known = [name for name, mode in MODES.items() if mode.template]
    one = f"one of {', '.join(known)}" if len(known) > 1 else known[0]
    raise UnknownKindError(f"must be {one} (got {shown(kind)}){hint}", _form(near[0] if near else FIRST))


@cache
def _form(kind: str) -> Form:
    return Form(kind, config_class(kind), Guide(lambda: json_schema(kind)), lambda: _good(kind))


@cache
def _good(kind: str) -> Document:
    return read_marked(template(kind if MODES[kind].template else FIRST))


def _known(kind: str) -> str:
    """The kind, if there is a mode of that name. CampaignFileError with the nearest."""
    if kind in MODES:
        return kind
    near = get_close_matches(kind.lower(), MODES, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known kinds: {', '.join(MODES)}"
    raise CampaignFileError(f"{shown(kind)[1:-1]}: no such kind of campaign; {hint}")
