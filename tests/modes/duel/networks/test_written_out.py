"""The written-out passes of a layer list stand for autograd's: the same bits."""

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.networks.networks import LayerNet
from rolltrain_tui.modes.duel.networks.written_out import backward, forward
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

AGENT = ("table.hero=agent", "table.opponents=[zeillinger]", "table.judges=[zeillinger]")
EFFECTS = (NEUTRAL, StepEffect(update_scale=1.5), StepEffect(target_noise=0.5), StepEffect(batch_factor=2.5), StepEffect(drop_worst=2))


def bits(tensor: torch.Tensor) -> bytes:
    """-0 and 0 are two."""
    return bytes(tensor.detach().contiguous().view(torch.uint8).flatten().tolist())


@pytest.mark.parametrize("layers", [[], [5], [8, 7, 3]], ids=str)
@pytest.mark.parametrize("role", ["host", "agent"])
@pytest.mark.parametrize("relu_first", [False, True])
def test_values_and_gradients_are_those_of_autograd(role: Role, layers: list[int], relu_first: bool) -> None:
    """Two batches, whose gradients add up; boards have fewer points than the network has places."""
    stream = torch.Generator().manual_seed(5)
    net = LayerNet(role, 3, 6, layers, relu_first=relu_first)
    plain = LayerNet(role, 3, 6, layers, relu_first=relu_first)
    plain.load_state_dict(net.state_dict())
    for _ in range(2):
        points = torch.rand(9, 4, 3, generator=stream) - 0.1
        chosen = torch.rand(9, 3, generator=stream) < 0.7 if role == "agent" else None
        with torch.no_grad():
            tape = forward(net, net.row(points, chosen))
        values = plain(points, chosen)
        assert bits(tape.values) == bits(values)
        slopes = torch.randn(values.shape, generator=stream)
        backward(net, tape, slopes)
        values.backward(slopes)
    for own, other in zip(net.parameters(), plain.parameters(), strict=True):
        assert own.grad is not None
        assert other.grad is not None
        assert bits(own.grad) == bits(other.grad)


@pytest.mark.parametrize(
    "more", [(), AGENT, ("table.permute=true", "batch.accumulation=2", "learning.double=false")], ids=["a host", "an agent", "renumbered"]
)
def test_training_is_that_of_autograd(more: tuple[str, ...]) -> None:
    """Some turns under several levers, by the written-out passes and by autograd: the same losses, the same weights."""
    settings = (*DUEL, "network={kind: layers, width: null, layers: [8, 8], relu_first: false}", *more)
    runs = []
    for by_modules in (False, True):
        hero = build(load(CAMPAIGNS / "duel_first.yaml", settings), base=CAMPAIGNS)
        assert isinstance(hero, DuelLearner)
        assert hero.side.passes is not None
        if by_modules:
            hero.side.passes = None
        losses = [hero.step(effect).loss for effect in EFFECTS]
        runs.append((losses, hero.weights_sha256()))
    assert runs[0] == runs[1]
    assert all(loss > 0 for loss in runs[0][0])
