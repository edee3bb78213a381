"""`rolltrain arena shell`: the verbs of the arena at the (bandit) prompt."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rolltrain_tui.cli.shared.exit_codes import DONE, exit_code_of

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.roster import Roster


@click.command(short_help="The (bandit) prompt.")
@click.pass_context
def shell(context: click.Context) -> int:
    """A prompt that takes these verbs: create_agent Tiny 8 1 2, train 100, generate 10, battle Tiny Big 200 ... Tab completes."""
    import sys

    from rolltrain_tui.cli.arena.repl import HISTORY, Repl

    roster: Roster = context.obj
    assert context.parent is not None
    group = context.parent.command
    assert isinstance(group, click.Group)

    def run(words: list[str]) -> int:
        return exit_code_of(lambda: group.main(args=words, prog_name="", standalone_mode=False, obj=roster))

    def complete(begun: Sequence[str], text: str) -> Sequence[str]:
        if not begun or begun == ["help"]:
            return sorted([*group.commands, "help", "quit"])
        command = group.get_command(context, begun[0])
        params = command.params if command is not None else []
        if text.startswith("-"):
            return sorted(name for param in params if isinstance(param, click.Option) for name in param.opts)
        fixed = [str(choice) for param in params if isinstance(param.type, click.Choice) for choice in param.type.choices]
        return [*roster.names(), *fixed, *(_settings() if begun[0] == "config" else [])]

    if sys.stdin.isatty():
        click.echo("The arena's shell. help lists the verbs, help VERB explains one, Tab completes, quit leaves.", err=True)
    Repl(run, complete, roster.root / HISTORY).loop()
    return DONE


def _settings() -> list[str]:
    from dataclasses import fields

    from rolltrain_tui.arena.agents.agents import Recipe

    return [entry.name for entry in fields(Recipe)]
