"""The verbs of the arena: `rolltrain arena create`, `train`, `battle` ... The (bandit) shell takes the same words.

Verbs that neither train nor write load no torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.arena import agents, battles, boards, shell, training
from rolltrain_tui.cli.shared.exit_codes import DONE
from rolltrain_tui.cli.shared.options import FILE

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.roster import Roster
    from rolltrain_tui.tui.launch import Launch

VERBS = (
    agents.create, agents.list_, agents.switch, agents.rename, agents.copy, agents.delete, agents.save, agents.load,
    training.train, training.generate, training.visualize, training.diagnose, training.config,
    battles.battle, battles.tournament, boards.leaderboard, boards.ratings, boards.replay, boards.verify, shell.shell,
)  # fmt: skip
ALIASES = {
    "create_agent": "create", "new": "create", "list_agents": "list", "switch_agent": "switch", "use": "switch", "mv": "rename",
    "cp": "copy", "rm": "delete", "plot": "visualize", "export": "save", "import": "load", "set": "config", "fight": "battle",
}  # fmt: skip
"""Other names of the verbs."""


class ArenaGroup(click.Group):
    """A group whose verbs have other names too. A verb of the current agent that is given another's name tells how to name it."""

    def invoke(self, ctx: click.Context) -> Any:
        words = list(ctx.args)
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            options = [name for param in error.ctx.command.params for name in param.opts] if error.ctx is not None else []
            named = [word for word in words if "--agent" in options and word in ctx.obj.names()]
            if not named:
                raise
            told = error.format_message().rstrip(".")
            raise click.UsageError(f"{told}. An agent is named by --agent {named[0]}; else it is the current one.", error.ctx) from None

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        _, command, rest = super().resolve_command(ctx, args)
        return command.name if command is not None else None, command, rest


@click.group(cls=ArenaGroup, commands=VERBS, invoke_without_command=True)
@click.option("--out", type=FILE, metavar="DIR", help="Folder that holds the arena, beside the runs.")
@click.pass_context
def arena(context: click.Context, out: Path | None) -> int:
    """Small language models that are bred, trained, and ranked by quality and by quality per energy. Without a verb, the arena's screen.

    Begin with: rolltrain arena create Tiny 8 1 2
    """
    from rolltrain_tui.arena.agents.roster import FOLDER, Roster
    from rolltrain_tui.runs.saves import saves_root

    if context.obj is None:
        context.obj = Roster(saves_root(out) / FOLDER)
    if context.invoked_subcommand is None:
        return _open_screen(context.obj)
    return DONE


def _open_screen(roster: "Roster") -> int:
    from rolltrain_tui.cli.shared.screen import need_screen, open_screen

    need_screen("The arena's screen", "Its verbs do not: rolltrain arena --help")

    def launch() -> "Launch":
        from rolltrain_tui.tui.arena.hall import ArenaScreen
        from rolltrain_tui.tui.launch import Launch

        return Launch(runs=roster.root.parent, screen=ArenaScreen)

    return open_screen("", launch)
