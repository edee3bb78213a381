"""`rolltrain check`: every mistake in campaign files."""

import json

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.cli.shared.exit_codes import DONE, WRONG_USE


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object a file.")
def check(files: tuple[str, ...], as_json: bool) -> int:
    """Validate campaign files: every mistake with file:line:column, and what to do about it. The text that one names is read too."""
    from rolltrain_tui.modes import campaign_file

    wrong = 0
    for name in files:
        try:
            config = campaign_file.load_with_files(campaign_file.find(name))
        except campaign_file.CampaignFileError as error:
            wrong += 1
            found, line = {"file": name, "ok": False, "errors": str(error).splitlines()}, str(error)
        else:
            found = {"file": name, "ok": True, "errors": [], "warnings": list(config.warnings)}
            good = f"{name}: good. {config.name}, {counted(config.turns, 'turn')}, rulebook {config.dice.rulebook}."
            line = "\n".join((good, *(f"{name}: warning: {warning}" for warning in config.warnings)))
        click.echo(json.dumps(found) if as_json else line, err=not (found["ok"] or as_json))
    return WRONG_USE if wrong else DONE
