"""With the dice and the monsters off, the game only watches: the weights are the plain loop's, to the last bit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.same_weights import same
from support.skipping import Skipping
from torch import Tensor, nn

import rolltrain_tui
from rolltrain_tui import RollToTrain, Session
from rolltrain_tui.protocol.events import DeathSaveRolled, Examined, HeroFell, HeroHurt, StepTaken

pytestmark = pytest.mark.slow

OFF: dict[str, Any] = {"rulebook": "off", "monsters": "off"}


def net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def batches(n: int, seed: int = 1) -> list[tuple[Tensor, Tensor]]:
    g = torch.Generator().manual_seed(seed)
    return [(torch.randn(4, 8, generator=g), torch.randint(0, 4, (4,), generator=g)) for _ in range(n)]


def overfit(model: nn.Module, optimizer: torch.optim.Optimizer, turns: int, game: Session | None) -> None:
    """Two batches again and again: the validation loss rises, and is told every fifth turn."""
    train, unseen = batches(2), batches(4, seed=9)
    for turn in range(turns):
        x, y = train[turn % 2]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        if game is None:
            optimizer.step()
            continue
        with game.turn(loss):
            optimizer.step()
        if turn % 5 == 4:
            with torch.no_grad():
                game.evaluated(sum(nn.functional.cross_entropy(model(x), y).item() for x, y in unseen) / 4)


def test_a_session_leaves_a_run_alone_whose_validation_loss_rises() -> None:
    """200 turns: no wound, no fall, and the weights of the loop without the game."""
    plain, played = net(), net()
    overfit(plain, torch.optim.AdamW(plain.parameters(), lr=3e-2), 200, None)
    optimizer = torch.optim.AdamW(played.parameters(), lr=3e-2)
    game = rolltrain_tui.session(played, optimizer, **OFF)
    overfit(played, optimizer, 200, game)
    assert same(plain, played)
    assert not [event for event in game.events if isinstance(event, HeroHurt | DeathSaveRolled | HeroFell)]


@pytest.mark.parametrize("kind", [torch.optim.AdamW, Skipping])
def test_roll_to_train_leaves_a_run_alone_whose_validation_loss_rises(tmp_path: Path, kind: type[torch.optim.AdamW]) -> None:
    """The same in our own loop, also where the optimiser leaves steps out."""
    plain, played = net(), net()
    overfit(plain, kind(plain.parameters(), lr=3e-2), 200, None)
    trainer = RollToTrain(
        played, kind(played.parameters(), lr=3e-2), loss=nn.functional.cross_entropy, accumulation_steps=1, turns=200,
        evaluate_every=5, clip=None, runs=tmp_path, **OFF,
    )  # fmt: skip
    trainer.train(batches(2), batches(4, seed=9), progress=False)
    assert same(plain, played)


@pytest.mark.parametrize("down", [False, True])
def test_a_hero_who_may_die_slows_nothing_while_the_dice_are_off(down: bool) -> None:
    """Asked for deaths, the hero falls; but every step before is the plain one."""
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-2)
    game = rolltrain_tui.session(model, optimizer, deaths=True, **OFF)
    game.game.hero.hp = 0 if down else 1
    overfit(model, optimizer, 1, game)
    assert [event.k_requested for event in game.events if isinstance(event, StepTaken)] == [1.0]


def thaw(model: nn.Sequential, optimizer: torch.optim.Optimizer, turn: int) -> None:
    if turn == 20:
        model[0].requires_grad_(True)
        optimizer.add_param_group({"params": list(model[0].parameters()), "lr": 1e-2})


def test_a_session_leaves_a_run_alone_whose_layers_thaw() -> None:
    """200 turns; a group joins after twenty of them."""
    models = net(), net()
    for model in models:
        model[0].requires_grad_(False)
        optimizer = torch.optim.AdamW(model[2].parameters(), lr=3e-2)
        game = rolltrain_tui.session(model, optimizer, **OFF) if model is models[1] else None
        for turn in range(200):
            thaw(model, optimizer, turn)
            overfit(model, optimizer, 1, game)
    assert same(*models)


def test_roll_to_train_leaves_a_run_alone_whose_layers_thaw(tmp_path: Path) -> None:
    """The same in our own loop, where the program's own training step lets the group join."""
    plain, played = net(), net()
    for model in (plain, played):
        model[0].requires_grad_(False)
    own, held = (torch.optim.AdamW(model[2].parameters(), lr=3e-2) for model in (plain, played))
    for turn in range(200):
        thaw(plain, own, turn)
        own.zero_grad()
        x, y = batches(2)[turn % 2]
        nn.functional.cross_entropy(plain(x), y).backward()
        own.step()
    turns = iter(range(200))

    def step(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        if model.training:
            thaw(played, held, next(turns))
        return nn.functional.cross_entropy(model(batch[0]), batch[1])

    trainer = RollToTrain(
        played, held, training_step=step, accumulation_steps=1, turns=200, evaluate_every=50, clip=None, runs=tmp_path, **OFF
    )  # fmt: skip
    trainer.train(batches(2), batches(2, seed=9), progress=False)
    assert same(plain, played)


def test_layers_may_thaw_in_a_turn_that_an_examination_measures(tmp_path: Path) -> None:
    """The move of that turn is left out, and the next examination finds the layer that joined."""
    model = net()
    model[0].requires_grad_(False)
    optimizer = torch.optim.AdamW(model[2].parameters(), lr=3e-2)
    turns = iter(range(100))

    def step(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        if model.training:
            thaw(model, optimizer, next(turns))
        return nn.functional.cross_entropy(model(batch[0]), batch[1])

    trainer = RollToTrain(
        model, optimizer, training_step=step, accumulation_steps=1, turns=30, evaluate_every=5, runs=tmp_path, rulebook="off",
        monsters="diagnosed",
    )  # fmt: skip
    trainer.train(batches(2), batches(2, seed=9), progress=False)
    assert len(trainer.loss_history) == 30
    assert trainer.run is not None
    found = [event for event in trainer.run.story if isinstance(event, Examined)]
    assert len(found[0].layers) < len(found[-1].layers)
