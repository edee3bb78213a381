"""An optimiser's step without what PyTorch does around its kernel: of a small model that costs more than the step itself."""

from weakref import WeakSet

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer

from rolltrain_tui.training.below_autograd import below_autograd
from rolltrain_tui.training.shards import is_shard

_SERVED: WeakSet[Optimizer] = WeakSet()


def serve(optimizer: AdamW) -> None:
    """`take_step` may call the kernel of this optimiser, which is fused and nobody else's. Other settings than usual are not served."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    usual = all(group["fused"] and not (group["amsgrad"] or group["maximize"]) for group in optimizer.param_groups)
    if usual and len({(p.device, p.dtype) for p in parameters}) == 1 and not any(map(is_shard, parameters)):
        _SERVED.add(optimizer)


def take_step(optimizer: Optimizer) -> None:
    """`optimizer.step()`, to the last bit, without gradients (`torch.no_grad`). Of one that is served the kernel is called at once.

    A `step` that somebody has put on the optimiser itself, to watch it or to do something else, is called as ever.

    Measured on a CPU, six parameters with 8,000 weights: 31 microseconds instead of 116.
    """
    calls = _calls(optimizer) if optimizer in _SERVED and "step" not in vars(optimizer) else None
    if calls is None:
        optimizer.step()
        return
    for (lr, beta1, beta2, weight_decay, eps), (parameters, gradients, means, squares, steps) in calls.items():
        with below_autograd():
            torch._foreach_add_(steps, 1)
            torch._fused_adamw_(
                parameters,
                gradients,
                means,
                squares,
                [],
                steps,
                amsgrad=False,
                lr=lr,
                beta1=beta1,
                beta2=beta2,
                weight_decay=weight_decay,
                eps=eps,
                maximize=False,
            )


def _calls(optimizer: Optimizer) -> dict[tuple[float, ...], tuple[list[Tensor], ...]] | None:
    """Settings -> parameters, gradients, first and second moments, step counts: groups of the same settings together.

    None where a parameter has no gradient, or no moments yet, which the optimiser makes at its first step.
    """
    found: dict[tuple[float, ...], tuple[list[Tensor], ...]] = {}
    for group in optimizer.param_groups:
        settings = (group["lr"], *group["betas"], group["weight_decay"], group["eps"])
        parameters, gradients, means, squares, steps = found.setdefault(settings, ([], [], [], [], []))
        for p in group["params"]:
            gradient, state = p.grad, optimizer.state.get(p)
            if gradient is None or gradient.is_sparse or not state:
                return None
            parameters.append(p)
            gradients.append(gradient)
            means.append(state["exp_avg"])
            squares.append(state["exp_avg_sq"])
            steps.append(state["step"])
    return {settings: columns for settings, columns in found.items() if columns[0]}
