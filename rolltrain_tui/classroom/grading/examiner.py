"""The child that examines one submission: it trains the run again under limits, and writes what it found into its folder.

python -m rolltrain_tui.classroom.grading.examiner FOLDER [--reference]     campaign.yaml, chronicle.jsonl, assignment.json, limits.json
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

from rolltrain_tui.base.json_records import codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.classroom.assignments import assignment as assignments
from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading.conformity import NotTheAssignment, check_record
from rolltrain_tui.classroom.grading.limits import Limits, hold
from rolltrain_tui.classroom.grading.record import Record
from rolltrain_tui.classroom.grading.result import Reference, Result
from rolltrain_tui.game import baseline
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log.event_log import ChronicleError

ASSIGNMENT, LIMITS, ANSWER, COMPLAINT = "assignment.json", "limits.json", "answer.json", "complaint.txt"
REFERENCE = "--reference"
LATE = "late"
"""Instead of a code: it was ended at its limit of seconds."""


def main(arguments: list[str]) -> None:
    from rolltrain_tui.runs.verification import reexecution  # noqa: F401 - loads torch before limits count, and before a fork

    answer(Path(arguments[0]), REFERENCE in arguments)


def answer(folder: Path, refer: bool) -> None:
    """Keep to the limits that lie in the folder, train, and write what was found beside them."""
    hold(codec(Limits).load(parse_json((folder / LIMITS).read_bytes())))
    found = reference(folder) if refer else examine(folder)
    (folder / ANSWER).write_text(dump_json(codec(type(found)).dump(found)), encoding="ascii")


def reference(folder: Path) -> Reference:
    """Play the campaign in a folder with nobody giving orders. ValueError where it cannot be trained here."""
    from rolltrain_tui.runs.open import new_campaign

    cpu, clock = time.process_time(), time.perf_counter()
    path = folder / layout.CAMPAIGN  # read as it was given: what was a text to the class stays one
    config = campaign_file.load_text(path.read_text(encoding="utf-8"), str(path))
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
        return Result(outcome="refused", reason=f"Its story cannot be read ({type(error).__name__}).")
    return replace(_verified(folder, record, asked), seconds=time.process_time() - cpu)


def _verified(folder: Path, record: Record, asked: Assignment) -> Result:
    from rolltrain_tui.runs.verification.reexecution import from_the_beginning
    from rolltrain_tui.runs.verification.verification import Verification
    from rolltrain_tui.runs.verification.whereabouts import whereabouts

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
