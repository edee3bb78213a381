"""`rolltrain duel`: sit down at a table against a saved network or a fixed player; tournaments among them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.duel_tournament import tournament
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.exit_codes import DONE
from rolltrain_tui.cli.shared.screen import missing_screen, open_screen

if TYPE_CHECKING:
    from rolltrain_tui.modes.duel.table.sitting import Sitting
    from rolltrain_tui.tui.launch import Launch

PLAYERS = "hosts: random, random_pairs, all, zeillinger; agents: random, first, last"


@click.group(invoke_without_command=True)
@click.option("--against", metavar="RUN|PLAYER", help=f"A run of a duel, or a fixed player. {PLAYERS.capitalize()}.")
@click.option("--as", "role", type=click.Choice(["host", "agent"]), help="Your role in every game; without it the roles alternate.")
@click.option("--seed", type=int, help="Seed of the starts; the same seed gives the same games.")
@click.option("--dimension", type=int, metavar="D", help="Coordinates of a point.  [default: 3, or the network's]")
@click.option("--points", type=int, metavar="N", help="Points of a start, before any fall.  [default: 20, or the network's]")
@click.option("--start", metavar="POINTS", help='The start of every game: "0,1,3 2,0,1 1,1,0".')
@click.option("--best-of", type=int, default=5, show_default=True, metavar="N", help="Games of a series, an odd number.")
@click.option("--plain", is_flag=True, help="Play in lines, without the screen. Input may come from a pipe.")
@options.RUNS
@click.pass_context
def duel(context: click.Context, /, against: str | None, plain: bool, out: Path | None, **given: Any) -> int:
    """Play Hironaka's game at a table. Host and agent, the moves and the rules: rolltrain codex duel

    Begin with: rolltrain duel --against first
    """
    if context.invoked_subcommand is not None:
        verb = context.invoked_subcommand
        refuse_beside(f"The word {verb}", f"its own options stand behind it; rolltrain duel {verb} --help lists them")
        return DONE
    if against is None:
        raise click.UsageError(f"Whom do you want to play? Name a run of a duel or a fixed player with --against. {PLAYERS.capitalize()}.")
    if plain or missing_screen():
        from rolltrain_tui.plain.duel import play_on_terminal

        return play_on_terminal(_sitting(against, out, **given))
    from rolltrain_tui.runs.root import saves_root
    from rolltrain_tui.tui.opening import LAYING

    def launch() -> "Launch":
        sitting = _sitting(against, out, **given)
        from rolltrain_tui.tui.launch import Launch

        def table() -> Any:
            from rolltrain_tui.tui.duel.screen import DuelScreen

            return DuelScreen(sitting)

        return Launch(runs=saves_root(out), screen=table)

    return open_screen(LAYING, launch)


def _sitting(
    against: str,
    out: Path | None,
    *,
    role: Any,
    seed: int | None,
    dimension: int | None,
    points: int | None,
    start: str | None,
    best_of: int,
) -> "Sitting":
    """Loads torch. ValueError where nobody can sit there."""
    if best_of < 1 or best_of % 2 == 0:
        raise click.UsageError(f"--best-of {best_of}: a series is decided by an odd number of games, such as 5.")
    if start is not None and points is not None:
        raise click.UsageError("--start names the points, so --points has nothing to say; give one of them.")
    if not against.strip():
        raise click.UsageError("--against is empty; name a run of a duel or a fixed player (is a shell variable not set?).")
    import secrets

    from rolltrain_tui.arena.duel.players import Wishes, read_start, sitting_for
    from rolltrain_tui.runs.saves import saves_root

    drawn = secrets.randbelow(10**6) if seed is None else seed
    wishes = Wishes(
        against=against,
        role=role,
        dimension=dimension,
        points=points,
        start=None if start is None else read_start(start),
        seed=drawn,
        best_of=best_of,
    )
    sitting = sitting_for(wishes, options.find_save(against, saves_root(out)))
    if seed is None:
        click.echo(f"Seed {drawn}: --seed {drawn} plays these starts again.", err=True)
    return sitting


duel.add_command(tournament)
