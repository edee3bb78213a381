import asyncio
import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from support.patience import PATIENCE
from support.same_weights import same
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import rolltrain_tui
from rolltrain_tui import Barbarian, Cleric, Fighter, Paladin, Rogue, RollToTrain, Wizard
from rolltrain_tui.modes.module.batches import Batches, LoaderError
from rolltrain_tui.modes.module.forward import LossError
from rolltrain_tui.modes.module.learner import ModuleLearner
from rolltrain_tui.protocol.commands import SaveGame, Speak, UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import (
    AbilityUsed,
    CommandRefused,
    DiceRolled,
    Evaluated,
    MonsterAppeared,
    SettingsChanged,
    StepTaken,
    TwinJudged,
    XPGained,
)
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves import SaveError

Make = Callable[..., Any]
OFF = {"rulebook": "off", "monsters": "off"}
COUPLED = "decoupled_weight_decay False (here True)"
"""What AdamW is told of a save of Adam."""
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:enable_nested_tensor")]


def adamw(model: nn.Module, lr: float = 1e-2) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=lr)


def trainer_of(model: nn.Module, tmp_path: Path, **terms: Any) -> RollToTrain:
    optimizer = terms.pop("optimizer", None) or adamw(model)
    return RollToTrain(model, optimizer, runs=tmp_path / "runs", **{"accumulation_steps": 2, "num_epochs": 2, **terms})


def learner_of(model: nn.Module, tmp_path: Path, train: Any, validation: Any = None, **terms: Any) -> ModuleLearner:
    learner = trainer_of(model, tmp_path, **terms)._open(train, validation, None, on_screen=False).campaign.learner
    assert isinstance(learner, ModuleLearner)
    learner.prepare(["heal_alpha", "restore_best", "examine"])
    return learner


# ---------------------------------------------------------------------------------------------------------------------
# The quick start


def test_the_original_quick_start(
    reader: Make, loaders: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Word for word but for the package's name, with every default, it trains the model, shows a bar and writes a chronicle."""
    from rolltrain_tui import ExperienceSystem, RollToTrain, Wizard

    monkeypatch.setenv("ROLLTRAIN_SAVES", str(tmp_path))
    model = reader()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-2)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, total_iters=3)
    train_dataloader, eval_dataloader = loaders(64)

    trainer = RollToTrain(
        model=model, optimizer=optimizer, scheduler=scheduler, intelligence=15, character_class=Wizard(level=1), use_xp_system=True
    )
    trainer.train(train_dataloader, eval_dataloader)

    assert len(trainer.loss_history) == 3 * 8, "8 batches, one to a step, 3 epochs"
    assert trainer.eval_loss_history[-1][1] < trainer.eval_loss_history[0][1]
    assert scheduler.last_epoch == 24, "the schedule takes a step each turn"
    assert "turn 24/24" in capsys.readouterr().err
    assert (trainer.run.folder / "chronicle.jsonl").is_file()  # type: ignore[union-attr]
    assert isinstance(trainer.xp_system, ExperienceSystem)


def test_the_originals_rulebook_keeps_its_defaults(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Under rulebook "source" 64 batches make a step, and the schedule takes one each epoch."""
    model = reader()
    optimizer = adamw(model)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    trainer = RollToTrain(model, optimizer, scheduler, rulebook="source", num_epochs=2, runs=tmp_path)
    trainer.train(loaders(128 * 8)[0], progress=False)
    assert len(trainer.loss_history) == 4
    assert scheduler.last_epoch == 2
    assert (trainer.terms.accumulation, trainer.weight_update) == (64, "per_mini_batch")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"model": "bert"}, TypeError, "model must be a torch.nn.Module, not a str"),
        ({"optimizer": 0.1}, TypeError, "optimizer must be a torch.optim.Optimizer, not a float"),
        ({"optimizer": []}, TypeError, "not a list; of several, give one: the others step beside it"),
        ({"intelligence": 0}, ValueError, "intelligence must be between 1 and 20, not 0"),
        ({"intelligence": 21}, ValueError, "intelligence must be between 1 and 20, not 21"),
        ({"dc": 0}, ValueError, "dc must be between 1 and 30, not 0"),
        ({"dc": 31}, ValueError, "dc must be between 1 and 30, not 31"),
        ({"accumulation_steps": 0}, ValueError, "accumulation_steps must be a whole number of at least 1, not 0"),
        ({"mode": "per_turn"}, ValueError, "mode must be one of per_mini_batch, per_accumulation_step, not 'per_turn'"),
        ({"num_epochs": 0}, ValueError, "num_epochs must be a whole number of at least 1, not 0"),
        ({"dice_type": "d7"}, ValueError, "dice_type must be one of d4, d6, d8, d10, d12, d20, d100, not 'd7'"),
        ({"advantage": True, "disadvantage": True}, ValueError, "advantage and disadvantage cancel each other out"),
        ({"encounter_chance": 1.5}, ValueError, "encounter_chance must be between 0 and 1, not 1.5"),
        ({"character_class": 7}, TypeError, "such as Wizard"),
        ({"character_class": "bard"}, ValueError, "character_class must be one of barbarian, wizard, .*, not 'bard'"),
        ({"intelligence": 10.5}, ValueError, "intelligence must be a whole number, .* write 11 instead of 10.5"),
        ({"dc": 12.7}, ValueError, "dc must be a whole number, .* write 13 instead of 12.7"),
        ({"name": "n" * 61}, ValueError, "name must have 1 to 60 characters, not 61"),
        ({"runs": ""}, ValueError, "runs is empty; name a folder"),
        ({"name": b"n"}, TypeError, "name must be a text, not b'n'"),
        ({"name": " "}, ValueError, "name must be one line of letters, .*, not ' '"),
        ({"name": "a\nb"}, ValueError, r"name must be one line of letters, .*, not 'a\\nb'"),
        ({"rulebook": "chess"}, ValueError, "rulebook must be one of hero, source"),
        ({"monsters": "many"}, ValueError, "monsters must be one of both, diagnosed, random, off, not 'many'"),
        ({"seed": -1}, ValueError, "seed must be a whole number of at least 0 and .*, not -1"),
        ({"seed": True}, ValueError, "seed must be a whole number of at least 0 and .*, not True"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_constructor_errors(wrong: dict[str, Any], error: type[Exception], words: str, reader: Make) -> None:
    """Each of the original's errors, and of ours, names the parameter and the value."""
    model = reader()
    with pytest.raises(error, match=words):
        RollToTrain(**{"model": model, "optimizer": adamw(model), **wrong})


def test_a_level_or_a_name_there_is_not() -> None:
    """Characters are checked where they are made."""
    with pytest.raises(ValueError, match="level must be a whole number from 1 to 20, not 0"):
        Wizard(level=0)
    with pytest.raises(ValueError, match="a hero's name has at most 24 characters, not 25"):
        Wizard(name=25 * "x")
    with pytest.raises(ValueError, match="a hero's name has at most 24 characters, not 1: 7"):
        Wizard(name=7)  # type: ignore[arg-type]
    assert 24 * "x" == Wizard(name=24 * "x").name


def test_optimisers_that_cannot_play(reader: Make) -> None:
    """One of another model, one whose weights are frozen, and one that steps by closure are refused in words."""
    model, other = reader(), reader()
    for held in (other.parameters(), [*model.parameters(), *other.parameters()], [*other.parameters(), *model.parameters()]):
        with pytest.raises(ValueError, match="parameters that are not the model's"):
            RollToTrain(model, torch.optim.AdamW(held))
    with pytest.raises(ValueError, match="LBFGS takes several steps in one"):
        RollToTrain(model, torch.optim.LBFGS(model.parameters()))
    optimizer = adamw(model)
    model.requires_grad_(False)
    with pytest.raises(ValueError, match="frozen"):
        RollToTrain(model, optimizer)


@pytest.mark.parametrize("begin", [RollToTrain, rolltrain_tui.session])
def test_a_model_that_holds_nothing_to_train_is_refused_in_words(begin: Make) -> None:
    """Without parameters, or with weights on the meta device, which have shapes and no numbers."""
    here = nn.Linear(2, 2)
    empty, half = nn.Linear(2, 2, device="meta"), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2, device="meta"))
    for model, optimizer, words in (
        (nn.ReLU(), adamw(here), "the model has no parameters, so there is nothing to learn; give"),
        (empty, adamw(empty), r"weights on the meta device, where there are no numbers; give them numbers first \(model.to_empty"),
        (half, adamw(half), "weights on the meta device"),
    ):
        with pytest.raises(ValueError, match=words):
            begin(model, optimizer)


def test_a_model_that_cannot_be_kept_whole_is_refused_by_the_trainer_alone() -> None:
    """Its saves hold frozen weights and buffers too; a loop of one's own keeps what learns, and goes on."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2, device="meta"))
    optimizer = adamw(model[0])
    with pytest.raises(ValueError, match="tensors on the meta device"):
        RollToTrain(model, optimizer)
    rolltrain_tui.session(model, optimizer).close()


def test_every_word_of_the_original_is_obeyed(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Die, DC, INT, advantage, class and modes reach the table; rulebook source rolls for every micro-batch or uses the last roll."""
    train, validation = loaders()
    model = reader()
    words = {"dice_type": "d12", "dc": 8, "intelligence": 18, "advantage": True, "character_class": Rogue(level=3, name="Vex")}
    trainer = trainer_of(model, tmp_path, mode="per_mini_batch", rulebook="source", **words)
    trainer.train(train, validation, progress=False)
    assert trainer.run is not None
    rolls = [event for event in trainer.run.story if isinstance(event, DiceRolled)]
    assert len(rolls) == 2 * 8
    assert {(roll.die, len(roll.naturals), roll.modifier, roll.dc) for roll in rolls} == {(12, 2, 4, 8)}
    assert trainer.run.campaign.game.hero.level >= 3

    quiet = trainer_of(reader(), tmp_path, mode="per_accumulation_step", rulebook="source", encounter_chance=1.0)
    quiet.train(train, validation, progress=False)
    assert quiet.run is not None
    story = list(quiet.run.story)
    assert not [event for event in story if isinstance(event, AbilityUsed | MonsterAppeared)], "classes and monsters sleep in this mode"
    steps = [event for event in story if isinstance(event, StepTaken)]
    assert {lever for step in steps for lever in step.levers} == {"grad_scale"}


def test_without_xp(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """use_xp_system=False: nothing is learned but by the model."""
    trainer = trainer_of(reader(), tmp_path, use_xp_system=False, encounter_chance=0.5)
    trainer.train(*loaders(), progress=False)
    assert not [event for event in trainer.run.story if isinstance(event, XPGained)]  # type: ignore[union-attr]


def test_public_names_are_lazy() -> None:
    """Every name of the root can be imported, and nothing else."""
    assert all(getattr(rolltrain_tui, name) is not None for name in rolltrain_tui.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Bard'"):
        _ = rolltrain_tui.Bard  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------------------------------------
# Plain training, whatever is trained


class Scored(nn.Module):
    """Gives its loss by itself, from x and y."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.net(x), y)


class Coder(nn.Module):
    """Reads a tensor and gives it back."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 3))


def words_to_ids(text: list[str], **how: Any) -> dict[str, Tensor]:
    assert how == {"padding": True, "truncation": True, "max_length": 512, "return_tensors": "pt"}
    return {"input_ids": torch.tensor([[ord(c) % 32 for c in line[:8].ljust(8)] for line in text])}


OPTIMIZERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "adamw": adamw,
    "fused": lambda model: torch.optim.AdamW(model.parameters(), lr=1e-2, fused=True),
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
    "adafactor": lambda model: torch.optim.Adafactor(model.parameters(), lr=1e-2),
    "rmsprop": lambda model: torch.optim.RMSprop(model.parameters(), lr=1e-3),
    "nadam": lambda model: torch.optim.NAdam(model.parameters(), lr=1e-2),
}
SCHEDULES: dict[str, Callable[[torch.optim.Optimizer], Any]] = {
    "none": lambda optimizer: None,
    "cosine": lambda optimizer: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6),
    "lambda": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda turn: 0.9**turn),
    "one cycle": lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=20, cycle_momentum=False),
    "milestones": lambda optimizer: torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4]),
    "in a row": lambda optimizer: torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [torch.optim.lr_scheduler.LinearLR(optimizer, total_iters=3), torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)],
        [3],
    ),
    "plateau": lambda optimizer: torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=10.0),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_neutral_dice_are_plain_training(optimizer: str, reader: Make, loaders: Make, tmp_path: Path) -> None:
    """With the dice for show and no monsters, weights are to the bit those of a plain loop with clipping and a schedule per step."""
    model, other = reader(), reader()
    own, plain = OPTIMIZERS[optimizer](model), OPTIMIZERS[optimizer](other)
    schedule, plain_schedule = SCHEDULES["cosine"](own), SCHEDULES["cosine"](plain)
    train, validation = loaders()
    trainer = trainer_of(model, tmp_path, optimizer=own, scheduler=schedule, scheduler_every="turn", **OFF)
    trainer.train(train, validation, progress=False)

    batches, place = Batches(train, 0), (0, 0)
    losses = []
    for _ in range(8):
        total = 0.0
        for _ in range(2):
            batch, place = batches.at(place)
            loss = other(input_ids=batch["input_ids"], labels=batch["label"])["loss"]
            (loss * 0.5).backward()
            total += loss.item() * 0.5
        losses.append(total)
        nn.utils.clip_grad_norm_(other.parameters(), 1.0)
        plain.step()
        plain.zero_grad()
        plain_schedule.step()
    assert losses == trainer.loss_history
    assert same(model, other)


@pytest.mark.parametrize("kind", ["dict", "text", "pair and loss", "own loss", "tensor and loss", "training_step"])
def test_any_batch(kind: str, loaders: Make, reader: Make, points: TensorDataset, tmp_path: Path) -> None:
    """Dicts, texts with a tokenizer, pairs, tensors, functions: the loss falls, and each example is told apart where it can be."""
    extra: dict[str, Any] = {}
    if kind == "dict":
        model, (train, validation) = reader(), loaders()
    elif kind == "text":
        texts = [{"text": "ababab" if i % 2 else "xyxyxy", "label": i % 2} for i in range(48)]
        model, train, extra = reader(), DataLoader(texts, batch_size=8), {"tokenizer": words_to_ids}  # type: ignore[arg-type]
        validation = train
    elif kind == "tensor and loss":
        model, train, extra = Coder(), DataLoader(points.tensors[0], batch_size=8), {"loss": nn.MSELoss()}  # type: ignore[arg-type]
        validation = train
    else:
        train = validation = DataLoader(points, batch_size=8)
        model, extra = {
            "pair and loss": (net(), {"loss": nn.CrossEntropyLoss()}),
            "own loss": (Scored(), {}),
            "training_step": (net(), {"training_step": lambda m, batch: nn.functional.cross_entropy(m(batch[0]), batch[1])}),
        }[kind]
    trainer = trainer_of(model, tmp_path, num_epochs=4, **extra)
    trainer.train(train, validation, progress=False)
    before, after = trainer.eval_loss_history[0][1], trainer.eval_loss_history[-1][1]
    assert after < before
    expected = trainer.evaluate(validation)
    assert after == pytest.approx(expected, rel=1e-4)
    learner = trainer.run.campaign.learner  # type: ignore[union-attr]
    apart = kind not in ("own loss", "training_step")
    assert len(learner.evaluate(20).values) == (20 if apart else min(20, len(validation)))


def test_no_loss_to_be_had(points: TensorDataset, tmp_path: Path) -> None:
    """A model that gives predictions only, without a loss function, is told what is missing before a run is made."""
    with pytest.raises(LossError, match=r"the model gave no loss but a tensor of shape \(8, 3\); give labels .* or loss=FUNCTION"):
        trainer_of(net(), tmp_path).train(DataLoader(points.tensors[0], batch_size=8))  # type: ignore[arg-type]
    assert not (tmp_path / "runs").exists()


def test_loaders_that_give_nothing(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Empty ones are told before a run is made, where they know their length, and are not read for it; others at the first evaluation."""
    train, _ = loaders()

    class Nothing(list[Any]):
        def __iter__(self) -> Any:
            raise AssertionError("it was read")

    class NoLength:
        def __iter__(self) -> Any:
            return iter(())

    with pytest.raises(ValueError, match="the training data loader is empty"):
        trainer_of(reader(), tmp_path).train([])
    with pytest.raises(LoaderError, match="the validation data loader is empty"):
        trainer_of(reader(), tmp_path).train(train, Nothing(), progress=False)
    assert not (tmp_path / "runs").exists()
    with pytest.raises(LoaderError, match="the validation data loader is empty"):
        trainer_of(reader(), tmp_path).train(train, NoLength(), progress=False)

    class Stream:
        def __iter__(self) -> Any:
            return iter(train)

    with pytest.raises(ValueError, match="does not know its length; say how long to train with turns=NUMBER"):
        trainer_of(reader(), tmp_path).train(Stream())
    trainer = trainer_of(reader(), tmp_path, turns=5)
    trainer.train(Stream(), progress=False)
    assert len(trainer.loss_history) == 5


def test_what_training_raises_is_raised(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """The caller gets the error itself; the run's folder holds its traceback."""
    calls = []

    def step(model: nn.Module, batch: Any) -> Tensor:
        calls.append(batch)
        if len(calls) > 20:
            raise RuntimeError("the roof fell in")
        loss: Tensor = model(input_ids=batch["input_ids"], labels=batch["labels"])["loss"]
        return loss

    trainer = trainer_of(reader(), tmp_path, training_step=step)
    with pytest.raises(RuntimeError, match="the roof fell in"):
        trainer.train(*loaders(), progress=False)
    assert "the roof fell in" in (trainer.run.folder / "error.log").read_text()  # type: ignore[union-attr]


# ---------------------------------------------------------------------------------------------------------------------
# Levers


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("k", [-1.0, 0.0, 0.5, 2.0])
def test_k_is_what_it_claims(k: float, optimizer: str, reader: Make, loaders: Make, tmp_path: Path) -> None:
    """For any optimiser the measured multiple is the one asked for."""
    model = reader()
    learner = learner_of(model, tmp_path, loaders()[0], optimizer=OPTIMIZERS[optimizer](model))
    for _ in range(3):
        learner.step(NEUTRAL)
    assert learner.step(StepEffect(update_scale=k)).k_effective == pytest.approx(k, abs=1e-3)


def test_levers_on_batches(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Batch size, extra steps, dropped examples and noise on the labels are measured as they are asked for."""
    learner = learner_of(reader(), tmp_path, *loaders())
    half = learner.step(StepEffect(batch_factor=0.25))
    assert (half.measured["batch_factor"], half.tokens) == (0.25, 4 * 8)
    more = learner.step(StepEffect(batch_factor=4.0))
    assert more.tokens == 64 * 8
    extra = learner.step(StepEffect(extra_steps=1, extra_batch_factor=0.5))
    assert (extra.optimizer_steps, extra.measured["extra_batch_factor"], extra.tokens) == (2, 0.5, 24 * 8)
    dropped = learner.step(StepEffect(drop_worst=3)).measured
    assert dropped["drop_worst"] == 3.0
    assert dropped["drop_worst.dropped"] > dropped["drop_worst.kept"]
    assert learner.step(StepEffect(target_noise=0.25)).measured["target_noise"] == 0.25
    healed = learner.step(StepEffect(heal_alpha=0.5)).measured
    assert healed["heal_alpha"] == pytest.approx(0.5, abs=1e-4)
    learner.remember(learner.evaluate(100))
    learner.step(StepEffect(update_scale=3.0))
    best = learner.step(StepEffect(restore_best=True)).measured
    assert best["restore_best"] == pytest.approx(best["restore_best.stored"], abs=1e-6)


def test_rolls_for_micro_batches_weigh_their_gradients(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Under SGD without clipping, equal rolls are the same multiple of the whole step, and one that is 0 takes its micro-batch out."""
    model = reader()
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    learner = learner_of(model, tmp_path, loaders()[0], optimizer=sgd, clip=None)
    assert learner.step(StepEffect(micro_scales=(2.0, 2.0))).k_effective == pytest.approx(2.0, abs=1e-3)
    assert 0 < learner.step(StepEffect(micro_scales=(1.0, 0.0))).k_effective < 1


@pytest.mark.parametrize("effect", [NEUTRAL, StepEffect(extra_steps=1, weight_noise=0.1), StepEffect(rollback=True, drop_worst=1)])
def test_an_abandoned_turn_never_was(effect: StepEffect, points: TensorDataset, tmp_path: Path) -> None:
    """Stopped in its second micro-batch, a turn of a model with running statistics can be taken again and is the same to the bit."""
    torch.manual_seed(1)
    model = Scored()
    learners = [learner_of(m, tmp_path, DataLoader(points, batch_size=8, shuffle=True)) for m in (model, copy.deepcopy(model))]
    for learner in learners:
        learner.step(NEUTRAL)
    looks = iter([False, True])
    learners[0].should_stop = lambda: next(looks, True)
    with pytest.raises(StepAbandoned):
        learners[0].step(effect)
    learners[0].should_stop = lambda: False
    for learner in learners:
        learner.step(effect)
    assert same(learners[0].model, learners[1].model)


def test_a_fork_walks_the_same_road(points: TensorDataset, tmp_path: Path) -> None:
    """A twin under the same effects has the same weights, dropout, running statistics and schedule included; the hero never notices it."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.ReLU(), nn.Linear(16, 3))
    optimizer = adamw(model)
    how = {"optimizer": optimizer, "scheduler": SCHEDULES["in a row"](optimizer), "loss": nn.CrossEntropyLoss(), "num_epochs": 9}
    learner = learner_of(model, tmp_path, DataLoader(points, batch_size=16, shuffle=True), scheduler_every="turn", **how)
    learner.step(NEUTRAL)
    twin = learner.fork()
    for k in (1.0, 0.5, 2.0, 1.0, 1.0, 1.5):
        twin.follow(learner)
        twin.step(StepEffect(update_scale=k))
        learner.step(StepEffect(update_scale=k))
    assert same(twin.model, learner.model)
    assert twin.schedule.place() == learner.schedule.place()
    assert twin.model is not learner.model


def test_twins_judge_abilities(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """With twin="on_use" an ability's verdict comes from examples that hero and twin both answer."""
    trainer = trainer_of(reader(), tmp_path, character_class=Barbarian(), twin="on_use", num_epochs=8, monsters="off")
    trainer.train(*loaders(), moves=[(2, UseAbility("rage"))], progress=False)
    verdicts = [event for event in trainer.run.story if isinstance(event, TwinJudged)]  # type: ignore[union-attr]
    assert verdicts
    assert all(event.standard_error > 0 for event in verdicts)


def test_what_cannot_be_served_is_refused_at_the_table(tmp_path: Path) -> None:
    """Batches that cannot be taken apart refuse the rogue's blind eye, and a model without words refuses to speak; nothing is spent."""

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.ones(3))

        def forward(self, x: Any) -> Tensor:
            return (self.w * x["v"]).sum().square()

    batches = [[{"v": torch.tensor(1.0 + i)}] for i in range(4)]
    trainer = trainer_of(Whole(), tmp_path, character_class=Rogue(level=5), accumulation_steps=1, monsters="off")
    trainer.train(batches, moves=[(2, UseAbility("cunning_action", "hide")), (2, Speak()), (3, SaveGame("here"))], progress=False)
    assert trainer.run is not None
    refusals = [event for event in trainer.run.story if isinstance(event, CommandRefused)]
    assert [event.reason for event in refusals] == [
        "Hide cannot act on this training: its batches cannot be taken apart into examples.",
        "This model writes no text: that takes a tokenizer and a model that can generate.",
    ]
    assert trainer.run.campaign.game.loadout.held["cunning_action"].left == 3


@pytest.mark.parametrize("who", [Barbarian, Wizard, Rogue, Fighter, Cleric, Paladin])
def test_every_class_trains(who: Any, reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Eight epochs with all its passive abilities and monsters about: the loss falls and k felt is k asked."""
    trainer = trainer_of(reader(), tmp_path, character_class=who(level=11), intelligence=15, num_epochs=8, encounter_chance=0.3)
    trainer.train(*loaders(), progress=False)
    assert trainer.eval_loss_history[-1][1] < 0.8 * trainer.eval_loss_history[0][1]
    steps = [event for event in trainer.run.story if isinstance(event, StepTaken)]  # type: ignore[union-attr]
    exact = [step for step in steps if not {"norm_cap"} & set(step.levers)]
    assert all(step.k_effective == pytest.approx(step.k_requested, abs=2e-3) for step in exact if step.k_effective is not None)


def test_an_examination_tells_what_it_can(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Of the signals that need the model itself, all can be told of a transformer after twenty turns; the weights are as before."""
    learner = learner_of(reader(0.1), tmp_path, *loaders(), num_epochs=8)
    for _ in range(30):
        learner.step(NEUTRAL)
    before, evaluation = learner.weights_sha256(), learner.evaluate(100)
    found = learner.examine(evaluation)
    assert learner.weights_sha256() == before
    told = {name for name, value in found.values.items() if value == value}
    assert {"gap", "temperature", "agree_fraction", "weight_growth"} <= told
    assert sum(layer.weights for layer in found.layers) == learner.info().parameters
    assert learner.evaluate(100) == evaluation


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_temperature_is_that_of_the_weights_half_way(dtype: str, loaders: Make, reader: Make, tmp_path: Path) -> None:
    """By hand: the loss at the weights, minus that of a twin half-way to the average; in bf16 as well, whose casts may be cached."""
    learner = learner_of(reader(0.0), tmp_path, *loaders(), num_epochs=8, dtype=dtype)
    for _ in range(25):
        learner.step(NEUTRAL)
    here, twin, average = learner.evaluate(100), learner.fork(), learner.memory.average
    assert average is not None
    with torch.no_grad():
        for p, mean in zip(twin.levers.parameters, average.weights, strict=True):
            p.lerp_(mean, 0.5)
    assert here.value - twin.evaluate(100).value == pytest.approx(learner.examine(here).values["temperature"], abs=1e-6)


# ---------------------------------------------------------------------------------------------------------------------
# Kept


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_run_goes_on_from_any_save(schedule: str, reader: Make, loaders: Make, tmp_path: Path) -> None:
    """From the middle of an epoch, in a new process with a new model, optimiser, schedule and loaders, to the same weights and story."""

    def trainer(optimizer: str = "nadam") -> RollToTrain:
        model = reader(0.1)
        own = OPTIMIZERS[optimizer](model)
        how = {"scheduler_every": "turn" if schedule != "plateau" else "epoch", "character_class": Cleric(), "intelligence": 15}
        return trainer_of(model, tmp_path, optimizer=own, scheduler=SCHEDULES[schedule](own), num_epochs=2, twin="on_use", **how)

    first = trainer()
    first.train(*loaders(), moves=[(3, UseAbility("healing_word")), (6, SaveGame("middle"))], progress=False)
    assert first.run is not None
    second = trainer()
    second.load_checkpoint(first.run.folder / "saves" / "middle")
    second.train(*loaders(), progress=False)
    assert second.run is not None
    assert same(first.model, second.model)
    stories = [story_sha256(t.run.folder / "chronicle.jsonl") for t in (first, second)]  # type: ignore[union-attr]
    assert stories[0] == stories[1]


BATCHES = DataLoader(TensorDataset(torch.randn(16, 8, generator=torch.Generator().manual_seed(0)), torch.arange(16) % 3), batch_size=4)


def trainer_with(runs: Path, kind: Make, **terms: Any) -> RollToTrain:
    model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 3))
    return RollToTrain(model, kind(model.parameters(), lr=1e-2), num_epochs=2, loss=nn.CrossEntropyLoss(), runs=runs, **terms)


def half_way(runs: Path, kind: Make) -> tuple[RollToTrain, Path]:
    """A run of 8 turns, and its save after turn 3."""
    first = trainer_with(runs, kind).train(BATCHES, moves=[(3, SaveGame("middle"))], progress=False)
    assert first.run is not None
    return first, first.run.folder / "saves" / "middle"


@pytest.mark.parametrize(
    ("saved_with", "other", "told"),
    [
        (torch.optim.AdamW, torch.optim.Adagrad, "saved with the optimizer Adam, and goes on with that; this one is Adagrad"),
        (torch.optim.RMSprop, torch.optim.Adagrad, "saved with the optimizer RMSprop"),
        (torch.optim.SGD, torch.optim.AdamW, "saved with the optimizer SGD"),
        (torch.optim.AdamW, partial(torch.optim.AdamW, amsgrad=True), "has no tensor '.*max_exp_avg_sq'"),
        (partial(torch.optim.Adam, amsgrad=True), torch.optim.Adam, "do not have, among them '.*max_exp_avg_sq'"),
        (partial(torch.optim.SGD, momentum=0.9), torch.optim.SGD, "do not have, among them '.*momentum_buffer'"),
    ],
)
def test_a_run_goes_on_with_its_own_optimizer(tmp_path: Path, saved_with: Make, other: Make, told: str) -> None:
    """Moments that the other one does not keep are refused in words, before a step is taken."""
    middle = half_way(tmp_path, saved_with)[1]
    with pytest.raises(ValueError, match=told):
        trainer_with(tmp_path, other).train(BATCHES, resume=middle, progress=False)


@pytest.mark.parametrize(
    ("saved_with", "other", "told"),
    [
        (torch.optim.SGD, partial(torch.optim.SGD, momentum=0.9, nesterov=True), "momentum 0 (here 0.9), nesterov False (here True)"),
        (torch.optim.SGD, partial(torch.optim.SGD, dampening=0.5), "dampening 0 (here 0.5)"),
        (torch.optim.SGD, lambda p, lr: torch.optim.SGD(p, lr=1.0), "lr 0.01 (here 1.0)"),
        (torch.optim.SGD, lambda p, lr: torch.optim.SGD([{"params": list(p), "lr": 1.0}], lr=lr), "lr 0.01 (here 1.0)"),
        (torch.optim.RMSprop, partial(torch.optim.RMSprop, momentum=0.5, centered=True), "centered False (here True), momentum 0 ("),
        (partial(torch.optim.RMSprop, momentum=0.9), partial(torch.optim.RMSprop, maximize=True), "maximize False (here True), momentum"),
        (partial(torch.optim.Adam, weight_decay=0.1), torch.optim.AdamW, f"{COUPLED}, weight_decay 0.1 (here 0.01)"),
        (partial(torch.optim.Adam, weight_decay=0.01), torch.optim.AdamW, COUPLED),
        (torch.optim.AdamW, partial(torch.optim.Adam, weight_decay=0.01), "decoupled_weight_decay True (here False)"),
        (torch.optim.AdamW, partial(torch.optim.AdamW, eps=0.1, maximize=True), "eps 1e-08 (here 0.1), maximize False (here True)"),
        (torch.optim.AdamW, partial(torch.optim.AdamW, betas=(0.5, 0.6)), "betas (0.9, 0.999) (here (0.5, 0.6))"),
        (torch.optim.RMSprop, partial(torch.optim.RMSprop, foreach=True), ""),
    ],
)  # fmt: skip
def test_a_run_goes_on_with_its_own_settings(tmp_path: Path, saved_with: Make, other: Make, told: str) -> None:
    """As PyTorch's load_state_dict does. What this program gave otherwise is told, with both values; how a step is computed is not."""
    first, middle = half_way(tmp_path, saved_with)
    again = trainer_with(tmp_path, other)
    with warnings.catch_warnings(record=True) as told_of:
        warnings.simplefilter("always")
        again.train(BATCHES, resume=middle, progress=False)
    assert [f"goes on with what it was saved with: {told}" in str(w.message) for w in told_of] == ([True] if told else [])
    assert all(w.filename == __file__ for w in told_of)
    assert all(torch.allclose(p, q, atol=1e-6) for p, q in zip(first.model.parameters(), again.model.parameters(), strict=True))


def test_a_run_goes_on_with_its_own_schedule(tmp_path: Path) -> None:
    """What the scheduler was made with, and the rate that it begins with, are the save's; what it has counted since is no difference."""

    def trainer(rate: float, turns: int) -> RollToTrain:
        model = nn.Linear(8, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.5)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=turns)
        return RollToTrain(model, optimizer, scheduler, num_epochs=2, loss=nn.CrossEntropyLoss(), runs=tmp_path)

    first = trainer(0.1, 8).train(BATCHES, moves=[(3, SaveGame("middle"))], progress=False)
    assert first.run is not None
    for rate, turns, told in ((0.1, 8, ""), (0.2, 16, "lr 0.1 (here 0.2), the scheduler's T_max 8 (here 16)")):
        again = trainer(rate, turns)
        with warnings.catch_warnings(record=True) as told_of:
            warnings.simplefilter("always")
            again.train(BATCHES, resume=first.run.folder / "saves" / "middle", progress=False)
        assert [told in str(w.message) for w in told_of] == ([True] if told else [])
        assert same(first.model, again.model)


def test_a_run_that_has_ended_is_told(tmp_path: Path) -> None:
    """With more epochs than it had, too: it is over, and a silent return would look like training."""

    def trainer(epochs: int) -> RollToTrain:
        model = nn.Linear(8, 3)
        return RollToTrain(model, torch.optim.SGD(model.parameters(), 0.1), num_epochs=epochs, loss=nn.CrossEntropyLoss(), runs=tmp_path)

    batches = DataLoader(TensorDataset(torch.randn(16, 8), torch.arange(16) % 3), batch_size=4)
    first = trainer(1).train(batches, progress=False)
    assert first.run is not None
    with pytest.warns(UserWarning, match="has ended, so nothing is trained"):
        trainer(2).train(batches, resume=first.run.folder, progress=False)


def test_a_checkpoint_by_name(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """After training, the state is saved under a name; a run of another model is refused in words; `rolltrain play` says what to do."""
    trainer = trainer_of(reader(), tmp_path)
    with pytest.raises(ValueError, match="there is no run yet"):
        trainer.save_checkpoint()
    trainer.train(*loaders(), progress=False)
    path = trainer.save_checkpoint("champion")
    with pytest.raises(ValueError, match=r"go on with RollToTrain\(\.\.\.\)\.train\(\.\.\., resume=\.\.\.\)"):
        Run.resume(path)
    stranger = trainer_of(net(), tmp_path, loss=nn.CrossEntropyLoss())
    with pytest.raises(ValueError, match="goes on with the model and the optimizer that it was saved with"):
        stranger.train(DataLoader(TensorDataset(torch.randn(16, 8), torch.zeros(16, dtype=torch.long)), batch_size=8), resume=path)
    with pytest.raises(SaveError, match="there is no run or save"):
        trainer.load_checkpoint(tmp_path / "nowhere")


def test_the_picture(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """plot_loss writes the original's three panels as a PNG."""
    trainer = trainer_of(reader(), tmp_path)
    trainer.train(*loaders(), progress=False)
    assert trainer.plot_loss(tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert len(trainer.rolled_loss_history) == len(trainer.loss_history)


@pytest.mark.parametrize("piped", ["stdin", "stdout"])
def test_play_needs_a_terminal(piped: str, reader: Make, loaders: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one for keys or one for the picture, the caller is told to train."""
    monkeypatch.setattr("rolltrain_tui.tui.play", lambda *words: pytest.fail("it opened its screen"))
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{name}.isatty", lambda there=name != piped: there, raising=False)
    with pytest.raises(ValueError, match="the game needs a terminal; without one, call train"):
        trainer_of(reader(), tmp_path).play(*loaders())


async def test_play_is_the_game(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """The app opens on the program's own run, keys act on it, and leaving keeps it."""
    from support.screens_host import until

    from rolltrain_tui.integrations.screen import ProgramOutfitter
    from rolltrain_tui.tui.app import RolltrainApp
    from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
    from rolltrain_tui.tui.launch import Launch

    trainer = trainer_of(reader(), tmp_path, num_epochs=200, twin="off")
    run = trainer._open(*loaders(), None, on_screen=True)
    runs = run.folder.parent
    app = RolltrainApp(Launch(save=run.folder, runs=runs, explain=False), ProgramOutfitter(run, runs))
    async with app.run_test(size=(120, 36)) as pilot:
        # Escape while the run still opens would lead back to the title
        await until(pilot, lambda: isinstance(app.screen, ExpeditionScreen))
        async with asyncio.timeout(PATIENCE):
            while not any(isinstance(event, AbilityUsed) and event.live for event in run.story):
                await pilot.press("1" if isinstance(app.screen, ExpeditionScreen) else "escape")  # cards open over the game
                await pilot.pause(0.05)
        await pilot.press("q")
        assert app.bridge is not None
        app.bridge.stop()
        assert app.bridge.join(PATIENCE)
    story = list(run.story)
    assert any(isinstance(event, AbilityUsed) and event.live and event.ability == "second_wind" for event in story)
    assert any(isinstance(event, Evaluated) for event in story)
    assert run.campaign.learner.model is trainer.model  # type: ignore[attr-defined]


def test_steps_report_what_the_data_cost(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """A turn's GFLOP are those PyTorch counts in a forward pass, three times, for each micro-batch."""
    learner = learner_of(reader(), tmp_path, loaders()[0])
    once = learner.step(NEUTRAL)
    assert once.gflop == pytest.approx(learner.info().gflop_per_turn)
    assert learner.step(replace(NEUTRAL, batch_factor=2.0)).gflop == pytest.approx(2 * once.gflop)


def test_gradients_left_by_a_trial_are_no_part_of_the_first_step(reader: Make, loaders: Make, tmp_path: Path) -> None:
    """Whoever tries a backward pass before the training gets the weights of one who did not."""
    train, _ = loaders()
    models = []
    for tried in (False, True):
        model = reader()
        if tried:
            first = next(iter(train))
            model(first["input_ids"], first["label"])["loss"].backward()
        trainer_of(model, tmp_path, turns=1, optimizer=torch.optim.SGD(model.parameters(), 0.1), **OFF).train(train, progress=False)
        models.append(model)
    assert same(*models)


def test_a_run_goes_on_with_its_own_hero_and_dice(tmp_path: Path) -> None:
    """Another hero or seed than the save's is told; the story tells of the settings that do change."""
    _, middle = half_way(tmp_path, torch.optim.AdamW)
    again = trainer_with(tmp_path, torch.optim.AdamW, character_class=Rogue, seed=9, dc=5)
    with pytest.warns(UserWarning, match=r'was saved with: seed 0 \(here 9\), hero\.hero_class "fighter" \(here "rogue"\)'):
        again.train(BATCHES, resume=middle, progress=False)
    assert again.run is not None
    (changed,) = [event for event in again.run.story if isinstance(event, SettingsChanged)]
    assert ("dice.dc", "15", "5") in changed.changes
    assert not any(path.startswith(("hero", "seed")) for path, *_ in changed.changes)
    assert again.run.config.seed == 0
    assert again.run.config.hero.hero_class == changed.sheet.hero_class == "fighter"


def test_a_model_in_float64_may_diverge(tmp_path: Path) -> None:
    """Its losses come near the end of the numbers, where squares overflow; the run goes on and tells them."""
    model = nn.Linear(4, 1).double()
    batches = [(torch.randn(3, 4, dtype=torch.float64), torch.randn(3, 1, dtype=torch.float64)) for _ in range(4)]
    trainer = RollToTrain(
        model,
        torch.optim.SGD(model.parameters(), lr=1e3),
        loss=nn.functional.mse_loss,
        clip=None,
        turns=60,
        evaluate_every=1,
        runs=tmp_path,
        **OFF,
    )
    trainer.train(batches, batches, progress=False)
    assert max(value for _, value in trainer.eval_loss_history if value < math.inf) > 1e160
