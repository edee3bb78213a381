"""Distance from the reference model: in the reward, in the loss, and the coefficients that hold it.

Shapes: B actions, T tokens; log-probabilities are of the tokens that were chosen.
"""

from torch import Tensor


def token_rewards(score: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, coefficient: float) -> Tensor:
    """r_t = -beta (log pi_old - log pi_ref), and the score (B,) on the last token: (B, T)."""
    rewards = -coefficient * (logprobs - reference) * mask
    return rewards.scatter_add(1, (mask.sum(dim=1, keepdim=True) - 1), score[:, None].to(rewards.dtype))


def exact_kl(ratio: Tensor, logprobs: Tensor, reference: Tensor) -> Tensor:
    """rho (log pi - log pi_ref) of each token, whose mean over samples of the old policy is KL(pi || pi_ref): (B, T).

    Gradients flow through both factors. E_old[rho (log pi - log ref) grad log pi + rho grad log pi] is the gradient of the true KL;
    without rho in the graph only the second term stays, which is 0 in the mean.
    """
    return ratio * (logprobs - reference)


def adapted(coefficient: float, kl: float, *, target: float, horizon: float, steps: float) -> float:
    """The coefficient after so many steps: larger where kl is above its target, smaller below, by at most 20 % of steps / horizon."""
    error = min(max(kl / target - 1, -0.2), 0.2)
    return coefficient * (1 + error * steps / horizon)
