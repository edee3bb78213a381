"""A verb on many ranks: torchrun starts it once for each of them, and the first one talks."""

import io
from collections.abc import Callable, Sequence
from contextlib import nullcontext, redirect_stderr
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.exit_codes import WRONG_USE
from rolltrain_tui.cluster import launched
from rolltrain_tui.cluster.boundary import FollowersInbox
from rolltrain_tui.cluster.gang import RanksError, gathered, part
from rolltrain_tui.cluster.runs import Follower, Order, open_run
from rolltrain_tui.plain.run import PlainOptions, play
from rolltrain_tui.plain.signals import caught

if TYPE_CHECKING:
    from rolltrain_tui.protocol.commands import Command


def train_on_ranks(
    order: Callable[[], Order], options: PlainOptions, moves: "Sequence[tuple[int, Command]]", *, shards: bool
) -> tuple[int, dict[str, Any] | None]:
    """Play as one of the ranks: the exit code, the same on all, and the first rank's result."""
    with gathered(shards=shards) as gang:
        try:
            run = open_run(gang, lambda: _in_words(order))
        except RanksError:
            if launched.rank() == 0:
                raise
            return WRONG_USE, None
        if isinstance(run, Follower):
            inbox = FollowersInbox(gang)
            with caught(inbox.stop) as signal:
                run.play(inbox)
            return gang.highest(signal.exit_code), None
        code, result = play(run, options, moves)
        if run.campaign.failure is not None:  # the others may wait for this rank in the middle of the turn: it must not wait for them
            part(failed=True)
            return code, None if launched.starts_anew() else result  # the last attempt's result is the job's
        return gang.highest(code), result


def _in_words(order: Callable[[], Order]) -> Order:
    talk = nullcontext() if launched.rank() == 0 else redirect_stderr(io.StringIO())  # they would all say the same
    try:
        with talk:
            return order()
    except click.ClickException as error:
        raise RanksError(error.format_message()) from None
