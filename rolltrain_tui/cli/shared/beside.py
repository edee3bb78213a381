"""Options that have nothing to say beside another are refused: whoever writes one expects something of it."""

from collections.abc import Collection

import click
from click.core import ParameterSource


def refuse_beside(what: str, why: str, only: Collection[str] = (), *, but: Collection[str] = ()) -> None:
    """UsageError where the command line has other options beside `what`, which takes all meaning from them; `why` says so.

    `only`, else all `but`: names of the parameters that have none beside it. Options that keep their defaults are no mistake.
    """
    context = click.get_current_context()
    idle = [
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and (parameter.name in only if only else parameter.name not in but)
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
    if idle:
        raise click.UsageError(f"{what} leaves nothing to say to {', '.join(idle)}: {why}.")
