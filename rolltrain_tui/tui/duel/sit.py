"""From a campaign to the table: the player against the network of this turn, and beside it."""

from collections.abc import Callable

from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players.names import other
from rolltrain_tui.modes.duel.table.guests import guests_of
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.tui.duel.screen import DuelScreen


def sit(learner: DuelLearner, when: str) -> Callable[[], DuelScreen]:
    """Called between two turns: the networks are copied. The person first sits opposite the one that learns."""
    guests = guests_of(learner, when)
    seed = learner.clock
    return lambda: DuelScreen(Sitting(guests, seed=seed, first=other(learner.side.role)))
