"""Grading a folder of submissions. Cheap checks come first; nothing is trained before a run is known to be the assignment.

the archive's limits -> the assignment's campaign -> the seed of the name -> one file a student -> training again in a child -> likenesses
"""

import hashlib
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from rolltrain_tui import __version__
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import one_line, printable
from rolltrain_tui.base.system_files import of_a_system
from rolltrain_tui.classroom.assignments import identity, submission
from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading.children import Children
from rolltrain_tui.classroom.grading.conformity import NotTheAssignment, conforming
from rolltrain_tui.classroom.grading.duplicates import Handed, flags
from rolltrain_tui.classroom.grading.gradebook import Row
from rolltrain_tui.classroom.grading.limits import Limits
from rolltrain_tui.classroom.grading.result import Result
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_codec
from rolltrain_tui.training.machine.machine_kind import this_machine

T = TypeVar("T")
MOST_FILES = 5000
_CELLS = 60


class NothingToGrade(ValueError):
    """There is no submission in a folder; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the folder after the cheap checks."""

    path: Path
    shown: str
    """Its name, safe to show."""
    sha256: str
    received: float
    name: str = ""
    """The student's; "" where the file does not tell it."""
    story: str = ""
    """SHA-256 of what happened, without the opening; "" where the file cannot be read."""
    config: CampaignConfig | None = None
    """What is trained again; None where the file was refused."""
    reason: str = ""


def files_in(folder: Path, leave: Sequence[Path] = ()) -> list[Path]:
    """All files of a folder and its subfolders, but for a system's own, links to folders and those in `leave`. NothingToGrade.

    A subfolder into which a submission was unpacked counts as one file, and so does a run.
    """
    if not folder.is_dir():
        raise NothingToGrade(f"{printable(folder)} is no folder. Name the folder that the submissions are in.")
    left = {path.resolve() for path in leave}
    found: list[Path] = []
    for where, folders, names in os.walk(folder):
        if Path(where) != folder and submission.unpacked(names):
            folders.clear()
            found.append(Path(where))
            continue
        folders[:] = sorted(name for name in folders if not of_a_system(name))
        found += [path for name in sorted(names) if not of_a_system(name) and (path := Path(where) / name).resolve() not in left]
        if len(found) > MOST_FILES:
            raise NothingToGrade(f"{printable(folder)} holds more than {MOST_FILES} files. Name a folder of submissions only.")
    if not found:
        raise NothingToGrade(f"There is no submission in {printable(folder)}. `rolltrain class submit RUN` makes one.")
    return found


def look(path: Path, assignment: Assignment, folder: Path | None = None) -> Entry:
    """The cheap checks of one file; milliseconds, whatever it asks for. It is shown by its path in `folder`, where that is given."""
    shown, received = one_line(str(path.relative_to(folder or path.parent)), _CELLS), path.lstat().st_mtime
    with TemporaryDirectory(prefix="rolltrain-") as aside:
        name, story = "", ""
        try:
            record = submission.unpack(path, Path(aside))
            story = _story_of(Path(aside) / layout.CHRONICLE)
            name = identity.cleaned(record.name)
            if record.assignment != assignment.id:
                raise NotTheAssignment("It was made for another assignment.")
            text = (Path(aside) / layout.CAMPAIGN).read_text(encoding="utf-8")
            config = conforming(assignment, text, identity.seed_of(assignment.id, name))
        except (submission.NoSubmission, identity.UnusableName, NotTheAssignment, UnicodeDecodeError) as error:
            return Entry(path, shown, _sha256(path), received, name, story, None, one_line(str(error), 400))
    return Entry(path, shown, _sha256(path), received, name, story, config)


def _story_of(chronicle: Path) -> str:
    """SHA-256 of all lines but the first, which a copy may have changed."""
    with chronicle.open("rb") as lines:
        lines.readline(event_codec.MAX_LINE)
        return hashlib.file_digest(lines, "sha256").hexdigest()


def _sha256(path: Path) -> str:
    """Empty for anything but a plain file, and for one that is too long to be a submission."""
    try:
        return submission.sha256(path) if path.lstat().st_size <= submission.MOST_ARCHIVE else ""
    except (OSError, atomic_files.NotPlainFile):
        return ""


def one_each(entries: Sequence[Entry]) -> list[tuple[Entry, str]]:
    """The newest good file of each student, with a note where there are several; files without a name stay as they are."""
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_name[identity.key(entry.name) if entry.name else f"\0{entry.path}"].append(entry)
    found = []
    for same in by_name.values():
        best = max(same, key=lambda entry: (entry.config is not None, entry.received, entry.shown))
        others = ", ".join(entry.shown for entry in same if entry is not best)
        found.append((best, f"The newest of {len(same)} files under this name counts; the others: {others}" if others else ""))
    return found


class Grader:
    """Grades one class. What is done is kept under `root`, never in the students' folder, so that a second grading goes on from there."""

    def __init__(self, assignment: Assignment, root: Path) -> None:
        self.assignment = assignment
        self._kept = root / "classes" / assignment.id
        here = (dump_json(codec(Assignment).dump(assignment)), __version__, version("torch"), this_machine(threads=0))
        self._here = hashlib.sha256(repr(here).encode()).hexdigest()[:16]
        self._limits: Limits | None = None

    def rows(self, files: Sequence[Path], watch: Callable[[str, int, int], object]) -> Iterator[Row]:
        """A row for each student, by name, then for each nameless file. `watch` hears who is next, how many are done, and of how many."""
        folder = Path(os.path.commonpath([path.parent for path in files]))
        chosen = one_each([look(path, self.assignment, folder) for path in files])
        chosen.sort(key=lambda pair: (not pair[0].name, pair[0].name.casefold() or pair[0].shown))
        rows, handed = [], []
        with Children(self.assignment) as children:
            for done, (entry, note) in enumerate(chosen):
                name = entry.name or entry.shown
                watch(name, done, len(chosen))
                result = self._result(entry, children)
                rows.append(Row(name, result, entry.received, entry.shown, note=note, nameless=not entry.name))
                handed.append(Handed(name, entry.sha256, entry.story, result.orders))
        watch("", len(chosen), len(chosen))
        alike = flags(handed)
        yield from (replace(row, alike=alike.get(row.name, "")) for row in rows)

    def _result(self, entry: Entry, children: Children) -> Result:
        if entry.config is None:
            return Result(outcome="refused", reason=entry.reason)
        if (known := self._load(f"{entry.sha256}-{self._here}", Result)) is not None:
            return known
        with TemporaryDirectory(prefix="rolltrain-") as aside:
            folder = Path(aside)
            try:
                submission.unpack(entry.path, folder)
            except submission.NoSubmission as error:  # it changed since it was looked at
                return Result(outcome="refused", reason=str(error))
            (folder / layout.CAMPAIGN).unlink()
            self._lay_out(folder, entry.config)
            result = children.examine(folder, self._what_it_takes(children))
        self._keep(f"{entry.sha256}-{self._here}", codec(Result).dump(result))
        return result

    def _lay_out(self, folder: Path, config: CampaignConfig) -> None:
        """Our campaign, ghost and texts, as a run folder has them."""
        (folder / layout.CAMPAIGN).write_text(campaign_file.dump(config), encoding="utf-8")
        if self.assignment.ghost is not None:
            (folder / layout.GHOST).write_text(self.assignment.ghost, encoding="ascii")
        for file in self.assignment.texts:
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / file.path).write_bytes(file.text.encode("utf-8"))

    def _what_it_takes(self, children: Children) -> Limits:
        """Time and memory for a submission, from a training of the assignment itself."""
        if self._limits is None:
            self._limits = self._load(f"limits-{self._here}", Limits)
        if self._limits is None:
            with TemporaryDirectory(prefix="rolltrain-") as folder:
                self._lay_out(Path(folder), self.assignment.config)
                self._limits = children.refer(Path(folder))
            self._keep(f"limits-{self._here}", codec(Limits).dump(self._limits))
        return self._limits

    # What is done.

    def _load(self, name: str, kind: type[T]) -> T | None:
        try:
            return codec(kind).load(parse_json(atomic_files.content_of(self._kept / f"{name}.json")))
        except (OSError, RecordError):
            return None

    def _keep(self, name: str, plain: object) -> None:
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            atomic_files.replace(self._kept / f"{name}.json", dump_json(plain).encode("ascii"))
        except OSError as error:
            print(f"What is graded cannot be kept for a second time: {error.strerror or error}", file=sys.stderr)
