"""A loop may skip the optimiser's step. That is an outcome of its own, and no loss that was not finite."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.same_weights import same
from torch import Tensor, nn

import rolltrain_tui
from rolltrain_tui import Session
from rolltrain_tui.protocol.events import HeroHurt, LoopWarned, StepTaken
from rolltrain_tui.story.narration import tell

OFF: dict[str, Any] = {"rulebook": "off", "monsters": "off"}


def net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def batch(turn: int) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(turn)
    return torch.randn(4, 8, generator=g), torch.randint(0, 4, (4,), generator=g)


def loss_of(model: nn.Module, turn: int) -> Tensor:
    x, y = batch(turn)
    return nn.functional.cross_entropy(model(x), y)


def scaled(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session | None, turns: int) -> int:
    """In float16 under a loss scaler whose first steps overflow. How many were skipped."""
    scaler, skipped = torch.amp.GradScaler("cpu", init_scale=2.0**22), 0
    for turn in range(turns):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.float16):
            loss = loss_of(model, turn)
        scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        before = scaler.get_scale()
        if game is None:
            scaler.step(optimizer)
        else:
            with game.turn(loss):
                scaler.step(optimizer)
        scaler.update()
        skipped += scaler.get_scale() < before
    return skipped


def accumulated(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session | None, turns: int) -> int:
    """The optimiser steps on each fourth micro-batch; the turn is entered on each."""
    for turn in range(turns):
        loss = loss_of(model, turn)
        (loss / 4).backward()  # type: ignore[no-untyped-call]
        if game is None:
            if turn % 4 == 3:
                optimizer.step()
        else:
            with game.turn(loss):
                if turn % 4 == 3:
                    optimizer.step()
        if turn % 4 == 3:
            optimizer.zero_grad()
    return 0


def accelerated(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session | None, turns: int) -> int:
    """accelerate's accumulate(): step() is called on each micro-batch, and carried out on each fourth."""
    accelerate = pytest.importorskip("accelerate")
    own = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=4)
    prepared, wrapped = own.prepare(model, optimizer)
    for turn in range(turns):
        with own.accumulate(prepared):
            loss = loss_of(prepared, turn)
            own.backward(loss)
            if game is None:
                wrapped.step()
            else:
                with game.turn(loss):
                    wrapped.step()
            wrapped.zero_grad()
    return 0


def skipping(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session | None, turns: int) -> int:
    """Each second step is left out, as after a batch that is not wanted; its gradient is thrown away."""
    for turn in range(turns):
        loss = loss_of(model, turn)
        loss.backward()  # type: ignore[no-untyped-call]
        if game is None:
            if turn % 2:
                optimizer.step()
            optimizer.zero_grad()
            continue
        with game.turn(loss):
            if turn % 2:
                optimizer.step()
            optimizer.zero_grad()
    return turns // 2


LOOPS = [scaled, accumulated, accelerated, skipping]


@pytest.mark.slow
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("loop", LOOPS)
def test_off_is_plain_where_steps_are_skipped(loop: Callable[..., int], fused: bool) -> None:
    """80 micro-batches: the plain loop's weights, no wound, and every loss finite."""
    plain, played = net(), net()
    loop(plain, torch.optim.AdamW(plain.parameters(), lr=1e-2, fused=fused), None, 80)
    optimizer = torch.optim.AdamW(played.parameters(), lr=1e-2, fused=fused)
    with rolltrain_tui.session(played, optimizer, **OFF) as game:
        skipped = loop(played, optimizer, game, 80)
    assert same(plain, played)
    steps = [event for event in game.events if isinstance(event, StepTaken)]
    assert all(step.finite for step in steps)
    assert sum(step.still for step in steps) == skipped
    assert len(steps) - skipped == (20 if loop in (accumulated, accelerated) else 80 - skipped)
    assert not [event for event in game.events if isinstance(event, HeroHurt)]


@pytest.mark.parametrize("loop", LOOPS)
def test_where_steps_are_skipped_the_dice_act_on_the_others(loop: Callable[..., int]) -> None:
    """k is felt as it was asked in every turn that took a step."""
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    game = rolltrain_tui.session(model, optimizer, monsters="off")
    loop(model, optimizer, game, 40)
    steps = [event for event in game.events if isinstance(event, StepTaken) and not event.still]
    assert steps
    assert all(step.k_effective is None or abs(step.k_effective - step.k_requested) < 1e-3 for step in steps)


@pytest.mark.parametrize("loop", [accumulated, accelerated])
def test_the_micro_batches_of_a_window_are_one_turn(loop: Callable[..., int]) -> None:
    """Its loss is their mean."""
    model, other = net(), net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    game = rolltrain_tui.session(model, optimizer, **OFF)
    loop(model, optimizer, game, 8)
    told = [event.loss for event in game.events if isinstance(event, StepTaken)]
    losses = [loss_of(other, turn).item() for turn in range(8)]
    assert told == [pytest.approx(sum(losses[:4]) / 4), pytest.approx(sum(losses[4:]) / 4)]


def another(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session) -> None:
    """The loop steps an optimiser that the game does not hold."""
    own = torch.optim.SGD(model.parameters(), lr=0.1)
    for turn in range(6):
        own.zero_grad()
        loss = loss_of(model, turn)
        loss.backward()  # type: ignore[no-untyped-call]
        with game.turn(loss):
            own.step()


def without_a_gradient(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session) -> None:
    """The loop forgets backward()."""
    for turn in range(6):
        optimizer.zero_grad()
        with game.turn(loss_of(model, turn)):
            optimizer.step()


@pytest.mark.parametrize(
    ("loop", "words"),
    [
        (without_a_gradient, "stepped without a gradient, and changed no weight: call loss.backward() before step()"),
        (another, "another optimizer than the one that the game holds"),
        (lambda model, optimizer, game: scaled(model, optimizer, game, 6), "a loss scaler skips the steps"),
        (lambda model, optimizer, game: accumulated(model, optimizer, game, 6), "the loop accumulates them"),
    ],
)
def test_three_turns_without_a_step_or_a_gradient_are_told_once(
    loop: Callable[..., Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the likely cause, as an event and on standard error."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    game = rolltrain_tui.session(model, optimizer, **OFF)
    loop(model, optimizer, game)
    (warned,) = [event for event in game.events if isinstance(event, LoopWarned)]
    assert words in tell(warned)
    assert words in capsys.readouterr().err


def test_only_turns_in_a_row_count() -> None:
    """A step in between begins the count anew: two turns without one, again and again, are nothing to tell; three are told at the third."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    game = rolltrain_tui.session(model, optimizer, **OFF)
    for turn in range(11):
        optimizer.zero_grad()
        loss = loss_of(model, turn)
        loss.backward()
        with game.turn(loss):
            if turn in (2, 5, 7):
                optimizer.step()
    assert [event.turn for event in game.events if isinstance(event, LoopWarned)] == [4]  # a turn is counted for each step


def test_a_second_step_in_a_turn_is_told_once() -> None:
    """The game acts on the first alone."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    game = rolltrain_tui.session(model, optimizer, turns=9)
    for turn in range(3):
        optimizer.zero_grad()
        loss = loss_of(model, turn)
        loss.backward()
        with game.turn(loss):
            optimizer.step()
            if turn:
                optimizer.step()
    (told,) = [event for event in game.events if isinstance(event, LoopWarned)]
    assert told.turn == 2
    assert "more than one optimizer.step(): the game acts on the first" in told.text


def test_accelerates_own_windows_are_no_reason_to_warn() -> None:
    """A window of eight micro-batches is what was asked for."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    game = rolltrain_tui.session(model, optimizer, **OFF)
    accelerated(model, optimizer, game, 8)
    assert not [event for event in game.events if isinstance(event, LoopWarned)]


def test_a_turn_without_a_step_is_told_as_that() -> None:
    """Neither as a full step nor as a loss that was not finite; no k is claimed."""
    step = StepTaken(3, 2.0, 2.0, float("nan"), 0.1, 1.5, None, None, 0.0, 0, 0.0, True, ())
    assert tell(step) == "Loss 2.000; no optimiser step, so there was nothing to scale."


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (torch.zeros(3), r"must be one number, not 3; give its mean: game.turn\(loss.mean\(\)\)"),
        (torch.zeros((), dtype=torch.complex64), "must be a real number, not a complex one; give its size"),
        (torch.zeros((), device="meta"), "is on the meta device, where there are no numbers; move model and data"),
    ],
)
def test_a_loss_that_is_no_real_number_is_refused_before_the_turn(loss: Tensor, words: str) -> None:
    """The sentence has the remedy, and the game can go on with another loss."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    game = rolltrain_tui.session(model, optimizer, **OFF)
    with pytest.raises(ValueError, match=words), game.turn(loss):
        raise AssertionError("the turn was entered")
    with pytest.raises(ValueError, match=words.partition(";")[0].partition(",")[0]):
        game.evaluated(loss)  # type: ignore[arg-type]
    with game.turn(loss_of(model, 0)):
        optimizer.step()
    assert game.turn_number == 1
