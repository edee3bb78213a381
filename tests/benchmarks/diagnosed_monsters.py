"""Does each sick run meet its monster, and a healthy run none?

The tutorial's model is trained as its campaign does it (but for a learning rate of 3e-3), dice and hero and all, in health and in every
sickness of `sick_runs.py`, with only diagnosed monsters on the road. A sick run must meet one of its monsters within 60 turns of falling
sick; a healthy one may meet none of challenge 2 or more in 500 turns. Of seeds 3001 to 3005, which nobody had looked at, all did but two
hot runs: their units died before the loss burst, and they met the Lich in turn 41.

    python tests/benchmarks/diagnosed_monsters.py [SEEDS [NAME...]]          by default 0,1,2,3,4 and all
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sick_runs import CAMPAIGNS, SICK, WORDS

from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.events import Event, Examined, MonsterAppeared
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.rules.monsters.monsters import BESTIARY

HEALTHY_TURNS, PATIENCE, EVERY, SCOUTING = 500, 60, 10, 40
OWN: dict[str, frozenset[str]] = {
    "hot": frozenset({"oscillation_harpy", "loss_dragon", "weight_wraith"}),
    "cold": frozenset({"gradient_ooze"}),
    "exploding": frozenset({"exploding_hydra", "loss_dragon", "nan_void"}),
    "clipped": frozenset({"exploding_hydra", "loss_dragon"}),
    "bursting": frozenset({"nan_void"}),
    "overfit": frozenset({"overfit_doppelganger"}),
    "dead": frozenset({"dead_neuron_lich"}),
}
"""Sickness -> its monsters. An unclipped rate of 10 is often no number before it is a spike; too hot a start may only swell the weights."""


@dataclass(frozen=True)
class Course:
    """What one run met."""

    onset: int
    """The turn in which it fell sick: 0, but for what grows on the way."""
    met: tuple[tuple[int, str], ...]
    """(turn, monster) of everyone who came."""

    def own(self, sickness: str) -> int | None:
        """The turn in which the first of its own monsters came."""
        return next((turn for turn, monster in self.met if monster in OWN[sickness]), None)

    def strangers(self) -> list[tuple[int, str]]:
        """Who came of challenge 2 or more."""
        return [(turn, monster) for turn, monster in self.met if BESTIARY[monster].rating >= 2]


def events(sickness: str, seed: int, turns: int, folder: Path) -> Iterator[Event]:
    (folder / "short.txt").write_text(WORDS, encoding="utf-8")
    overrides, harm = SICK[sickness]
    road = (
        f"seed={seed}",
        f"turns={max(turns, 200)}",
        "device={device: cpu, dtype: float32, threads: 1, compile: false}",
        "encounters.mode=diagnosed",
        f"diagnosis={{examine: true, scouting: {SCOUTING}}}",
        f"evaluation={{every: {EVERY}, sequences: 64, final_sequences: 64}}",
        "twin.mode=off",
        "speech.every=0",
        "gate.mode=off",
    )
    config = load(CAMPAIGNS / "tutorial.yaml", ("optimizer.learning_rate=3e-3", *road, *overrides))
    learner = build_learner(config, base=folder)
    harm(learner)
    return Campaign(config, learner).play(Inbox())


def course(sickness: str, seed: int, folder: Path) -> Course:
    """A healthy run for 500 turns; a sick one until it has met its monster or time is up."""
    healthy = sickness == "healthy"
    onset, met = 0 if sickness not in ("overfit", "bursting") else -1, []
    limit = HEALTHY_TURNS if healthy else 300
    for event in events(sickness, seed, limit, folder):
        if event.turn > limit or (onset >= 0 and not healthy and event.turn > onset + PATIENCE):
            break
        if onset < 0 and fell_sick(event):
            onset = event.turn
        if isinstance(event, MonsterAppeared):
            met.append((event.turn, event.monster))
            if not healthy and event.monster in OWN[sickness]:
                break
    return Course(onset, tuple(met))


def fell_sick(event: Event) -> bool:
    """A step was not finite, or validation is more than 0.02 nats over its best while training goes on falling."""
    if isinstance(event, Examined):
        found = {reading.signal: reading.value for reading in event.readings}
        return found["gap"] > 0.3 and found["val_rise"] > 0.02
    return getattr(event, "finite", True) is False


def main(seeds: str = "0,1,2,3,4", *names: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'run':<10} {'seed':>4}  {'fell sick':>9}  {'met its own':>11}  everyone it met (turn)")
        for sickness in names or SICK:
            for seed in map(int, seeds.split(",")):
                found = course(sickness, seed, Path(folder))
                own = "-" if sickness == "healthy" else found.own(sickness) or "never"
                onset = "-" if sickness == "healthy" or found.onset < 0 else found.onset
                crowd = ", ".join(f"{monster} ({turn})" for turn, monster in found.met) or "nobody"
                print(f"{sickness:<10} {seed:>4}  {onset:>9}  {own:>11}  {crowd}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
