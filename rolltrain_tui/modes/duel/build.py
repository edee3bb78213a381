"""From a campaign to the learner it describes."""

from pathlib import Path

from rolltrain_tui.base.allocator import tune_allocator
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS
from rolltrain_tui.modes.duel.players.saved import saved_networks
from rolltrain_tui.modes.duel.rewards import REWARDS
from rolltrain_tui.protocol.learner import Evaluation


def build(config: DuelConfig, *, base: Path) -> DuelLearner:
    """The learner of a campaign. Raises ValueError, in words, for layers, rewards, devices and saved networks that are not there."""
    if config.learning.reward not in REWARDS:
        raise ValueError(f"learning.reward: no reward is called {config.learning.reward!r}; there are {', '.join(REWARDS)}")
    tune_allocator()
    return DuelLearner(config, saved=saved_networks(config, base))


def zeillinger_at_the_table(learner: DuelLearner, games: int) -> Evaluation:
    """The evaluation of an expert on the same fixed games: Zeillinger as host, the agent that chooses first as agent."""
    return learner.trials.evaluation(games, HOSTS["zeillinger"].move if learner.side.role == "host" else AGENTS["first"].move)
