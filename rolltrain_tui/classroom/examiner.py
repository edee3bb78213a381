"""The child that examines one submission: it trains the run again under limits, and tells what it found as one line of JSON.

python -m rolltrain_tui.classroom.examiner FOLDER           campaign.yaml, chronicle.jsonl, assignment.json, limits.json
python -m rolltrain_tui.classroom.examiner FOLDER --reference
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rolltrain_tui.base.json_records import codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.classroom import assignment as assignments
from rolltrain_tui.classroom.assignment import Assignment
from rolltrain_tui.classroom.conformity import NotTheAssignment, check
from rolltrain_tui.classroom.limits import Limits, hold
from rolltrain_tui.classroom.record import Record
from rolltrain_tui.classroom.result import Reference, Result
from rolltrain_tui.game import baseline
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.event_log import ChronicleError

ASSIGNMENT, LIMITS = "assignment.json", "limits.json"


def main(arguments: list[str]) -> None:
    """Write the answer to standard output. Whatever else writes there goes to standard error."""
    answer = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    folder = Path(arguments[0])
    from rolltrain_tui.runs import reexecution  # noqa: F401 - loads torch before the limits count

    hold(codec(Limits).load(parse_json((folder / LIMITS).read_bytes())))
    found = reference(folder) if "--reference" in arguments else examine(folder)
    answer.write(dump_json(codec(type(found)).dump(found)) + "\n")
    answer.close()


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
        _check(record, asked, folder)
    except (ChronicleError, NotTheAssignment) as error:
        return Result(outcome="refused", reason=one_line(str(error), 400))
    except (ArithmeticError, AssertionError, LookupError, AttributeError, TypeError, RecursionError) as error:
        return Result(outcome="refused", reason=f"Its story is none of ours ({type(error).__name__}).")
    return replace(_verified(folder, record, asked), seconds=time.process_time() - cpu)


def _check(record: Record, asked: Assignment, folder: Path) -> None:
    """What a record shows before anything is trained. NotTheAssignment."""
    if record.began is None:
        raise NotTheAssignment("Its story has no beginning.")
    before = asked.config.model_dump(mode="json")
    for change in record.changes:
        differences = [(path, _at(before, path), _plain(value)) for path, _, value in change.changes]
        try:
            check(asked, before, differences)
        except NotTheAssignment as error:
            raise NotTheAssignment(f"Its settings changed after turn {change.turn}. {error}") from None
    ours = None if asked.ghost is None else baseline.parse(asked.ghost)
    if record.ghost is None:  # played without the recording, so there were no gates
        baseline.place(folder / layout.CAMPAIGN).unlink(missing_ok=True)
        (folder / layout.GHOST).unlink(missing_ok=True)
    elif ours is None or record.ghost.points != ours.points:
        raise NotTheAssignment("It was played beside another recording of plain training than the assignment's.")


def _at(values: Mapping[str, Any], path: str) -> Any:
    for part in path.split("."):
        values = values.get(part, {}) if isinstance(values, Mapping) else {}
    return values


def _plain(value: str) -> Any:
    """A value as the story tells it: JSON."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


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
    with suppress(BrokenPipeError):
        main(sys.argv[1:])
