"""Options of verbs that do many runs side by side, and the executor that they ask for."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside

if TYPE_CHECKING:
    from rolltrain_tui.base.jobs import Executor
    from rolltrain_tui.config.schema import CampaignConfig

HERE = "here"
"""What --ray stands for without an address."""


def _address(context: click.Context, param: click.Parameter, words: str | None) -> str | None:
    if words in (None, HERE):
        return words
    from rolltrain_tui.base.jobs.ray_tasks import check_address

    try:
        check_address(str(words))
    except ValueError as error:
        raise click.BadParameter(f"{error} Without an address, --ray stands at the end of the line.") from None
    return words


executor_options = options.together(
    click.option("--workers", type=click.IntRange(1, 256), help="Runs side by side, each on one thread; as many as there are cores."),
    click.option(
        "--ray",
        is_flag=False,
        flag_value=HERE,
        callback=_address,
        metavar="[HOST:PORT]",
        help="Run them as Ray tasks: on this machine, or on the Ray cluster at an address of yours. Not encrypted.",
    ),
)
LOADED = ("rolltrain_tui.training.machine.worker_server", "rolltrain_tui.modes.text.learner", "rolltrain_tui.runs.run")
"""What most runs need: each worker would take seconds to load it."""


@contextmanager
def executor(workers: int | None, ray: str | None, config: "CampaignConfig | None" = None) -> "Iterator[Executor]":
    """The workers that the options ask for; Ray's are connected while inside. RayError.

    `config`: the campaign of the jobs. One that trains on cuda asks Ray for a GPU for each of them.
    """
    from rolltrain_tui.base.jobs.own_workers import OwnWorkers, cores

    count = workers or cores()
    if ray is None:
        with closing(OwnWorkers(count, LOADED)) as own:
            yield own
        return
    from rolltrain_tui.base.jobs.ray_tasks import connected

    gpus = int(getattr(getattr(config, "device", None), "device", "") == "cuda")
    if ray != HERE:
        refuse_beside("--ray HOST:PORT", "the cluster has workers of its own", ("workers",))
    with connected(None if ray == HERE else ray, workers=count, gpus=gpus) as tasks:
        yield tasks
