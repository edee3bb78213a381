"""The published trainer's loop, restated in plain PyTorch from what is known of it, for `duel_speed.py` to stand beside.

Points are (B, N, d) with padding -1 and always N places. A shift multiplies every point by a d x d matrix of its game. The polytope
compares all pairs of points, (B, N, N, d), in one pass for duplicates and another for dominance. The features are sorted anew whenever
they are read. Each update replays a batch, y = r + gamma max Q⁻; every tenth plays 20 new games for at most 10 moves. Left out are its
timers, its log, and its player modules: this is a lower bound of what the original costs.
"""

import copy
from itertools import pairwise

import torch
from torch import Tensor, nn

ROLLOUT_EVERY, ROLLOUT_GAMES, ROLLOUT_MOVES, TARGET_EVERY = 10, 20, 10, 100
"""Of its example."""


def polytope(points: Tensor) -> Tensor:
    """Duplicates go, the first stays; then every point that another one undercuts."""
    count = points.shape[1]
    for dominance in (False, True):
        alive = points >= 0
        one, other = points[:, :, None].repeat(1, 1, count, 1), points[:, None].repeat(1, count, 1, 1)  # (B, N, N, d)
        both = alive[:, :, None].repeat(1, 1, count, 1) & alive[:, None].repeat(1, count, 1, 1)
        difference = one - other
        if dominance:
            goes = (difference >= 0) & ~torch.eye(count, dtype=torch.bool)[:, :, None]
        else:
            goes = (difference == 0) & torch.ones(count, count, dtype=torch.bool).tril(-1)[:, :, None]
        gone = (goes & both).all(dim=3).any(dim=2)[:, :, None]
        points = points * ~gone - 1.0 * gone
    return points


def moved(points: Tensor, chosen: Tensor, axis: Tensor) -> Tensor:
    """Shift, polytope, rescale. `chosen`: (B, d) bool; `axis`: (B,)."""
    games, count, dimension = points.shape
    alive = points >= 0
    going = ((points[:, :, 0] >= 0).sum(dim=1) > 1).float()
    row = nn.functional.one_hot(axis, dimension) * going[:, None]  # the coordinate that changes
    matrix = torch.eye(dimension).repeat(games, 1, 1) + row[:, :, None] * (chosen.float() - row)[:, None]
    every = matrix[:, None].repeat(1, count, 1, 1)  # (B, N, d, d)
    shifted = torch.matmul(every, points[:, :, :, None])[:, :, :, 0]
    points = polytope(shifted * alive - 1.0 * ~alive)
    alive = points >= 0
    largest = points.amax(dim=(1, 2), keepdim=True)
    return points * alive / (largest + (largest == 0)) - 1.0 * ~alive


def read(points: Tensor) -> Tensor:
    """What the network is given: the points by their first coordinate."""
    order = points[:, :, 0].argsort(dim=1, descending=True, stable=True)
    return points.gather(1, order[:, :, None].expand_as(points))


class Original:
    """A host that learns against the random agent."""

    def __init__(self, dimension: int, points: int, layers: tuple[int, ...], batch: int, capacity: int) -> None:
        sets = [[bool(n >> c & 1) for c in range(dimension)] for n in range(2**dimension) if n.bit_count() > 1]
        self.sets = torch.tensor(sets)  # (A, d)
        self.dimension, self.points, self.batch, self.capacity = dimension, points, batch, capacity
        widths = (dimension * points, *layers)
        parts: list[nn.Module] = []
        for wide, then in pairwise(widths):
            parts += [nn.Linear(wide, then), nn.ReLU()]
        self.net = nn.Sequential(*parts, nn.Linear(widths[-1], len(self.sets)))
        self.target = copy.deepcopy(self.net)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)
        shape = (capacity, points, dimension)
        self.before, self.after = torch.zeros(shape), torch.zeros(shape)
        self.action = torch.zeros(capacity, dtype=torch.long)
        self.reward, self.over = torch.zeros(capacity), torch.zeros(capacity, dtype=torch.bool)
        self.position, self.filled, self.updates = 0, 0, 0

    def rollout(self, games: int, moves: int, epsilon: float = 0.1) -> int:
        """Play some new games for some moves; how many transitions came into the buffer."""
        points = torch.randint(21, (games, self.points, self.dimension)).float()
        points = polytope(points)
        points = torch.where(points >= 0, points / points.amax(dim=(1, 2), keepdim=True).clamp(min=1), -1.0)
        added = 0
        for _ in range(moves):
            before = read(points)
            going = (points[:, :, 0] >= 0).sum(dim=1) > 1
            with torch.no_grad():
                values = self.net(read(points).flatten(1))
            values = torch.where(torch.rand(len(values), 1) < epsilon, torch.rand(values.shape), values)
            action = values.argmax(dim=1)
            chosen = self.sets[action]
            axis = torch.rand(chosen.shape).masked_fill(~chosen, -1).argmax(dim=1)
            points = moved(points, chosen, axis)
            over = (points[:, :, 0] >= 0).sum(dim=1) <= 1
            added += self._add(before[going], read(points)[going], action[going], over[going])
        return added

    def _add(self, before: Tensor, after: Tensor, action: Tensor, over: Tensor) -> int:
        slots = (self.position + torch.arange(len(action))) % self.capacity
        for column, rows in ((self.before, before), (self.after, after), (self.action, action), (self.reward, over.float())):
            column[slots] = rows
        self.over[slots] = over
        self.position = (self.position + len(slots)) % self.capacity
        self.filled = min(self.capacity, self.filled + len(slots))
        return len(slots)

    def turn(self) -> None:
        """An update, and what it plays for it."""
        self.update()
        if self.updates % ROLLOUT_EVERY == 0:
            self.rollout(ROLLOUT_GAMES, ROLLOUT_MOVES)

    def update(self) -> None:
        """One step of the optimiser."""
        if self.updates % TARGET_EVERY == 0:
            for old, new in zip(self.target.parameters(), self.net.parameters(), strict=True):
                old.data.lerp_(new.data, 0.9)
        self.updates += 1
        rows = torch.randint(self.filled, (self.batch,))
        with torch.no_grad():
            best = self.target(self.after[rows].flatten(1)).max(dim=1).values
            goal = self.reward[rows] + 0.99 * torch.where(self.over[rows], 0.0, best)
        value = self.net(self.before[rows].flatten(1)).gather(1, self.action[rows][:, None])[:, 0]
        self.optimizer.zero_grad()
        nn.functional.smooth_l1_loss(value, goal).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.parameters(), 10.0)
        self.optimizer.step()
