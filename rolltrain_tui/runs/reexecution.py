"""Re-enactment: a run trained once more from what it left: its campaign, its seed and the commands in its event_log.

The same campaign, seed and commands give the same dice, the same story and the same weights; so any turn of a run can be reached again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rolltrain_tui.config import campaign_file
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.text.build import build_learner
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import SettingsChanged
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.runs import event_codec, event_log, saves
from rolltrain_tui.runs.run import contents_of, is_of_a_program
from rolltrain_tui.runs.saves import layout


class GatedInbox(ScriptedInbox):
    """An inbox with the recorded moves. Between two turns, when all state is at rest, it asks whether another may pass."""

    def __init__(self, moves: list[tuple[int, Command]], may_pass: Callable[[], bool]) -> None:
        super().__init__(moves)
        self._may_pass = may_pass

    def wait_for_turn(self) -> bool:
        return not self.stopped and self._may_pass()


@dataclass(slots=True)
class StartPoint:
    """A campaign at the point from which a run is played again."""

    run: Path
    campaign: Campaign
    base: Path
    """The folder that data.path is relative to."""
    events: int
    """Events of the story before it."""
    moves: list[tuple[int, Command]]
    """The recorded moves after it."""
    changes: list[SettingsChanged]
    """The recorded changes of settings after it."""

    def fresh(self, config: CampaignConfig) -> Campaign:
        """A campaign of this kind that has not begun."""
        return Campaign(config, build_learner(config, base=self.base))


def from_the_beginning(run: Path, device: str | None = None) -> StartPoint:
    """ValueError when the run's campaign or its text cannot be read."""
    text = (run / layout.CAMPAIGN).read_text(encoding="utf-8")
    config = _config(text, run / layout.CAMPAIGN, device)
    base = _base_of(run)
    learner = build_learner(config, base=base)
    ghost, _ = ghosts.find(run / layout.GHOST, ghosts.recipe_of(config, learner.info().text_sha256))
    return StartPoint(run, Campaign(config, learner, ghost), base, 0, moves_of(run), changes_of(run, 0))


def from_save(path: Path, device: str | None = None) -> StartPoint:
    """ValueError when the save cannot be read."""
    run, snapshot = saves.run_of(path), saves.read(path)
    config = _config(snapshot.config_text, path, device)
    base, events, _, state = contents_of(snapshot.state)
    campaign = Campaign(config, build_learner(config, base=base))
    campaign.load_state(state, snapshot.tensors)
    begun = campaign.turn + (state["effect"] is not None)  # a turn that was stopped half-way has drained its moves
    return StartPoint(run, campaign, base, events, [move for move in moves_of(run) if move[0] > begun], changes_of(run, events))


def moves_of(run: Path) -> list[tuple[int, Command]]:
    """Every command of a run that was answered, with its turn."""
    with event_log.text(run / layout.CHRONICLE) as lines:
        return event_codec.moves(lines)


def changes_of(run: Path, after: int) -> list[SettingsChanged]:
    """What was changed in a run's settings on the way, but for the first `after` events."""
    story = islice(event_log.read(run / layout.CHRONICLE), after, None)
    return [event for event in story if isinstance(event, SettingsChanged)]


def _config(text: str, path: Path, device: str | None) -> CampaignConfig:
    if is_of_a_program(text):
        raise ValueError(f"the run {path.parent.name} trains a program's own model, which only that program can train again")
    return campaign_file.load_text(text, str(path), () if device is None else (f"device.device={device}",))


def _base_of(run: Path) -> Path:
    """Where the run's own text lies, as its newest good save remembers it."""
    for folder, manifest in layout.slots(run):
        if manifest is not None:
            try:
                return Path(str(saves.read_state(folder)["base"]))
            except (saves.SaveError, KeyError):
                continue
    return run
