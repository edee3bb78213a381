"""Other optimisers, gradients and wrappers: with the dice off the plain loop, k felt as asked, and a resumed run goes on alike."""

import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.same_weights import same
from torch import Tensor, nn

import rolltrain_tui
from rolltrain_tui import Barbarian, Paladin, RollToTrain, Session, Wizard
from rolltrain_tui.integrations.session.checkpoints import stow
from rolltrain_tui.protocol.commands import SaveGame, UseAbility
from rolltrain_tui.protocol.events import CommandRefused, Event, StepTaken
from rolltrain_tui.training.state.optimizer_trial import unsaved
from rolltrain_tui.training.state.snapshots import Snapshot

numpy = pytest.importorskip("numpy")
OFF: dict[str, Any] = {"rulebook": "off", "monsters": "off"}
Make = Callable[[Any], torch.optim.Optimizer]


def net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 16, bias=False), nn.Tanh(), nn.Linear(16, 4, bias=False))


class Waves(nn.Module):
    """A complex weight, as in Fourier operators."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.weight = nn.Parameter(torch.randn(8, 4, dtype=torch.cfloat))
            self.bias = nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        return (x.to(torch.cfloat) @ self.weight).abs() + self.bias


class Words(nn.Module):
    """Embeddings with sparse gradients, some of rows that occur twice."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words = nn.Embedding(20, 4, sparse=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.words((x.abs() * 6).long()[:, :3] % 20).mean(1)


class GroupCounts(torch.optim.Optimizer):
    """Adam that counts its steps in the group, and keeps a list of tensors in each state and a number of its own."""

    def __init__(self, params: Any, lr: float = 1e-2) -> None:
        super().__init__(params, {"lr": lr, "step": 0, "schedule": lambda step: 1.0})
        self.seen = 0

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        self.seen += 1
        for group in self.param_groups:
            group["step"] += 1
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["both"] = [torch.zeros_like(p), {"v": torch.zeros_like(p)}]
                m, v = state["both"][0], state["both"][1]["v"]
                m.lerp_(p.grad, 0.1)
                v.lerp_(p.grad.square(), 0.001)
                scale = (v / (1 - 0.999 ** group["step"])).sqrt_().add_(1e-8).mul_(self.seen / group["step"])
                p.addcdiv_(m / (1 - 0.9 ** group["step"]), scale, value=-group["lr"])


class Wrapped(torch.optim.Optimizer):
    """Slow weights around another optimiser, which keeps its moments to itself."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"lr": 0.05})
        self.base = torch.optim.SGD(self.param_groups, lr=0.05, momentum=0.9)
        self.slow = [p.detach().clone() for group in self.param_groups for p in group["params"]]

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        self.base.step()
        for p, slow in zip(self.param_groups[0]["params"], self.slow, strict=True):
            slow.lerp_(p, 0.5)
            p.copy_(slow)


class Secretive(torch.optim.SGD):
    """Its steps grow, by a count that nobody else sees."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, lr=0.1)
        count = [0]
        self._grow = lambda: count.append(1) or len(count)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for p in self.param_groups[0]["params"]:
            p.add_(p.grad, alpha=-0.01 * self._grow())


class OwnRate(torch.optim.Optimizer):
    """It works its rate out at each step, as Adafactor of transformers does; weight decay is a part of it."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"lr": None, "weight_decay": 0.1})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                t = self.state[p]["step"] = self.state[p].get("step", 0) + 1
                p.sub_((p.grad + group["weight_decay"] * p) * 0.1 / t**0.5)


class Projector:
    pass


class Objects(torch.optim.SGD):
    """It keeps an object of its own."""

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        super().step()
        for p in self.param_groups[0]["params"]:
            self.state[p]["projector"] = Projector()


TORCH = {
    name: lambda p, kind=kind: kind(p, lr=1e-2)
    for name in ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "Adadelta", "Adagrad", "RMSprop", "Rprop", "ASGD", "Adafactor", "Muon")
    if (kind := getattr(torch.optim, name, None)) is not None
}


def third_party(package: str, name: str, **words: Any) -> Make:
    def make(parameters: Any) -> torch.optim.Optimizer:
        found = pytest.importorskip(package)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer: torch.optim.Optimizer = getattr(found, name)(parameters, **words)
        if callable(train := getattr(optimizer, "train", None)):
            train()
        return optimizer

    return make


KINDS: dict[str, Make] = {
    **TORCH,
    "tensor lr": lambda p: torch.optim.AdamW(p, lr=torch.tensor(1e-2)),
    "GroupCounts": GroupCounts,
    "Wrapped": Wrapped,
    "OwnRate": OwnRate,
    "schedulefree": third_party("schedulefree", "AdamWScheduleFree", lr=1e-2),
    "Lion": third_party("pytorch_optimizer", "Lion", lr=1e-3),
    "AdaBelief": third_party("pytorch_optimizer", "AdaBelief", lr=1e-2),
    "Adan": third_party("pytorch_optimizer", "Adan", lr=1e-2),
    "DAdaptAdam": third_party("pytorch_optimizer", "DAdaptAdam", lr=1.0, d0=1e-2),
    "Ranger21": third_party("pytorch_optimizer", "Ranger21", num_iterations=100, lr=1e-2),
    "AdEMAMix": third_party("pytorch_optimizer", "AdEMAMix", lr=1e-2),
}


def batch(turn: int) -> tuple[Tensor, Tensor]:
    g = torch.Generator().manual_seed(turn)
    return torch.randn(4, 8, generator=g), torch.randint(0, 4, (4,), generator=g)


def loss_of(model: nn.Module, turn: int) -> Tensor:
    x, y = batch(turn)
    return nn.functional.cross_entropy(model(x), y)


def play(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session | None, turns: range) -> None:
    for turn in turns:
        optimizer.zero_grad()
        loss = loss_of(model, turn)
        loss.backward()
        if game is None:
            optimizer.step()
        else:
            with game.turn(loss):
                optimizer.step()


def off_by(game: Session) -> float:
    steps = [event for event in game.events if isinstance(event, StepTaken)]
    return max(0.0 if step.k_effective is None else abs(step.k_effective - step.k_requested) for step in steps)


ODD: dict[str, tuple[Callable[[], nn.Module], Make]] = {
    "complex AdamW": (Waves, TORCH["AdamW"]),
    "complex SGD": (Waves, lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9)),
    "SparseAdam": (Words, lambda p: torch.optim.SparseAdam(list(p), lr=1e-2)),
    "sparse SGD": (Words, TORCH["SGD"]),
    "sparse Adagrad": (Words, TORCH["Adagrad"]),
}
MADE = {name: (net, make) for name, make in KINDS.items()} | ODD


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize(("model", "make"), MADE.values(), ids=MADE)
def test_off_and_k(model: Callable[[], nn.Module], make: Make) -> None:
    """With the dice off the plain loop's weights; with them on, also against the gradient and under a cap, k is felt as it was asked."""
    plain, played = model(), model()
    play(plain, make(plain.parameters()), None, range(8))
    optimizer = make(played.parameters())
    play(played, optimizer, rolltrain_tui.session(played, optimizer, **OFF), range(8))
    assert same(plain, played)
    for words in ({"rulebook": "hero"}, {"rulebook": "readme"}, {"rulebook": "hero", "character_class": Paladin()}):
        other = model()
        optimizer = make(other.parameters())
        game = rolltrain_tui.session(other, optimizer, monsters="off", **words)  # type: ignore[arg-type]
        play(other, optimizer, game, range(8))
        assert off_by(game) <= 1e-3


@pytest.mark.parametrize("name", ["AdamW", "Muon", "GroupCounts", "Wrapped", "OwnRate", "schedulefree", "DAdaptAdam", "Ranger21"])
def test_a_rollback_and_a_save_hold_the_whole_state(name: str) -> None:
    """After a way of its own, put back and packed into a file's tensors: the optimiser goes on alike from both."""
    models = [net() for _ in range(3)]
    first, back, read = (KINDS[name](model.parameters()) for model in models)
    play(models[0], first, None, range(5))
    snapshot = Snapshot.take(models[0], first, 0)
    packed = snapshot.pack("snapshot.")
    play(models[1], back, None, range(20, 23))
    snapshot.put_back(models[1], back)
    Snapshot.unpack(packed, "snapshot.", models[2], read, 0).put_back(models[2], read)
    for model, optimizer in zip(models, (first, back, read), strict=True):
        play(model, optimizer, None, range(5, 9))
    assert same(models[0], models[1])
    assert same(models[0], models[2])


@pytest.mark.parametrize("name", ["GroupCounts", "schedulefree"])
def test_a_resumed_run_of_our_own_goes_on_alike(name: str, tmp_path: Path) -> None:
    """Saved in the middle by an order: the weights of the run that was not stopped. Schedule-free optimisers are put into their modes."""

    def run(resume: Path | None = None) -> tuple[nn.Module, RollToTrain]:
        model = net()
        data = [
            (torch.randn(4, 8, generator=(g := torch.Generator().manual_seed(i))), torch.randint(0, 4, (4,), generator=g)) for i in range(8)
        ]
        trainer = RollToTrain(
            model, KINDS[name](model.parameters()), loss=nn.functional.cross_entropy, accumulation_steps=1, turns=8, evaluate_every=3,
            clip=None, runs=tmp_path, monsters="off",
        )  # fmt: skip
        trainer.train(data, data[:2], progress=False, moves=[] if resume else [(5, SaveGame("mid"))], resume=resume)
        return model, trainer

    whole, trainer = run()
    assert trainer.run is not None
    (saved,) = [path for path in trainer.run.folder.rglob("*mid*") if path.is_dir()]
    assert same(whole, run(saved)[0])


def test_an_optimiser_without_a_rate_plays_its_own_run(tmp_path: Path) -> None:
    """A factor on the rate acts on the update; a factor on the weight decay, which the rate is a part of, is refused with the reason."""

    def events(hero: Any, order: str) -> list[Event]:
        model = net()
        data = [batch(turn) for turn in range(8)]
        trainer = RollToTrain(
            model, OwnRate(model.parameters()), loss=nn.functional.cross_entropy, accumulation_steps=1, turns=8,
            clip=None, runs=tmp_path, character_class=hero, **OFF,
        )  # fmt: skip
        trainer.train(data, data[:2], progress=False, moves=[(2, UseAbility(order))])
        assert trainer.run is not None
        return list(trainer.run.story)

    steps = [event for event in events(Wizard(), "arcane_recovery") if isinstance(event, StepTaken)]
    assert len(steps) == 8
    assert {step.k_requested for step in steps if step.k_effective is not None} != {1.0}
    assert all(step.k_effective == pytest.approx(step.k_requested, abs=1e-3) for step in steps if step.k_effective is not None)
    refused = [event.reason for event in events(Barbarian(), "rage") if isinstance(event, CommandRefused)]
    assert any("works out the learning rate by itself" in reason for reason in refused)


@pytest.mark.parametrize(("kind", "words"), [(Secretive, "keeps a part of its state where no save"), (Objects, "keeps 'projector'")])
def test_an_optimiser_that_cannot_be_saved_is_refused(kind: Make, words: str) -> None:
    """At construction, with the reason; by a trial that leaves model, optimiser and chance as they were."""
    model, other = net(), net()
    optimizer, chance = kind(model.parameters()), torch.get_rng_state()
    for begin in (rolltrain_tui.session, RollToTrain):
        with pytest.raises(ValueError, match=words):
            begin(model, optimizer)
    assert same(model, other)
    assert not optimizer.state
    assert torch.equal(chance, torch.get_rng_state())


class Masters(torch.optim.Optimizer):
    """SGD on weights of its own, which it writes over the model's: as float32 masters do, and copies on another device."""

    def __init__(self, params: Any, *, beside: bool = False) -> None:
        super().__init__(params, {"lr": 0.1})
        self.masters = [p.detach().float().clone() for p in self.param_groups[0]["params"]]
        if not beside:
            for p, own in zip(self.param_groups[0]["params"], self.masters, strict=True):
                self.state[p]["master"] = own
            self.masters = []

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for place, p in enumerate(self.param_groups[0]["params"]):
            own = self.masters[place] if self.masters else self.state[p]["master"]
            own.sub_(0.1 * p.grad.float())
            p.copy_(own)


@pytest.mark.parametrize("beside", [False, True])
def test_an_optimiser_that_would_undo_each_roll_is_refused(beside: bool) -> None:
    """It writes weights of its own over the model's. With the dice off there is nothing to undo, and the loop is the plain one."""
    for begin in (rolltrain_tui.session, RollToTrain):
        with pytest.raises(ValueError, match="undoes the roll before it"):
            begin(*((model := net()), Masters(model.parameters(), beside=beside)), monsters="off")
    ours, plain = net(), net()
    optimizer = Masters(ours.parameters(), beside=beside)
    play(ours, optimizer, rolltrain_tui.session(ours, optimizer, **OFF), range(4))
    play(plain, Masters(plain.parameters(), beside=beside), None, range(4))
    assert same(ours, plain)


def test_optimisers_that_cannot_be_tried_are_taken() -> None:
    """One that needs a closure, for example."""

    class Closed(torch.optim.SGD):
        def step(self, closure: Any = None) -> None:  # type: ignore[override]
            closure()

    assert unsaved(Closed(net().parameters(), lr=0.1)) == ""


@pytest.mark.parametrize("how", ["group", "thawed"])
@pytest.mark.parametrize("kind", ["AdamW", "Adafactor"])
def test_parameters_that_join_later_are_scaled_and_measured(kind: str, how: str) -> None:
    """By add_param_group, or by requires_grad: from their first turn on the whole model moves by k."""
    model = net()
    model[0].requires_grad_(False)
    optimizer = TORCH[kind](list(model.parameters()) if how == "thawed" else list(model[2].parameters()))
    game = rolltrain_tui.session(model, optimizer, rulebook="readme", monsters="off", character_class=Paladin())
    for turn in range(12):
        if turn == 4:
            model[0].requires_grad_(True)
            if how == "group":
                optimizer.add_param_group({"params": list(model[0].parameters()), "lr": 1e-2})
        play(model, optimizer, game, range(turn, turn + 1))
    assert len(game.hooks.levers.parameters) == 2
    assert off_by(game) <= 1e-3


def test_a_rollback_reaches_what_joined_later() -> None:
    """The camp was made while it was frozen: it goes back to those weights, and has no moments again."""
    model, start = net(), net()
    model[0].requires_grad_(False)
    optimizer = torch.optim.AdamW(model[2].parameters(), lr=1e-2)
    game = rolltrain_tui.session(model, optimizer, deaths=True, **OFF)
    play(model, optimizer, game, range(2))
    model[0].requires_grad_(True)
    optimizer.add_param_group({"params": list(model[0].parameters())})
    play(model, optimizer, game, range(2, 5))
    game.game.life.rollback_due = True
    play(model, optimizer, game, range(5, 6))
    assert game.cycle.effect is not None
    assert game.cycle.effect.rollback
    assert same(model, start)
    assert not optimizer.state


def test_camps_hold_only_what_trains() -> None:
    """Frozen weights are the program's own: neither the camp nor a state holds them. A state of before, which held them, is read."""
    model = net()
    model[0].requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
    game = rolltrain_tui.session(model, optimizer, **OFF)
    assert list(game.memory.camp.weights) == ["2.weight"]
    state = game.state_dict()
    assert [name for name in state["tensors"] if "model." in name] == ["snapshot.model.2.weight"]
    state["tensors"]["snapshot.model.0.weight"] = model[0].weight.detach().clone()
    game.load_state_dict(state)


def test_wrappers_are_taken_off() -> None:
    """accelerate's optimiser and a compiled module: k is felt, and names in saves are the model's own. Older names are read too."""
    accelerate = pytest.importorskip("accelerate")
    model = net()
    prepared, wrapped = accelerate.Accelerator(cpu=True).prepare(model, torch.optim.AdamW(model.parameters(), lr=1e-2))
    game = rolltrain_tui.session(torch.compile(prepared, backend="eager"), wrapped, monsters="off")  # type: ignore[arg-type]
    play(prepared, wrapped, game, range(6))
    assert off_by(game) <= 1e-3
    assert set(game.memory.camp.weights) == {"0.weight", "2.weight"}
    state = game.state_dict()
    state["tensors"] = {name.replace("model.", "model._orig_mod."): tensor for name, tensor in state["tensors"].items()}
    game.load_state_dict(state)


def test_each_module_keeps_its_mode(tmp_path: Path) -> None:
    """A layer that was put into evaluation mode stays there, through training and evaluations."""
    model = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    model[1].eval()
    data = [(torch.randn(4, 8), torch.randint(0, 4, (4,))) for _ in range(4)]
    trainer = RollToTrain(
        model, torch.optim.SGD(model.parameters(), lr=0.1), loss=nn.functional.cross_entropy, turns=4, runs=tmp_path, **OFF
    )
    trainer.train(data, data, progress=False)
    trainer.evaluate(data)
    assert [module.training for module in model] == [True, False, True]


class Averaged(torch.optim.SGD):
    """Evaluates at a mean of its steps, which it has from the first of them on."""

    def eval(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["steps"] = p.detach().clone()
                p.data.copy_(self.state[p]["mean"])
            group["train_mode"] = False

    def train(self) -> None:
        for group in self.param_groups:
            for p in group["params"] * (not group.get("train_mode", True)):
                p.data.copy_(self.state[p].pop("steps"))
            group["train_mode"] = True

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        super().step(closure)
        for group in self.param_groups:
            for p in group["params"]:
                kept = self.state[p].setdefault("mean", p.detach().clone())
                kept.lerp_(p.detach(), 0.1)


def test_an_optimiser_that_changes_mode_only_after_its_first_step_is_examined_before_it(tmp_path: Path) -> None:
    model, data = net(), [(torch.randn(4, 8), torch.tensor([0, 1, 2, 3]))] * 4
    trainer = RollToTrain(model, Averaged(model.parameters(), lr=0.1), loss=nn.functional.cross_entropy, turns=4, runs=tmp_path, **OFF)
    before = trainer.evaluate(data)
    trainer.train(data, data, progress=False)
    assert trainer.evaluate(data) < before


def test_a_rollback_happens_in_training_mode() -> None:
    """Of a schedule-free optimiser in evaluation mode, as after an evaluation: the weights are the camp's to the last bit."""
    model = net()
    optimizer: Any = KINDS["schedulefree"](model.parameters())
    play(model, optimizer, None, range(3))
    camp, before = Snapshot.take(model, optimizer, 0), [p.detach().clone() for p in model.parameters()]
    play(model, optimizer, None, range(3, 6))
    optimizer.eval()
    camp.put_back(model, optimizer)
    optimizer.train()
    assert all(torch.equal(p, own) for p, own in zip(model.parameters(), before, strict=True))


def test_a_camp_in_evaluation_mode_is_one_of_training() -> None:
    """It is taken as the optimiser trains, and the visit leaves no trace in the weights."""
    model = net()
    optimizer: Any = KINDS["schedulefree"](model.parameters())
    play(model, optimizer, None, range(3))
    trained = [p.detach().clone() for p in model.parameters()]
    optimizer.eval()
    shown = [p.detach().clone() for p in model.parameters()]
    camp = Snapshot.take(model, optimizer, 0)
    assert all(torch.equal(p, own) for p, own in zip(model.parameters(), shown, strict=True))
    assert all(torch.allclose(kept, own, atol=1e-6) for kept, own in zip(camp.weights.values(), trained, strict=True))
    assert all(group["train_mode"] for group in camp.rest.groups)


class Counting(torch.optim.lr_scheduler.LambdaLR):
    """It keeps a tensor, and a dict by epoch."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.seen, self.rates = torch.zeros(2), {0: 1.0}
        super().__init__(optimizer, lambda epoch: 1.0)

    def get_lr(self) -> list[float | Tensor]:
        self.seen += 1
        self.rates[len(self.rates)] = 1 / float(self.seen[0])
        return [0.1 * self.rates[len(self.rates) - 1]]


class Noisy(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Pictures that are shifted by Python's chance, and dimmed by NumPy's."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, place: int) -> tuple[Tensor, Tensor]:
        x, y = batch(place)
        return x.roll(random.randrange(8), 1) * float(numpy.random.rand()), y


class DrawnOrder(torch.utils.data.Sampler[int]):
    """Each place is drawn when it is read, by one library's chance."""

    def __init__(self, draw: Callable[[int], int]) -> None:
        self.draw = draw

    def __iter__(self) -> Iterator[int]:
        return (int(self.draw(8)) for _ in range(8))

    def __len__(self) -> int:
        return 8


@pytest.mark.parametrize("kind", ["scheduler", "python", "numpy"])
def test_a_resumed_run_keeps_schedule_and_chance(kind: str, tmp_path: Path) -> None:
    """What a scheduler keeps beside numbers; and Python's and NumPy's chance, which order, data and model draw from.

    The program's own chance has no part in it.
    """
    draw, factor = (numpy.random.randint, numpy.random.rand) if kind == "numpy" else (random.randrange, random.random)

    def noisy_step(model: nn.Module, micro: Any) -> Tensor:
        x, y = micro
        return nn.functional.cross_entropy(model(x * float(factor())), y)

    def run(seed: int, resume: Path | None = None) -> tuple[nn.Module, RollToTrain]:
        random.seed(seed)
        numpy.random.seed(seed)
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        trainer = RollToTrain(
            model, optimizer, Counting(optimizer) if kind == "scheduler" else None, training_step=noisy_step, accumulation_steps=1,
            turns=12, evaluate_every=3, runs=tmp_path, monsters="off",
        )  # fmt: skip
        outer = random.getstate(), numpy.random.get_state()[1].tolist()
        trainer.train(
            torch.utils.data.DataLoader(Noisy(), batch_size=None, sampler=DrawnOrder(draw)),
            [batch(9)],
            progress=False,
            moves=[] if resume else [(5, SaveGame("mid"))],
            resume=resume,
        )
        assert (random.getstate(), numpy.random.get_state()[1].tolist()) == outer
        return model, trainer

    whole, trainer = run(1)
    assert trainer.run is not None
    (saved,) = [path for path in trainer.run.folder.rglob("*mid*") if path.is_dir()]
    assert same(whole, run(2, saved)[0])
    assert same(whole, run(2)[0])


def test_a_state_is_small_where_little_trains(tmp_path: Path) -> None:
    """2,048 weights of a layer beside a large frozen one: less than 35 kB, whatever is frozen."""
    model = nn.Sequential(nn.Linear(512, 512), nn.Linear(512, 4, bias=False))
    model[0].requires_grad_(False)
    optimizer = torch.optim.AdamW(model[1].parameters())
    game = rolltrain_tui.session(model, optimizer, **OFF)
    stow(game, tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 35_000
