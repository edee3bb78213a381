"""A run: a campaign with its chronicle and its saves, in one folder.

`Run.play(inbox)` is the one loop that the screen's worker thread, the headless command line and the tests iterate.
"""

import contextlib
import shlex
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from rolltrain_tui.base import atomic_files
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.changes import Change, asked_changes
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Learner
from rolltrain_tui.runs import layout, saves
from rolltrain_tui.runs.log import event_codec, trajectories
from rolltrain_tui.runs.log.event_log import Chronicle, read
from rolltrain_tui.runs.open import SavedRun, new_campaign, with_settings
from rolltrain_tui.training.machine.machine_kind import this_machine


class Run:
    """One run: its campaign, its folder, its story so far. Made by `begin` or `resume`."""

    def __init__(self, campaign: Campaign, folder: Path, base: Path, pending: Sequence[Command] = ()) -> None:
        self.campaign = campaign
        self.config: CampaignConfig = campaign.config
        self.folder = folder
        self.base = base
        """The folder that the campaign's own paths are relative to."""
        self.note = ""
        """A sentence for the player about how the run was opened, such as a damaged save that was passed over."""
        self._pending = list(pending)

    # Opening.

    @classmethod
    def begin(cls, config: CampaignConfig, *, base: Path, runs: Path, name: str | None = None, ghost_files: Sequence[Path] = ()) -> Self:
        """A new run in a new folder under `runs`, with the first ghost in `ghost_files` that fits the campaign.

        ValueError for data or a device that cannot be used.
        """
        campaign, note = new_campaign(config, base=base, ghost_files=ghost_files)
        run = cls.create(campaign, base=base, runs=runs, name=name)
        run.note = note
        run.keep_beginning()
        return run

    def keep_beginning(self) -> None:
        """The ghost, and a first save, of a campaign that has not begun."""
        if self.campaign.ghost is not None:
            baseline.write(self.folder / layout.GHOST, self.campaign.ghost)
        with contextlib.suppress(OSError):  # the next save reports it
            self.write(name="", keep=self.config.save.keep, events=0, pending=())

    @classmethod
    def create(cls, campaign: Campaign, *, base: Path, runs: Path, name: str | None = None) -> Self:
        """As begin, with a campaign that is built already."""
        folder = saves.new_run_folder(runs, name or campaign.config.name, campaign.config.seed)
        run = cls(campaign, folder, base.resolve())
        with saves.filling(folder):
            run._write_campaign()
        return run

    @classmethod
    def resume(cls, path: Path, overrides: Sequence[str] = ()) -> Self:
        """Open a save folder, or the latest save of a run folder.

        A save older than the run's latest starts a branch: a new run beside it, whose story is the old one up to that save.
        Other settings begin between two turns. A turn that was stopped half-way is finished first, with the settings it began with.
        """
        saved = SavedRun.read(path)
        before = saved.config()
        config = saved.config(overrides) if overrides else before
        changes = () if saved.ended else asked_changes(before, config)
        if changes and saved.half_way:
            unfinished = cls.restore(saved, saved.open(before))
            unfinished.finish_turn()
            finished = cls.resume(unfinished.folder, overrides)
            finished.note = " ".join(note for note in (unfinished.note, finished.note) if note)
            return finished
        return cls.go_on(saved, saved.open(config), changes)

    @classmethod
    def go_on(cls, saved: SavedRun, campaign: Campaign, changes: Sequence[Change]) -> Self:
        """As restore, and tell of the settings that have changed since the save."""
        run = cls.restore(saved, campaign)
        run._tell_of(changes)
        if saved.ended:
            another = f"rolltrain branch {shlex.quote(str(run.folder))} --at TURN --set PATH=VALUE"
            run.note = f"{run.note} This run has ended. To go on from an earlier turn, with other settings: {another}".strip()
        return run

    @classmethod
    def restore(cls, saved: SavedRun, campaign: Campaign) -> Self:
        """The run of a save that is read already. `campaign` is in the saved state."""
        note = campaign.leave_ghost()
        folder = saves.run_of(saved.path)
        if not saves.is_latest(saved.path):
            folder = saves.branch_folder(folder, campaign.config.name, campaign.config.seed, saved.events)
        run = cls(campaign, folder, saved.base_now(campaign.config), saved.pending)
        with saves.Lock(folder), Chronicle(folder / layout.CHRONICLE) as chronicle:
            chronicle.truncate_to(saved.events)
            run._tell_of_the_machine(saved, chronicle)
            with contextlib.suppress(OSError):  # rows of turns that are played again stand there twice then
                trajectories.cut(folder / layout.TRAJECTORIES, campaign.turn)
            run.note = " ".join(note for note in (saved.snapshot.note, note, chronicle.note) if note)
        return run

    def _tell_of_the_machine(self, saved: SavedRun, chronicle: Chronicle) -> None:
        """Record that another kind of machine than the save's goes on: verification must not take its rounding for a forgery."""
        info = self.campaign.learner.info()
        here, before = this_machine(threads=info.threads, device=info.device), saved.snapshot.machine
        if before not in (None, here) and not saved.ended:
            chronicle.append(ev.MachineChanged(self.campaign.turn + saved.half_way, here))

    # Playing.

    @property
    def learner(self) -> Learner:
        return self.campaign.learner

    def weights_sha256(self) -> str:
        """Hash of the weights' bytes in name order, after the run was played."""
        return self.learner.weights_sha256()

    @property
    def story(self) -> Iterator[ev.Event]:
        """The events in the chronicle."""
        path = self.folder / layout.CHRONICLE
        return read(path) if path.exists() else iter(())

    def play(self, inbox: Inbox) -> Iterator[ev.Event]:
        """Play the campaign, write its chronicle, and save when a save is due. SaveError when another process plays the run."""
        for command in self._pending:
            inbox.put(command)
        self._pending = []
        with saves.Lock(self.folder), Chronicle(self.folder / layout.CHRONICLE) as chronicle:
            if self.campaign.began and not self.campaign.ended:
                yield ev.CampaignResumed(self.campaign.turn, self.config.name)
            for event in self.campaign.play(inbox):
                if isinstance(event, ev.SaveDue):
                    yield self._save(event, inbox, chronicle)
                    continue
                if isinstance(event, ev.TrainingFailed):
                    self._log_traceback()
                elif event.in_story:
                    chronicle.append(event)
                if isinstance(event, ev.StepTaken):
                    with contextlib.suppress(OSError):  # a full disk is told at the next save
                        trajectories.keep(self.folder / layout.TRAJECTORIES, self.learner)
                yield event
            try:
                chronicle.close()
            except OSError as error:
                why = f"{error.strerror or error}; the end of the story is lost"
                yield ev.SaveFailed(self.campaign.turn, str(self.folder), why)

    def finish_turn(self) -> None:
        """Play a turn that was stopped half-way to its end, and save. SaveError, or what the training raised."""
        for event in self.play(_OneTurn()):
            if isinstance(event, ev.SaveFailed):
                raise saves.SaveError(f"the run could not be saved in {event.path}: {event.error}")
            if isinstance(event, ev.TrainingFailed):
                raise saves.SaveError(f"turn {event.turn} could not be finished: {event.error}")

    def change(self, changes: Sequence[Change]) -> None:
        """Go on with other settings, between two turns, and tell the story of it. ValueError when they do not fit the run."""
        self.campaign = with_settings(self.campaign, changes, self.base)
        self.config = self.campaign.config
        self._tell_of(changes)

    def _tell_of(self, changes: Sequence[Change]) -> None:
        if changes:
            with saves.Lock(self.folder), Chronicle(self.folder / layout.CHRONICLE) as chronicle:
                chronicle.append(settings_changed(self.campaign, changes))
                with atomic_files.saying(saves.SaveError, f"the run cannot be written in {self.folder}"):
                    chronicle.close()

    def _log_traceback(self) -> None:
        failure = self.campaign.failure
        assert failure is not None
        with contextlib.suppress(OSError), (self.folder / layout.ERRORS).open("a", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(failure)) + "\n")

    # Saving.

    def save(self, name: str = "") -> Path:
        """Save the run while it is not being played: the save's folder. SaveError, OSError."""
        with saves.Lock(self.folder), Chronicle(self.folder / layout.CHRONICLE) as chronicle:
            told = self._save(ev.SaveDue(self.campaign.turn, "player", name), Inbox(self._pending), chronicle)
        if isinstance(told, ev.SaveFailed):
            raise saves.SaveError(f"the run could not be saved in {told.path}: {told.error}")
        return Path(told.path)

    def _save(self, due: ev.SaveDue, inbox: Inbox, chronicle: Chronicle) -> ev.Saved | ev.SaveFailed:
        """The chronicle first: a save must not know of an event that the chronicle lacks."""
        try:
            chronicle.sync()
            if not (self.folder / layout.CAMPAIGN).exists():  # the run folder was removed meanwhile, and made again
                self._write_campaign()
            keep = None if due.reason == "player" else self.config.save.keep
            path = self.write(name=due.name, keep=keep, events=chronicle.events_written, pending=inbox.pending())
        except OSError as error:
            return ev.SaveFailed(due.turn, str(self.folder), error.strerror or str(error))
        return ev.Saved(due.turn, due.reason, str(path))

    def write(self, *, name: str, keep: int | None, events: int, pending: Sequence[Command]) -> Path:
        """Save the run as it stands after `events` events of its story; the save's folder. OSError."""
        info = self.campaign.learner.info()
        snapshot = saves.Snapshot(
            config_text=campaign_file.dump(self.config),
            state={
                "base": str(self.base),
                "data_sha256": info.data_sha256,
                "dtype": info.dtype,
                "events": events,
                "pending": [event_codec.encode(command) for command in pending],
                "campaign": self.campaign.state_dict(),
            },
            tensors=self.campaign.tensors(),
            summary=self._summary(),
            threads=info.threads,
            machine=this_machine(threads=info.threads, device=info.device),
        )
        return saves.write(self.folder, snapshot, name=name, keep=keep)

    def _write_campaign(self) -> None:
        (self.folder / layout.CAMPAIGN).write_text(campaign_file.dump(self.config), encoding="utf-8")

    def _summary(self) -> saves.Summary:
        campaign, hero = self.campaign, self.campaign.game.hero
        return saves.Summary(
            campaign=self.config.name,
            hero=hero.name,
            hero_class=hero.hero_class,
            level=hero.level,
            turn=campaign.turn,
            turns=self.config.turns,
            value=campaign.value,
            ending=campaign.ending if campaign.ended else None,
            label=self.config.objective.short_label,
        )


class _OneTurn(Inbox):
    """Lets one turn pass."""

    passed = False

    def wait_for_turn(self) -> bool:
        first, self.passed = not self.passed, True
        return first


def settings_changed(campaign: Campaign, changes: Sequence[Change]) -> ev.SettingsChanged:
    """The event for a campaign whose settings have changed already."""
    config, game = campaign.config, campaign.game
    return ev.SettingsChanged(
        turn=campaign.turn,
        changes=tuple(changes),
        turns=config.turns,
        rulebook=config.dice.rulebook,
        die=game.rules.sides,
        dc=game.dc,
        sheet=game.sheet(),
        energy=config.adventure.energy,
    )
