"""How often are the scouts right? Verdicts on runs whose learning rate is so many times the best one.

    python tests/benchmarks/scouts_verdicts.py [SEEDS [FACTORS [MODELS [TURNS]]]]

    SEEDS    names of runs, as 701,702
    FACTORS  of the best rate, as 1/30,1/10,1/3,1,3,10,30
    MODELS   as small/names,small/tales,full/names,full/tales
    TURNS    at which they are asked for, as 20,40,60, instead of the camps at 100, 200 and 300

The recipe of the frozen north, dice and hero and all, and no key pressed. `small` has 28,000 weights, `full` 104,000. The best rates come
from a sweep of the same recipe on other seeds (101, 102, 401, 402): the lowest mean of the final loss. Scouts go at turns 100, 200
and 300. From a factor of 10 on, a verdict is right where it names the side; at a factor of 1, where it is TUNED.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import torch

from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.commands import SendScouts
from rolltrain_tui.protocol.events import ScoutsReturned, StepTaken
from rolltrain_tui.protocol.inbox import Inbox

CAMPAIGN = Path(__file__).parents[2] / "campaigns" / "frozen_north.yaml"
BEST = {"small/names": 6.5e-3, "small/tales": 4.5e-3, "full/names": 4.5e-3, "full/tales": 4.5e-3}
"""Learning rates."""
SIZES = {"small": ("model.n_embd=32", "model.n_layer=2"), "full": ()}
FACTORS = ("1/30", "1/10", "1/3", "1", "3", "10", "30")
JUDGED, FAR = (100, 300), 10


def verdicts(model: str, factor: str, seed: int, asked: tuple[int, ...]) -> Iterator[tuple[ScoutsReturned, float]]:
    """What the scouts of one run say at each trip, and the run's own GFLOP until then. `asked`: turns of trips, none: the camps."""
    size, text = model.split("/")
    settings = (
        *SIZES[size],
        f"data.corpus={text}",
        f"optimizer.learning_rate={BEST[model] * float(Fraction(factor))}",
        f"seed={seed}",
        "device={device: cpu, dtype: float32, threads: 1, compile: false}",
        f"diagnosis.scouts={'asked' if asked else 'camps'}",
        "twin.mode=off",
        "speech.every=0",
        "gate.mode=off",
    )
    config = load(CAMPAIGN, settings)
    spent, inbox = 0.0, Inbox()
    for event in Campaign(config, build(config, base=CAMPAIGN.parent)).play(inbox):
        if isinstance(event, StepTaken):
            spent = event.gflop
            if event.turn + 1 in asked:
                inbox.put(SendScouts())
        if isinstance(event, ScoutsReturned):
            yield event, spent
            if event.turn >= max(asked or JUDGED):
                return


def side(factor: str) -> str:
    """What the verdict should be."""
    return "slow" if Fraction(factor) < 1 else "hot" if Fraction(factor) > 1 else "tuned"


def main(seeds: str = "701,702,703,704,705", factors: str = ",".join(FACTORS), models: str = ",".join(BEST), turns: str = "") -> None:
    torch.set_num_threads(1)
    asked = tuple(map(int, filter(None, turns.split(","))))
    judged = asked or JUDGED
    found: dict[tuple[str, int], Counter[str]] = {}
    far, opposite, cost = Counter[bool](), 0, list[float]()
    for seed in map(int, seeds.split(",")):
        for model in models.split(","):
            for factor in factors.split(","):
                for told, spent in verdicts(model, factor, seed, asked):
                    if told.turn not in judged:
                        continue
                    found.setdefault((factor, told.turn), Counter())[told.pace] += 1
                    if max(Fraction(factor), 1 / Fraction(factor)) >= FAR:
                        far[told.pace == side(factor)] += 1
                    opposite += {told.pace, side(factor)} == {"slow", "hot"}
                    cost += [told.gflop / spent] if told.turn == max(judged) else []
                    interval = f"{told.best:.2f} ({told.low:.2f} to {told.high:.2f})"
                    print(f"{model:<12} {factor:>5} x seed {seed} turn {told.turn}: {told.pace:<7} {interval}", flush=True)
    print("\nrate over the best, turn: verdicts")
    for (factor, turn), counts in sorted(found.items(), key=lambda row: (row[0][1], Fraction(row[0][0]))):
        print(
            f"  {factor:>5}, {turn}: " + ", ".join(f"{counts[pace]} {pace}" for pace in ("slow", "tuned", "hot", "unclear") if counts[pace])
        )
    print(f"from a factor of {FAR} on right: {far[True]} of {far.total()}; SLOW for HOT or HOT for SLOW: {opposite}")
    if cost:
        print(f"the scouts' energy by turn {max(judged)}: {sum(cost) / len(cost):.2f} times the run's")


if __name__ == "__main__":
    main(*sys.argv[1:])
