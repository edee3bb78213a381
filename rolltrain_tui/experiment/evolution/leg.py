"""The work on a member, in whichever process: it is born, as a new run or as a branch of another's, and walks a generation."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import nan
from pathlib import Path
from typing import Any, Self

from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.events import CampaignEnded, Evaluated, SaveFailed, TrainingFailed
from rolltrain_tui.runs import layout, saves
from rolltrain_tui.runs.log import event_log


@dataclass(frozen=True, slots=True)
class Birth:
    """A run folder that is to be made under `runs`. Until it is whole it lies in `cradle`."""

    runs: str
    cradle: str
    name: str
    campaign: str
    """The campaign of a new run, as JSON; "" for a branch."""
    base: str
    parent: str = ""
    """Folder name of the run that is branched, at turn `at`."""
    at: int = 0
    overrides: tuple[str, ...] = ()


def give_birth(birth: Birth) -> None:
    """Make the run folder. ValueError, OSError."""
    from rolltrain_tui.runs.branching import branch_at
    from rolltrain_tui.runs.run import Run  # loads torch

    runs, cradle = Path(birth.runs), Path(birth.cradle)
    if birth.parent:
        folder, _ = branch_at(runs / birth.parent, birth.at, overrides=birth.overrides, root=cradle)
    else:
        folder = Run.begin(campaign_file.of_json(birth.campaign), base=Path(birth.base), runs=cradle).folder
    folder.rename(runs / birth.name)


def rehearse(births: tuple[Birth, ...]) -> None:
    """Raise ValueError where one of these runs could not take over another's state and go on with its own settings."""
    from rolltrain_tui.modes.changes import changes
    from rolltrain_tui.runs.open import with_settings
    from rolltrain_tui.runs.run import Run

    runs = [Run.resume(Path(birth.runs) / birth.name) for birth in births]
    for run, other in pairwise(runs):
        with_settings(run.campaign, changes(run.config, other.config.model_copy(update={"seed": run.config.seed})), run.base)


@dataclass(frozen=True, slots=True)
class Leg:
    """A member's way to the end of a generation."""

    runs: str
    name: str
    until: int


@dataclass(frozen=True, slots=True)
class Walked:
    """What a leg came to. Values that were not finite are NaN."""

    run: str
    turn: int
    value: float
    """Value of the evaluation at its end; at the campaign's end of the final one."""
    gflop: float
    """GFLOP of the run since its first turn, with what its parents spent."""
    ended: bool
    curve: tuple[tuple[int, float], ...] = ()
    """(turn, value) of all evaluations of the run."""
    failure: str = ""
    """Why there is no value; foreign text."""

    def as_json(self) -> dict[str, Any]:
        return dict(plain(asdict(self)))

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Self:
        """Inverse of as_json. TypeError, KeyError, ValueError."""
        curve = tuple((int(turn), _number(value)) for turn, value in found["curve"])
        return cls(**{**found, "value": _number(found["value"]), "curve": curve})


def walk(leg: Leg) -> Walked:
    """Play the run to the turn, from its newest save on. ValueError, OSError."""
    from rolltrain_tui.runs.run import Run
    from rolltrain_tui.runs.verification.reexecution import GatedInbox

    run = Run.resume(Path(leg.runs) / leg.name)
    for event in run.play(GatedInbox([], lambda: run.campaign.turn < leg.until)):
        if isinstance(event, TrainingFailed | SaveFailed):
            raise saves.SaveError(f"turn {event.turn}: {event.error}")
    curve, value = [], nan
    for told in event_log.read(run.folder / layout.CHRONICLE):
        if isinstance(told, Evaluated | CampaignEnded):
            value = told.value
            curve.append((told.turn, value))
    return Walked(leg.name, run.campaign.turn, value, run.campaign.cycle.progress.gflop, run.campaign.ended, tuple(curve))


def verdict(folder: str) -> str:
    """Train a member again, back through its parents, and compare: the verdict of `rolltrain verify`. ValueError."""
    from rolltrain_tui.runs.verification.reexecution import from_the_beginning
    from rolltrain_tui.runs.verification.verification import Verification
    from rolltrain_tui.runs.verification.whereabouts import whereabouts

    start = from_the_beginning(Path(folder))
    tolerance = start.campaign.config.verification.tolerance
    strict = whereabouts(start).same_kind
    return Verification(start, strict=strict, tolerance=tolerance, watch=lambda event: None).run().verdict


def _number(value: float | None) -> float:
    return nan if value is None else float(value)
