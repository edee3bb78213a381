"""`rolltrain bench`: what the game costs beside a bare loop."""

import click

from rolltrain_tui.cli import options


@click.command(short_help="Measure the game against a bare loop.")
@click.argument("campaign")
@options.SETTINGS
@click.option("--blocks", type=click.IntRange(min=2), default=12, show_default=True, help="Blocks of turns each contestant plays.")
@click.option("--turns", type=click.IntRange(min=1), default=20, show_default=True, help="Turns in a block.")
@options.AS_JSON
def bench(campaign: str, settings: tuple[str, ...], blocks: int, turns: int, as_json: bool) -> None:
    """A bare PyTorch loop, the headless campaign and the game in a terminal, interleaved in one run and compared."""
    options.check_campaign(path := options.find_campaign(campaign), settings, None)
    from rolltrain_tui.bench import contest

    result = contest.run(path, settings, blocks=blocks, turns=turns)
    click.echo(contest.as_json(result) if as_json else contest.table(result))
