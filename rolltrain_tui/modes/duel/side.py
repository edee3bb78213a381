"""What a role that learns has: its networks, its games of training, its replay buffer. What it does with them is in `learner.py`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.duel.config import DuelConfig, ExplorationConfig
from rolltrain_tui.modes.duel.dials import Settings
from rolltrain_tui.modes.duel.experience import Games, Tables, columns, greedy_agent, greedy_host, read_by, renumbered, without_empty_places
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.networks.networks import LayerNet, MoveNet, Passage, has_batch_norm
from rolltrain_tui.modes.duel.networks.pair import Pair, network
from rolltrain_tui.modes.duel.networks.passes import Read, passes_of, read, read_both
from rolltrain_tui.modes.duel.players.names import FIXED, OLDER, RIVAL, Role, other
from rolltrain_tui.modes.duel.replay import Replay
from rolltrain_tui.training.machine.late_compiler import load_compiler_late
from rolltrain_tui.training.state.snapshots import Snapshot
from rolltrain_tui.training.state.streams import Streams, random_stream
from rolltrain_tui.training.tensors.below_autograd import below_autograd

Batch = dict[str, Tensor]
"""Transitions, column by column (see `experience.py`)."""


class Side:
    """A role that learns."""

    tables: Tables
    """Its games as they stand, once they have begun."""

    def __init__(self, config: DuelConfig, role: Role, opponents: Sequence[str], device: torch.device, *, prefix: str = "") -> None:
        """`opponents`: names of its pool. `prefix`: of the names of its streams."""
        self.config, self.role, self.device = config, role, device
        self.play_stream, self.replay_stream = f"{prefix}play", f"{prefix}replay"
        seed = random_stream(config.seed, f"{prefix}init".replace("_", " ")).initial_seed()
        online = network(config, role, seed)
        self.nets = Pair(online).to(device)
        self.cost, self._two_modes = online.cost(), has_batch_norm(online)
        self.passes = passes_of(online, config, device)
        """Those that need no autograd."""
        apart = self.passes is not None and self.passes.one_move
        self.cost_of_one = online.cost_of_one() if apart and isinstance(online, MoveNet) else self.cost
        self._any_length, self._on_cpu = not isinstance(online, LayerNet), device.type == "cpu"
        learning = config.learning
        self.settings = self.own = Settings(
            double=learning.double, gamma=learning.gamma, epsilon=None, every=config.table.every, rate=1.0, pool=tuple(opponents)
        )
        """How its dials stand, and how the campaign has them."""
        self.games = self.games_against(opponents)
        self.replay = Replay(config.table.buffer, columns(config.game))
        self.flops = 0
        """Spent on forward passes and training since `mark`."""

    def pass_flops(self, boards: int, points: int) -> int:
        """FLOPs of a forward pass of its networks on `boards` boards with `points` places each."""
        return boards * (self.cost.board + points * self.cost.point)

    def flops_of(self, boards: Read, cost: Passage) -> int:
        """FLOPs of a forward pass of its networks on these boards."""
        return boards.points.shape[0] * cost.board + boards.places * cost.point

    @property
    def exploration(self) -> ExplorationConfig:
        """How its exploration goes by turns."""
        return self.config.exploration

    @property
    def opponents(self) -> tuple[str, ...]:
        """Whom it can train against in this campaign, by name."""
        fixed = FIXED[other(self.role)]
        return (*fixed, RIVAL, OLDER) if self.config.rival is not None else fixed

    @property
    def copies(self) -> int:
        """Older selves that are kept of each role."""
        return self.config.rival.copies if self.config.rival is not None else 1

    def games_against(self, opponents: Sequence[str]) -> Games:
        """Its games of training, with this pool."""
        return Games(self.role, self.config.game, self.config.learning.reward, self.config.table.games, opponents)

    def read(self, points: Tensor, chosen: Tensor | None) -> Read:
        """Boards (B, N, d) with padding -1, made ready for any of its networks."""
        with below_autograd():
            return read(self.passes, self.nets.online, points.to(self.device), self._legal(chosen))

    def read_both(self, batch: Batch) -> list[Read]:
        """The boards of transitions before and after the move."""
        chosen = [batch["chosen"], batch["chosen_after"]] if self.role == "agent" else None
        with below_autograd():
            return read_both(self.passes, self.nets.online, [batch["before"], batch["after"]], chosen)

    def _legal(self, chosen: Tensor | None) -> Tensor | None:
        return chosen.to(self.device) if chosen is not None and self.role == "agent" else None

    def rated(self, net: nn.Module, boards: Read) -> Tensor:
        """Q(s, .) as (B, A), without a gradient and in evaluation mode."""
        self.flops += self.flops_of(boards, self.cost)
        if self.passes is not None:
            with below_autograd():
                rated: Tensor = self.passes.forward(net, boards.prepared).values
            return rated
        with torch.no_grad():
            training = net.training
            if self._two_modes:
                net.eval()
            found: Tensor = net(boards.points, boards.chosen)
        if self._two_modes:
            net.train(training)
        return found.float()

    def rated_moves(self, net: nn.Module, boards: Read, moves: Tensor) -> Tensor:
        """Q(s, a) of one move a of each board, as (B,), like `rated`."""
        if self.passes is None:
            return self.rated(net, boards).gather(1, moves[:, None])[:, 0]
        self.flops += self.flops_of(boards, self.cost_of_one)
        with below_autograd():
            rated: Tensor = self.passes.of_moves(net, boards.prepared, moves).values
        return rated

    def values(self, net: nn.Module, points: Tensor, chosen: Tensor | None) -> Tensor:
        """Q(s, .) as (B, A), without a gradient and in evaluation mode; boards s as (B, N, d) with padding -1."""
        return self.rated(net, self.read(points, chosen))

    def seat(self, net: nn.Module) -> Any:
        """A network as a player of this role, who always makes the move of highest value."""

        def values(boards: Boards, chosen: Tensor | None) -> Tensor:
            return self.values(net, boards.padded().float(), chosen).cpu()

        return greedy_host(values) if self.role == "host" else greedy_agent(values)

    def sample(self, count: int, streams: Streams) -> Batch:
        """Transitions from the replay buffer, each as likely."""
        stream = streams[self.replay_stream]
        return self.ready(self.replay.sample(count, stream, read_by(self.role)), stream)

    def ready(self, rows: Batch, stream: torch.Generator | None) -> Batch:
        """Rows as the networks read them: without places for points that none needs; renumbered by a stream, where the campaign says so."""
        told = without_empty_places(rows) if self._any_length else rows
        if self.config.table.permute and stream is not None:
            told = renumbered(told, self.role, stream)
        return told if self._on_cpu else {name: column.to(self.device) for name, column in told.items()}

    # -----------------------------------------------------------------------------------------------------------------
    # Taking back, and counting what it costs

    def mark(self) -> None:
        """From here on `undo` takes back what it plays, and costs are counted."""
        self._before = self.tables
        self.replay.mark()
        self.flops = 0

    def undo(self) -> None:
        self.tables = self._before
        self.replay.undo()

    @contextmanager
    def by_modules(self) -> Iterator[None]:
        """Inside, every pass goes through the networks' modules, because an examination has hooks on them."""
        as_usual, self.passes = self.passes, None
        try:
            yield
        finally:
            self.passes = as_usual

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Inside, costs are counted from 0, and not added to the turn's."""
        spent, self.flops = self.flops, 0
        try:
            yield
        finally:
            self.flops = spent


class Rival(Side):
    """The other role, with an optimiser of its own, which no lever touches."""

    def __init__(self, config: DuelConfig, role: Role, opponents: Sequence[str], device: torch.device, *, learning_rate: float) -> None:
        super().__init__(config, role, opponents, device, prefix="rival_")
        self.parameters = list(self.nets.online.parameters())
        load_compiler_late()
        self.optimizer = torch.optim.Adam(self.parameters, lr=learning_rate)

    @property
    def exploration(self) -> ExplorationConfig:
        own = self.config.rival.exploration if self.config.rival is not None else None
        return own or super().exploration

    def set_rate(self, turn: int) -> None:
        """The learning rate of a turn."""
        own = self.config.rival
        if own is not None and (decay := own.decay) is not None:
            for group in self.optimizer.param_groups:
                group["lr"] = decay.value(own.learning_rate, turn)

    def mark(self) -> None:
        super().mark()
        self._trained = self.capture()

    def undo(self) -> None:
        super().undo()
        self.restore(self._trained)

    def capture(self) -> Snapshot:
        return Snapshot.take(self.nets, self.optimizer, 0)

    def restore(self, snapshot: Snapshot) -> None:
        snapshot.put_back(self.nets, self.optimizer)
