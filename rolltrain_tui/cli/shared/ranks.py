"""A verb on many ranks: torchrun starts it once for each of them, and the first one talks."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rolltrain_tui.cli.shared.exit_codes import FAILED, WRONG_USE
from rolltrain_tui.cluster import launched, muster
from rolltrain_tui.cluster.boundary import FollowersInbox
from rolltrain_tui.cluster.choices import Leader, follow
from rolltrain_tui.cluster.gang import Gang, RanksError, gathered, part
from rolltrain_tui.cluster.runs import Follower, Order, begun_before, check_ranks, open_run
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.plain.run import PlainOptions, play
from rolltrain_tui.plain.signals import caught
from rolltrain_tui.runs.root import saves_root
from rolltrain_tui.tui.terminal.terminal import OwnTerminal

if TYPE_CHECKING:
    from rolltrain_tui.protocol.commands import Command
    from rolltrain_tui.tui.launch import Launch

T = TypeVar("T")


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


def play_on_ranks(line: Mapping[str, Any], launch: "Callable[[], Launch]", out: Path | None, *, shards: bool) -> int:
    """Play on the first rank's screen, as one of the ranks: the exit code, the same on all.

    `line`: the command line's values by name, which must be the same on every rank. `launch`: what they stand for.
    """
    with gathered(shards=shards) as gang:
        told = muster.versions() | {"--shard-weights": shards} | in_text(line)
        try:
            found = muster.together(gang, lambda: _first_ones_launch(gang, launch) if gang.rank == 0 else None, lambda _: told)
        except RanksError:
            if gang.rank == 0:
                raise
            return WRONG_USE
        runs = saves_root(out)
        begun = begun_before(gang, runs)
        if found is None:
            return _follow_silently(gang, runs)
        return _draw(gang, found if begun is None else replace(found, save=begun, campaign=None, overrides=(), data=None))


def in_text(line: Mapping[str, Any]) -> dict[str, str]:
    """Values of a command line as every process writes them: a set has another order in each."""
    return {name: str(sorted(value) if isinstance(value, frozenset) else value) for name, value in line.items()}


def _first_ones_launch(gang: Gang, launch: "Callable[[], Launch]") -> "Launch":
    found = _in_words(launch)
    if found.campaign is not None:
        check_ranks(gang, campaign_file.load(found.campaign, found.overrides, data=found.data))
    return found


def _draw(gang: Gang, launch: "Launch") -> int:
    from rolltrain_tui.tui import play as play_game
    from rolltrain_tui.tui.on_ranks import RanksApp, RanksOutfitter

    leader = Leader(gang, launch.runs)
    code = play_game(launch, RanksOutfitter(launch, leader), lambda *given, **more: RanksApp(*given, **more, leader=leader))
    return leader.leave(code)


def _follow_silently(gang: Gang, runs: Path) -> int:
    """Whatever this rank has to say would fall into the first one's picture: it goes into a log."""
    inbox = FollowersInbox(gang)
    with OwnTerminal() as terminal, caught(inbox.stop) as signal:
        try:
            return follow(gang, runs, inbox, lambda: signal.exit_code)
        except Exception:  # the first rank tells its player that this one is gone
            assert terminal.log is not None
            with terminal.log.open("a", encoding="utf-8") as log:
                traceback.print_exc(file=log)
            part(failed=True)
            return FAILED


def _in_words(work: Callable[[], T]) -> T:
    try:
        return work()
    except click.ClickException as error:
        raise RanksError(error.format_message()) from None
