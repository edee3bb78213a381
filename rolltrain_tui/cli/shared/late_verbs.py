"""A group of verbs that are loaded when they are called: help reads their lines from a table, and so answers at once.

Measured: loading all verbs made more than half of the instructions of `rolltrain --help`.
"""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

import click


class LateVerbs(click.Group):
    """`verbs`: name -> its line in the help. The verb `class` is the attribute `class_` of the module `class_` in `package`."""

    def __init__(self, *args: Any, verbs: Mapping[str, str], package: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.verbs, self.package = verbs, package
        unloaded: dict[str, Any] = dict.fromkeys(verbs)
        self.commands = unloaded  # click finds in it what to suggest for a misspelt verb

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.verbs:
            place = "class_" if cmd_name == "class" else cmd_name
            self.commands[cmd_name] = resolve_name(f"{self.package}.{place}:{place}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, self.verbs[verb]) for verb in self.list_commands(ctx)])
