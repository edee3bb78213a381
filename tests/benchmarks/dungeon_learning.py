"""Does the player of `dungeon_first` learn to find the coin?

    python tests/benchmarks/dungeon_learning.py [--seeds 11 12 13] [--turns 960] [--worlds 400] [--looks 8] [PATH=VALUE ...]

For each seed it trains plainly, on one thread, and prints over the turns: moves that were played, and CPU seconds of the turns; success
and efficiency (walkthrough / own moves, where it won) in unseen worlds, by its own probabilities and always by the likeliest command;
success in worlds of training; the minibatch's entropy, distance from the policy that played and clip fraction. Beside it, commands at
random and the walkthrough. The unseen worlds are not those of the campaign's evaluations. PATH=VALUE: settings, such as ppo.ent_coef=0.3.
"""

import argparse
from math import sqrt
from pathlib import Path
from time import process_time

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.exam import UNSEEN, Exam, Standing
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.play import at_random
from rolltrain_tui.protocol.effects import NEUTRAL

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
ELSEWHERE = UNSEEN + 1_000_000


def row(who: str, turn: int, moves: int, seconds: float, cells: list[str]) -> None:
    print(f"{who:>12} {turn:>6} {moves:>7} {seconds:>7.1f}  " + "  ".join(cells), flush=True)


def look(learner: DungeonLearner, exam: Exam, worlds: int, told: dict[str, float]) -> list[str]:
    with learner.at_rest():
        drawn, greedy = (Standing.of(exam.verdicts(worlds, learner.seat(greedy=greedy), first=ELSEWHERE)) for greedy in (False, True))
        seen = Standing.of(exam.verdicts(min(worlds, learner.config.world.count), learner.seat(), first=0))
    error = sqrt(drawn.success * (1 - drawn.success) / worlds)
    numbers = [told.get(name, float("nan")) for name in ("objective/entropy", "policy/approxkl_avg", "policy/clipfrac_avg")]
    return [
        f"{drawn.success:.3f} ± {error:.3f}", f"{drawn.efficiency:.2f}", f"{greedy.success:.3f}", f"{greedy.efficiency:.2f}",
        f"{seen.success:.3f}", *(f"{number:.4f}" for number in numbers),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--turns", type=int, default=960)
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--looks", type=int, default=8)
    parser.add_argument("overrides", nargs="*", metavar="PATH=VALUE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{asked.worlds} unseen worlds" + "".join(f", {override}" for override in asked.overrides))
    print(f"{'':>12} {'turn':>6} {'moves':>7} {'CPU-s':>7}  success        eff.  greedy eff.  seen   entropy approxkl clipfrac")
    for seed in asked.seeds:
        settings = ("device.threads=1", f"seed={seed}", f"turns={asked.turns}", *asked.overrides)
        learner = build(load(CAMPAIGNS / "dungeon_first.yaml", settings), base=CAMPAIGNS)
        assert isinstance(learner, DungeonLearner)
        exam = Exam(learner.maker, learner.config.world.limit, "success")
        if seed == asked.seeds[0]:
            chance = Standing.of(exam.verdicts(asked.worlds, at_random, first=ELSEWHERE))
            row(
                "at random",
                0,
                0,
                0.0,
                [f"{chance.success:.3f} ± {sqrt(chance.success * (1 - chance.success) / asked.worlds):.3f}", f"{chance.efficiency:.2f}"],
            )
            row("walkthrough", 0, 0, 0.0, ["1.000 ± 0.000", "1.00"])
        spent, told, moves, since = 0.0, {}, 0, -1
        for turn in range(1, asked.turns + 1):
            began = process_time()
            told = dict(learner.step(NEUTRAL).measured)
            spent += process_time() - began
            if learner.buffer.since != since:
                since, moves = learner.buffer.since, moves + int(told["moves"])
            if turn % max(1, asked.turns // asked.looks) == 0 or turn == asked.turns:
                row(f"seed {seed}", turn, moves, spent, look(learner, exam, asked.worlds, told))


if __name__ == "__main__":
    main()
