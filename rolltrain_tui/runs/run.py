"""An expedition: a campaign with its chronicle and its saves, kept in one run folder.

`travel(inbox)` is the one loop that the TUI's worker thread, the headless command line and the tests iterate.
"""

import contextlib
import shutil
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from rolltrain_tui.config import campaign_file
from rolltrain_tui.config.changes import Change, changed
from rolltrain_tui.config.changes import changes as changes_between
from rolltrain_tui.config.schema import CampaignConfig, GameConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.text.build import build_learner
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import CampaignResumed, Event, Saved, SaveDue, SaveFailed, SettingsChanged, TrainingFailed
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import event_codec, saves
from rolltrain_tui.runs.event_log import Chronicle, copy_story, read
from rolltrain_tui.runs.saves.store import dump_state, load_state

CONFIG_FILE, GHOST_FILE, CHRONICLE_FILE, ERROR_FILE = "campaign.yaml", "ghost.json", "chronicle.jsonl", "error.log"


class Run:
    """One run: its campaign, its folder, the story so far. Made by `begin` or `resume`."""

    def __init__(self, campaign: Campaign, folder: Path, base: Path, pending: Sequence[Command] = ()) -> None:
        self.campaign = campaign
        self.config: GameConfig = campaign.config
        self.folder = folder
        self.base = base
        """The folder that data.path is relative to."""
        self.note = ""
        """A sentence for the player about how the run was opened, such as a damaged save that was passed over."""
        self._pending = list(pending)

    @classmethod
    def begin(cls, config: CampaignConfig, *, base: Path, runs: Path, name: str | None = None, ghost_file: Path | None = None) -> Self:
        """A new run in a folder of its own under `runs`, beside the ghost in `ghost_file` if one is there that belongs to it.

        ValueError for data or a device that cannot be used.
        """
        learner = build_learner(config, base=base)
        ghost, note = ghosts.find(ghost_file, ghosts.recipe_of(config, learner.info().text_sha256)) if ghost_file else (None, "")
        expedition = cls.create(Campaign(config, learner, ghost), base=base, runs=runs, name=name)
        if ghost is not None:
            ghosts.write(expedition.folder / GHOST_FILE, ghost)
        expedition.note = note
        with contextlib.suppress(OSError):  # the next save will tell
            expedition.write(name="", keep=config.save.keep, events=0, pending=())
        return expedition

    @classmethod
    def create(cls, campaign: Campaign, *, base: Path, runs: Path, name: str | None = None) -> Self:
        """As begin, with a campaign that is ready."""
        folder = saves.new_run_folder(runs, name or campaign.config.name, campaign.config.seed)
        (folder / CONFIG_FILE).write_text(campaign_file.dump(campaign.config), encoding="utf-8")
        return cls(campaign, folder, base.resolve())

    @classmethod
    def resume(cls, path: Path, overrides: Sequence[str] = ()) -> Self:
        """Open a save folder, or the latest save of a run folder.

        An older save than the run's latest starts a branch: a new run beside it, whose story is the old one up to that save.
        Other settings begin between two turns: one that was stopped half-way is finished first, with those it was begun with.
        """
        snapshot = saves.read(path)
        if is_of_a_program(snapshot.config_text):
            raise saves.SaveError(f"the run {path} trains a program's own model; go on with RollToTrain(...).train(..., resume=...)")
        before = campaign_file.load_text(snapshot.config_text, str(path))
        config = campaign_file.load_text(snapshot.config_text, str(path), overrides) if overrides else before
        base, _, _, state = contents_of(snapshot.state)
        ended, half_way = state.get("ended"), state.get("effect") is not None
        changes = () if ended else changes_between(before, config)
        if changes and half_way:
            unfinished = cls.go_on(path, snapshot, Campaign(before, build_learner(before, base=base)))
            unfinished.finish_turn()
            finished = cls.resume(unfinished.folder, overrides)
            finished.note = " ".join(note for note in (unfinished.note, finished.note) if note)
            return finished
        expedition = cls.go_on(path, snapshot, Campaign(config, build_learner(config, base=base)))
        expedition._tell_of(changes)
        if ended:
            another = f"rolltrain branch {expedition.folder.name} --at TURN --set PATH=VALUE"
            expedition.note = f"{expedition.note} This run has ended. To go on from an earlier turn, with other settings: {another}".strip()
        return expedition

    @classmethod
    def go_on(cls, path: Path, snapshot: saves.Snapshot, campaign: Campaign) -> Self:
        """As resume, with the save read and a campaign that its state is loaded into."""
        base, events, pending, state = contents_of(snapshot.state)
        config = campaign.config
        campaign.load_state(state, snapshot.tensors)
        note = campaign.leave_ghost()
        folder = saves.run_of(path)
        if not saves.is_latest(path):
            folder = branch(folder, config, events)
        expedition = cls(campaign, folder, base, pending)
        with saves.Lock(folder), Chronicle(folder / CHRONICLE_FILE) as chronicle:
            chronicle.truncate_to(events)
            expedition.note = " ".join(note for note in (snapshot.note, note, chronicle.note) if note)
        return expedition

    def finish_turn(self) -> None:
        """Play a turn that was stopped half-way to its end, and save. SaveError, or what the training raised."""
        for event in self.play(_OneTurn()):
            if isinstance(event, SaveFailed):
                raise saves.SaveError(f"the run could not be saved in {event.path}: {event.error}")
            if isinstance(event, TrainingFailed):
                raise saves.SaveError(f"turn {event.turn} could not be finished: {event.error}")

    def change(self, changes: Sequence[Change]) -> None:
        """Go on with other settings, from between two turns; the story tells of it. ValueError when they do not fit the run."""
        self.campaign = with_settings(self.campaign, changes, self.base)
        self.config = self.campaign.config
        self._tell_of(changes)

    def _tell_of(self, changes: Sequence[Change]) -> None:
        if changes:
            with saves.Lock(self.folder), Chronicle(self.folder / CHRONICLE_FILE) as chronicle:
                chronicle.append(settings_changed(self.campaign, changes))

    @property
    def story(self) -> Iterator[Event]:
        """The events that the chronicle holds."""
        path = self.folder / CHRONICLE_FILE
        return read(path) if path.exists() else iter(())

    def play(self, inbox: Inbox) -> Iterator[Event]:
        """Play the campaign, keep its chronicle, write its saves when due. One traveller per run: SaveError when another is on it."""
        for command in self._pending:
            inbox.put(command)
        self._pending = []
        with saves.Lock(self.folder), Chronicle(self.folder / CHRONICLE_FILE) as chronicle:
            if self.campaign.began and not self.campaign.ended:
                yield CampaignResumed(self.campaign.turn, self.config.name)
            for event in self.campaign.play(inbox):
                if isinstance(event, SaveDue):
                    yield self._save(event, inbox, chronicle)
                    continue
                if isinstance(event, TrainingFailed):
                    self._keep_traceback()
                elif event.in_story:
                    chronicle.append(event)
                yield event

    def save(self, name: str = "") -> Path:
        """Save the run while nobody travels: the save's folder. SaveError, OSError."""
        with saves.Lock(self.folder), Chronicle(self.folder / CHRONICLE_FILE) as chronicle:
            told = self._save(SaveDue(self.campaign.turn, "player", name), Inbox(self._pending), chronicle)
        if isinstance(told, SaveFailed):
            raise saves.SaveError(f"the run could not be saved in {told.path}: {told.error}")
        return Path(told.path)

    def _save(self, due: SaveDue, inbox: Inbox, chronicle: Chronicle) -> Saved | SaveFailed:
        """Chronicle first: a save never knows of an event that the chronicle does not hold."""
        try:
            chronicle.sync()
            self._keep_campaign()
            keep = None if due.reason == "player" else self.config.save.keep
            path = self.write(name=due.name, keep=keep, events=chronicle.events_written, pending=inbox.pending())
        except OSError as error:
            return SaveFailed(due.turn, str(self.folder), error.strerror or str(error))
        return Saved(due.turn, due.reason, str(path))

    def write(self, *, name: str, keep: int | None, events: int, pending: Sequence[Command]) -> Path:
        """Save the run as it stands after `events` events of its story; the save's folder. OSError."""
        snapshot = saves.Snapshot(
            config_text=campaign_file.dump(self.config),
            state={
                "base": str(self.base),
                "events": events,
                "pending": [event_codec.encode(command) for command in pending],
                "campaign": self.campaign.state_dict(),
            },
            tensors=self.campaign.tensors(),
            summary=self._summary(),
            threads=self.campaign.learner.info().threads,
        )
        return saves.write(self.folder, snapshot, name=name, keep=keep)

    def _keep_campaign(self) -> None:
        """The run folder may have been removed under us: the campaign belongs into the new one too."""
        if not (self.folder / CONFIG_FILE).exists():
            (self.folder / CONFIG_FILE).write_text(campaign_file.dump(self.config), encoding="utf-8")

    def _summary(self) -> saves.Summary:
        campaign, hero = self.campaign, self.campaign.game.hero
        return saves.Summary(
            campaign=self.config.name,
            hero=hero.name,
            hero_class=hero.hero_class,
            level=hero.level,
            turn=campaign.turn,
            turns=self.config.turns,
            val_loss=campaign.val_loss,
            ending=campaign.ending if campaign.ended else None,
        )

    def _keep_traceback(self) -> None:
        failure = self.campaign.failure
        assert failure is not None
        with (self.folder / ERROR_FILE).open("a", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(failure)) + "\n")


class _OneTurn(Inbox):
    """Lets one turn pass."""

    passed = False

    def wait_for_turn(self) -> bool:
        first, self.passed = not self.passed, True
        return first


def settings_changed(campaign: Campaign, changes: Sequence[Change]) -> SettingsChanged:
    """The event of a campaign that has changed settings already."""
    config, game = campaign.config, campaign.game
    return SettingsChanged(
        turn=campaign.turn,
        changes=tuple(changes),
        turns=config.turns,
        rulebook=config.dice.rulebook,
        die=game.rules.sides,
        dc=game.dc,
        modifier=game.modifier,
        expected_k=game.expected_k(),
        energy=config.adventure.energy,
    )


def with_settings(campaign: Campaign, changes: Sequence[Change], base: Path) -> Campaign:
    """The campaign, between two turns, as it is after it was saved and resumed with other settings. ValueError when they do not fit it."""
    assert isinstance(campaign.config, CampaignConfig)
    config = changed(campaign.config, changes)
    fresh = Campaign(config, build_learner(config, base=base))
    fresh.load_state(load_state(dump_state(campaign.state_dict())), campaign.tensors())
    fresh.leave_ghost()
    return fresh


def is_of_a_program(config_text: str) -> bool:
    """Whether a saved campaign trains a model that no campaign file describes."""
    return "\nkind: module\n" in config_text


def contents_of(state: Mapping[str, Any]) -> tuple[Path, int, list[Command], Mapping[str, Any]]:
    """What a save's state holds: the folder of the data, the events before it, the commands that wait, the campaign's state. SaveError."""
    match state:
        case {"base": str(base), "events": int(events), "pending": [*pending], "campaign": dict(campaign)} if events >= 0:
            return Path(base), events, [event_codec.decode_command(line) for line in pending if isinstance(line, str)], campaign
    raise saves.SaveError("this save does not hold a run")


def branch(run: Path, config: GameConfig, events: int) -> Path:
    """A new run folder that starts with the first `events` events of `run`."""
    folder = saves.new_run_folder(run.parent, f"{config.name} branch", config.seed)
    copy_story(run / CHRONICLE_FILE, folder / CHRONICLE_FILE, events)
    for name in (CONFIG_FILE, GHOST_FILE):
        if (run / name).is_file():
            shutil.copyfile(run / name, folder / name)
    return folder
