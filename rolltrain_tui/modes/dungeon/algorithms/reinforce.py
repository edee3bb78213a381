"""REINFORCE with a baseline (Williams, 1992): each move is made likelier by what came after it, less the value of its state."""

from dataclasses import dataclass, replace
from typing import Self

from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import Credit, Whitening, advantages_of, last_of, mean_over, whitened
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Rows, Told, means
from rolltrain_tui.modes.dungeon.algorithms.ppo import explained_variance
from rolltrain_tui.modes.dungeon.games.play import COLUMNS, Played, rows_of
from rolltrain_tui.modes.dungeon.player.choice import Choice


@dataclass(frozen=True)
class Reinforce(Algorithm):
    gamma_step: float
    whitening: Whitening
    value: float
    """Weight of the value's loss."""
    entropy: float
    title = "REINFORCE with a baseline"
    targets = ("advantages", "returns")
    columns = COLUMNS | {"advantages": 2, "returns": 2}

    def weighed(self, *, entropy: float | None = None, value: float | None = None) -> Self:
        return replace(self, entropy=self.entropy if entropy is None else entropy, value=self.value if value is None else value)

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        """Returns run to the end of the game, or to the last move that was played and its value."""
        then = played.choice
        # Without discount inside of an action and with traces of one, an advantage is the return less the value
        credit = Credit(level="token", gamma=1.0, gamma_step=self.gamma_step, lam=1.0, lam_step=1.0)
        score = then.values.new_zeros(then.values.shape).scatter(1, last_of(played.mask)[:, None], played.score[:, None])
        advantages = advantages_of(played, score, credit)
        returns = advantages + then.values
        told = {"val/explained_variance": explained_variance(then.values[played.mask], returns[played.mask])}
        if self.whitening == "all":
            advantages = whitened(advantages, played.mask, "all")
        return {**rows_of(played), "advantages": advantages, "returns": returns}, told

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        """-A log pi + c_v (V - R)^2 / 2 - c_e H."""
        mask, advantages = rows["mask"], rows["advantages"]
        if self.whitening in ("single", "batch"):
            advantages = whitened(advantages, mask, self.whitening)
        policy = mean_over(-advantages * now.logprobs, mask)
        value = mean_over((now.values - rows["returns"]).square() / 2, mask)
        entropy = mean_over(now.entropy, mask)
        told = {
            "objective/entropy": entropy.detach().mean().item(),
            "policy/approxkl_avg": mean_over((now.logprobs.detach() - rows["logprobs"]).square() / 2, mask).mean().item(),
        }
        return policy + self.value * value - self.entropy * entropy, told | means(policy=policy, value=value)
