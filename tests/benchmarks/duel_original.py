"""The published trainer's loop, restated in plain PyTorch operation by operation, for `duel_speed.py` to stand beside.

Points are (B, N, d) with padding -1 and always N places. A shift multiplies every point by a d x d matrix of its game. The polytope
compares all pairs of points, (B, N, N, d), in one pass for duplicates and another for dominance. The features are sorted anew whenever
they are read, four times a move. What enters the replay and what leaves it is copied once more. Each update replays a batch,
y = r + gamma max Q⁻; every tenth plays 20 new games for at most 10 moves. Its timers run, as in its example. Left out are its log and its
evaluation.
"""

import copy
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import torch
from torch import Tensor, nn

ROLLOUT_EVERY, ROLLOUT_GAMES, ROLLOUT_MOVES, TARGET_EVERY, TAU = 10, 20, 10, 100, 0.9
"""Of its example."""


def padded(points: Tensor, stay: Tensor) -> Tensor:
    """-1 wherever nothing stays."""
    return points * stay + torch.full(points.shape, -1.0) * ~stay


def polytope(points: Tensor) -> None:
    """Duplicates go, the first stays; then every point that another one undercuts. In place."""
    games, count, dimension = points.shape

    def differences() -> Tensor:  # (B, N, N, d)
        return points.unsqueeze(2).repeat(1, 1, count, 1) - points.unsqueeze(1).repeat(1, count, 1, 1)

    earlier = ~torch.ones(count, count).type(torch.bool).triu().unsqueeze(0).repeat(games, 1, 1)
    gone = (differences().eq(0).all(dim=3) & earlier).any(dim=2)
    points[:] = padded(points, ~gone.unsqueeze(2).repeat(1, 1, dimension))

    alive = points >= 0
    both = alive.unsqueeze(2).repeat(1, 1, count, 1) & alive.unsqueeze(1).repeat(1, count, 1, 1)
    others = ~torch.eye(count).type(torch.bool).reshape(1, count, count, 1).repeat(games, 1, 1, dimension)
    gone = (differences().ge(0) & others & both).all(dim=3).any(dim=2)
    points[:] = padded(points, ~gone.unsqueeze(2).repeat(1, 1, dimension))


def shift(points: Tensor, chosen: Tensor, axis: Tensor) -> None:
    """`chosen`: (B, d) of 0 and 1; `axis`: (B,). In place; games that are over stay as they are."""
    games, count, dimension = points.shape
    alive = points >= 0
    assert torch.all(alive.all(dim=2).eq(alive.any(dim=2)))
    row = torch.zeros(games, dimension).scatter(1, axis.long().unsqueeze(1), torch.ones(games, 1))  # the coordinate that changes
    row *= (row - chosen).le(0).all(dim=1).reshape(-1, 1)
    row *= (points[:, :, 0] >= 0).sum(dim=1).ge(2).reshape(-1, 1)
    matrix = row.unsqueeze(2) * chosen.unsqueeze(1) + torch.eye(dimension).repeat(games, 1, 1) - row.unsqueeze(2) * row.unsqueeze(1)
    every = matrix.unsqueeze(1).repeat(1, count, 1, 1)  # (B, N, d, d)
    points[:] = padded(torch.matmul(every, points.unsqueeze(3)).squeeze(3), alive)


def rescale(points: Tensor) -> None:
    """The largest coordinate of each game becomes 1. In place."""
    alive = points >= 0
    largest = points.amax(dim=(1, 2))
    largest = (largest + largest.eq(0)).reshape(-1, 1, 1)
    points[:] = points * alive / largest - 1.0 * ~alive


def over(points: Tensor) -> Tensor:
    """Which games have ended."""
    return (points[:, :, 0] >= 0).sum(dim=1).le(1)


def read(points: Tensor) -> Tensor:
    """What the network is given: the points by their first coordinate."""
    order = points[:, :, 0].argsort(dim=1, descending=True)
    return points.gather(1, order.unsqueeze(2).repeat(1, 1, points.shape[2])).clone()


class Original:
    """A host that learns against the random agent."""

    def __init__(self, dimension: int, points: int, layers: tuple[int, ...], batch: int, capacity: int) -> None:
        sets = [[float(n >> c & 1) for c in range(dimension)] for n in range(2**dimension) if n.bit_count() > 1]
        self.sets = torch.tensor(sets)  # (A, d)
        self.dimension, self.points, self.batch, self.capacity = dimension, points, batch, capacity
        widths = (dimension * points, *layers)
        parts: list[nn.Module] = [nn.Flatten()]
        for wide, then in pairwise(widths):
            parts += [nn.Linear(wide, then), nn.ReLU()]
        self.net = nn.Sequential(*parts, nn.Linear(widths[-1], len(self.sets)))
        self.target = copy.deepcopy(self.net)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)
        boards = (capacity, points, dimension)
        self.replay = (
            torch.zeros(boards),
            torch.zeros(capacity, 1, dtype=torch.int32),
            torch.zeros(capacity, 1),
            torch.zeros(capacity, 1, dtype=torch.bool),
            torch.zeros(boards),
        )
        """Boards, actions, rewards, whether the game was over then, boards after."""
        self.position, self.full, self.updates = 0, False, 0
        self.milliseconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.milliseconds[part] += (time.perf_counter() - began) * 1000

    # Games.

    def rollout(self, games: int, moves: int, epsilon: float = 0.1) -> int:
        """Play some new games for some moves; how many transitions came into the buffer."""
        points = torch.randint(21, (games, self.points, self.dimension), dtype=torch.float32)
        polytope(points)
        rescale(points)
        self.net.train(False)
        lived = [self.move(points, epsilon) for _ in range(moves) if not all(over(points))]
        for transitions in lived:
            self.add(transitions)
        self.net.train(True)
        return sum(len(before) for before, *_ in lived)

    def move(self, points: Tensor, epsilon: float) -> tuple[Tensor, ...]:
        """One move of all games, and the transitions of those that were not over before."""
        with self.timed("features"):
            before = read(points)
        going = ~over(points)
        with self.timed("host"):
            chosen, action = self.host(points, epsilon)
        with self.timed("agent"):
            self.agent(points, chosen)
        ended = over(points)
        with self.timed("features"):
            after = read(points)
        with self.timed("transitions"):
            before, action, after = (whole[going].clone() for whole in (before, action, after))
        ended = ended[going].clone()
        return before, action.reshape(-1, 1), ended.float().clone().reshape(-1, 1), ended.reshape(-1, 1), after

    def host(self, points: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        """The chosen coordinates, (B, d) of 0 and 1, and their codes, (B,)."""
        with self.timed("host's network"), torch.inference_mode():
            values = self.net(read(points))
        noise, explore = torch.rand(values.shape), torch.rand(len(values), 1).le(epsilon)
        values = values * ~explore + noise * explore
        with self.timed("decode"):
            action = values.argmax(dim=1).int()
            return self.sets[action], action

    def agent(self, points: Tensor, chosen: Tensor) -> None:
        """The random agent's move."""
        with self.timed("agent's network"), torch.inference_mode():
            read(points)  # every agent is given them
            draw = (torch.rand(len(points), self.dimension) * chosen).argmax(dim=1)
            values = nn.functional.one_hot(draw, self.dimension).float()
        values = values * chosen + (1 - chosen) * torch.finfo(values.dtype).min
        axis, noise = values.argmax(dim=1), torch.randint(self.dimension, (len(points),))
        explore = torch.rand(len(axis)).le(0.0)
        axis = axis * ~explore + noise * explore
        with self.timed("points"):
            with self.timed("shift"):
                shift(points, chosen, axis)
            with self.timed("polytope"):
                polytope(points)
            with self.timed("rescale"):
                rescale(points)

    # Replay.

    def add(self, transitions: tuple[Tensor, ...]) -> None:
        count, fits = len(transitions[0]), self.capacity - self.position
        for column, rows in zip(self.replay, transitions, strict=True):
            if count < fits:
                column[self.position : self.position + count] = rows.clone()
            else:
                column[self.position :] = rows[:fits].clone()
                column[: count - fits] = rows[fits:].clone()
        self.full = self.full or count >= fits
        self.position = (self.position + count) % self.capacity

    def sample(self) -> list[Tensor]:
        rows = torch.randint(self.capacity if self.full else self.position, (self.batch,))
        return [column[rows].clone() for column in self.replay]

    # Learning.

    def turn(self) -> None:
        """An update, and what it plays for it."""
        self.update()
        with self.timed("rollouts"):
            if self.updates % ROLLOUT_EVERY == 0:
                self.rollout(ROLLOUT_GAMES, ROLLOUT_MOVES)

    def update(self) -> None:
        """One step of the optimiser."""
        rate = 0.996**self.updates
        for group in self.optimizer.param_groups:
            group["lr"] = 1e-3 * rate + 1e-8 * (1 - rate)
        with self.timed("target"):
            if self.updates % TARGET_EVERY == 0:
                for old, new in zip(self.target.parameters(), self.net.parameters(), strict=True):
                    old.data.lerp_(new.data, TAU)
        self.updates += 1
        with self.timed("fit"):
            self.fit()

    def fit(self) -> None:
        with self.timed("sample"):
            before, action, reward, ended, after = self.sample()
        with self.timed("target's values"), torch.no_grad():
            best = self.target(after).max(dim=1).values.reshape(-1, 1)
            goal = reward + ~ended * 0.99 * best
        with self.timed("forward"):
            values = self.net(before)
        with self.timed("gather"):
            value = values.gather(1, action.long())
        with self.timed("loss"):
            loss = nn.functional.smooth_l1_loss(value, goal)
        with self.timed("backward"):
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        with self.timed("step"):
            nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
            self.optimizer.step()
