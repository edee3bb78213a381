"""Whether a run is the assignment: its campaign, value by value, and its record, before anything of it is trained.

A campaign of a stranger may ask for 100,000,000 turns of a model 16,384 wide. So nothing of the student's campaign is used but the
values that the assignment lets differ, and a number that may differ is at most GROWTH times the assignment's.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading.record import Record
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.modes import campaign_file

GROWTH = 10
_MOST_NAMED = 3


class NotTheAssignment(ValueError):
    """The run is another task than the assignment. The message is a sentence for the teacher."""


def conforming(assignment: Assignment, campaign: str, seed: int) -> CampaignConfig:
    """The assignment's campaign with the student's values where they may differ, and this seed. NotTheAssignment.

    `campaign` is the text of the student's campaign.
    """
    ours = assignment.config
    try:
        theirs = campaign_file.load_text(campaign, "the campaign")
    except ValueError as error:
        raise NotTheAssignment(f"Its campaign cannot be read: {str(error).splitlines()[0][:200]}.") from None
    before, after = ours.model_dump(mode="json"), theirs.model_dump(mode="json")
    check(assignment, list(_differences(before, after, "")))
    if theirs.sources != ours.sources:
        raise NotTheAssignment("It reads another text than the assignment's.")
    if theirs.seed != seed:
        raise NotTheAssignment(f"The seed is {theirs.seed}, and this name's is {seed}: it is the run of somebody else, or was not joined.")
    taken = [(path, value) for path, _, value in _differences(before, after, "") if not path.startswith(("device.", "verification."))]
    return campaign_file.load_text(assignment.campaign, "the campaign", [f"{path}={json.dumps(value)}" for path, value in taken])


def check(assignment: Assignment, differences: Sequence[tuple[str, Any, Any]]) -> None:
    """NotTheAssignment where a value differs that may not, or one that may has grown out of all proportion."""
    wrong = [(path, was, value) for path, was, value in differences if not assignment.allows(path)]
    if wrong:
        named = "; ".join(f"{path} is {shown(value)}, assigned is {shown(was)}" for path, was, value in wrong[:_MOST_NAMED])
        more = f"; and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
        raise NotTheAssignment(f"It is not the assignment: {named}{more}.")
    for path, was, value in differences:
        if path.partition(".")[0] in ("seed", "hero", "pace", "save", "device", "verification") or not _is_number(value):
            continue
        if not _is_number(was) or value > GROWTH * max(was, 1):
            raise NotTheAssignment(f"{path} is {shown(value)}: at most {GROWTH} times the assignment's {shown(was)} is trained again.")


def check_record(assignment: Assignment, record: Record) -> None:
    """What a record shows of settings that changed on the way, and of the ghost. NotTheAssignment."""
    if record.began is None:
        raise NotTheAssignment("Its story has no beginning.")
    before = assignment.config.model_dump(mode="json")
    for change in record.changes:
        differences = [(path, _at(before, path), _plain(value)) for path, _, value in change.changes]
        try:
            check(assignment, differences)
        except NotTheAssignment as error:
            raise NotTheAssignment(f"Its settings changed after turn {change.turn}. {error}") from None
    ours = None if assignment.ghost is None else baseline.parse(assignment.ghost)
    if record.ghost is not None and (ours is None or record.ghost.points != ours.points):
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], under: str) -> Iterator[tuple[str, Any, Any]]:
    """Path, value there and value here of all that differs."""
    for name in {**before, **after}:
        was, value = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(value, dict):
            yield from _differences(was, value, f"{under}{name}.")
        elif was != value:
            yield f"{under}{name}", was, value
