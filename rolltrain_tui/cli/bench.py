"""`rolltrain bench`: what the game costs beside a bare loop."""

from dataclasses import asdict

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside

OPTIMIZERS = "optimizers"


@click.command()
@click.argument("campaign")
@options.SETTINGS
@click.option("--blocks", type=click.IntRange(min=2), help="Blocks of turns each contestant plays.  [default: 24; with --profile 6]")
@click.option("--turns", type=click.IntRange(min=1), default=20, show_default=True, help="Turns in a block.")
@click.option("--profile", is_flag=True, help="Where a turn goes instead: its parts, in float32 and bfloat16, on one thread and two.")
@options.AS_JSON
def bench(campaign: str, settings: tuple[str, ...], blocks: int | None, turns: int, profile: bool, as_json: bool) -> None:
    """A bare PyTorch loop, the headless campaign and the game in a terminal, interleaved in one run and compared.

    `rolltrain bench optimizers` instead: every optimiser that is installed, and whether the game plays with it.
    """
    if campaign == OPTIMIZERS:
        refuse_beside(OPTIMIZERS, "every optimiser takes a few steps on small models of its own", but=("as_json",))
        _optimizers(as_json)
        return
    options.check_campaign(path := options.find_campaign(campaign), settings, None)
    if profile:
        from rolltrain_tui.bench import profile as parts

        _tell(blocks or 6, turns)
        found = parts.run(path, settings, blocks=blocks or 6, turns=turns)
        click.echo(parts.as_json(found) if as_json else parts.table(path.stem, found))
        return
    from rolltrain_tui.bench import contest

    _tell(blocks or 24, turns)
    result = contest.run(path, settings, blocks=blocks or 24, turns=turns)
    click.echo(contest.as_json(result) if as_json else contest.table(result))


def _tell(blocks: int, turns: int) -> None:
    click.echo(f"Every contestant plays {counted(blocks, 'block')} of {counted(turns, 'turn')}; the table follows.", err=True)


def _optimizers(as_json: bool) -> None:
    from rolltrain_tui.integrations import optimizer_table

    found = []
    for row in optimizer_table.rows():
        click.echo(f"{'✔' if row.good else '✖'} {row.name}", err=True)
        found.append(row)
    click.echo(json_text([asdict(row) for row in found]) if as_json else optimizer_table.table(found))
    if faults := [row.name for row in found if not row.good]:
        raise click.ClickException(f"not as they should be: {', '.join(faults)}")
