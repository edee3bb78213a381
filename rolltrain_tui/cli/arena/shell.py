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

    def act(words: list[str]) -> int:
        if words == ["--help"]:
            click.echo(_verbs(group, context))
            return DONE
        try:
            return int(group.main(args=words, prog_name="", standalone_mode=False, obj=roster) or DONE)
        except click.UsageError as error:
            if error.ctx is None or error.ctx.command is not group:
                raise
            raise click.ClickException(f"{error.format_message()} help lists the verbs.") from None  # at the prompt there are verbs alone

    def run(words: list[str]) -> int:
        return exit_code_of(lambda: act(words))

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


def _verbs(group: click.Group, context: click.Context) -> str:
    """The verbs with a line each, as `help` tells them at the prompt."""
    formatter = context.make_formatter()
    rows = [(name, command.get_short_help_str()) for name, command in sorted(group.commands.items()) if name != context.info_name]
    formatter.write_dl([*rows, ("help VERB", "Explain one of these."), ("quit", "Leave.")])
    return formatter.getvalue().rstrip()


def _settings() -> list[str]:
    from dataclasses import fields

    from rolltrain_tui.arena.agents.agents import Recipe

    return [entry.name for entry in fields(Recipe)]
