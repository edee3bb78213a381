"""`rolltrain schema`: the JSON schema of campaign files."""

import json

import click


@click.command()
def schema() -> None:
    """The JSON schema of campaign files, for editors."""
    from rolltrain_tui.modes import campaign_file

    click.echo(json.dumps(campaign_file.json_schema(), indent=2))
