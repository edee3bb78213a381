"""Re-execution: a run is trained again from its campaign, its seed and the commands in its event log.

The same campaign, seed and commands give the same dice, story and weights. So every turn of a run can be reached again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rolltrain_tui.config.dtypes import in_its_dtype
from rolltrain_tui.config.reading import content_of
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.changes import changed
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import CommandAccepted, CommandRefused, Event, SettingsChanged
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.runs import layout, saves
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.open import SavedRun, new_campaign
from rolltrain_tui.runs.same_data import DataChangedError, base_now, check_same_data
from rolltrain_tui.runs.saves import slots
from rolltrain_tui.runs.saves.migrations import of_format_1


class GatedInbox(ScriptedInbox):
    """An inbox with the recorded commands. Between two turns it asks `may_pass` whether another may be played."""

    def __init__(self, moves: list[tuple[int, Command]], may_pass: Callable[[], bool]) -> None:
        super().__init__(moves)
        self._may_pass = may_pass

    def wait_for_turn(self) -> bool:
        return not self.stopped and self._may_pass()


@dataclass(slots=True)
class StartPoint:
    """A campaign where a run is played again from."""

    run: Path
    campaign: Campaign
    base: Path
    """The folder that the campaign's own paths are relative to."""
    events: int
    """Events of the story before it."""
    moves: list[tuple[int, Command]]
    """The recorded moves after it."""
    changes: list[SettingsChanged]
    """The recorded changes of settings after it."""


def from_the_beginning(run: Path, device: str | None = None) -> StartPoint:
    """ValueError when the run's campaign or its text cannot be read, or when it has none, as where another program trained."""
    path = run / layout.CAMPAIGN
    if not path.exists():
        raise ValueError(
            f"{run} holds no {layout.CAMPAIGN}, so only the program that trained it can train it again; replay and plot show it"
        )
    if next(_told(run), None) is None:
        raise ValueError(
            f"{run} has no story: its {layout.CHRONICLE} is missing or empty, so there is nothing to compare with; "
            "`rolltrain train --resume` and `rolltrain diagnose` still open its saves"
        )
    text = content_of(path)
    if of_format_1(text.decode(errors="replace")):
        raise ValueError(
            f"{run} was recorded by the first rolltrain, which played its turns in another way, so this one cannot train it again from the "
            "beginning; it can go on with the run, and verify and branch from its saves, such as "
            f"{next((folder for folder, _ in slots.newest_first(run)), 'those in saves')}"
        )
    config = campaign_file.load_text(text, str(path), _on(device))
    turn, state = _newest_state(run)
    config = in_its_dtype(config, str(state.get("dtype", "")))
    known = str(state.get("data_sha256", ""))
    written, changes = Path(str(state.get("base", run))), changes_of(run, 0)
    try:
        base = base_now(config, written, run, known=known)
        there = all((base / source).exists() for source in config.sources)
    except DataChangedError:
        if _by_later_names(config, changes).sources == config.sources:
            raise
        there = False
    if not there:
        config = _by_later_names(config, changes)
        base = base_now(config, written, run, known=known)
    campaign, _ = new_campaign(config, base=base, ghost_files=[run / layout.GHOST])
    check_same_data(config, base, campaign.learner.info().data_sha256, known=known, turn=turn, before=lambda: config)
    return StartPoint(run, campaign, base, 0, moves_of(run), changes)


def from_save(path: Path, device: str | None = None) -> StartPoint:
    """ValueError when the save cannot be read."""
    run, saved = saves.run_of(path), SavedRun.read(path)
    campaign = saved.open(saved.config(_on(device)))
    begun = campaign.turn + saved.half_way  # a turn that was stopped half-way has drained its commands
    moves = [move for move in moves_of(run) if move[0] > begun]
    return StartPoint(run, campaign, saved.base_now(campaign.config), saved.events, moves, changes_of(run, saved.events))


def recorded(start: StartPoint) -> Iterator[Event]:
    """The recorded events after the starting point that a repeated training tells too."""
    story = islice(event_log.read(start.run / layout.CHRONICLE), start.events, None)
    return (event for event in story if event.retold)


def _told(run: Path) -> Iterator[Event]:
    with suppress(FileNotFoundError):
        yield from event_log.read(run / layout.CHRONICLE)


def moves_of(run: Path) -> list[tuple[int, Command]]:
    """Every command that the run answered, with its turn. ChronicleError names a damaged line."""
    answers = (event for event in event_log.read(run / layout.CHRONICLE) if isinstance(event, CommandAccepted | CommandRefused))
    return [(event.turn, event.command) for event in answers]


def changes_of(run: Path, after: int) -> list[SettingsChanged]:
    """The changes of a run's settings after its first `after` events."""
    story = islice(event_log.read(run / layout.CHRONICLE), after, None)
    return [event for event in story if isinstance(event, SettingsChanged)]


def _on(device: str | None) -> tuple[str, ...]:
    """The override that trains on this device; none for the campaign's own."""
    return () if device is None else (f"device.device={device}",)


def _by_later_names(config: CampaignConfig, changes: Sequence[SettingsChanged]) -> CampaignConfig:
    """The campaign with the names that its files were given on the way: no run goes on with a file that holds anything else."""
    for change in (change for later in changes for change in later.changes):
        with suppress(ValueError):  # a value that needs others beside it is no name
            if (renamed := changed(config, [change])).sources != config.sources:
                config = renamed
    return config


def _newest_state(run: Path) -> tuple[int, dict[str, Any]]:
    """The turn and the state of the newest good save; 0 and nothing where there is none."""
    for folder, manifest in slots.newest_first(run):
        if manifest is not None:
            try:
                return manifest.summary.turn, saves.read_state(folder)
            except saves.SaveError:
                continue
    return 0, {}
