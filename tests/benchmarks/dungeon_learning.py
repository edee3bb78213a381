"""Does the player of a dungeon campaign learn to win, and what keeps it from learning?

    python tests/benchmarks/dungeon_learning.py [--campaign dungeon_first] [--arms default "KL 1" ...] [--seeds 11 12 13] [--turns 960]
        [--moves N] [--worlds 400] [--looks 8] [--brief] [PATH=VALUE ...]

For each arm (a named set of settings, see ARMS) and seed it trains plainly, on one thread, and prints over the turns: moves that were
played, and CPU seconds of the turns; success and efficiency (walkthrough / own moves, where it won) in unseen worlds, by its own
probabilities and always by the likeliest command; success in worlds of training; the minibatch's entropy, distance from the policy that
played and clip fraction. Beside it, commands at random and the walkthrough. The unseen worlds are not those of the campaign's evaluations.
PATH=VALUE: settings, such as ppo.ent_coef=0.3. --moves: stop where so many moves were played. --brief: look at its own probabilities only.
"""

import argparse
from math import nan, sqrt
from pathlib import Path
from time import process_time

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.exam.exam import UNSEEN, Exam, Standing
from rolltrain_tui.modes.dungeon.exam.judging import at_random
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.protocol.effects import NEUTRAL

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
ELSEWHERE = UNSEEN + 1_000_000
GRPO = (
    "grpo={num_generations: 8, beta: 0.0, epsilon: 0.2, epsilon_high: null, delta: null, loss_type: dapo, scale_rewards: group, "
    "importance_sampling_level: token, entropy_coef: 0.02}"
)
ACT_DE = (
    "ppo=null",
    "actde={gamma: 1.0, gamma_step: 0.97, lam: 1.0, lam_step: 0.9, value_level: token, whiten: all, cliprange: 0.2, cliprange_value: null, "
    "vf_coef: 0.5, ent_coef: 0.02, importance: token, q_heads: 2, q_coef: 1.0, vf_loss_type: ppo, tau: 0.5, advantage: q}",
)
ARMS: dict[str, tuple[str, ...]] = {
    "default": (),
    # What teaches
    "KL 1": ("kl.loss.coefficient=1",),
    "entropy .3": ("ppo.ent_coef=0.3",),
    "rate 1e-2": ("optimizer.learning_rate=1e-2",),
    "letters": ("rewards.game=0", "rewards.win=0", "rewards.living=0", "rewards.letter=0.1", "ppo.ent_coef=0"),
    "sparse": ("world.points=sparse", "rewards.game=1"),  # the same sum for a game that is won, all of it at its end
    # Other algorithms
    "REINFORCE": ("ppo=null", "play.every=4", "reinforce={gamma_step: 0.97, whiten: all, vf_coef: 0.5, ent_coef: 0.02}"),
    "GRPO": ("ppo=null", GRPO),
    "rejection": ("ppo=null", "rejection={gamma_step: 0.9, keep_number: null, keep_fraction: 0.25, ent_coef: 0.02}"),
    "decision": ("ppo=null", "decision={target: 2.0, gamma_step: 1.0, ent_coef: 0.0}"),
    "ACT-DE": ACT_DE,
    "ACT-DE ilql": (*ACT_DE, "actde.vf_loss_type=ilql"),
    "ACT-DE residual": (*ACT_DE, "actde.advantage=residual"),
}


def row(who: str, turn: int, moves: int, seconds: float, cells: list[str]) -> None:
    print(f"{who:>20} {turn:>6} {moves:>7} {seconds:>7.1f}  " + "  ".join(cells), flush=True)


def told_of(standing: Standing, worlds: int) -> list[str]:
    error = sqrt(standing.success * (1 - standing.success) / worlds)
    return [f"{standing.success:.3f} ± {error:.3f}", f"{standing.efficiency:.2f}"]


def look(learner: DungeonLearner, exam: Exam, worlds: int, told: dict[str, float], *, brief: bool) -> list[str]:
    cells = []
    with learner.at_rest():
        cells += told_of(Standing.of(exam.verdicts(worlds, learner.seat(greedy=False), first=ELSEWHERE)), worlds)
        if not brief:
            greedy = Standing.of(exam.verdicts(worlds, learner.seat(greedy=True), first=ELSEWHERE))
            seen = Standing.of(exam.verdicts(min(worlds, learner.config.world.count), learner.seat(), first=0))
            cells += [f"{greedy.success:.3f}", f"{greedy.efficiency:.2f}", f"{seen.success:.3f}"]
    numbers = [told.get(name, nan) for name in ("objective/entropy", "policy/approxkl_avg", "policy/clipfrac_avg")]
    return [*cells, *(f"{number:.4f}" for number in numbers)]


def train(who: str, learner: DungeonLearner, exam: Exam, asked: argparse.Namespace) -> None:
    spent, moves, since, turns = 0.0, 0, -1, learner.config.turns
    for turn in range(1, turns + 1):
        began = process_time()
        told = dict(learner.step(NEUTRAL).measured)
        spent += process_time() - began
        if learner.buffer.since != since:
            since, moves = learner.buffer.since, moves + int(told["moves"])
        enough = turn == turns or (asked.moves is not None and moves >= asked.moves and turn - since + 1 >= learner.every)
        if enough or turn % max(1, turns // asked.looks) == 0:
            row(who, turn, moves, spent, look(learner, exam, asked.worlds, told, brief=asked.brief))
        if enough:
            break


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--campaign", default="dungeon_first")
    parser.add_argument("--arms", nargs="*", default=["default"], choices=list(ARMS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--turns", type=int, default=960)
    parser.add_argument("--moves", type=int)
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--looks", type=int, default=8)
    parser.add_argument("--brief", action="store_true")
    parser.add_argument("overrides", nargs="*", metavar="PATH=VALUE")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{asked.campaign}, {asked.worlds} unseen worlds" + "".join(f", {override}" for override in asked.overrides))
    more = "" if asked.brief else "greedy eff.  seen   "
    print(f"{'':>20} {'turn':>6} {'moves':>7} {'CPU-s':>7}  success        eff.  {more}entropy approxkl clipfrac")
    for place, (arm, seed) in enumerate((arm, seed) for arm in asked.arms for seed in asked.seeds):
        settings = ("device.threads=1", f"seed={seed}", f"turns={asked.turns}", *ARMS[arm], *asked.overrides)
        learner = build(load(CAMPAIGNS / f"{asked.campaign}.yaml", settings), base=CAMPAIGNS)
        assert isinstance(learner, DungeonLearner)
        exam = Exam(learner.maker, learner.config.world.limit, "success")
        if not place:
            row("at random", 0, 0, 0.0, told_of(Standing.of(exam.verdicts(asked.worlds, at_random, first=ELSEWHERE)), asked.worlds))
            row("walkthrough", 0, 0, 0.0, ["1.000 ± 0.000", "1.00"])
        train(f"{arm}, {seed}", learner, exam, asked)


if __name__ == "__main__":
    main()
