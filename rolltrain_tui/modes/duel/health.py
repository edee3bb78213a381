"""What an examination of a duel measures besides the signals of all modes. It changes nothing, and draws no random number.

With Q the values of the network that learns, V the highest sum of rewards that a game can bring, and boards those of the replay buffer's
first slots:

    q_excess    max Q - V on these boards                                           more than can be earned: overestimation
    q_bias      mean over the fixed starts of max_a Q - gamma^(moves - 1)           what a host expects, less what its games then earn
    q_spread    max Q - mean Q of a host on these boards                            0: one value for all moves on all boards
    curiosity   entropy of a host's moves on the fixed starts, over log A           0: one move everywhere
    replays     mean age of the buffer's rows x transitions a turn / rows           how often each was replayed so far, in the mean
    unfinished  share of a host's fixed games that the limit stopped                against the judge that holds out best
    echo        the last evaluation or the median of three, the lower, - best of all, where a rival learns    it was better against others

Signals that cannot be measured are left out: those of V where a package made the rewards; `echo` where no rival learns; a host's own for
agents; `curiosity` before the first turn, when every network makes one move everywhere.
`q_bias` counts the judges that are in the pool: of the others the network was never told.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from rolltrain_tui.modes.duel.side import Side
from rolltrain_tui.modes.duel.trials import Trials
from rolltrain_tui.training.tensors.precise import in_float64

STARTS = 64
"""Fixed starts that are looked at."""
BOARDS = 512
"""Boards of the replay buffer that are looked at."""


def signals(side: Side, trials: Trials, shares: Sequence[float], turn: int, transitions: int) -> dict[str, float]:
    """All but `echo`. `shares`: values of the last evaluation; `transitions`: replayed in a turn. The networks are at rest."""
    config, gamma = side.config, side.settings.gamma
    found = {"replays": side.replay.age(turn) * transitions / max(1, len(side.replay))}
    rows = side.ready(side.replay.first(BOARDS), None)
    values = side.values(side.nets.online, rows["before"], rows["chosen"]).cpu()  # (B, A)
    legal = torch.ones_like(values, dtype=torch.bool) if side.role == "host" else rows["chosen"].cpu()
    highest = values[legal].max().item()
    if side.role == "host":  # how an agent's values spread in health was not measured
        found["q_spread"] = highest - values[legal].mean().item()
    most = largest_return(config.learning.reward, side.role, gamma, config.game.limit)
    if math.isfinite(most):
        found["q_excess"] = (highest - most) / max(1.0, abs(most))
    if side.role == "host":
        found |= _of_a_host(side, trials, shares, turn, most)
    return found


class Standing:
    """What the judges found so far: the best value, and the last two."""

    def __init__(self) -> None:
        self.best, self.last = math.inf, (math.inf, math.inf)

    def hear(self, value: float) -> None:
        """One more evaluation."""
        if math.isfinite(value):
            self.best, self.last = min(self.best, value), (self.last[1], value)

    def echo(self, value: float) -> float:
        """With an evaluation that was not heard yet; NaN before there are three."""
        if not math.isfinite(self.last[0]):
            return math.nan
        median = sorted((*self.last, value))[1]
        return min(median, value) - min(self.best, value)  # a run that is at its best is not behind it, however bad it was before

    def state(self) -> list[float | None]:
        """As JSON values."""
        return [value if math.isfinite(value) else None for value in (self.best, *self.last)]

    def take(self, state: Sequence[float | None]) -> None:
        """Inverse of `state`. TypeError or ValueError for any other value."""
        best, before, last = (math.inf if value is None else float(value) for value in state)
        self.best, self.last = best, (before, last)


def _of_a_host(side: Side, trials: Trials, shares: Sequence[float], turn: int, most: float) -> dict[str, float]:
    gamma, limit = side.settings.gamma, side.config.game.limit
    boards, _ = trials.starts(STARTS)
    values = side.values(side.nets.online, boards.padded().float(), None).cpu()  # (B, A)
    found = {"curiosity": entropy_share(values.argmax(dim=1), values.shape[1])} if turn else {}
    by_judge = {name: shares[number :: len(trials.judges)] for number, name in enumerate(trials.judges)}
    found["unfinished"] = max((sum(share >= 1 for share in own) / len(own) for own in by_judge.values() if own), default=math.nan)
    earned = [
        gamma ** (round(s * limit) - 1) if s < 1 else 0.0 for name, own in by_judge.items() if name in side.settings.pool for s in own
    ]
    if earned and math.isfinite(most):
        found["q_bias"] = values.amax(dim=1).mean().item() - math.fsum(earned) / len(earned)
    return found


def largest_return(reward: str, role: str, gamma: float, limit: int) -> float:
    """V: the highest discounted sum of rewards of a whole game; NaN for the reward of a package, which may give anything."""
    if reward == "ending" or (reward == "stall" and role == "host"):
        return 1.0 if role == "host" else 0.0
    if reward == "stall":
        return float(limit) if gamma == 1 else (1 - gamma**limit) / (1 - gamma)
    return math.nan


def entropy_share(moves: Tensor, count: int) -> float:
    """Entropy of the histogram of these moves (B,) over that of an even one over `count`."""
    shares = in_float64(torch.bincount(moves, minlength=count)) / len(moves)
    return abs(-(shares * shares.clamp(min=1e-12).log()).sum().item()) / math.log(count) if count > 1 else 1.0
