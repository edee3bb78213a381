"""An evolution whose members walk in this process, without a training."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rolltrain_tui.base.jobs import Died, Executor, J, R, Stopped, in_this_process
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.evolution.course import Evolution
from rolltrain_tui.experiment.evolution.leg import Birth, Leg, Walked
from rolltrain_tui.experiment.evolution.plan import plan


def told(evolution: Evolution, fail: bool = False) -> Executor:
    """Members without a training: each generation the loss falls, more for the later ones; with `fail` the first dies."""

    def execute(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        for job in jobs:
            if stopped():
                return
            if isinstance(job, Birth):
                (evolution.runs / job.name).mkdir()
                yield job, None  # type: ignore[misc]
            elif isinstance(job, Leg):
                index = int(job.name[1:3])
                curve = tuple((turn, 4 - turn * (index + 1) / 20) for turn in range(0, job.until + 1, 4))
                if fail and job.name == "m00-g01":
                    yield job, Died("its process ended with code 9, 2 times")
                else:
                    yield job, Walked(job.name, job.until, curve[-1][1], job.until / 2, job.until == 12, curve)  # type: ignore[misc]
            else:
                yield from in_this_process(lambda job: None, [job], stopped)  # type: ignore[misc]

    return execute


def evolution(config: CampaignConfig, folder: Path, population: int = 4) -> Evolution:
    mutate = ["optimizer.learning_rate", "optimizer.weight_decay"]
    made = Evolution(plan(config, folder, method="pbt", population=population, every=4, cut=0.25, mutate=mutate), folder)
    made.plan.write(folder)
    return made
