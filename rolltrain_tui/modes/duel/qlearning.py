"""Deep Q-learning, as far as it is arithmetic: targets, target networks and exploration."""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.duel.game import legal


def td_targets(
    rewards: Tensor,
    over: Tensor,
    next_values: Tensor,
    gamma: float,
    *,
    chosen: Tensor | None = None,
    online: Tensor | None = None,
) -> Tensor:
    """r + gamma Q⁻(s', a') where the game goes on, else r: (B,).

    `next_values`: Q⁻(s', .) of the target network, (B, A). a' is the best move by `online`, the network that learns (double
    DQN), or by the target network where that is None. `chosen`: (B, A) the legal moves; None: all are.
    """
    judge = open_to(next_values if online is None else online, chosen)
    value = judge.amax(dim=1) if online is None else next_values.gather(1, judge.argmax(dim=1, keepdim=True))[:, 0]
    return returns(rewards, over, value, gamma)


def open_to(values: Tensor, chosen: Tensor | None) -> Tensor:
    """The values, with the lowest float for moves that are not legal. `chosen`: (B, A) the legal ones; None: all are."""
    return values if chosen is None else legal(values, chosen)


def returns(rewards: Tensor, over: Tensor, value: Tensor, gamma: float) -> Tensor:
    """r + gamma V where the game goes on, else r. All are (B,); V is overwritten."""
    return value.masked_fill_(over, 0).mul_(gamma).add_(rewards)


def huber(values: Tensor, goals: Tensor) -> Tensor:
    """The mean Huber loss of two of (B,): (). `F.smooth_l1_loss` without its checks, which take longer than the loss."""
    loss: Tensor = torch.ops.aten.smooth_l1_loss.default(values, goals, 1)
    return loss


def huber_slopes(values: Tensor, goals: Tensor, weight: float) -> Tensor:
    """d(weight x mean Huber loss)/d(values). All are (B,)."""
    share = _share(weight, values.shape[0])
    slopes: Tensor = torch.ops.aten.smooth_l1_loss_backward.default(share, values, goals, 0, 1.0)
    return slopes


@lru_cache
def _share(weight: float, count: int) -> Tensor:
    """The factor of one transition in the gradient, rounded as autograd rounds it."""
    return torch.tensor(weight) / count


@torch.no_grad()
def follow(target: nn.Module, online: nn.Module, tau: float) -> None:
    """theta⁻ <- tau theta + (1 - tau) theta⁻, running statistics of batch norms among them; counters are copied."""
    now = online.state_dict()
    for name, old in target.state_dict().items():
        new = now[name]
        if old.is_floating_point():
            old.lerp_(new, tau)
        else:
            old.copy_(new)


def explored(greedy: Tensor, random: Callable[[Tensor], Tensor], rate: float, chance: Tensor) -> Tensor:
    """The greedy moves, or with probability `rate` those that `random` makes of chance / rate, uniform again. All are (B,)."""
    if rate <= 0:
        return greedy
    return torch.where(chance < rate, random((chance / rate).clamp(max=1 - 1e-12)), greedy)
