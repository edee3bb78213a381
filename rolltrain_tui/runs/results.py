"""Results: how finished runs ended, read from their event logs. Personal bests come from these; nothing else is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import isfinite
from pathlib import Path

from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded, Evaluated, GhostSeen, SettingsChanged
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import ChronicleError
from rolltrain_tui.story.judgement import Judgement
from rolltrain_tui.story.scene import Scene

HEAD_EVENTS = 2
"""The beginning, and the ghost where there is one."""
DECISIVE = (CampaignBegan, GhostSeen, SettingsChanged, Evaluated, CampaignEnded)


@dataclass(frozen=True, slots=True)
class Setup:
    """What runs must share to be compared: another model, text or length is another task."""

    campaign: str
    turns: int | None
    model: str
    objective: Objective


@dataclass(frozen=True, slots=True)
class Result:
    """One finished run."""

    folder: Path
    setup: Setup
    ended: CampaignEnded
    judgement: Judgement

    @property
    def counts(self) -> bool:
        """Played to its last turn, by a hero on their feet, to weights that are numbers."""
        return self.ended.ending == "victory" and self.judgement.outcome != "fallen" and isfinite(self.ended.value)


@dataclass(frozen=True, slots=True)
class Record:
    """The finished runs of one setup."""

    best: Result
    attempts: int


def result_of(run: Path) -> Result | None:
    """How a run ended; None while it goes on, or where its event log cannot tell."""
    try:
        state = (run / layout.CHRONICLE).stat()
    except OSError:
        return None
    return _result_of(run, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=1024)
def _result_of(run: Path, size: int, changed: int) -> Result | None:
    """Cached, because lists of runs are made again and again. `size` and `changed` tell one state of the log from the next."""
    path = run / layout.CHRONICLE
    try:
        last = event_log.last_events(path, DECISIVE)
        if not any(isinstance(event, CampaignEnded) for event in last):
            return None
        whole = event_log.mentions(path, SettingsChanged)
        events = list(event_log.read(path) if whole else (*islice(event_log.read(path), HEAD_EVENTS), *last))
    except (ChronicleError, OSError):
        return None
    scene = Scene.of(event for event in events if isinstance(event, DECISIVE))
    if not isinstance(began := events[0], CampaignBegan) or scene.ending is None or (judgement := scene.judgement) is None:
        return None
    return Result(run, Setup(scene.campaign, scene.turns, began.model, scene.objective), scene.ending, judgement)


def results_in(root: Path) -> list[Result]:
    """The results of all finished runs under `root`."""
    try:
        folders = [child for child in root.iterdir() if child.is_dir() and not child.is_symlink()]
    except OSError:
        return []
    return [result for folder in folders if (result := result_of(folder)) is not None]


def record_of(results: Iterable[Result], setup: Setup) -> Record | None:
    """The best of the finished runs of one setup, and how many there are."""
    alike = [result for result in results if result.setup == setup and result.counts]
    if not alike:
        return None
    sign = 1 if setup.objective.better == "lower" else -1
    return Record(min(alike, key=lambda result: sign * result.ended.value), len(alike))


def records_of(results: Iterable[Result], campaign: str, turns: int) -> Record | None:
    """The record of a campaign as it is shipped: of its setups the one that was played most."""
    alike = [result for result in results if (result.setup.campaign, result.setup.turns) == (campaign, turns) and result.counts]
    records = [record for setup in {result.setup for result in alike} if (record := record_of(alike, setup)) is not None]
    return max(records, key=lambda record: record.attempts, default=None)
