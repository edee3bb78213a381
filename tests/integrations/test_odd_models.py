"""Models that keep more than flat tensors of one shape: they train, go on from a save, return to a camp, and have a twin."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rolltrain_tui import RollToTrain
from rolltrain_tui.integrations.session.begin import session
from rolltrain_tui.protocol.commands import SaveGame
from rolltrain_tui.protocol.events import CampaignEnded, TwinJudged, TwinLost
from rolltrain_tui.runs.log.event_log import read
from rolltrain_tui.runs.saves import tensors as files
from rolltrain_tui.training.state.snapshots import LearnerStateError, Snapshot

pytestmark = pytest.mark.filterwarnings("ignore:Sparse")  # PyTorch calls some of its layouts new

F = nn.functional
G = torch.Generator().manual_seed(1)
DATA = [(torch.randn(8, 4, generator=G), torch.randint(0, 3, (8,), generator=G)) for _ in range(5)]
TURNS, SAVED_AT = 12, 7


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 3)
        self.keep()

    def keep(self) -> None:
        """What this model keeps besides its weights."""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(torch.tanh(self.first(x)))
        return out


class Graph(Net):
    """Its neighbours are a sparse matrix, as in networks on graphs."""

    adjacency: Tensor

    def keep(self) -> None:
        self.register_buffer("adjacency", torch.diag(torch.tensor([1.0, 2.0, 0.0, 1.0])).to_sparse())

    def forward(self, x: Tensor) -> Tensor:
        return super().forward((self.adjacency @ x.T).T)


class GraphByRows(Graph):
    def keep(self) -> None:
        self.register_buffer("adjacency", torch.diag(torch.tensor([1.0, 2.0, 0.0, 1.0])).to_sparse_csr())


class Expanded(Net):
    """Its mask shows four numbers eight times."""

    mask: Tensor

    def keep(self) -> None:
        self.register_buffer("mask", torch.tensor([[1.0, 0.5, 1.0, 1.0]]).expand(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * self.mask)


class Queue(Net):
    """It remembers the batches that it saw: the buffer grows."""

    seen: Tensor

    def keep(self) -> None:
        self.register_buffer("seen", torch.zeros(0, 4))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen = torch.cat([self.seen, x.detach()])[-72:]
        return super().forward(x + self.seen.sum() / 100)


class Counts(Net):
    """Its count of batches is a plain number, saved as PyTorch's extra state."""

    def keep(self) -> None:
        self.count = 0

    def get_extra_state(self) -> dict[str, int]:
        return {"count": self.count}

    def set_extra_state(self, state: dict[str, int]) -> None:
        self.count = state["count"]

    def forward(self, x: Tensor) -> Tensor:
        self.count += self.training
        return super().forward(x) + super().forward(x) * self.count / 10


class Rare(Net):
    """Buffers of dtypes that safetensors has no name for in every version, or none at all."""

    small: Tensor
    wide: Tensor

    def keep(self) -> None:
        self.register_buffer("small", torch.tensor([0.5, 2.0]).to(torch.float8_e4m3fn))
        self.register_buffer("wide", torch.tensor(1.0 + 2.0j, dtype=torch.complex128))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * self.small.float().mean()) * self.wide.abs().float()


class KeepsOutput(Net):
    """It keeps an output, with the graph that leads to it, as many models do for a penalty or a picture."""

    def forward(self, x: Tensor) -> Tensor:
        out = super().forward(x)
        self.outputs = {"last": [out]}
        return out


class CopiesItself(Net):
    """Its copy tells nobody which parameter came from which, as with TorchScript."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "CopiesItself":
        own = CopiesItself()
        own.load_state_dict(self.state_dict())
        return own


class Thaws(Net):
    """Its first layer learns only while the model trains."""

    def forward(self, x: Tensor) -> Tensor:
        for p in self.first.parameters():
            p.requires_grad_(self.training)
        return super().forward(x)


class Locked(Net):
    """Something in it cannot be copied."""

    def keep(self) -> None:
        self.lock = threading.Lock()


ODD = [Graph, GraphByRows, Expanded, Queue, Counts, Rare, KeepsOutput, CopiesItself, Locked]


def trained(kind: type[Net], runs: Path, resume: Path | None = None, **more: Any) -> tuple[Net, RollToTrain]:
    net = kind()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    terms: dict[str, Any] = {"rulebook": "off", "monsters": "off", **more}
    trainer = RollToTrain(net, optimizer, loss=F.cross_entropy, turns=TURNS, camp_every=100, runs=runs, **terms)
    trainer.train(DATA, DATA[:2], progress=False, resume=resume, moves=[(SAVED_AT, SaveGame())])
    return net, trainer


def tensors_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: numbers(t) for name, t in {**dict(net.named_parameters()), **dict(net.named_buffers())}.items()}


def numbers(tensor: Tensor) -> Tensor:
    """Its values in one layout and one dtype, which can be compared."""
    return torch.view_as_real(tensor.detach().to_dense().to(torch.complex128)).clone()


@pytest.mark.parametrize("kind", ODD)
def test_a_run_goes_on_from_a_save_as_if_it_had_never_stopped(kind: type[Net], tmp_path: Path) -> None:
    whole, trainer = trained(kind, tmp_path)
    assert trainer.run is not None
    begun = shutil.copytree(trainer.run.folder, tmp_path / "begun")
    resumed, _ = trained(kind, tmp_path, begun / "saves" / f"turn-{SAVED_AT:06d}")
    expected, found = tensors_of(whole), tensors_of(resumed)
    for name in expected:
        assert torch.equal(expected[name], found[name]), name
    assert getattr(whole, "count", 0) == getattr(resumed, "count", 0)


class Normed(Net):
    """Its own batch norm, and PyTorch's."""

    class Norm(nn.BatchNorm1d):
        pass

    def keep(self) -> None:
        self.own, self.norm = Normed.Norm(4), nn.BatchNorm1d(4)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.norm(self.own(x)))


@pytest.mark.parametrize("name", ["own.running_mean", "norm.running_var", "norm.num_batches_tracked"])
def test_a_save_whose_statistics_have_another_shape_is_refused(name: str) -> None:
    """A model may let a buffer of its own grow; those of PyTorch's layers keep their shape."""
    net = Normed()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    packed = Snapshot.take(net, optimizer, 0).pack("")
    Snapshot.unpack(packed, "", net, optimizer, 0)
    packed[f"model.{name}"] = packed[f"model.{name}"].repeat(2)
    with pytest.raises(LearnerStateError, match=f"the saved tensor 'model.{name}' is .*a saved run keeps the shape of its model"):
        Snapshot.unpack(packed, "", net, optimizer, 0)


@pytest.mark.parametrize("kind", ODD)
def test_a_loop_of_ones_own_returns_to_its_camp(kind: type[Net]) -> None:
    net = kind()
    game = session(net, optimizer := torch.optim.SGD(net.parameters(), lr=0.1), turns=99)

    def turn(x: Tensor, y: Tensor) -> None:
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        with game.turn(loss):
            optimizer.step()

    turn(*DATA[0])
    game.snapshot()
    camp, count = tensors_of(net), getattr(net, "count", 0)
    turn(*DATA[1])
    game.memory.restore(game.memory.camp)
    for name, tensor in tensors_of(net).items():
        assert torch.equal(tensor, camp[name]), name
    assert getattr(net, "count", 0) == count


def twins_end(kind: type[Net], runs: Path) -> list[TwinJudged | TwinLost]:
    _, trainer = trained(kind, runs, twin="always")
    assert trainer.run is not None
    return [event for event in read(trainer.run.folder / "chronicle.jsonl") if isinstance(event, TwinJudged | TwinLost)]


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind is not Locked])
def test_a_twin_walks_beside_it(kind: type[Net], tmp_path: Path) -> None:
    ends = twins_end(kind, tmp_path)
    assert ends
    for end in ends:
        assert isinstance(end, TwinJudged)
        assert end.delta == 0


def test_a_layer_that_freezes_itself_at_rest_is_examined(tmp_path: Path) -> None:
    """Where it is frozen its gradient is zero, and the run goes on to its end."""
    _, trainer = trained(Thaws, tmp_path, monsters="diagnosed")
    assert trainer.run is not None
    assert [TURNS] == [event.turn for event in read(trainer.run.folder / "chronicle.jsonl") if isinstance(event, CampaignEnded)]


def test_a_model_that_cannot_be_copied_trains_without_a_twin_and_the_story_says_why(tmp_path: Path) -> None:
    """Once: it is no use to try again."""
    (end,) = twins_end(Locked, tmp_path)
    assert isinstance(end, TwinLost)
    assert end.reason.startswith("it could not be made")
    assert "a part of this model cannot be copied: TypeError" in end.reason
    assert end.reason.endswith("and no other is tried")


@pytest.mark.parametrize("kind", [Queue, Expanded, Normed])
def test_a_turn_that_fails_leaves_no_trace_in_buffers_and_its_own_error_is_raised(kind: type[Net], tmp_path: Path) -> None:
    calls: list[int] = []

    def step(net: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        loss = F.cross_entropy(net(batch[0]), batch[1])
        calls.append(int(net.training))
        if sum(calls) == 4:
            raise ArithmeticError("this batch is bad")
        return loss

    net = kind()
    trainer = RollToTrain(
        net, torch.optim.SGD(net.parameters(), lr=0.1), training_step=step, turns=9, rulebook="off", monsters="off", runs=tmp_path
    )
    with pytest.raises(ArithmeticError):
        trainer.train(DATA, progress=False)
    if isinstance(net, Queue):
        assert len(net.seen) == 24  # three batches of eight
    if isinstance(net, Normed):
        assert net.norm.num_batches_tracked == 3


SPARSE: list[Callable[[], Tensor]] = [
    lambda: torch.sparse_coo_tensor(torch.tensor([[0, 2, 2], [1, 0, 0]]), torch.tensor([1.0, 2.0, 3.0]), (3, 3)),
    lambda: torch.eye(4, dtype=torch.complex128).to_sparse_csr(),
    lambda: torch.eye(4).to_sparse_csc(),
    lambda: torch.zeros(2, 3).to_sparse(),
    lambda: torch.tensor(1.5 - 2.0j, dtype=torch.complex128),
    lambda: torch.tensor([[1.0, 2.0]]).to(torch.float8_e5m2),
]


@pytest.mark.parametrize("made", SPARSE)
def test_a_file_gives_back_the_layout_and_the_dtype_of_every_tensor(made: Callable[[], Tensor]) -> None:
    tensor, other = made(), torch.arange(3)
    back = files.unpack(files.pack({"model.odd": tensor, "model.other": other}))
    assert back.keys() == {"model.odd", "model.other"}
    assert (back["model.odd"].layout, back["model.odd"].dtype) == (tensor.layout, tensor.dtype)
    assert torch.equal(numbers(back["model.odd"]), numbers(tensor))
    assert torch.equal(back["model.other"], other)


@pytest.mark.parametrize(
    ("old", "new"), [(b"sparse_coo", b"sparse_xyz"), (b"[2, 3]", b"[1, 1]"), (b"complex128", b"complex999"), (b"{", b"[")]
)
def test_a_file_whose_parts_do_not_fit_is_refused(old: bytes, new: bytes) -> None:
    data = bytes(files.pack({"a": torch.ones(2, 3).to_sparse(), "b": torch.ones(2, dtype=torch.complex128)}))
    at = data.index(old, data.index(files._PARTS.encode()))
    with pytest.raises(ValueError, match="does not hold tensors"):
        files.unpack(data[:at] + new + data[at + len(old) :])
