"""How fast are the duel's games, its polytope and its learner?

    python tests/benchmarks/duel_speed.py [SECONDS]         CPU seconds for each measurement

On one thread, all in one run, the compared in turns: what else the machine does falls on both. Times are CPU time. The polytope stands
beside the plain comparison of all pairs of points, (B, N, N, d) at once; games and learner beside the published loop, restated in
`duel_original.py`. At the end, what passes of networks cost, and how the cost grows with the games and with the points.
"""

import sys
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean

import torch
from duel_original import ROLLOUT_EVERY, ROLLOUT_GAMES, ROLLOUT_MOVES, Original
from timing import interleaved
from torch import Tensor

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.game import Boards, begun, newton_polytope
from rolltrain_tui.modes.duel.learner import DuelLearner, play
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, chances
from rolltrain_tui.modes.duel.players.players import play as play_out
from rolltrain_tui.protocol.effects import NEUTRAL

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
GAMES, BATCH = 128, 128
"""Of the learners that are compared."""
CAMPAIGN = "{kind: moves, width: 32, layers: null, relu_first: false}"
"""The network of `duel_mirror`; that of `duel_first` is 48 wide."""
SET = "{kind: set, width: 64, layers: null, relu_first: false}"
PASSES = ("padded", "packed", "asked")


def plain_polytope(points: Tensor) -> Tensor:
    """The same by its definition, all pairs at once: (B, N, d) with padding -1 -> (B, N) bool, which points stay."""
    alive = points[:, :, 0] >= 0
    below = (points[:, None] <= points[:, :, None]).all(dim=3)  # [b, i, j]: point j is nowhere above point i
    below &= alive[:, None] & alive[:, :, None]
    equal = below & below.transpose(1, 2)
    count = points.shape[1]
    earlier = torch.ones(count, count, dtype=torch.bool).tril(-1)
    return alive & ~((below & ~equal) | (equal & earlier)).any(dim=2)


def polytopes(seconds: float) -> None:
    print("polytope      games    ours ms   plain ms   ratio")
    for dimension in (3, 5):
        for points in (10, 20, 40):
            games = 1000
            boards = Boards.random(games, points, dimension, 20, torch.Generator().manual_seed(0)).to(dtype=torch.float32)
            given = boards.padded()
            assert torch.equal(newton_polytope(boards).alive.T, plain_polytope(given))
            ours, plain = interleaved(seconds, partial(newton_polytope, boards), partial(plain_polytope, given))
            print(f"d={dimension} N={points:<3} {games:>9} {1e3 * ours:>10.1f} {1e3 * plain:>10.1f} {plain / ours:>7.1f}", flush=True)


def games_played(seconds: float) -> None:
    """Random against random: ours to the end, the published loop for ten moves, of which those of finished games count for nothing."""
    print("\ngame-steps    batch    ours/s  published/s   ratio     (random against random, d=3, 20 points)")
    for batch in (1, 100, 10_000):
        stream = torch.Generator().manual_seed(0)
        starts = begun(Boards.random(batch, 20, 3, 20, stream))
        chance = chances(100, batch, stream)
        steps = int(play_out(HOSTS["random"].move, AGENTS["random"].move, starts, 100, chance).moves.sum())
        other = Original(3, 20, (8,), BATCH, 200_000)
        other_steps: list[int] = []
        many = min(batch, 1000)  # it is no faster with more, and needs gigabytes
        ours, theirs = interleaved(
            seconds,
            lambda s=starts, c=chance: play_out(HOSTS["random"].move, AGENTS["random"].move, s, 100, c),  # type: ignore[misc]
            lambda o=other, n=many, k=other_steps: k.append(o.rollout(n, 10, 1.0)),  # type: ignore[misc]
        )
        own, published = steps / ours, mean(other_steps) / theirs
        print(f"{'':>12} {batch:>6} {own:>9.0f} {published:>12.0f} {own / published:>7.1f}", flush=True)


def learner(network: str, *more: str) -> DuelLearner:
    settings = ("device.threads=1", f"batch.transitions={BATCH}", f"table.games={GAMES}", f"network={network}", *more)
    made = build(load(CAMPAIGNS / "duel_first.yaml", settings), base=CAMPAIGNS)
    assert isinstance(made, DuelLearner)
    return made


def learning(seconds: float) -> None:
    """The whole loop of the campaign beside the published one; then updates without games, eight in a row, and games without updates.

    The published loop knows no double Q-learning, which reads each next board once more: rows "single" leave it out too, and are the
    same algorithm. It has no networks of moves or sets: beside those stands its own of 256-256.
    """
    print(f"\nlearner, a batch of {BATCH}, {GAMES} games side by side; published: a rollout of 20 games every tenth update")
    print(f"{'':>18} loop: turns/s  published  ratio | updates/s  published  ratio | transitions/s  published  ratio")
    networks = {
        "64-64": "{kind: layers, width: null, layers: [64, 64], relu_first: false}",
        "256-256": "{kind: layers, width: null, layers: [256, 256], relu_first: false}",
        "set of 64": SET,
        "moves of 32": CAMPAIGN,
    }
    for kind, double in product(networks, ("false", "true")):
        name, network = f"{kind} {'double' if double == 'true' else 'single'}", networks[kind]
        ours, whole = (learner(network, f"learning.double={double}", *more) for more in (("table.every=1000000",), ()))
        for _ in range(2):
            ours.step(NEUTRAL)  # the first games are behind it
        widths = (64, 64) if kind == "64-64" else (256, 256)
        other = Original(3, 20, widths, BATCH, 20_000)
        other.rollout(GAMES, 20)
        against, every = ours.pool.against("host"), whole.config.table.every
        added: list[int] = []
        loop, theirs, update, published, moves, rollout = interleaved(
            3 * seconds,
            lambda w=whole, n=every: [w.step(NEUTRAL) for _ in range(n)],  # type: ignore[misc]
            lambda o=other: [o.turn() for _ in range(ROLLOUT_EVERY)],  # type: ignore[misc]
            lambda o=ours, n=every: [o.step(NEUTRAL) for _ in range(n)],  # type: ignore[misc]
            lambda o=other, n=every: [o.update() for _ in range(n)],  # type: ignore[misc]
            lambda o=ours, a=against: play(o.side, 0, a, o.streams),  # type: ignore[misc]
            lambda o=other, k=added: k.append(o.rollout(ROLLOUT_GAMES, ROLLOUT_MOVES)),  # type: ignore[misc]
        )
        pairs = ((every / loop, ROLLOUT_EVERY / theirs), (every / update, every / published), (GAMES / moves, mean(added) / rollout))
        print(f"{name:>18}" + " |".join(f"{own:>14.0f} {there:>10.0f} {own / there:>6.1f}" for own, there in pairs), flush=True)


def passes(seconds: float) -> None:
    """What the line `passes` of a campaign is worth."""
    print("\nmilliseconds of an update by double Q-learning, by the campaign's line `passes`")
    print(f"{'':>18}" + "".join(f"{word:>9}" for word in PASSES))
    agent = ("table.hero=agent", "table.opponents=[zeillinger]", "table.judges=[zeillinger]")
    for name, network, more in (("moves of a host", CAMPAIGN, ()), ("moves of an agent", CAMPAIGN, agent), ("set of a host", SET, ())):
        heroes = [learner(network, "table.every=1000000", f"passes={word}", *more) for word in PASSES]
        taken = interleaved(3 * seconds, *(partial(hero.step, NEUTRAL) for hero in heroes))
        print(f"{name:>18}" + "".join(f"{1e3 * each:>9.2f}" for each in taken), flush=True)


def growth(seconds: float) -> None:
    """Microseconds a game of one polytope, and milliseconds of an update."""
    print("\ngrowth: the polytope in microseconds a game, by games and points (d=3)")
    print(f"{'games':>8}" + "".join(f"{points:>9}" for points in (10, 20, 40)))
    for games in (1, 10, 100, 1000, 10_000):
        cells = []
        for points in (10, 20, 40):
            boards = Boards.random(games, points, 3, 20, torch.Generator().manual_seed(0)).to(dtype=torch.float32)
            (taken,) = interleaved(seconds / 3, partial(newton_polytope, boards))
            cells.append(f"{1e6 * taken / games:>9.1f}")
        print(f"{games:>8}" + "".join(cells), flush=True)
    print("and an update of the campaign's network in milliseconds, by transitions a batch")
    for batch in (32, 128, 512):
        ours = learner(CAMPAIGN, f"batch.transitions={batch}", "table.every=1000000")
        (taken,) = interleaved(seconds, lambda o=ours: o.step(NEUTRAL))  # type: ignore[misc]
        print(f"{batch:>8} {1e3 * taken:>8.2f}", flush=True)


def main(seconds: float = 0.1) -> None:
    torch.set_num_threads(1)
    polytopes(seconds)
    games_played(seconds)
    learning(seconds)
    passes(seconds)
    growth(seconds)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
