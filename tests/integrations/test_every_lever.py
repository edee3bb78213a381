"""In a loop of somebody else's, every lever acts or is told to be out of reach."""

from dataclasses import fields, replace

import pytest
import torch
from support.same_weights import same
from torch import nn

import rolltrain_tui
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.training.levers.foreign_optimizer import UNAVAILABLE_LEVERS
from rolltrain_tui.training.levers.masks import FEWEST_NORMS

OF_NO_USE = {"dials", "on_zero"}
"""Such a loop has no dials, and always calls its optimiser: `on_zero` is hold."""
LEVERS = [field.name for field in fields(StepEffect) if field.name not in {*OF_NO_USE, *UNAVAILABLE_LEVERS}]
PULLED = {
    "update_scale": 0.5,
    "lr_scale": 0.5,
    "decay_factor": 3.0,
    "weight_noise": 0.1,
    "norm_cap": 0.1,
    "agreeing_gain": 1.5,
    "cautious": True,
    "forget_momentum": True,
    "heal_alpha": 0.5,
    "restore_best": True,
    "rollback": True,
}


def trained(effect: StepEffect) -> nn.Module:
    """After some turns, of which the last but one is under this effect."""
    stream = torch.Generator().manual_seed(5)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = nn.Linear(8, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
    game = rolltrain_tui.session(model, optimizer, rulebook="off", monsters="off")
    game.memory.prepare(("heal_alpha", "restore_best", "norm_cap"))
    for turn in range(FEWEST_NORMS + 2):
        loss = model(torch.randn(16, 8, generator=stream)).square().mean()
        loss.backward()
        game.begin()
        if turn == FEWEST_NORMS:
            game.cycle.effect = effect
            game.hooks.arm(effect)
            game.memory.before_the_step(effect, {}, None)
        optimizer.step()
        optimizer.zero_grad()
        optimizer.param_groups[0]["lr"] *= 1.1  # steps grow, so that a cap on their norm has something to cut
        game.end(loss.item())
        game.evaluated(1.0 + turn)
    return model


@pytest.mark.parametrize("lever", LEVERS)
def test_a_lever_changes_the_training_or_is_told_to_be_out_of_reach(lever: str) -> None:
    """The same turns end elsewhere where it was pulled in one of them."""
    assert not same(trained(replace(NEUTRAL, **{lever: PULLED[lever]})), trained(NEUTRAL))
