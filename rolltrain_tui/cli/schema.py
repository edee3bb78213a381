"""`rolltrain schema`: the JSON schema of campaign files."""

import click

from rolltrain_tui.base.json_answers import json_text


@click.command()
@click.argument("kind", default="supervised")
def schema(kind: str) -> None:
    """The JSON schema of campaign files of KIND, for editors; of supervised ones where no KIND is given."""
    from rolltrain_tui.modes import campaign_file

    click.echo(json_text(campaign_file.json_schema(kind)))
