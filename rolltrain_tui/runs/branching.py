"""Branching: a new run that has lived the first turns of another one, and goes its own way from there.

The nearest save before the turn is opened, or the beginning where there is none, and the recorded commands lead from it to the turn: every
turn of a run can be branched from, whichever saves are left of it.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rolltrain_tui.config import campaign_file
from rolltrain_tui.config.changes import changes as changes_between
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.events import Event, SaveFailed, TrainingFailed
from rolltrain_tui.runs import event_log, saves
from rolltrain_tui.runs.differences import Difference, compare
from rolltrain_tui.runs.reexecution import GatedInbox, StartPoint, from_save, from_the_beginning
from rolltrain_tui.runs.run import Run, branch
from rolltrain_tui.runs.saves import layout


class BranchError(ValueError):
    """No branch can begin there; the message is a sentence for the player."""


def branch_at(
    run: Path, turn: int, watch: Callable[[Event], object] = lambda event: None, overrides: Sequence[str] = ()
) -> tuple[Path, str]:
    """A new run folder whose save stands after `turn`, there with other settings if `overrides` say so.

    Also a note when this machine did not come there bit for bit. ValueError.
    """
    run = saves.run_of(run)
    start = _start(run, turn)
    folder = branch(run, start.campaign.config, start.events)
    try:
        expedition, parted = _live_again(start, folder, turn, watch)
        if expedition.campaign.turn < turn:
            raise BranchError(f"the run {run.name} ends with turn {expedition.campaign.turn}; there is no turn {turn} to branch from")
        if overrides:
            _change(expedition, overrides)
    except ValueError:
        saves.delete(folder)
        raise
    return folder, "" if parted is None else _note(parted)


def _live_again(start: StartPoint, folder: Path, turn: int, watch: Callable[[Event], object]) -> tuple[Run, Difference | None]:
    """Train up to the turn, past changes of settings; where that was not as it was recorded."""
    recorded: Iterator[Event] = islice(event_log.read(start.run / layout.CHRONICLE), start.events, None)
    parted: Difference | None = None
    expedition = Run(start.campaign, folder, start.base)
    for change in [*(change for change in start.changes if change.turn < turn), None]:
        goal = turn if change is None else change.turn
        moves = [move for move in start.moves if expedition.campaign.turn < move[0] <= goal]
        for event in expedition.play(GatedInbox(moves, partial(_is_before, expedition, goal))):
            watch(event)
            if isinstance(event, TrainingFailed | SaveFailed):
                raise BranchError(f"turn {turn} could not be reached again: {event.error}")
            if parted is None and event.in_story:
                parted = compare(next(recorded, event), event, None)
        if change is not None:
            expedition.change(change.changes)
            next(recorded, None)
    return expedition, parted


def _is_before(expedition: Run, turn: int) -> bool:
    return expedition.campaign.turn < turn


def _change(expedition: Run, overrides: Sequence[str]) -> None:
    """Save the branch with other settings, over the save it came with."""
    before = expedition.campaign.config
    after = campaign_file.load_text(campaign_file.dump(before), expedition.folder.name, overrides)
    assert isinstance(before, CampaignConfig)
    expedition.change(changes_between(before, after))
    expedition.save()


def _start(run: Path, turn: int) -> StartPoint:
    """The last save before the turn that is good and not in the middle of a turn; else the beginning."""
    earlier = [(manifest.summary.turn, folder) for folder, manifest in layout.slots(run) if manifest is not None]
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
