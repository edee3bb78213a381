"""`rolltrain new`: a complete campaign file to begin with."""

from pathlib import Path

import click

from rolltrain_tui.base.atomic_files import refusal, replace, write_new
from rolltrain_tui.cli.shared.options import FILE, shell_word


@click.command()
@click.argument("kind")
@click.argument("path", required=False, type=FILE)
@click.option("--model", type=FILE, metavar="DIR", help="Fit it to the model in this folder (finetune) ...")
@click.option("--data", type=FILE, metavar="FILE", help="... and to this text, JSONL or CSV.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(kind: str, path: Path | None, model: Path | None, data: Path | None, force: bool) -> None:
    """Write a complete, commented campaign of KIND, such as supervised or finetune, to PATH, or to stdout."""
    from rolltrain_tui.modes import campaign_file

    if (model is None) != (data is None):
        raise click.UsageError(f"--{'model' if data is None else 'data'} is not enough; give --model DIR and --data FILE.")
    if model is None or data is None:
        text = campaign_file.template(kind)
    else:
        text = campaign_file.fitted(kind, model, data, Path() if path is None else path.parent)
    if path is None:
        click.echo(text, nl=False)
        return
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder; name the file to write, such as {path / 'my.yaml'}.")
    try:
        (replace if force else write_new)(path, text.encode("utf-8"))
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; --force writes over it.") from None
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {refusal(error)}.") from None
    click.echo(f"Written: {path}. Try it with: rolltrain play {shell_word(path)}", err=True)
