"""One run on many ranks. The first owns its folder, story and saves; the others hold the same campaign, and follow turn by turn.

begin     every rank builds the campaign; the first one makes the folder
resume    the first one reads the save and sends it; every rank opens it
play      as in one process, but for the boundary between two turns (see `boundary`)
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rolltrain_tui.cluster import job, launched, muster
from rolltrain_tui.cluster.boundary import FollowersInbox, LeadersInbox
from rolltrain_tui.cluster.gang import Gang, RanksError
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.game.baseline import Ghost
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import why_not_on_ranks
from rolltrain_tui.modes.changes import Change, asked_changes
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import Event, Saved, SaveDue, SaveFailed
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.open import SavedRun, new_campaign
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves.manifest import Summary
from rolltrain_tui.runs.saves.store import Snapshot, dump_state, load_state
from rolltrain_tui.runs.saves.tensors import pack, unpack
from rolltrain_tui.training.machine.machine_kind import this_machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A campaign to begin, as one rank's command line says it."""

    config: CampaignConfig
    base: Path
    runs: Path
    ghost_files: Sequence[Path] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuming:
    """A save, or a run, to go on from."""

    path: Path
    runs: Path
    """Where the job's note is kept (see `job`)."""
    overrides: Sequence[str] = ()


Order = Beginning | Resuming


class LeadingRun(Run):
    """The first rank's run: every screen and the plain story play it as any other."""

    gang: Gang
    runs: Path
    """Where the job's note is kept (see `job`)."""
    over: Callable[[], None] = staticmethod(lambda: None)
    """Called when it has been played, however it ended."""
    _wrote = False
    _sha256 = ""

    def play(self, inbox: Inbox) -> Iterator[Event]:
        try:
            leading = LeadersInbox(self.gang, inbox, lambda: self.campaign.turn + 1)
            with leading.beating():
                yield from super().play(leading)
            if self.campaign.ended:
                job.forget(self.runs)
            if self.campaign.failure is None:
                self._sha256 = self.learner.weights_sha256()
        finally:
            self.over()

    def weights_sha256(self) -> str:
        return self._sha256

    def write(self, *, name: str, keep: int | None, events: int, pending: Sequence[Command]) -> Path:
        self._wrote = True
        return super().write(name=name, keep=keep, events=events, pending=pending)

    def _save(self, due: SaveDue, inbox: Inbox, chronicle: Chronicle) -> Saved | SaveFailed:
        self._wrote = False
        told = super()._save(due, inbox, chronicle)
        if not self._wrote:  # the disk refused before: the others gather their shards all the same
            _gather_for_save(self.campaign, self.gang)
        return told


@dataclass(frozen=True, slots=True)
class Follower:
    """Any other rank's side of it."""

    campaign: Campaign
    gang: Gang

    def play(self, inbox: FollowersInbox) -> None:
        """Play as long as the first rank does. What training raises is raised."""
        for event in self.campaign.play(inbox):
            if isinstance(event, SaveDue):
                _gather_for_save(self.campaign, self.gang)
        if self.campaign.failure is not None:
            raise self.campaign.failure
        self.campaign.learner.weights_sha256()


def _gather_for_save(campaign: Campaign, gang: Gang) -> None:
    """The part of a rank that writes no save: where weights are sharded, all ranks gather them."""
    if gang.shards:
        campaign.tensors()


def open_run(gang: Gang, order: Callable[[], Order]) -> LeadingRun | Follower:
    """What the command lines of all ranks ask for; where torchrun has started them anew, the run that they had begun.

    RanksError, on every rank, where they do not agree or one of them cannot.
    """
    asked = agreed_order(gang, order)
    if folder := begun_before(gang, asked.runs):
        # The settings of a resumed run may not be in a save yet.
        asked = Resuming(path=folder, runs=asked.runs, overrides=asked.overrides if isinstance(asked, Resuming) else ())
    return opened(gang, asked)


def agreed_order(gang: Gang, order: Callable[[], Order]) -> Order:
    """What all ranks ask for. RanksError, on every rank, where they do not agree or one of them cannot."""
    return muster.together(gang, order, lambda asked: muster.versions() | {"--shard-weights": gang.shards} | _said(asked))


def opened(gang: Gang, asked: Order) -> LeadingRun | Follower:
    """This rank's side of the run. RanksError, on every rank, where one of them cannot open it."""
    run = _begin(gang, asked) if isinstance(asked, Beginning) else _resume(gang, asked)
    if isinstance(run, LeadingRun):
        run.gang, run.runs = gang, asked.runs
        with suppress(OSError):  # the next save reports it
            job.remember(asked.runs, run.folder)
    info = run.campaign.learner.info()
    muster.know_machines(gang, this_machine(threads=info.threads, device=info.device))
    return run


def begun_before(gang: Gang, runs: Path) -> Path | None:
    """The run that this job has begun, where torchrun starts the ranks anew; None where it has not begun one."""
    if not launched.attempt():
        job.forget(runs)
        return None
    found = job.remembered(runs) if gang.rank == 0 else None
    told = gang.tell(os.fsencode(found) if found is not None else b"")
    return Path(os.fsdecode(told)) if told else None


def _said(order: Order) -> dict[str, Any]:
    """What must be the same on every rank, by its path."""
    if isinstance(order, Resuming):
        return {"--resume": True, "--set": list(order.overrides)}
    return {"--resume": False, **dict(muster.flat(order.config.model_dump(mode="json")))}


def _facts(campaign: Campaign) -> dict[str, Any]:
    info = campaign.learner.info()
    return {"data (SHA-256)": info.data_sha256, "weights (SHA-256)": campaign.learner.weights_sha256(), "dtype": info.dtype}


def check_ranks(gang: Gang, config: CampaignConfig) -> None:
    """RanksError where this number of ranks cannot train this campaign."""
    if reason := why_not_on_ranks(config, gang.size, shards=gang.shards):
        raise RanksError(reason)


# ---------------------------------------------------------------------------------------------------------------------
# Begin


def _begin(gang: Gang, order: Beginning) -> LeadingRun | Follower:
    def build() -> tuple[Campaign, str]:
        check_ranks(gang, order.config)
        return new_campaign(order.config, base=order.base, ghost_files=order.ghost_files if gang.rank == 0 else ())

    campaign, note = muster.together(gang, build, lambda built: _facts(built[0]))
    campaign.ghost = _first_ones_ghost(gang, campaign.ghost)
    made = muster.together(gang, lambda: _make_folder(gang, campaign, order), lambda made: {})
    if isinstance(made, LeadingRun):
        made.note = note
        made.keep_beginning()
    else:
        _gather_for_save(campaign, gang)
    return made


def _make_folder(gang: Gang, campaign: Campaign, order: Beginning) -> LeadingRun | Follower:
    if gang.rank:
        return Follower(campaign, gang)
    return LeadingRun.create(campaign, base=order.base, runs=order.runs)


def _first_ones_ghost(gang: Gang, ghost: Ghost | None) -> Ghost | None:
    """Gates compare with it, so every rank needs the one that the first has found."""
    text = gang.tell(json.dumps(None if ghost is None else baseline.text_of(ghost)).encode())
    told = json.loads(text)
    return None if told is None else baseline.parse(told)


# ---------------------------------------------------------------------------------------------------------------------
# Resume


def _resume(gang: Gang, order: Resuming) -> LeadingRun | Follower:
    saved = _first_ones_save(gang, order.path)

    def build() -> tuple[Campaign, tuple[Change, ...]]:
        before = saved.config()
        config = saved.config(order.overrides) if order.overrides else before
        check_ranks(gang, config)
        changed = () if saved.ended else asked_changes(before, config)
        if changed and saved.half_way:
            raise RanksError("this save stands inside of a turn: play it on without other settings, or play one turn in one process first")
        return saved.open(config), changed

    campaign, changed = muster.together(gang, build, lambda built: _facts(built[0]))

    def open_folder() -> LeadingRun | Follower:
        if gang.rank == 0:
            return LeadingRun.go_on(saved, campaign, changed)
        campaign.leave_ghost()
        return Follower(campaign, gang)

    return muster.together(gang, open_folder, lambda opened: {})


def _first_ones_save(gang: Gang, path: Path) -> SavedRun:
    """The save that the first rank reads, on every rank: another machine may not reach its folder."""
    found = muster.together(gang, lambda: SavedRun.read(path) if gang.rank == 0 else None, lambda found: {})
    if found is None:
        summary, config, state, tensors = (gang.tell(b"") for _ in range(4))
        told = Snapshot(config.decode(), load_state(state), unpack(tensors), Summary(**json.loads(summary)))
        return SavedRun.of(path, told)
    saved = found.snapshot
    parts = (json.dumps(asdict(saved.summary)).encode(), saved.config_text.encode(), dump_state(saved.state), bytes(pack(saved.tensors)))
    for part in parts:
        gang.tell(part)
    return found
