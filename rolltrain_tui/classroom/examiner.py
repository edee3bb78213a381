"""The child that examines one submission: it trains the run again under limits, and writes what it found into its folder.

python -m rolltrain_tui.classroom.examiner FOLDER [--reference]     campaign.yaml, chronicle.jsonl, assignment.json, limits.json
python -m rolltrain_tui.classroom.examiner --nursery                a folder a line; a fork for each, since loading torch takes seconds
"""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from rolltrain_tui.base.json_records import codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.classroom import assignment as assignments
from rolltrain_tui.classroom.assignment import Assignment
from rolltrain_tui.classroom.conformity import NotTheAssignment, check_record
from rolltrain_tui.classroom.limits import Limits, hold
from rolltrain_tui.classroom.record import Record
from rolltrain_tui.classroom.result import Reference, Result
from rolltrain_tui.game import baseline
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.event_log import ChronicleError

ASSIGNMENT, LIMITS, ANSWER, COMPLAINT = "assignment.json", "limits.json", "answer.json", "complaint.txt"
REFERENCE = "--reference"
LATE = "late"
_GLANCE = 0.02
"""Seconds between looks at a fork."""


def main(arguments: list[str]) -> None:
    from rolltrain_tui.runs import reexecution  # noqa: F401 - loads torch before limits count, and before a fork

    if arguments[0] == "--nursery":
        _nurse()
    else:
        _answer(Path(arguments[0]), REFERENCE in arguments)


def _answer(folder: Path, refer: bool) -> None:
    hold(codec(Limits).load(parse_json((folder / LIMITS).read_bytes())))
    found = reference(folder) if refer else examine(folder)
    (folder / ANSWER).write_text(dump_json(codec(type(found)).dump(found)), encoding="ascii")


def _nurse() -> None:
    """For each line of standard input, a folder, fork a child that answers. Tell how it ended: its code, or that it was late."""
    for line in sys.stdin:
        refer, _, name = line.rstrip("\n").partition(" ")
        folder = Path(name)
        seconds = codec(Limits).load(parse_json((folder / LIMITS).read_bytes())).seconds
        child = os.fork()
        if child == 0:
            _be_a_child(folder, refer == REFERENCE)
        print(_how_it_ended(child, time.monotonic() + seconds), flush=True)


def _be_a_child(folder: Path, refer: bool) -> NoReturn:
    code = 1
    try:
        complaint = os.open(folder / COMPLAINT, os.O_WRONLY | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(complaint, stream)
        _answer(folder, refer)
        code = 0
    except BaseException as error:  # a fork must not go on with its parent's work
        os.write(2, f"\n{type(error).__name__}: {error}".encode("utf-8", "replace"))
    finally:
        os._exit(code)


def _how_it_ended(child: int, deadline: float) -> int | str:
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return LATE
        time.sleep(_GLANCE)


def reference(folder: Path) -> Reference:
    """Play the campaign in a folder with nobody giving orders. ValueError where it cannot be trained here."""
    from rolltrain_tui.runs.open import new_campaign

    cpu, clock = time.process_time(), time.perf_counter()
    config = campaign_file.load(folder / layout.CAMPAIGN)
    campaign, _ = new_campaign(config, base=folder, ghost_files=[folder / layout.GHOST])
    for _ in campaign.play(Inbox()):
        pass
    if campaign.failure is not None:
        raise campaign.failure
    return Reference(time.process_time() - cpu, time.perf_counter() - clock)


def examine(folder: Path) -> Result:
    """Compare the record with the assignment, then train the run again."""
    cpu = time.process_time()
    asked = assignments.parse((folder / ASSIGNMENT).read_bytes())
    try:
        record = Record.of(folder / layout.CHRONICLE)
        check_record(asked, record)
        if record.ghost is None:  # played without the recording, so there were no gates
            baseline.place(folder / layout.CAMPAIGN).unlink(missing_ok=True)
            (folder / layout.GHOST).unlink(missing_ok=True)
    except (ChronicleError, NotTheAssignment) as error:
        return Result(outcome="refused", reason=one_line(str(error), 400))
    except (ArithmeticError, AssertionError, LookupError, AttributeError, TypeError, RecursionError) as error:
        return Result(outcome="refused", reason=f"Its story is none of ours ({type(error).__name__}).")
    return replace(_verified(folder, record, asked), seconds=time.process_time() - cpu)


def _verified(folder: Path, record: Record, asked: Assignment) -> Result:
    from rolltrain_tui.runs.reexecution import from_the_beginning
    from rolltrain_tui.runs.verification import Verification
    from rolltrain_tui.runs.whereabouts import whereabouts

    found = record.result()
    start = from_the_beginning(folder)
    where = whereabouts(start)
    strict = where.same_kind
    tolerance = None if strict else asked.config.verification.tolerance
    findings = Verification(start, strict=strict, tolerance=tolerance, watch=lambda event: None).run()
    reason = "" if findings.verdict in ("exact", "consistent") else where.differences
    if (difference := findings.difference) is not None:
        name = f" {difference.field}" if difference.field else ""
        told = f"turn {difference.turn}, {difference.where}{name}: recorded {difference.recorded}, trained again {difference.found}"
        reason = f"{told}. {reason}"
    return replace(found, outcome=findings.verdict, reason=one_line(reason, 400))


if __name__ == "__main__":
    main(sys.argv[1:])
