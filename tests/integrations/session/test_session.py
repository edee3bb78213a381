import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.panels import text_of
from support.same_weights import same
from torch import Tensor, nn
from torch.utils.data import TensorDataset

import rolltrain_tui
from rolltrain_tui import Barbarian, Cleric, Rogue, Session, Wizard
from rolltrain_tui.exports.card import report_card
from rolltrain_tui.exports.export import read as read_export
from rolltrain_tui.integrations.session.checkpoints import stow, unpack_into
from rolltrain_tui.integrations.terms.terms import Terms
from rolltrain_tui.plain.run import status as plain_status
from rolltrain_tui.protocol.commands import SaveGame, UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import (
    ENDLESS,
    CampaignBegan,
    CampaignEnded,
    CommandRefused,
    DiceRolled,
    Evaluated,
    HeroFell,
    MonsterActed,
    Rested,
    StepTaken,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.runs.log.event_log import Chronicle, read, story_sha256
from rolltrain_tui.runs.saves import SaveError
from rolltrain_tui.runs.verification import compare_runs
from rolltrain_tui.serve.streams import phone
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.training.levers.foreign_optimizer import OptimizerHooks
from rolltrain_tui.tui.widgets.game.status import Pace, status_line

OFF: dict[str, Any] = {"rulebook": "off", "monsters": "off"}
OPTIMIZERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "adamw": lambda model: torch.optim.AdamW(model.parameters(), lr=1e-2),
    "fused": lambda model: torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True),
    "amsgrad": lambda model: torch.optim.Adam(model.parameters(), lr=1e-2, amsgrad=True, weight_decay=0.1),
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adagrad": lambda model: torch.optim.Adagrad(model.parameters(), lr=1e-2),
    "rmsprop": lambda model: torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.5, centered=True),
    "nadam": lambda model: torch.optim.NAdam(model.parameters(), lr=1e-2, decoupled_weight_decay=True, weight_decay=0.1),
    "radam": lambda model: torch.optim.RAdam(model.parameters(), lr=1e-2),
    "adamax": lambda model: torch.optim.Adamax(model.parameters(), lr=1e-2),
    "adafactor": lambda model: torch.optim.Adafactor(model.parameters(), lr=1e-2),
    "rprop": lambda model: torch.optim.Rprop(model.parameters(), lr=1e-3),
}


CAMP = 5
"""Turns between camps, where the least is patched away."""


def net() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3))


def loss_of(model: nn.Module, points: TensorDataset, step: int) -> Tensor:
    x, y = points[(16 * step) % 96 : (16 * step) % 96 + 16]
    return nn.functional.cross_entropy(model(x), y)


def loop(model: nn.Module, optimizer: torch.optim.Optimizer, points: TensorDataset, steps: range, game: Session | None = None) -> None:
    """A loop of one's own: accumulation over two batches, clipping."""
    for step in steps:
        total = 0.0
        for micro in range(2):
            loss = loss_of(model, points, 2 * step + micro) / 2
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        if game is None:
            optimizer.step()
        else:
            with game.turn(total):
                optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_neutral_dice_leave_the_loop_alone(optimizer: str, points: TensorDataset) -> None:
    """To the bit the weights of the loop without the game, whatever the optimiser."""
    model, other = net(), net()
    own, plain = OPTIMIZERS[optimizer](model), OPTIMIZERS[optimizer](other)
    loop(model, own, points, range(12), rolltrain_tui.session(model, own, **OFF))
    loop(other, plain, points, range(12))
    assert same(model, other)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "effect", [StepEffect(update_scale=k) for k in (-1.0, 0.0, 0.5, 2.0)] + [StepEffect(lr_scale=1.5, decay_factor=3.0)]
)
def test_k_is_what_it_claims(effect: StepEffect, optimizer: str, points: TensorDataset) -> None:
    """The weights move k times as far as the plain step from the same place would have moved them, and the game measures it."""
    model, plain = net(), net()
    own, other = OPTIMIZERS[optimizer](model), OPTIMIZERS[optimizer](plain)
    for steps in (range(3), range(3, 4)):
        hooks = OptimizerHooks(model, own)
        for step in steps:
            for m, o in ((model, own), (plain, other)):
                o.zero_grad()
                loss_of(m, points, step).backward()
                if m is model:
                    if step == 3:
                        hooks.arm(effect)
                elif step == 3 and effect.decay_factor != 1:
                    o.param_groups[0]["weight_decay"] = o.param_groups[0].get("weight_decay", 0) * effect.decay_factor
                before = [p.detach().clone() for p in m.parameters()]
                o.step()
                moved = torch.cat([(p.detach() - b).flatten() for p, b in zip(m.parameters(), before, strict=True)])
                if m is model:
                    applied = moved
        hooks.remove()
    k = effect.k_requested
    torch.testing.assert_close(applied, k * moved, rtol=1e-3, atol=2e-6)
    assert hooks.motion is not None
    assert hooks.motion.k_effective == pytest.approx(k, abs=1e-3)
    assert hooks.motion.applied_norm == pytest.approx(applied.norm().item(), rel=0.2)
    assert own.param_groups[0]["lr"] == pytest.approx(other.param_groups[0]["lr"]), "lent for one step only"


def test_a_gradient_that_is_not_finite_is_never_applied(points: TensorDataset) -> None:
    """Weights and moments stay, the table is told, and the loop goes on."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer)
    loop(model, optimizer, points, range(2), game)
    before = [p.detach().clone() for p in model.parameters()]
    (loss_of(model, points, 0) * math.inf).backward()
    with game.turn(math.inf):
        optimizer.step()
    optimizer.zero_grad()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    loop(model, optimizer, points, range(3, 5), game)
    finite = [event.finite for event in game.events if isinstance(event, StepTaken)]
    assert finite == [True, True, False, True, True]


@pytest.mark.parametrize("fused", [False, True])
def test_loss_scaling_stays_the_loops(fused: bool, points: TensorDataset) -> None:
    """Under a GradScaler the norm told is that of the true gradient, k is measured, and a step it skips is a turn without one."""
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    game = rolltrain_tui.session(model, optimizer, monsters="off")
    for step in range(6):
        loss = loss_of(model, points, step)
        scaler.scale(loss * (math.inf if step == 3 else 1)).backward()  # type: ignore[no-untyped-call]
        true = torch.nn.utils.get_total_norm([p.grad for p in model.parameters()]).item() / scaler.get_scale()  # type: ignore[misc]
        with game.turn(loss):
            scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        report = [event for event in game.events if isinstance(event, StepTaken)][-1]
        assert report.finite
        assert report.still == (step == 3)
        if step != 3:
            assert report.grad_norm == pytest.approx(true, rel=1e-4)
            assert report.k_effective == pytest.approx(report.k_requested, abs=1e-3)


def test_levers_that_look_back(points: TensorDataset) -> None:
    """A cleric's word draws the weights to their average before the next batch is read; a rogue's mask and a paladin's cap are measured."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer, character_class=Cleric(), monsters="off")
    loop(model, optimizer, points, range(9), game)
    game.put(UseAbility("healing_word"))
    loop(model, optimizer, points, range(9, 10), game)
    step = [event for event in game.events if isinstance(event, StepTaken)]
    loop(model, optimizer, points, range(10, 11), game)
    step = [event for event in game.events if isinstance(event, StepTaken)]
    assert "heal_alpha" in step[-1].levers

    rogue, other = net(), OPTIMIZERS["sgd"]
    own = other(rogue)
    game = rolltrain_tui.session(rogue, own, character_class=Rogue(), monsters="off", intelligence=20)
    loop(rogue, own, points, range(12), game)
    struck = [event for event in game.events if isinstance(event, StepTaken) and "agreeing_gain" in event.levers]
    assert struck
    assert all(event.k_effective == pytest.approx(event.k_requested, abs=1e-3) for event in struck)


def test_what_a_foreign_loop_cannot_serve_is_refused(points: TensorDataset) -> None:
    """Orders that need our own loop are refused with the reason, and monsters' powers that need it are told as not felt."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer, character_class=Rogue(level=5), encounter_chance=1.0, monsters="random")
    for order in (UseAbility("cunning_action", "hide"), SaveGame("x")):
        game.put(order)
    loop(model, optimizer, points, range(60), game)
    reasons = [event.reason for event in game.events if isinstance(event, CommandRefused)]
    assert reasons[0] == "Hide cannot act on this training: the loop that trains is not rolltrain's, and chooses its batches itself."
    assert reasons[1].startswith("The loop that trains is not rolltrain's")
    acts = {event.monster: event.effect for event in game.events if isinstance(event, MonsterActed)}
    assert acts.get("loss_dragon", "the training does not feel it") == "the training does not feel it"


@pytest.mark.parametrize("every", [3, 20, 250])
def test_camps_are_made_as_often_as_asked(every: int) -> None:
    """camp_every is obeyed, however small."""
    model = net()
    game = rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), camp_every=every, max_steps=9, rulebook="off", monsters="off")
    assert game.config.camps.every == every
    assert game.config.turns == 9


@pytest.mark.parametrize(("value", "error"), [("x", TypeError), (None, TypeError), (torch.ones(2), ValueError), (torch.ones(()), None)])
def test_an_evaluation_is_one_number(value: Any, error: type[Exception] | None) -> None:
    """A tensor with one will do; anything else is refused in words, and the game goes on."""
    model = net()
    game = rolltrain_tui.session(model, OPTIMIZERS["adamw"](model))
    if error is not None:
        with pytest.raises(error, match=r"evaluation .*one"):
            game.evaluated(value)
    game.evaluated(torch.ones((), requires_grad=True))  # type: ignore[arg-type]
    assert game.cycle.progress.last == 1


def test_words_that_make_no_session() -> None:
    """A rulebook that weighs the loss, parameters there are not, and a turn ended before it began are told in words."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    with pytest.raises(ValueError, match="rulebook source weighs the loss"):
        rolltrain_tui.session(model, optimizer, rulebook="source")
    with pytest.raises(TypeError, match=r"session has no parameter 'charactr_class' \(did you mean 'character_class'\?\)"):
        rolltrain_tui.session(model, optimizer, charactr_class=None)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="turns and max_steps are two names of one thing"):
        rolltrain_tui.session(model, optimizer, turns=3, max_steps=3)
    with pytest.raises(ValueError, match="turns must be a whole number of at least 1, not 0"):
        rolltrain_tui.session(model, optimizer, max_steps=0)
    with pytest.raises(ValueError, match="camp_every must be a whole number of at least 1, not 0"):
        rolltrain_tui.session(model, optimizer, camp_every=0)
    with pytest.raises(ValueError, match=r"^turns must be a whole number from 1 to 100000000"):
        rolltrain_tui.session(model, optimizer, max_steps=10**9)
    with pytest.raises(ValueError, match="there is no turn to end"):
        rolltrain_tui.session(model, optimizer).end(1.0)


@pytest.mark.parametrize("who", [Barbarian(), Cleric(level=3), Wizard()])
def test_a_session_goes_on(who: Any, points: TensorDataset, tmp_path: Path) -> None:
    """Stopped after any turn and gone on with in another process: same weights, same story."""

    def begin(folder: Path) -> tuple[nn.Module, torch.optim.Optimizer, Session]:
        model = net()
        optimizer = OPTIMIZERS["adamw"](model)
        return (
            model,
            optimizer,
            rolltrain_tui.session(model, optimizer, character_class=who, folder=folder, camp_every=5, encounter_chance=0.3),
        )

    whole, optimizer, game = begin(tmp_path / "whole")
    loop(whole, optimizer, points, range(20), game)
    game.close()

    model, optimizer, game = begin(tmp_path / "parts")
    loop(model, optimizer, points, range(7), game)
    stow(game, tmp_path)
    kept = (model.state_dict(), optimizer.state_dict())
    game.close()
    again, optimizer, game = begin(tmp_path / "parts")
    again.load_state_dict(kept[0])
    optimizer.load_state_dict(kept[1])
    unpack_into(game, tmp_path)
    loop(again, optimizer, points, range(7, 20), game)
    game.close()
    assert same(whole, again)
    stories = [story_sha256(tmp_path / part / "chronicle.jsonl") for part in ("whole", "parts")]
    assert stories[0] == stories[1]
    assert len([event for event in read(tmp_path / "whole" / "chronicle.jsonl") if isinstance(event, StepTaken)]) == 20


def test_a_damaged_or_missing_state(points: TensorDataset, tmp_path: Path) -> None:
    """Each is told as what it is."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer)
    with pytest.raises(SaveError, match="holds no game to go on with"):
        unpack_into(game, tmp_path)
    loop(model, optimizer, points, range(2), game)
    stow(game, tmp_path)
    weights = bytearray((tmp_path / "rolltrain.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "rolltrain.safetensors").write_bytes(weights)
    with pytest.raises(SaveError, match="its checksum is wrong"):
        unpack_into(game, tmp_path)
    (tmp_path / "rolltrain.json").write_text("{")
    with pytest.raises(SaveError, match="is damaged"):
        unpack_into(game, tmp_path)


def test_evaluations_teach_and_a_fall_goes_back(points: TensorDataset) -> None:
    """A better loss is XP; a hero who falls wakes with the weights of the last camp."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer, camp_every=5, monsters="off", intelligence=20, deaths=True)
    loop(model, optimizer, points, range(6), game)
    game.evaluated(2.0)
    game.evaluated(1.5)
    assert game.game.hero.xp == 500
    game.game.hero.hp = 0
    for step in range(6, 60):
        loop(model, optimizer, points, range(step, step + 1), game)
        if any(isinstance(event, HeroFell) for event in game.events):
            break
        game.game.hero.hp = 0
    assert game.cycle.effect is not None
    assert game.cycle.effect.rollback
    assert all(torch.equal(weight, game.memory.camp.weights[name]) for name, weight in model.named_parameters())


def steps(game: Session, model: nn.Module, optimizer: torch.optim.Optimizer, points: TensorDataset, turns: range) -> None:
    """A loop that calls the parts of a turn itself, as the callbacks do."""
    for step in turns:
        game.begin()
        loss = loss_of(model, points, step)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        game.end(loss.item())


def foreign(**words: Any) -> tuple[nn.Module, torch.optim.Optimizer, Session]:
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    return model, optimizer, rolltrain_tui.session(model, optimizer, camp_every=CAMP, monsters="off", intelligence=20, **words)


def test_a_camp_follows_the_evaluation_of_its_turn(points: TensorDataset) -> None:
    """As in a campaign: the best that the evaluation set is what a fallen hero goes back to."""
    model, optimizer, game = foreign()
    steps(game, model, optimizer, points, range(CAMP))
    for value in (2.0, 1.5):
        game.evaluated(value)
    weights = [p.detach().clone() for p in model.parameters()]
    steps(game, model, optimizer, points, range(CAMP, CAMP + 1))
    between = [type(event) for event in game.events if event.turn == CAMP and isinstance(event, Evaluated | Rested)]
    assert between == [Evaluated, Evaluated, Rested]
    rests = game.game.life.rests
    assert (rests.camp_turn, rests.camp_best, rests.camp_xp) == (CAMP, 1.5, 500)
    camp = [game.memory.camp.weights[name] for name, _ in model.named_parameters()]
    assert all(torch.equal(a, b) for a, b in zip(weights, camp, strict=True))


def test_what_triggers_by_itself_does_so_unless_everything_is_off() -> None:
    """The class's passive abilities, as in the original; on screen the player uses them."""

    def auto(by_themselves: bool = True, **terms: Any) -> list[str]:
        words = {"name": "x", "turns": 9, "camp_every": 9, "evaluate_every": 9, "twin": "off"}
        found: list[str] = Terms(**terms).table(**words, by_themselves=by_themselves)["hero"]["auto"]
        return found

    who = Barbarian()
    assert auto(character_class=who) == auto(character_class=who, rulebook="off", monsters="both") == who.passives != []
    assert auto(by_themselves=False, character_class=who) == auto(character_class=who, rulebook="off", monsters="off") == auto() == []


def test_the_fallen_make_no_camp(points: TensorDataset) -> None:
    """The snapshot stays the one they return to."""
    model, optimizer, game = foreign()
    steps(game, model, optimizer, points, range(CAMP - 1))
    camp = game.memory.camp
    game.begin()
    loss_of(model, points, CAMP - 1).backward()
    optimizer.step()
    game.game.life.rollback_due = True
    game.end(1.0)
    game.begin()
    assert game.memory.camp is camp
    assert not [event for event in game.events if isinstance(event, Rested)]


def test_a_camp_that_waits_is_saved(points: TensorDataset, tmp_path: Path) -> None:
    """A checkpoint between the evaluation and the next turn: the camp is made after loading. Older ones made it at once."""
    model, optimizer, game = foreign()
    steps(game, model, optimizer, points, range(CAMP))
    for value in (1.0, 2.0):
        game.evaluated(value)
    stow(game, tmp_path)
    _, _, again = foreign()
    unpack_into(again, tmp_path)
    again.begin()
    assert [event.kind for event in again.events if isinstance(event, Rested)] == ["long"]

    state, tensors = game.state_dict(), game.tensors()
    for name in ("ended", "gflop", "camp_waits"):
        del state[name]
    state["last"], state["best"] = state.pop("val_loss"), state.pop("best_val_loss")
    _, _, older = foreign()
    older.load_state(state, tensors)
    older.begin()
    assert not [event for event in older.events if isinstance(event, Rested)]
    assert older.cycle.progress == again.cycle.progress
    assert (2.0, 1.0) == (older.cycle.progress.last, older.cycle.progress.best)


def test_what_was_loaded_is_what_is_saved(points: TensorDataset, tmp_path: Path) -> None:
    """In a turn whose step still waits: the losses heard so far, the turn of the schedule, and how much noise was drawn."""
    model, optimizer, game = foreign()
    steps(game, model, optimizer, points, range(3))
    torch.rand(2, generator=game._noise)
    game.begin()
    loss_of(model, points, 9).backward()
    game.end(2.5)
    assert game.record()["window"] == [2.5]
    stow(game, tmp_path)
    _, _, again = foreign()
    unpack_into(again, tmp_path)
    assert again.record() == game.record()
    tensors, found = game.tensors(), again.tensors()
    assert "stream.weight_noise" in tensors
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_the_best_is_kept_before_the_game_hears_of_it(points: TensorDataset) -> None:
    """In a session as in a campaign: an ability that the evaluation brings back finds its state."""
    _, _, game = foreign(character_class=Cleric(level=9))
    heard: list[str] = []
    game.tell = lambda event: heard.append(type(event).__name__)
    game.remember = lambda evaluation: heard.append(f"remember {evaluation.value}")  # type: ignore[method-assign]
    game.evaluated(2.0)
    assert heard[:3] == ["CampaignBegan", "remember 2.0", "Evaluated"]


@pytest.mark.parametrize(("fallen", "ending"), [(False, "victory"), (True, "fallen")])
def test_the_end_of_a_loop(fallen: bool, ending: str, points: TensorDataset) -> None:
    """It tells the last loss and the best, and how it ended by the same rule as a campaign."""
    model, optimizer, game = foreign()
    steps(game, model, optimizer, points, range(2))
    for value in (1.0, 3.0):
        game.evaluated(value)
    game.game.life.fallen = fallen
    game.close(ended=True)
    ended = game.events[-1]
    assert isinstance(ended, CampaignEnded)
    assert (ended.value, ended.best, ended.ending, ended.turn, ended.gflop) == (3.0, 1.0, ending, 2, 0.0)


# ---------------------------------------------------------------------------------------------------------------------
# What evaluations measure


@pytest.mark.parametrize("how", ["at the beginning", "with the first evaluation"])
def test_accuracy_is_better_where_it_is_higher(how: str) -> None:
    """A rising accuracy teaches, a falling one hurts, and the story calls it by its name."""
    model = net()
    terms = {"metric": "val_accuracy", "better": "higher"} if how == "at the beginning" else {}
    game = rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), **terms)
    named = {} if terms else {"name": "accuracy", "better": "max"}
    game.begin()
    found = []
    for value in (0.5, 0.9, 0.4):
        before = len(game.events)
        game.evaluated(value, **named)
        found.append({type(event).__name__ for event in list(game.events)[before:]})
    assert "XPGained" in found[1]
    assert "HeroHurt" in found[2]
    began = [event for event in game.events if isinstance(event, CampaignBegan)]
    assert (began[-1].objective.name, began[-1].objective.better) == ("accuracy", "higher")
    assert [event.best for event in game.events if isinstance(event, Evaluated)] == [0.5, 0.9, 0.9]
    with pytest.raises(ValueError, match="follows the accuracy, where higher is better; tell it of one metric only, not of f1 too"):
        game.evaluated(0.1, name="f1", better="higher")
    state = game.state_dict()
    game.close()
    again = rolltrain_tui.session(model, game.optimizer, rulebook="off", monsters="off")
    again.load_state_dict(state)
    assert again.objective == game.objective


def test_a_state_of_before_metrics_had_names_follows_the_loss() -> None:
    """A checkpoint of an earlier version stays readable."""
    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer)
    game.begin()
    game.evaluated(1.5)
    state = game.state_dict()
    del state["objective"]
    game.close()
    again = rolltrain_tui.session(model, optimizer)
    again.load_state_dict(state)
    assert again.objective.of_loss
    again.evaluated(1.0)
    assert [event.best for event in again.events if isinstance(event, Evaluated)] == [1.0]


@pytest.mark.parametrize(
    ("metric", "better", "words"),
    [
        ("accuracy", None, "say which way 'accuracy' improves: better='higher' or better='lower'"),
        ("accuracy", "up", "better must be 'lower' or 'higher', not 'up'"),
        ("", "lower", "the name of a metric must be a word such as 'accuracy'"),
    ],
)
def test_a_metric_that_cannot_be_followed(metric: str, better: Any, words: str) -> None:
    """Which way is better is never guessed, but for a loss."""
    model = net()
    with pytest.raises(ValueError, match=words):
        rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), metric=metric, better=better)
    assert rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), metric="valid/loss").objective.of_loss


@pytest.mark.parametrize("acts", [{"hook": "loss"}, {"hook": "grad"}, {"roll_on": "micro"}, {"roll_on": "last-micro"}])
def test_a_rulebook_that_acts_before_the_step_is_refused(acts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Built in or from a plug-in: what weighs the loss or the gradient, or rolls for each micro-batch, needs a loop of ours."""
    book = replace(RULEBOOKS["hero"], name="early", **acts)
    monkeypatch.setattr(RULEBOOKS, "_from_plugins", {"early": book})
    model = net()
    with pytest.raises(ValueError, match="which a loop of your own keeps to itself"):
        rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), rulebook="early")


class FullyShardedDataParallel(nn.Module):
    """Called as FSDP1's wrapper is."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


@pytest.mark.parametrize("inside", [False, True])
def test_a_model_in_flat_pieces_is_refused(inside: bool) -> None:
    """Wherever the wrapper of FSDP1 is; the words name what shards a model so that it can be measured."""
    model = FullyShardedDataParallel(net())
    with pytest.raises(ValueError, match=r"FSDP1.*fully_shard \(FSDP2\)"):
        rolltrain_tui.session(nn.Sequential(model) if inside else model, OPTIMIZERS["adamw"](model))


def test_a_chronicle_that_cannot_be_written_ends_no_training(tmp_path: Path) -> None:
    """It is told once, and the turns go on."""
    (tmp_path / "file").write_text("in the way")
    model = net()
    with pytest.warns(UserWarning, match="the story cannot be written to .*; the training goes on") as said:
        game = rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), folder=tmp_path / "file" / "story")
    game.begin()
    game.state_dict()
    game.close()
    assert len(said) == 1


def test_a_disk_that_fills_is_told_once(points: TensorDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The story fails from then on, at each save of the loop and at the end."""

    def full(chronicle: Chronicle) -> None:
        raise OSError(28, "No space left on device")

    def saved_at_each_turn() -> None:
        for turn in range(3):
            loop(model, optimizer, points, range(turn, turn + 1), game)
            game.state_dict()
        game.close()

    model = net()
    optimizer = OPTIMIZERS["adamw"](model)
    game = rolltrain_tui.session(model, optimizer, folder=tmp_path)
    monkeypatch.setattr(Chronicle, "flush", full)
    with pytest.warns(UserWarning, match="No space left on device; the training goes on") as said:
        saved_at_each_turn()
    assert len(said) == 1


@pytest.mark.parametrize("turns", [None, 40])
def test_a_loop_that_does_not_say_how_long_it_takes_is_told_without_an_end(turns: int | None) -> None:
    """Neither its story nor the line at the top counts to a number that nobody named."""
    model = net()
    game = rolltrain_tui.session(model, OPTIMIZERS["adamw"](model), turns=turns)
    game.begin()
    begun = game.events[0]
    line = text_of([status_line(Scene.of([begun]), Pace(False, None, steady=12.0), 120)])
    assert ("no end set" in tell(begun), "40 turns" in tell(begun)) == (turns is None, turns is not None)
    assert (f"/{begun.turns}" in line, "%" in line, "ETA" in line) == (turns is not None,) * 3


def test_wherever_its_turns_are_counted_an_open_end_is_called_one(points: TensorDataset, tmp_path: Path) -> None:
    """Laid beside another run, on the report card, in a sentence of its state and on a phone."""
    for name in ("a", "b"):
        model = net()
        optimizer = OPTIMIZERS["adamw"](model)
        with rolltrain_tui.session(model, optimizer, folder=tmp_path / name) as game:
            loop(model, optimizer, points, range(3), game)
    both = compare_runs.lay_side_by_side(tmp_path / "a", tmp_path / "b")
    scene = Scene.of(game.events)
    told = [compare_runs.report(both), report_card(read_export(tmp_path / "a" / "chronicle.jsonl").summary), plain_status(scene, Inbox())]
    assert all("no end set" in words for words in told)
    assert phone.status(scene, "")["turns"] is compare_runs.as_record(both)["a"]["turns"] is None
    assert not any(str(ENDLESS) in words for words in told)


def test_a_first_evaluation_that_is_no_number_is_not_the_best_for_ever(tmp_path: Path) -> None:
    """The best is the best of the numbers, whenever the first one comes; what is no number improves on nothing."""
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    game = rolltrain_tui.session(model, optimizer, folder=tmp_path)
    for value in (math.nan, 0.5, math.nan, 0.4, 0.6):
        loss = model(torch.ones(1, 2)).square().mean()
        loss.backward()
        with game.turn(loss):
            optimizer.step()
        optimizer.zero_grad()
        game.evaluated(value)
    told = [event for event in read(tmp_path / "chronicle.jsonl") if isinstance(event, Evaluated)]
    assert [0.5, 0.5, 0.4, 0.4] == [event.best for event in told[1:]]
    assert [True, False, True, False] == [event.improved for event in told[1:]]
    assert "none so far was a number" in tell(told[0])
    assert "the best so far" in tell(told[1])


def test_a_checkpoint_of_an_older_program_goes_on() -> None:
    """One of seven turns, of which the later turns get the dice that an undisturbed game has."""

    def played(turns: range, older: Path | None = None) -> tuple[list[int], dict[int, tuple[int, ...]]]:
        model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        game = rolltrain_tui.session(model, optimizer, turns=40)
        if older is not None:
            unpack_into(game, older)
        for _ in turns:
            optimizer.zero_grad()
            loss = model(torch.ones(8, 4)).square().mean()
            loss.backward()
            with game.turn(loss):
                optimizer.step()
        steps = [event.turn for event in game.events if isinstance(event, StepTaken)]
        return steps, {event.turn: tuple(event.naturals) for event in game.events if isinstance(event, DiceRolled)}

    steps, rolls = played(range(8, 11), Path(__file__).parent / "golden_session")
    assert [8, 9, 10] == steps
    assert len(rolls) >= 2
    assert rolls.items() <= played(range(1, 11))[1].items()
