"""The gradient of one batch: what a mode's `gather` found on the way, and what it is gathered with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(slots=True)
class BatchGradient:
    """What `gather` found on the way, after it has left the gradient of one batch in `.grad`.

    `amount` and `scored` are in the mode's own unit of work: tokens for text, micro-batches for a module, transitions for a game.
    """

    loss: float = 0.0
    """Raw mean loss of the whole batch."""
    tokens: int = 0
    """Trained on, for the report; examples or transitions where there are no tokens."""
    amount: float = 0.0
    """Trained on: forward and backward."""
    scored: float = 0.0
    """Read once more, forward only."""
    targets: int = 0
    """Targets that target noise could have replaced, and how many of them it did replace."""
    replaced: int = 0
    plain: list[Tensor] | None = None
    """sum_j g_j / K, where micro_scales put sum_j k_j g_j / K into `.grad`; else None."""
    dropped: dict[str, float] = field(default_factory=dict)
    """What drop_worst measured."""

    def count(self, later: "BatchGradient") -> None:
        """Add the counts of a later batch of the same turn."""
        self.tokens += later.tokens
        self.amount += later.amount
        self.scored += later.scored
        self.targets += later.targets
        self.replaced += later.replaced


class GradientSum:
    """The gradients of a turn's micro-batches under micro_scales: the plain sum beside the scaled one.

    Where every scale is one, nothing is kept apart: the micro-batches add up in `.grad`, as in any training loop.
    """

    def __init__(self, parameters: Sequence[Tensor], scales: Sequence[float], micro_batches: int) -> None:
        self.parameters, self.scales, self.micro_batches = parameters, scales, micro_batches
        self.differs = any(scale != 1 for scale in scales)
        # One tensor for each parameter that had a gradient, in the order of `parameters`
        self._learning: list[Tensor] = []
        self._plain: list[Tensor] = []
        self._scaled: list[Tensor] = []

    def add(self, j: int) -> None:
        """Move the gradient of micro-batch j from `.grad` into both sums."""
        if self.differs:
            self._move(j)

    @torch.no_grad()
    def _move(self, j: int) -> None:
        # A larger or smaller batch has another number of micro-batches: each keeps the scale of its place in the turn.
        scale = self.scales[j * len(self.scales) // self.micro_batches]
        learning = [p for p in self.parameters if p.grad is not None]
        grads = [p.grad.coalesce() if p.grad.is_sparse else p.grad for p in learning if p.grad is not None]
        for p in learning:
            p.grad = None  # the next micro-batch starts from nothing
        if not self._learning:
            self._learning, self._plain, self._scaled = learning, grads, [grad * scale for grad in grads]
            return
        assert set(learning) == set(self._learning), "the micro-batches of a turn must use the same parameters"
        if any(grad.is_sparse for grad in grads):
            self._plain = [(a + b).coalesce() for a, b in zip(self._plain, grads, strict=True)]
            self._scaled = [(a + b * scale).coalesce() for a, b in zip(self._scaled, grads, strict=True)]
            return
        torch._foreach_add_(self._plain, grads)
        torch._foreach_add_(self._scaled, grads, alpha=scale)

    def finish(self) -> list[Tensor] | None:
        """Put the scaled sum into `.grad`. Returns the plain sum, or None where the two are the same."""
        for p, grad in zip(self._learning, self._scaled, strict=True):
            p.grad = grad
        return self._plain if self.differs else None


def micro_batches(usual: int, accumulation: int, factor: float, scales: Sequence[float]) -> list[int]:
    """The sizes of `factor` times a turn's micro-batches: the usual size, and the rest in a smaller one. `scales`: their micro_scales."""
    assert not scales or len(scales) == accumulation, f"{len(scales)} micro_scales for {accumulation} micro-batches"
    count = max(1, round(usual * accumulation * factor))
    return [usual] * (count // usual) + ([rest] if (rest := count % usual) else [])


def drop_worst(losses: Tensor, drop: int, batch: BatchGradient) -> Tensor:
    """Which examples of a batch stay when the `drop` of highest loss go; at least one stays. (B,) losses -> (B,) bool, on the CPU."""
    worst = losses.topk(min(drop, len(losses) - 1)).indices  # (drop,)
    stays = torch.ones_like(losses, dtype=torch.bool)
    stays[worst] = False
    batch.loss = losses.mean().item()  # of the whole batch, as in every other turn
    batch.dropped = {"drop_worst": float(len(worst)), "drop_worst.kept": losses[stays].mean().item()}
    if len(worst):
        batch.dropped["drop_worst.dropped"] = losses[worst].mean().item()
        batch.dropped |= {f"drop_worst.{i}": losses[i].item() for i in worst.tolist()}
    return stays.cpu()
