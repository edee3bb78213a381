"""How does a player that learned in the built-in worlds do in games of TextWorld's that it has never seen?

    python tests/benchmarks/dungeon_exam.py [--seeds 41 42 43] [--games 100] [--levels coin_collector-5 ...] [--limit 50] [--brief]
        [PATH=VALUE ...]

It trains `dungeon_exam` plainly for each seed, on one thread. Then, of each kind and level, it plays so many games by its own probabilities
and by the likeliest commands, and commands at random beside it: part of the games won, with the interval of Wilson (95 %), and
efficiency (walkthrough / own moves, where it won). Needs the extra textworld. The games are made once, and kept in the system's cache.
"""

import argparse
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from time import process_time

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.config_optional import TextWorldConfig
from rolltrain_tui.modes.dungeon.exam.exam import UNSEEN, Exam, Standing
from rolltrain_tui.modes.dungeon.exam.exam_worlds import textworlds
from rolltrain_tui.modes.dungeon.exam.judging import Chooser, at_random
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.protocol.effects import NEUTRAL

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
LEVELS = ("coin_collector-5", "coin_collector-10", "coin_collector-20", "coin_collector-205", "treasure_hunter-5")
Z = 1.96


def wilson(won: int, count: int) -> tuple[float, float]:
    """The interval of 95 % of a share."""
    share, middle = won / count, Z * Z / (2 * count)
    spread = Z * sqrt(share * (1 - share) / count + middle / (2 * count))
    return (share + middle - spread) / (1 + 2 * middle), (share + middle + spread) / (1 + 2 * middle)


def told(who: str, level: str, exam: Exam, choose: Chooser, games: int) -> None:
    began = process_time()
    verdicts = exam.verdicts(games, choose, first=UNSEEN)
    standing, (low, high) = Standing.of(verdicts), wilson(sum(verdict.won for verdict in verdicts), games)
    spent = process_time() - began
    print(f"{level:>20} {who:>12}  {standing.success:.2f} [{low:.2f}, {high:.2f}]  {standing.efficiency:.2f}  {spent:6.1f} s", flush=True)


def trained(seed: int, overrides: Sequence[str]) -> DungeonLearner:
    config = load(CAMPAIGNS / "dungeon_exam.yaml", ("device.threads=1", f"seed={seed}", "textworld=null", *overrides))
    learner, began = build(config, base=CAMPAIGNS), process_time()
    assert isinstance(learner, DungeonLearner)
    for _ in range(config.turns):
        learner.step(NEUTRAL)
    spent = process_time() - began
    home = Standing.of(learner.verdicts(200)[0])
    print(f"seed {seed}: {config.turns} turns, {spent:.1f} CPU seconds; at home {home}", flush=True)
    return learner


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[41, 42, 43])
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--levels", nargs="*", default=list(LEVELS))
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--brief", action="store_true", help="by its own probabilities only, and not at random")
    parser.add_argument("overrides", nargs="*", metavar="PATH=VALUE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    exams = {}
    for level in asked.levels:
        game, number = level.split("-")
        exams[level] = Exam(textworlds(TextWorldConfig(game=game, level=int(number))), asked.limit, "success")
        if not asked.brief:
            told("at random", level, exams[level], at_random, asked.games)
    for seed in asked.seeds:
        learner = trained(seed, asked.overrides)
        with learner.at_rest():
            for level, exam in exams.items():
                for greedy in (False,) if asked.brief else (False, True):
                    told(f"{seed}{', greedy' if greedy else ''}", level, exam, learner.seat(greedy=greedy), asked.games)


if __name__ == "__main__":
    main()
