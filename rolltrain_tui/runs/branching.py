"""Branching: a new run that shares the first turns of another run.

The nearest save before the turn is opened, or the beginning if there is none. The recorded commands lead from there to the turn. So every
turn of a run can be branched from, whichever saves remain.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.changes import asked_changes, changed
from rolltrain_tui.modes.changes import changes as changes_between
from rolltrain_tui.protocol.events import Event, SaveFailed, TrainingFailed
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves import slots
from rolltrain_tui.runs.verification import reexecution
from rolltrain_tui.runs.verification.differences import Difference, compare
from rolltrain_tui.runs.verification.reexecution import GatedInbox, StartPoint, from_save, from_the_beginning


class BranchError(ValueError):
    """No branch can begin there; the message is a sentence for the player."""


def branch_at(
    run: Path,
    turn: int,
    watch: Callable[[Event], object] = lambda event: None,
    overrides: Sequence[str] = (),
    root: Path | None = None,
) -> tuple[Path, str]:
    """A new run folder whose save stands after `turn`, with the settings in `overrides` from there on; in `root`, or beside `run`.

    The second value is a note when this machine did not reach the turn bit for bit, else "". ValueError.
    """
    run = saves.run_of(run)
    start = _start(run, turn)
    config = start.campaign.config
    wished = _wished(start, turn, overrides, run.name)
    folder = saves.branch_folder(run, config.name, config.seed, start.events, root)
    try:
        branch, parted = _train_again(start, folder, turn, watch)
        if branch.campaign.turn < turn:
            raise BranchError(f"the run {run.name} ends with turn {branch.campaign.turn}; there is no turn {turn} to branch from")
        if branch.campaign.ended:
            raise BranchError(f"turn {turn} is the last of the run {run.name}: nothing is left to play; branch from an earlier turn")
        if overrides:
            branch.change(changes_between(branch.campaign.config, wished))
            branch.save()  # in place of its first save
    except ValueError:
        saves.delete(folder)
        raise
    return folder, "" if parted is None else _note(parted)


def _train_again(start: StartPoint, folder: Path, turn: int, watch: Callable[[Event], object]) -> tuple[Run, Difference | None]:
    """Train up to the turn, through changes of settings; also the first difference from the record."""
    recorded = reexecution.recorded(start)
    parted: Difference | None = None
    branch = Run(start.campaign, folder, start.base)
    for change in [*(change for change in start.changes if change.turn < turn), None]:
        goal = turn if change is None else change.turn
        moves = [move for move in start.moves if branch.campaign.turn < move[0] <= goal]
        for event in branch.play(GatedInbox(moves, partial(_is_before, branch, goal))):
            watch(event)
            if isinstance(event, TrainingFailed | SaveFailed):
                raise BranchError(f"turn {turn} could not be reached again: {event.error}")
            if parted is None and event.in_story:
                parted = compare(next(recorded, event), event)
        if change is not None:
            branch.change(change.changes)
            next(recorded, None)
    return branch, parted


def _is_before(branch: Run, turn: int) -> bool:
    return branch.campaign.turn < turn


def _wished(start: StartPoint, turn: int, overrides: Sequence[str], name: str) -> CampaignConfig:
    """The settings of the branch, read before anything is trained. ValueError."""
    config = start.campaign.config
    for change in start.changes:
        config = changed(config, change.changes) if change.turn < turn else config
    wished = campaign_file.load_text(campaign_file.dump(config), name, overrides)
    if overrides and wished.turns <= turn:
        raise BranchError(
            f"a branch at turn {turn} needs more turns than that, and turns is {wished.turns}; add --set turns={turn + 1} or more"
        )
    asked_changes(config, wished)
    return wished


def _start(run: Path, turn: int) -> StartPoint:
    """The last good save before the turn that stands between two turns; else the beginning."""
    earlier = [(manifest.summary.turn, folder) for folder, manifest in slots.newest_first(run) if manifest is not None]
    for number, folder in sorted(earlier, reverse=True):
        if number <= turn and not saves.full_check(folder) and _is_between_turns(saves.read_state(folder)):
            return from_save(folder)
    return from_the_beginning(run)


def _is_between_turns(state: dict[str, Any]) -> bool:
    return state["campaign"]["effect"] is None and not state["campaign"]["ended"]


def _note(parted: Difference) -> str:
    return (
        f"This machine did not come here bit for bit: from turn {parted.turn} on ({parted.field or parted.where}) "
        "the branch has its own past, close to the recorded one."
    )
