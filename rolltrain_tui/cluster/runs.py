"""One run on many ranks. The first owns its folder, story and saves; the others hold the same campaign, and follow turn by turn.

begin     every rank builds the campaign; the first one makes the folder
resume    the first one reads the save and sends it; every rank opens it
play      as in one process, but for the boundary between two turns (see `boundary`)
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rolltrain_tui.cluster import job, muster
from rolltrain_tui.cluster.boundary import FollowersInbox, LeadersInbox
from rolltrain_tui.cluster.gang import Gang, RanksError
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.game.baseline import Ghost
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import why_not_on_ranks
from rolltrain_tui.modes.changes import Change, changes
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.open import SavedRun, new_campaign
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves.manifest import Summary
from rolltrain_tui.runs.saves.store import Snapshot, dump_state, load_state
from rolltrain_tui.runs.saves.tensors import pack, unpack
from rolltrain_tui.training.machine_kind import this_machine


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
    overrides: Sequence[str] = ()


Order = Beginning | Resuming


class LeadingRun(Run):
    """The first rank's run: every screen and the plain story play it as any other."""

    gang: Gang

    def play(self, inbox: Inbox) -> Iterator[Event]:
        leading = LeadersInbox(self.gang, inbox, lambda: self.campaign.turn + 1)
        with leading.beating():
            yield from super().play(leading)


@dataclass(frozen=True, slots=True)
class Follower:
    """Any other rank's side of it."""

    campaign: Campaign
    gang: Gang

    def play(self, inbox: FollowersInbox) -> None:
        """Play as long as the first rank does. What training raises is raised."""
        for _ in self.campaign.play(inbox):
            pass
        if self.campaign.failure is not None:
            raise self.campaign.failure


def open_run(gang: Gang, order: Callable[[], Order]) -> LeadingRun | Follower:
    """What the command lines of all ranks ask for. RanksError, on every rank, where they do not agree or one of them cannot."""
    asked = muster.together(gang, order, lambda asked: muster.versions() | _said(asked))
    if folder := gang.tell(job.remembered().encode() if gang.rank == 0 else b"").decode():
        # One of the ranks has died. The settings of a resumed run may not be in a save yet.
        asked = Resuming(path=Path(folder), overrides=asked.overrides if isinstance(asked, Resuming) else ())
    run = _begin(gang, asked) if isinstance(asked, Beginning) else _resume(gang, asked)
    if isinstance(run, LeadingRun):
        run.gang = gang
        job.remember(str(run.folder.resolve()))
    info = run.campaign.learner.info()
    gang.alike = muster.alike(gang, this_machine(threads=info.threads, device=info.device))
    return run


def _said(order: Order) -> dict[str, Any]:
    """What must be the same on every rank, by its path."""
    if isinstance(order, Resuming):
        return {"--resume": True, "--set": list(order.overrides)}
    return {"--resume": False, **dict(muster.flat(order.config.model_dump(mode="json")))}


def _facts(campaign: Campaign) -> dict[str, Any]:
    info = campaign.learner.info()
    return {"data (SHA-256)": info.data_sha256, "weights (SHA-256)": campaign.learner.weights_sha256(), "dtype": info.dtype}


def _check_ranks(gang: Gang, config: CampaignConfig) -> None:
    if reason := why_not_on_ranks(config, gang.size, shards=gang.shards):
        raise RanksError(reason)


# ---------------------------------------------------------------------------------------------------------------------
# Begin


def _begin(gang: Gang, order: Beginning) -> LeadingRun | Follower:
    def build() -> tuple[Campaign, str]:
        _check_ranks(gang, order.config)
        return new_campaign(order.config, base=order.base, ghost_files=order.ghost_files if gang.rank == 0 else ())

    campaign, note = muster.together(gang, build, lambda built: _facts(built[0]))
    campaign.ghost = _first_ones_ghost(gang, campaign.ghost)
    made = muster.together(gang, lambda: _make_folder(gang, campaign, order), lambda made: {})
    if isinstance(made, LeadingRun):
        made.note = note
        made.keep_beginning()
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
        _check_ranks(gang, config)
        changed = () if saved.ended else changes(before, config)
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
