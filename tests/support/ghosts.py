"""Ghosts that are recorded in a test."""

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.baseline import Ghost, ghost_of, plain_training
from rolltrain_tui.protocol.events import Evaluated
from rolltrain_tui.protocol.learner import Learner


def record(config: CampaignConfig, learner: Learner) -> Ghost:
    """Train from the start to the end; the ghost."""
    return ghost_of(config, learner, [e for e in plain_training(config, learner, at_camps=True) if isinstance(e, Evaluated)])
