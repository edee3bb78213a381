"""How fast are the duel's games, its polytope and its learner?

    python tests/benchmarks/duel_speed.py [SECONDS]         seconds for each measurement

On one thread, all in one run, the compared in turns: what else the machine does falls on both. The polytope stands beside the plain
comparison of all pairs of points, (B, N, N, d) at once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import Tensor

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.game import Boards, begun, newton_polytope
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players import chances, play
from rolltrain_tui.modes.duel.trials import agent_named, host_named
from rolltrain_tui.protocol.effects import NEUTRAL

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"


def plain_polytope(points: Tensor) -> Tensor:
    """The same by its definition, all pairs at once: (B, N, d) with padding -1 -> (B, N) bool, which points stay."""
    alive = points[:, :, 0] >= 0
    below = (points[:, None] <= points[:, :, None]).all(dim=3)  # [b, i, j]: point j is nowhere above point i
    below &= alive[:, None] & alive[:, :, None]
    equal = below & below.transpose(1, 2)
    count = points.shape[1]
    earlier = torch.ones(count, count, dtype=torch.bool).tril(-1)
    return alive & ~((below & ~equal) | (equal & earlier)).any(dim=2)


def interleaved(seconds: float, *works: Callable[[], None]) -> list[float]:
    """Median seconds of each, run in turns."""
    for work in works:
        work()
    taken: list[list[float]] = [[] for _ in works]
    ends = perf_counter() + seconds
    while perf_counter() < ends or len(taken[-1]) < 3:
        for work, own in zip(works, taken, strict=True):
            began = perf_counter()
            work()
            own.append(perf_counter() - began)
    return [median(own) for own in taken]


def polytopes(seconds: float) -> None:
    print("polytope      games    ours ms   plain ms   ratio")
    for dimension in (3, 5):
        for points in (10, 20, 40):
            games = 5000 if points == 40 else 10_000
            boards = Boards.random(games, points, dimension, 20, torch.Generator().manual_seed(0)).to(dtype=torch.float32)
            given = boards.padded()
            assert torch.equal(newton_polytope(boards).alive.T, plain_polytope(given))
            ours, plain = interleaved(seconds, lambda b=boards: newton_polytope(b), lambda g=given: plain_polytope(g))  # type: ignore[misc]
            print(f"d={dimension} N={points:<3} {games:>9} {1e3 * ours:>10.1f} {1e3 * plain:>10.1f} {plain / ours:>7.1f}", flush=True)


def games_played(seconds: float) -> None:
    print("\ngame-steps    batch   steps/s     (random against random, d=3, 20 points)")
    for batch in (1, 100, 10_000):
        stream = torch.Generator().manual_seed(0)
        starts = begun(Boards.random(batch, 20, 3, 20, stream))
        chance = chances(100, batch, stream)
        steps = int(play(host_named("random"), agent_named("random"), starts, 100, chance).moves.sum())

        def work(starts: Boards = starts, chance: Tensor = chance) -> None:
            play(host_named("random"), agent_named("random"), starts, 100, chance)

        (taken,) = interleaved(seconds, work)
        print(f"{'':>12} {batch:>6} {steps / taken:>9.0f}", flush=True)


def learning(seconds: float) -> None:
    print("\nlearner       network             updates/s   transitions/s   seconds by phase")
    networks = {
        "set of 64": "network={kind: set, width: 64, layers: null, relu_first: false}",
        "layers 64-64": "network={kind: layers, width: null, layers: [64, 64], relu_first: false}",
        "layers 256-256": "network={kind: layers, width: null, layers: [256, 256], relu_first: false}",
    }
    for name, setting in networks.items():
        learner = build(load(CAMPAIGNS / "duel_first.yaml", ("device.threads=1", setting)), base=CAMPAIGNS)
        assert isinstance(learner, DuelLearner)
        turns, began = 0, perf_counter()
        while (taken := perf_counter() - began) < seconds:
            for _ in range(8):
                learner.step(NEUTRAL)
            turns += 8
        moves = turns / learner.config.table.every * learner.config.table.games
        phases = ", ".join(f"{phase} {spent:.2f}" for phase, spent in learner.seconds.items())
        print(f"{'':>13} {name:<18} {turns / taken:>10.0f} {moves / taken:>15.0f}   {phases}", flush=True)


def main(seconds: float = 3.0) -> None:
    torch.set_num_threads(1)
    polytopes(seconds)
    games_played(seconds)
    learning(seconds)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
