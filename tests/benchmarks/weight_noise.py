"""What does noise in the weights cost the Tiny GPT, at once and later?

    python tests/benchmarks/weight_noise.py [FIRST [SEEDS]]          by default FIRST 1, SEEDS 4

It trains plainly and is copied at each of TURNS. After its next step a copy gets random numbers added to every weight, as large as a share
of that tensor's own spread; another copy reads the same batches without. Printed is the difference of their validation losses after that
turn, after 10 and after 20: mean and standard error over the seeds, and "*" as in `lever_states.py`.
"""

import sys

import torch
from lever_states import CAMPAIGNS, LOOKS, differences, during, told

from rolltrain_tui.base.statistics import estimate
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

TURNS = (200, 600)
NOISES = {f"{share:.0%}": during(1, StepEffect(weight_noise=share)) for share in (0.02, 0.04, 0.1)}


def of_one_seed(seed: int) -> list[dict[str, list[float]]]:
    """For each of TURNS and each noise the loss with it minus the loss without, at each look."""
    run = build(load(CAMPAIGNS / "tiny_gpt.yaml", (f"seed={seed}", "device.threads=1")), base=CAMPAIGNS)
    assert isinstance(run, TextLearner)
    found = []
    for turn in range(1, max(TURNS) + 1):
        run.step(NEUTRAL)
        if turn in TURNS:
            found.append(differences(run, NOISES))
    return found


def main(first: int = 1, seeds: int = 4) -> None:
    torch.set_num_threads(1)
    every = [of_one_seed(seed) for seed in range(first, first + seeds)]
    print(f"{'':<20}" + "".join(f"{f'after {turns}':>20}" for turns in LOOKS))
    for turn, of_turn in zip(TURNS, zip(*every, strict=True), strict=True):
        for noise in NOISES:
            cells = (told(estimate([one[noise][look] for one in of_turn])) for look in range(len(LOOKS)))
            print(f"turn {turn:<6} {noise:>8}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
