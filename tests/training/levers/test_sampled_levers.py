"""A factor on the update of a large model: the same step as with all weights, measured on a sample."""

import pytest
import torch
from torch import nn

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.training.levers.levers import Levers, StepMeasurement
from rolltrain_tui.training.levers.sampled_levers import SampledLevers
from rolltrain_tui.training.levers.sampled_update import SampledUpdate

OPTIMIZERS = {
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.1, fused=True),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-1, momentum=0.9, fused=True),
}
EFFECTS = (
    StepEffect(),
    StepEffect(update_scale=0.5),
    StepEffect(update_scale=0.0),
    StepEffect(update_scale=1.5, decay_factor=0.0, clip_factor=2.0),
    StepEffect(update_scale=-0.5),
    StepEffect(cautious=True, update_scale=0.5),
)


def walked(kind: type[Levers], optimizer: str) -> tuple[list[StepMeasurement], torch.Tensor]:
    """The measurements of a few steps, and the weights after them."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(40, 60), nn.GELU(), nn.Linear(60, 3))
        x = torch.randn(8, 40)
    parameters = list(model.parameters())
    levers = kind(OPTIMIZERS[optimizer](parameters), parameters, clip=0.5)
    found = []
    for effect in EFFECTS:
        model(x).square().mean().backward()
        found.append(levers.step(effect))
    return found, torch.cat([p.detach().flatten() for p in parameters])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_step(optimizer: str) -> None:
    """Both ways the weights go to the same place, k is what was asked, and the norms are estimated well."""
    (whole, there), (sampled, here) = walked(Levers, optimizer), walked(SampledLevers, optimizer)
    torch.testing.assert_close(here, there, rtol=1e-5, atol=1e-6)
    for effect, a, b in zip(EFFECTS, whole, sampled, strict=True):
        assert (a.k_effective is None) == (b.k_effective is None)
        if b.k_effective is not None:
            assert b.k_effective == pytest.approx(effect.update_scale, abs=1e-3)
            assert b.proposed_norm == pytest.approx(a.proposed_norm, rel=0.2)


@pytest.mark.parametrize(
    ("weights", "fits"),
    [
        (torch.zeros(3, 2), True),
        (torch.zeros(3, 2).T, False),
        (torch.zeros(3, 2, dtype=torch.complex64), False),
        (torch.zeros(3, 2).to_sparse(), False),
    ],
    ids=["dense", "transposed", "complex", "sparse"],
)
def test_only_dense_real_weights_are_sampled(weights: torch.Tensor, fits: bool) -> None:
    """One tensor of another kind beside a dense one, and all weights are measured."""
    parameters = [nn.Parameter(torch.zeros(4)), nn.Parameter(weights)]
    assert fits == (SampledUpdate.of(torch.optim.SGD(parameters, lr=0.1)) is not None)
