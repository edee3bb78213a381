"""`rolltrain codex`: the pages of help."""

import sys

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared.options import AS_JSON


@click.command()
@click.argument("slug", required=False)
@AS_JSON
def codex(slug: str | None, as_json: bool) -> None:
    """What every mechanic really does to the training; without SLUG, the list of pages."""
    from dataclasses import asdict

    from rolltrain_tui.story import codex as book
    from rolltrain_tui.story.typed_commands import typed

    shown = [book.page(slug)] if slug else book.pages()
    if as_json:
        click.echo(json_text(asdict(shown[0]) if slug else [asdict(page) for page in shown]))
    elif slug:
        told = typed(shown[0].text)
        show_markdown(shown[0].text + (f"\nIn [plain](plain) play there are no keys. {told}\n" if told else ""))
    else:
        click.echo(book.contents())


def show_markdown(text: str) -> None:
    """Typeset on a terminal, as it is into a pipe."""
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(text), width=min(console.width, 100))
