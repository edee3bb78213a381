"""An assignment: a campaign, what may differ from it, and a random id. One JSON file that a teacher gives to a class.

The campaign is data only, and its texts come along, so that a student needs nothing but the file.
"""

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rolltrain_tui import __version__
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable, shown
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.modes import campaign_file

VERSION = 1
MOST_BYTES = 16 * 1024 * 1024
MOST_TEXT = 4 * 1024 * 1024
"""Bytes of all texts of a campaign together."""
FREE = ("hero.*",)
"""What may differ unless the teacher says otherwise."""
ALWAYS_FREE = ("seed", "pace.*", "save.*", "device.*", "verification.*")
"""What decides no number of the run, and the seed, which is the student's. Grading takes `device` from the assignment."""
_ID = re.compile(r"[0-9a-f]{32}")
_PATH = re.compile(r"[a-z_]+(\.[A-Za-z0-9_]+)*(\.\*)?")
_TEXT = re.compile(r"(?:[\w-]{1,60}/){0,3}[\w-]{1,60}(?:\.\w{1,10})?", re.ASCII)
_WRITER = "`rolltrain class new CAMPAIGN FILE` writes one."


class AssignmentError(ValueError):
    """An assignment cannot be read or made; the message names the file, says why and what to do."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text that the campaign reads, by its path relative to the campaign's folder."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is asked of a class."""

    format_version: int
    rolltrain: str
    id: str
    """Random: with a name it gives the student's seed."""
    campaign: str
    """The campaign file's text."""
    free: tuple[str, ...]
    """Dotted paths that may differ; "hero.*" is all of a section."""
    ghost: str | None
    """The recorded plain training, as its file; None where there is none."""
    texts: tuple[TextFile, ...]

    @property
    def config(self) -> CampaignConfig:
        """The campaign. ValueError."""
        return campaign_file.load_text(self.campaign, "the assignment's campaign")

    @property
    def title(self) -> str:
        return self.config.name

    def allows(self, path: str) -> bool:
        """Whether the value at a dotted path may differ."""
        return any(path == free or (free.endswith(".*") and path.startswith(free[:-1])) for free in (*self.free, *ALWAYS_FREE))

    def check_texts(self) -> None:
        """AssignmentError where this version refuses a text of it that the version which made it accepted."""
        with TemporaryDirectory(prefix="rolltrain-") as aside:
            self.lay_out(Path(aside), self.campaign, "campaign")
            try:
                self.config.refuse_data(Path(aside))
            except ValueError as error:
                what = str(error).partition(":")[0].replace(f"{Path(aside)}{os.sep}", "")
                raise AssignmentError(
                    f"{what}, so this version cannot play the assignment. Ask for one that is made anew of plain text."
                ) from None

    def lay_out(self, folder: Path, campaign: str, stem: str) -> Path:
        """Write a campaign file with this text into a folder, with the ghost and the texts that belong to it; its path. OSError."""
        path = folder / f"{stem}.yaml"
        atomic_files.write_new(path, campaign.encode("utf-8"))
        if self.ghost is not None:
            ghost = baseline.place(path)
            ghost.parent.mkdir(exist_ok=True)
            atomic_files.replace(ghost, self.ghost.encode("ascii"))
        for file in self.texts:
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_symlink() or (target.exists() and target.read_bytes() != file.text.encode("utf-8")):
                raise AssignmentError(f"{printable(target)} is there already, with another text. Join in another folder.")
            target.write_bytes(file.text.encode("utf-8"))
        return path


def new(campaign: Path, overrides: Sequence[str], free: Sequence[str]) -> Assignment:
    """The assignment of a campaign with these values written over its own. ValueError."""
    config = campaign_file.load(campaign, overrides)
    for path in free:
        if not _PATH.fullmatch(path) or not _known(path, config):
            raise AssignmentError(f"--free {shown(path)}: the campaign has no such value. Name one, or a section: --free 'hero.*'.")
    texts = tuple(_texts(config, campaign.parent))
    return Assignment(VERSION, __version__, secrets.token_hex(16), campaign_file.dump(config), tuple(free), _ghost(config, campaign), texts)


def _known(path: str, config: CampaignConfig) -> bool:
    value = config.model_dump()
    for part in path.removesuffix(".*").split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return isinstance(value, dict) == path.endswith(".*")


def _ghost(config: CampaignConfig, campaign: Path) -> str | None:
    """The recording beside the campaign, if it is of this campaign's recipe."""
    try:
        ghost = baseline.read(baseline.place(campaign))
    except baseline.GhostError:
        return None
    data = dict(ghost.recipe).get("data.sha256", '""')[1:-1]  # what the data hash to is checked when somebody plays
    return None if baseline.difference(ghost, baseline.recipe_of(config, data)) else baseline.text_of(ghost)


def _texts(config: CampaignConfig, folder: Path) -> list[TextFile]:
    """The campaign's own texts. AssignmentError for what a file cannot carry."""
    found, left = [], MOST_TEXT
    for source in config.sources:
        path = folder / source
        if not _TEXT.fullmatch(source) or not path.is_file():
            raise AssignmentError(
                f"{shown(source)}: an assignment carries texts beside its campaign, and this is not one. Use a built-in text."
            )
        if (left := left - path.stat().st_size) < 0:
            raise AssignmentError(f"{shown(source)}: an assignment carries {MOST_TEXT >> 20} MB of text at most. Take a shorter one.")
        try:
            found.append(TextFile(source, path.read_bytes().decode("utf-8")))
        except UnicodeDecodeError:
            raise AssignmentError(f"{shown(source)}: this is no UTF-8 text. Convert it first.") from None
    return found


def advice(assignment: Assignment) -> Iterator[str]:
    """What a teacher should know of an assignment before it is given to a class whose machines differ."""
    config = assignment.config
    left = [name for name, value in config.model_dump().get("device", {}).items() if value == "auto" and name in ("device", "dtype")]
    if left:
        fixed = " ".join(f"--set device.{name}={'cpu' if name == 'device' else 'float32'}" for name in left)
        yield f"Each machine chooses {' and '.join(left)} for itself, so that honest runs drift apart. To have all train alike: {fixed}"
    if config.verification.tolerance is None:
        yield "No tolerance is known for this campaign (verification.tolerance): a run from another kind of CPU can be exact or undecided."


def dump(assignment: Assignment) -> bytes:
    """Inverse of `parse`."""
    return (dump_json(codec(Assignment).dump(assignment)) + "\n").encode("ascii")


def write(path: Path, assignment: Assignment) -> None:
    """A new file. AssignmentError where it exists."""
    try:
        atomic_files.write_new(path, dump(assignment))
    except FileExistsError:
        raise AssignmentError(f"{printable(path)} is there already, so it is left alone. A new id would orphan what was joined.") from None
    except OSError as error:
        raise AssignmentError(f"{printable(path)} cannot be written: {atomic_files.refusal(error)}.") from None


def read(path: Path) -> Assignment:
    """The assignment in a file, checked: it may come from a stranger. AssignmentError."""
    try:
        data = atomic_files.read_plain(path, MOST_BYTES + 1)
    except atomic_files.NotPlainFile as error:
        raise AssignmentError(f"{error}. Name the file of the assignment.") from None
    except OSError as error:
        raise AssignmentError(f"The assignment {printable(path)} cannot be read: {error.strerror or error}. {_WRITER}") from None
    try:
        return parse(data)
    except ValueError as error:
        raise AssignmentError(f"{printable(path)} is no assignment: {printable(str(error))[:300]}. {_WRITER}") from None


def parse(data: bytes) -> Assignment:
    """The assignment in the bytes of its file, checked. ValueError."""
    if len(data) > MOST_BYTES:
        raise RecordError(f"it is longer than {MOST_BYTES} bytes")
    plain = parse_json(data)
    if isinstance(plain, dict) and isinstance(version := plain.get("format_version"), int) and version > VERSION:
        raise RecordError(f"it was written by a newer rolltrain (format {version}); update first")
    assignment = codec(Assignment).load(plain, "assignment")
    if assignment.format_version != VERSION or not _ID.fullmatch(assignment.id) or not all(map(_PATH.fullmatch, assignment.free)):
        raise RecordError("its format, its id or what may differ is not one of ours")
    sources = assignment.config.sources
    if any(not _TEXT.fullmatch(file.path) for file in assignment.texts) or {file.path for file in assignment.texts} != set(sources):
        raise RecordError("its texts are not those that its campaign reads")
    if assignment.ghost is not None:
        baseline.parse(assignment.ghost)
    return assignment
