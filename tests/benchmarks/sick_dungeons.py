"""What the dungeon's signals show in health, and in runs made sick.

    python tests/benchmarks/sick_dungeons.py [--seeds 21 22] [--turns 480] [--only NAME ...]

Each run trains plainly, on one thread, and is examined every 48 turns. Printed are the signals over the run, by which the bounds of
`modes/dungeon/bestiary.py` were set, and success in the unseen worlds of the campaign's evaluations.
"""

import argparse
from pathlib import Path

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.effects import NEUTRAL

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
LETTERS = "rewards={game: 0.0, win: 0.0, living: 0.0, invalid: 0.0, letter: 0.1, letters: e, bias: 0.0, scale: 1.0}"
RUNS = {
    "healthy": (),
    "steps too large": ("optimizer.learning_rate=2e-2",),
    "KL 1": ("kl.loss={coefficient: 1.0, adaptive: false, target: 6.0, horizon: 10000}",),
    "steps too small": ("optimizer.learning_rate=5e-5",),
    "letters": (LETTERS, "ppo.ent_coef=0.0"),
    "entropy .3": ("ppo.ent_coef=0.3",),
    "no value": ("ppo.vf_coef=0.0",),
    "50 worlds": ("world.count=50", "world.marks=false"),
}
SIGNALS = ("policy_shift", "clip_share", "indecision", "stubborn", "foresight", "gap")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="*", default=[21, 22])
    parser.add_argument("--turns", type=int, default=480)
    parser.add_argument("--only", nargs="*", default=list(RUNS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.only:
        for seed in asked.seeds:
            settings = ("device.threads=1", f"seed={seed}", f"turns={asked.turns}", "schedule.decay=constant", *RUNS[name])
            learner = build(load(CAMPAIGNS / "dungeon_first.yaml", settings), base=CAMPAIGNS)
            learner.prepare(["examine"])
            print(f"{name}, seed {seed}\n{'turn':>6} " + " ".join(f"{signal:>12}" for signal in SIGNALS), flush=True)
            for turn in range(1, asked.turns + 1):
                learner.step(NEUTRAL)
                if turn % 48 == 0:
                    found = learner.examine(learner.evaluate(64)).values
                    print(f"{turn:>6} " + " ".join(f"{found.get(signal, float('nan')):>12.4f}" for signal in SIGNALS), flush=True)


if __name__ == "__main__":
    main()
