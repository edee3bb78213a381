"""A check-up: a save is opened, its model evaluated and examined, and every signal read. The run folder is left as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.config import campaign_file
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.text.build import build_learner
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.runs import saves


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What was found."""

    campaign: str
    turn: int
    turns: int
    val_loss: float
    standard_error: float
    readings: tuple[Reading, ...]
    """All signals: those heard on the way as they stood when the run was saved, the others found just now."""
    layers: tuple[LayerReading, ...]
    gflop: float
    """Spent on looking."""
    note: str
    """A sentence for the player when not all was well with the save; else empty."""


def check_up(path: Path, overrides: Sequence[str] = ()) -> Checkup:
    """Of a save folder, or of the latest save of a run. ValueError where there is none that can be opened."""
    snapshot = saves.read(path)
    config = campaign_file.load_text(snapshot.config_text, str(path), overrides)
    campaign = Campaign(config, build_learner(config, base=Path(str(snapshot.state["base"]))))
    campaign.load_state(snapshot.state["campaign"], snapshot.tensors)
    evaluation = campaign.learner.evaluate(config.evaluation.sequences)
    examination = campaign.learner.examine(evaluation)
    watch = campaign.game.watch
    watch.examined(campaign.turn, examination.values)
    return Checkup(
        campaign=config.name,
        turn=campaign.turn,
        turns=config.turns,
        val_loss=evaluation.value,
        standard_error=evaluation.standard_error,
        readings=watch.readings(),
        layers=examination.layers,
        gflop=evaluation.gflop + examination.gflop,
        note=snapshot.note,
    )
