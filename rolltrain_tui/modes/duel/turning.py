"""Turning the dials of a role, and what is measured of it: each says what it was asked for, and what was found in the training.

double    <y - y1, y2 - y1> / |y2 - y1|^2, with y the targets of the batch, y1 those of a single and y2 those of a double estimator
gamma     <y - r, V> / |V|^2, with r the rewards and V what comes next without a discount
sync      |theta - theta⁻| afterwards
reset     |theta - a new network|, before the step
purge     rows of the replay buffer that are older than this turn
every     turns between the last two moves of the games
epsilon   part of the last moves that were drawn at random
rate      learning rate of the turn over that of the schedule
pool      part of the games that are against one of those named
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.modes.duel.dials import Settings
from rolltrain_tui.modes.duel.networks.pair import network
from rolltrain_tui.modes.duel.qlearning import follow, td_targets
from rolltrain_tui.modes.duel.side import Batch, Side
from rolltrain_tui.protocol.dials import told
from rolltrain_tui.training.state.streams import random_stream
from rolltrain_tui.training.tensors.precise import in_float64

Told = dict[str, float]


@dataclass(frozen=True, slots=True)
class Orders:
    """Dials that were turned and not measured yet: name -> (what was asked for, the turn)."""

    open: Mapping[str, tuple[float, int]]

    def asked(self, dial: str) -> float:
        return self.open[dial][0]

    def without(self, *dials: str) -> "Orders":
        return Orders({name: order for name, order in self.open.items() if name not in dials})

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: list(order) for name, order in self.open.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Orders":
        return cls({name: (float(asked), int(turn)) for name, (asked, turn) in state.items()})


def asked_for(dial: str, settings: Settings) -> float:
    """The value that a measurement of the dial should find."""
    match dial:
        case "double":
            return float(settings.double)
        case "gamma" | "rate" | "every":
            return float(getattr(settings, dial))
        case "epsilon":
            return -1.0 if settings.epsilon is None else settings.epsilon  # of the schedule: known when it is used
        case "pool":
            return 1.0
    return 0.0


def synced(side: Side) -> Told:
    """theta⁻ <- theta."""
    before = distance(side.nets.target, side.nets.online)
    follow(side.nets.target, side.nets.online, 1.0)
    return told("sync", 0.0, distance(side.nets.target, side.nets.online), before=before)


@torch.no_grad()
def begun_anew(side: Side, optimizer: Optimizer, turn: int) -> Told:
    """theta and theta⁻ <- a new network, drawn from a stream of this turn's own. The optimiser's tensors become 0."""
    fresh = network(side.config, side.role, random_stream(side.config.seed, f"reset in turn {turn}").initial_seed()).to(side.device)
    before = distance(side.nets.online, fresh)
    side.nets.online.load_state_dict(fresh.state_dict())
    follow(side.nets.target, side.nets.online, 1.0)
    for state in optimizer.state.values():
        for name, value in state.items():
            state[name] = torch.zeros_like(value) if isinstance(value, Tensor) else value
    return told("reset", 0.0, distance(side.nets.online, fresh), before=before)


@torch.no_grad()
def distance(one: nn.Module, other: nn.Module) -> float:
    """|theta - theta⁻|, running statistics among them."""
    theirs = other.state_dict()
    gaps = [in_float64(value - theirs[name]).square().sum() for name, value in one.state_dict().items() if value.is_floating_point()]
    return float(torch.stack(gaps).sum().sqrt())


def purged(side: Side, turn: int, rows_before: int) -> Told:
    """After the buffer was emptied and filled anew."""
    old = sum(count for then, count in side.replay.stamps if then < turn)
    return told("purge", 0.0, float(old), before=float(rows_before), rows=float(len(side.replay)))


def seated(side: Side, pool: Sequence[str]) -> Told:
    """The part of its games that are against players of this pool."""
    known = torch.tensor([name in pool for name in side.games.names])
    return told("pool", 1.0, in_float64(known[side.tables.opponent]).mean().item())


def of_games(side: Side, orders: Orders, turn: int, epsilon: float) -> tuple[Told, Orders]:
    """What the moves of this turn show of `epsilon` and `every`, and the orders that are still open."""
    found: Told = {}
    if "epsilon" in orders.open:
        found |= told("epsilon", epsilon, side.games.explored, moves=float(side.games.count))
        orders = orders.without("epsilon")
    if "every" in orders.open and len(stamps := side.replay.stamps) > 1 and stamps[-2][0] >= orders.open["every"][1]:
        found |= told("every", orders.asked("every"), float(stamps[-1][0] - stamps[-2][0]))
        orders = orders.without("every")
    return found, orders


def of_targets(side: Side, batch: Batch, goals: Tensor, orders: Orders) -> tuple[Told, Orders]:
    """What the targets of a batch show of `double` and `gamma`, and the orders that are still open."""
    if not orders.open.keys() & {"double", "gamma"}:
        return {}, orders
    legal = batch["chosen_after"] if side.role == "agent" else None
    slow = side.values(side.nets.target, batch["after"], legal)
    fast = side.values(side.nets.online, batch["after"], legal)
    y1, y2 = (td_targets(batch["reward"], batch["over"], slow, side.settings.gamma, chosen=legal, online=online) for online in (None, fast))
    found: Told = {}
    if "double" in orders.open:
        asked, gap = orders.asked("double"), y2 - y1
        found |= told("double", asked, along(goals - y1, gap, asked), gap=gap.abs().mean().item())
    if "gamma" in orders.open:
        online = fast if side.settings.double else None
        later = td_targets(torch.zeros_like(goals), batch["over"], slow, 1.0, chosen=legal, online=online)
        found |= told("gamma", orders.asked("gamma"), along(goals - batch["reward"], later, orders.asked("gamma")))
    return found, orders.without("double", "gamma")


def along(step: Tensor, direction: Tensor, otherwise: float) -> float:
    """<step, direction> / |direction|^2; `otherwise` where the direction is 0."""
    square = in_float64(direction).square().sum().item()
    return (in_float64(step) * in_float64(direction)).sum().item() / square if square > 0 else otherwise


def turned(settings: Settings, orders: Orders, dials: Sequence[tuple[str, str]], side: Side, turn: int) -> tuple[Settings, Orders]:
    """The settings after these dials, and the orders that are to be measured."""
    for dial, value in dials:
        settings = settings.turned(dial, value, side.own, side.opponents, side.copies)
        orders = replace(orders, open={**orders.open, dial: (asked_for(dial, settings), turn)})
    return settings, orders
