"""The one way from a save, or from a campaign that has not begun, to a campaign ready to play."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rolltrain_tui.config.dtypes import in_its_dtype
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.baseline import recipe_of
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.changes import Change, changed
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.runs import ghosts, saves
from rolltrain_tui.runs.log import event_codec
from rolltrain_tui.runs.same_data import base_now, check_same_data
from rolltrain_tui.runs.saves.store import dump_state, load_state


def new_campaign(config: CampaignConfig, *, base: Path, ghost_files: Sequence[Path] = ()) -> tuple[Campaign, str]:
    """A campaign that has not begun, with the first ghost in `ghost_files` that fits, and a note for the player if none does.

    `base` is the folder that the campaign's own paths are relative to. ValueError for data or a device that cannot be used.
    """
    learner = build_learner(config, base=base)
    info = learner.info()
    config = in_its_dtype(config, info.dtype)
    ghost, note = ghosts.find(ghost_files, recipe_of(config, info.data_sha256))
    return Campaign(config, learner, ghost), f"{info.note} {note}".strip()


def with_settings(campaign: Campaign, changes: Sequence[Change], base: Path) -> Campaign:
    """The campaign between two turns, as if it had been saved and opened with other settings. ValueError when they do not fit it."""
    config, data = changed(campaign.config, changes), campaign.learner.info().data_sha256
    learner = build_learner(config, base=base)
    check_same_data(config, base, learner.info().data_sha256, known=data, turn=campaign.turn, before=lambda: campaign.config)
    fresh = Campaign(config, learner)
    fresh.load_state(load_state(dump_state(campaign.state_dict())), campaign.tensors())
    fresh.leave_ghost()
    return fresh


@dataclass(frozen=True, slots=True)
class SavedRun:
    """A save that was read and checked. `open` makes a campaign of it."""

    path: Path
    """The save, or the run whose latest save it is."""
    snapshot: saves.Snapshot
    base: Path
    """The folder that the campaign's own paths were relative to when it was saved."""
    events: int
    """Events of the story before it."""
    pending: list[Command]
    """Commands that wait for the next turn."""
    state: Mapping[str, Any]
    """The campaign's."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """A save folder, or the latest save of a run folder. SaveError."""
        return cls.of(path, saves.read(path))

    @classmethod
    def of(cls, path: Path, snapshot: saves.Snapshot) -> Self:
        """What was read from a save. SaveError."""
        match snapshot.state:
            case {"base": str(base), "events": int(events), "pending": [*lines], "campaign": dict(state)} if events >= 0:
                pending = [event_codec.decode_command(line) for line in lines if isinstance(line, str)]
                return cls(path, snapshot, Path(base), events, pending, state)
        raise saves.SaveError("this save does not hold a run")

    @property
    def ended(self) -> bool:
        return bool(self.state.get("ended"))

    @property
    def half_way(self) -> bool:
        """It was stopped inside a turn: the dice are cast and the step is not taken."""
        return self.state.get("effect") is not None

    def config(self, overrides: Sequence[str] = ()) -> CampaignConfig:
        """Its campaign, with "dotted.path=VALUE" written over its values. ValueError, also for fewer turns than it has played."""
        config = campaign_file.load_text(self.snapshot.config_text, str(self.path), overrides)
        if overrides and not self.ended and config.turns <= (played := self.snapshot.summary.turn):
            raise ValueError(
                f"turns: {config.turns} are over, for the run is at turn {played} and turns are counted from its beginning; "
                f"for {config.turns} more: --set turns={played + config.turns}"
            )
        return in_its_dtype(config, str(self.snapshot.state.get("dtype", "")))

    def open(self, config: CampaignConfig) -> Campaign:
        """The campaign as it was saved, with this configuration. ValueError when the two do not fit, or its mode builds no learner."""
        return self.load_into(Campaign(config, build_learner(config, base=self.base_now(config))))

    def load_into(self, campaign: Campaign) -> Campaign:
        """The campaign that is given, in the saved state. ValueError when the two do not fit."""
        sha256, turn = campaign.learner.info().data_sha256, self.snapshot.summary.turn
        check_same_data(campaign.config, self.base_now(campaign.config), sha256, known=self._known, turn=turn, before=self.config)
        campaign.load_state(self.state, self.snapshot.tensors)
        return campaign

    def base_now(self, config: CampaignConfig) -> Path:
        """The folder that the campaign's own paths are relative to. DataChangedError where its files are gone."""
        return base_now(config, self.base, saves.run_of(self.path), known=self._known)

    @property
    def _known(self) -> str:
        """Hash of the data that it learned from."""
        return str(self.snapshot.state.get("data_sha256", ""))
