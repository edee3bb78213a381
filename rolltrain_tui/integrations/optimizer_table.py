"""`rolltrain bench optimizers`: which optimisers the game plays with, PyTorch's own and third parties' that are installed.

off      a session with dice and monsters off, against the plain loop: the same weights to the last bit
k        the largest |k asked - k felt| of three sessions: hero's dice, dice that step backwards, a paladin's cap
resume   stopped and packed as a save does it, read into a fresh optimiser, and gone on with: the same weights to the last bit
"""

import importlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.integrations.session.begin import session
from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.integrations.terms.characters import Paladin
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.training.state.host_chance import host_unchanged, seeded_host_state, set_host_state
from rolltrain_tui.training.state.snapshots import Snapshot

TURNS = 20
CLOSE = 1e-3
"""|k asked - k felt| that counts as felt as asked."""

Make = Callable[[Any], Optimizer]


@dataclass(frozen=True, slots=True)
class Row:
    """What one optimiser showed."""

    name: str
    off: bool = False
    worst: float = 0.0
    resume: bool = False
    refused: str = ""
    """The reason why the game does not play with it; then nothing was measured."""

    @property
    def good(self) -> bool:
        return bool(self.refused) or (self.off and self.resume and self.worst <= CLOSE)


def rows() -> Iterator[Row]:
    """One for each optimiser. Their own warnings and prints are passed over."""
    for name, make, model in (*_torch(), *_others()):
        with (
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
            torch.random.fork_rng(devices=[]),
            host_unchanged(),
        ):
            warnings.simplefilter("ignore")
            row = _row(name, make, model)
        yield row


def table(found: list[Row]) -> str:
    """As Markdown."""
    lines = ["| optimiser | off | largest error of k | resume |", "|---|---|---:|---|"]
    for row in found:
        if row.refused:
            lines.append(f"| {row.name} | refused | | {row.refused} |")
        else:
            same = ["identical" if own else "DIFFERS" for own in (row.off, row.resume)]
            lines.append(f"| {row.name} | {same[0]} | {row.worst:.0e} | {same[1].replace('identical', 'exact')} |")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------------------------
# The optimisers


def _torch() -> Iterator[tuple[str, Make, Callable[[], nn.Module]]]:
    """Every one that PyTorch has."""
    for name, kind in inspect.getmembers(torch.optim, inspect.isclass):
        if issubclass(kind, Optimizer) and kind is not Optimizer:
            yield name, partial(_made, kind, {"lr": 1e-2}), _words if name == "SparseAdam" else _net


OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "AdamWScheduleFree": ("schedulefree", {"lr": 1e-2}),
    "SGDScheduleFree": ("schedulefree", {"lr": 0.1}),
    "RAdamScheduleFree": ("schedulefree", {"lr": 1e-2}),
    "Adafactor": ("transformers", {}),
    "AdaBelief": ("pytorch_optimizer", {"lr": 1e-2}),
    "Adan": ("pytorch_optimizer", {"lr": 1e-2}),
    "AdEMAMix": ("pytorch_optimizer", {"lr": 1e-2}),
    "ADOPT": ("pytorch_optimizer", {"lr": 1e-2}),
    "APOLLO": ("pytorch_optimizer", {"lr": 1e-2}),
    "CAME": ("pytorch_optimizer", {"lr": 1e-3}),
    "DAdaptAdam": ("pytorch_optimizer", {"lr": 1.0, "d0": 1e-2}),
    "GaLore": ("pytorch_optimizer", {"lr": 1e-2}),
    "Kron": ("pytorch_optimizer", {"lr": 1e-3}),
    "Lamb": ("pytorch_optimizer", {"lr": 1e-2}),
    "LaProp": ("pytorch_optimizer", {"lr": 1e-2}),
    "Lion": ("pytorch_optimizer", {"lr": 1e-3}),
    "Lookahead": ("pytorch_optimizer", {"optimizer": torch.optim.AdamW, "lr": 1e-2}),
    "MADGRAD": ("pytorch_optimizer", {"lr": 1e-2}),
    "Prodigy": ("pytorch_optimizer", {"lr": 1.0, "d0": 1e-2}),
    "Ranger21": ("pytorch_optimizer", {"lr": 1e-2, "num_iterations": 100}),
    "SM3": ("pytorch_optimizer", {"lr": 0.1}),
    "SOAP": ("pytorch_optimizer", {"lr": 1e-2, "precondition_frequency": 2}),
    "ScheduleFreeAdamW": ("pytorch_optimizer", {"lr": 1e-2}),
    "Shampoo": ("pytorch_optimizer", {"lr": 1e-2}),
    "StableAdamW": ("pytorch_optimizer", {"lr": 1e-2}),
    "Conda": ("pytorch_optimizer", {"lr": 1e-2}),
    "ScalableShampoo": ("pytorch_optimizer", {"lr": 1e-2}),
    "SPlus": ("pytorch_optimizer", {"lr": 1e-2}),
}
"""Third parties', each with its package and its settings. Rates are such that float32 can show a step."""


def _others() -> Iterator[tuple[str, Make, Callable[[], nn.Module]]]:
    for name, (package, words) in OTHERS.items():
        try:
            kind = getattr(importlib.import_module(package), name)
        except ImportError:
            continue
        yield f"{package}.{name}", partial(_made, kind, words), _net


def _made(kind: Callable[..., Optimizer], words: dict[str, Any], parameters: Any) -> Optimizer:
    """A wrapper makes the optimiser inside of it from a class."""
    if (inner := words.get("optimizer")) is not None:
        return kind(inner(parameters, lr=words["lr"]))
    return kind(list(parameters), **words)


# ---------------------------------------------------------------------------------------------------------------------
# What is trained


def _net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16, bias=False), nn.Tanh(), nn.Linear(16, 4, bias=False))


class _Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 4, sparse=True)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.words((x.abs() * 6).long()[:, :3] % 20)  # (B, 3, 4)
        return found.mean(1)


def _words() -> nn.Module:
    torch.manual_seed(0)
    return _Words()


def _play(model: nn.Module, optimizer: Optimizer, game: Session | None, turns: range) -> None:
    if callable(train := getattr(optimizer, "train", None)):
        train()
    for turn in turns:
        draw = torch.Generator().manual_seed(turn)
        x, y = torch.randn(4, 8, generator=draw), torch.randint(0, 4, (4,), generator=draw)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        torch.manual_seed(turn)  # some optimisers draw
        set_host_state(seeded_host_state(turn))
        if game is None:
            optimizer.step()
        else:
            with game.turn(loss):
                optimizer.step()


# ---------------------------------------------------------------------------------------------------------------------
# The measurements


def _row(name: str, make: Make, model: Callable[[], nn.Module]) -> Row:
    off = model()
    held = make(off.parameters())
    try:
        game = session(off, held, rulebook="off", monsters="off")
    except ValueError as error:
        return Row(name, refused=str(error).rpartition("cannot be played with: ")[2])
    plain = model()
    _play(plain, make(plain.parameters()), None, range(TURNS))
    _play(off, held, game, range(TURNS))
    return Row(name, off=_same(plain, off), worst=_worst(make, model), resume=_resumes(plain, make, model))


def _worst(make: Make, model: Callable[[], nn.Module]) -> float:
    worst = 0.0
    for words in ({"rulebook": "hero"}, {"rulebook": "readme"}, {"rulebook": "hero", "character_class": Paladin()}):
        played = model()
        optimizer = make(played.parameters())
        game = session(played, optimizer, monsters="off", **words)
        _play(played, optimizer, game, range(TURNS))
        for event in game.events:
            if isinstance(event, StepTaken) and event.k_effective is not None and "norm_cap" not in event.levers:
                worst = max(worst, abs(event.k_effective - event.k_requested))
    return worst


def _resumes(plain: nn.Module, make: Make, model: Callable[[], nn.Module]) -> bool:
    first, again = model(), model()
    stopped, fresh = make(first.parameters()), make(again.parameters())
    _play(first, stopped, None, range(TURNS // 2))
    packed = Snapshot.take(first, stopped, 0).pack("")
    Snapshot.unpack(packed, "", again, fresh, 0).put_back(again, fresh)
    _play(again, fresh, None, range(TURNS // 2, TURNS))
    return _same(plain, again)


def _same(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
