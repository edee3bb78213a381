"""The verbs of the arena: `rolltrain arena create`, `train`, `battle` ... The (bandit) shell takes the same words.

Whatever does not train loads no torch.
"""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.exit_codes import DONE, INTERRUPTED

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents import Agent
    from rolltrain_tui.arena.roster import Roster

ALIASES = {
    "create_agent": "create", "new": "create", "list_agents": "list", "switch_agent": "switch", "use": "switch", "mv": "rename",
    "cp": "copy", "rm": "delete", "plot": "visualize", "export": "save", "import": "load", "set": "config", "fight": "battle",
}  # fmt: skip
"""Other words for the verbs."""


class ArenaGroup(click.Group):
    """A group whose verbs have other names too."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        _, command, rest = super().resolve_command(ctx, args)
        return command.name if command is not None else None, command, rest


_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_AGENT = click.option("--agent", "name", metavar="NAME", help="Which one, instead of the current one.")
_FILE = click.Path(path_type=Path)


@click.group(cls=ArenaGroup, invoke_without_command=True, short_help="Breed small models, train them, let them battle.")
@click.option("--out", type=_FILE, metavar="DIR", help="Folder that holds the arena, beside the runs.")
@click.pass_context
def arena(context: click.Context, out: Path | None) -> int:
    """Small language models that are bred, trained, and ranked by quality and by quality per energy. Without a verb, the arena's screen.

    Begin with: rolltrain arena create Tiny 8 1 2
    """
    from rolltrain_tui.arena.roster import FOLDER, Roster
    from rolltrain_tui.runs.saves import saves_root

    if context.obj is None:
        context.obj = Roster(saves_root(out) / FOLDER)
    if context.invoked_subcommand is None:
        return _open_screen(context.obj)
    return DONE


def _open_screen(roster: "Roster") -> int:
    from rolltrain_tui.cli.exit_codes import WRONG_USE
    from rolltrain_tui.cli.screen import missing_screen

    if reason := missing_screen():
        click.echo(f"The arena's screen needs a terminal to draw on, and {reason}. Its verbs do not: rolltrain arena --help", err=True)
        return WRONG_USE
    from rolltrain_tui.tui import play
    from rolltrain_tui.tui.launch import Launch

    return play(Launch(runs=roster.root.parent, arena=True))


@arena.command(short_help="Make an agent.")
@click.argument("name")
@click.argument("n_embd", type=int, required=False)
@click.argument("n_layer", type=int, required=False)
@click.argument("n_head", type=int, required=False)
@click.option("--preset", metavar="NAME", help="microgpt: 16 wide, 1 layer, 4 heads, RMS norms, ReLU.")
@click.option("--context", "positions", type=int, help="Characters it can look back.  [default: 16]")
@click.option("--style", type=click.Choice(["gpt", "microgpt"]), help="Layer norms, GELU, tied output; or RMS norms, ReLU, untied.")
@click.option("--data", metavar="names|tales|FILE", default="names", show_default=True, help="What it reads.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A value of its recipe: learning_rate=0.02")
@_JSON
@click.pass_obj
def create(
    roster: "Roster",
    name: str,
    n_embd: int | None,
    n_layer: int | None,
    n_head: int | None,
    preset: str | None,
    positions: int | None,
    style: Any,
    data: str,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make an agent: its width, layers and attention heads, such as Tiny 8 1 2. With a preset the numbers may be left out."""
    from rolltrain_tui.arena.agents import Recipe, Shape, describe, parse_setting
    from rolltrain_tui.arena.listing import record
    from rolltrain_tui.arena.roster import preset_of

    if preset is None and (n_embd is None or n_layer is None or n_head is None):
        raise click.UsageError("Give N_EMBD, N_LAYER and N_HEAD, such as: create Tiny 8 1 2. Or a --preset.")
    shape, recipe = preset_of(preset) if preset else (Shape(n_embd=8, n_layer=1, n_head=2), Recipe())
    given = {"n_embd": n_embd, "n_layer": n_layer, "n_head": n_head, "context": positions, "style": style}
    shape = replace(shape, **{key: value for key, value in given.items() if value is not None})
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign:
            raise click.UsageError(f"--set wants KEY=VALUE, not {setting!a}.")
        recipe = parse_setting(recipe, key.strip(), value.strip())
    agent = roster.create(name, shape, recipe, data, preset or "")
    click.echo(json.dumps(record(agent), indent=2) if as_json else f"Created {describe(agent)}")


@arena.command("list", short_help="All agents.")
@_JSON
@click.pass_obj
def list_(roster: "Roster", as_json: bool) -> None:
    """All agents with their size, cost and training; the current one is marked."""
    from rolltrain_tui.arena.listing import record, table

    rows = roster.rows()
    if as_json:
        found = [
            {"current": row.current, **(record(row.agent) if row.agent else {"name": row.name, "trouble": row.trouble})} for row in rows
        ]
        click.echo(as_json_text(found))
    elif not rows:
        click.echo("No agents yet. Make one: rolltrain arena create Tiny 8 1 2", err=True)
    else:
        click.echo("\n".join(table(rows)))


@arena.command(short_help="Choose the current agent.")
@click.argument("name")
@click.pass_obj
def switch(roster: "Roster", name: str) -> None:
    """Make NAME the agent that verbs without --agent mean."""
    from rolltrain_tui.arena.agents import describe

    roster.switch(name)
    click.echo(f"Current agent: {describe(roster.get(name).agent)}")


@arena.command(short_help="Give an agent another name.")
@click.argument("name")
@click.argument("to")
@click.pass_obj
def rename(roster: "Roster", name: str, to: str) -> None:
    """Give agent NAME the name TO."""
    roster.rename(name, to)
    click.echo(f"{name} is called {to} now.")


@arena.command(short_help="Copy an agent with all it has learnt.")
@click.argument("name")
@click.argument("to")
@click.pass_obj
def copy(roster: "Roster", name: str, to: str) -> None:
    """Copy agent NAME, with all it has learnt, to TO."""
    roster.copy(name, to)
    click.echo(f"{to} is a copy of {name}.")


@arena.command(short_help="Remove an agent for good.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(roster: "Roster", name: str, yes: bool) -> None:
    """Remove agent NAME for good. The matches it fought stay in the ledger."""
    if not yes:
        click.confirm(f"Delete {name}, with all it has learnt?", abort=True, err=True)
    roster.delete(name)
    click.echo(f"Deleted: {name}", err=True)


@arena.command(short_help="Train the current agent.")
@click.argument("steps", type=click.IntRange(1, 1_000_000))
@_AGENT
@_JSON
@click.pass_obj
def train(roster: "Roster", steps: int, name: str | None, as_json: bool) -> int:
    """Train the current agent STEPS steps. Ctrl+C keeps what it has learnt so far."""
    champion = roster.get(roster.chosen(name))
    from rolltrain_tui.cli.arena_training import train_here  # this loads torch

    found = train_here(roster, champion, steps)
    if as_json:
        click.echo(as_json_text(found))
    else:
        click.echo(
            f"{found['name']}: step {found['step']:,}, loss {_number(found['loss'])}, validation {_number(found['val_loss'])}, "
            f"{found['gflop']:.3f} GFLOP in {found['seconds']:.1f} s ({found['steps_per_second']:,.0f} steps/s)"
        )
    return INTERRUPTED if found["stopped"] else DONE


@arena.command(short_help="Let the current agent write, and score it.")
@click.argument("n", type=click.IntRange(1, 10_000))
@_AGENT
@click.option(
    "--temperature", type=click.FloatRange(0.01, 100), default=1.0, show_default=True, help="Below 1 it plays safe, above it dares."
)
@click.option("--top-k", type=click.IntRange(min=1), help="Only the K likeliest characters.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws: the same seed, the same lines.")
@_JSON
@click.pass_obj
def generate(roster: "Roster", n: int, name: str | None, temperature: float, top_k: int | None, seed: int, as_json: bool) -> None:
    """Let the current agent write N lines; how many are distinct, novel, and copied verbatim; and the game score."""
    champion = roster.get(roster.chosen(name))
    from rolltrain_tui.cli.arena_training import generate_here

    found = generate_here(champion, n, temperature, top_k, seed)
    if as_json:
        click.echo(as_json_text(found))
        return
    from rolltrain_tui.base.safe_text import flat

    for line in found["lines"]:
        click.echo(flat(line))
    click.echo("\n" + "\n".join(found["summary"]))


@arena.command(short_help="Export the current agent.")
@click.argument("file", type=_FILE)
@_AGENT
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def save(roster: "Roster", file: Path, name: str | None, force: bool) -> None:
    """Export the current agent as a champion: one safetensors file with its record inside."""
    chosen = roster.chosen(name)
    roster.save(chosen, file, force=force)
    click.echo(f"Saved {chosen} to {file}")


@arena.command(short_help="Import a champion.")
@click.argument("file", type=_FILE)
@click.option("--as", "name", metavar="NAME", help="Under another name than its own.")
@click.pass_obj
def load(roster: "Roster", file: Path, name: str | None) -> None:
    """Import a champion from FILE; it is checked before it is believed."""
    from rolltrain_tui.arena.agents import describe

    agent = roster.load(file, name)
    click.echo(f"Loaded {describe(agent)}, {agent.step:,} steps trained")


@arena.command(short_help="Plot the current agent's loss or gradients.")
@click.argument("what", type=click.Choice(["loss", "gradients"]), default="loss")
@_AGENT
@_JSON
@click.pass_obj
def visualize(roster: "Roster", what: str, name: str | None, as_json: bool) -> None:
    """Plot the loss, or the norm of the gradient, of every step the current agent has taken."""
    from rolltrain_tui.arena.champions import GRADIENTS, LOSSES

    champion = roster.get(roster.chosen(name))
    blob = champion.blobs.get(LOSSES if what == "loss" else GRADIENTS)
    values = blob.numbers() if blob is not None else []
    if as_json:
        click.echo(as_json_text({"agent": champion.agent.name, "what": what, "values": values}))
    elif not values:
        click.echo(f"{champion.agent.name} has not been trained yet: rolltrain arena train 100", err=True)
    else:
        click.echo(_plot(champion.agent, what, values))


def _plot(agent: "Agent", what: str, values: list[float]) -> str:
    import shutil

    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.tui.widgets.curves import Curve, curve_lines, thinned

    width = min(100, shutil.get_terminal_size().columns)
    lines = curve_lines([Curve(thinned(values, 2 * width), "primary")], width, 18)
    title = "loss (nats per character)" if what == "loss" else "norm of the gradient"
    changes = [flat(f"  step {c.step}: {c.name} {c.before} -> {c.after}") for c in agent.changes[-8:]]
    return "\n".join([f"{agent.name}: {title}", *("".join(span[0] for span in line).rstrip() for line in lines), *changes])


@arena.command(short_help="What ails the current agent.")
@_AGENT
@_JSON
@click.pass_obj
def diagnose(roster: "Roster", name: str | None, as_json: bool) -> None:
    """Exploding gradients, dead neurons and the rest: every signal with its healthy range, a verdict and advice."""
    champion = roster.get(roster.chosen(name))
    from rolltrain_tui.cli.arena_training import diagnose_here

    record, text = diagnose_here(champion)
    click.echo(as_json_text(record) if as_json else text)


@arena.command(short_help="Show or change how the current agent is taught.")
@click.argument("key", required=False)
@click.argument("value", required=False)
@_AGENT
@_JSON
@click.pass_obj
def config(roster: "Roster", key: str | None, value: str | None, name: str | None, as_json: bool) -> None:
    """The current agent's recipe; with KEY and VALUE, change it from the next step on: config learning_rate 0.003"""
    from dataclasses import asdict

    from rolltrain_tui.arena.agents import configure, parse_setting

    champion = roster.get(roster.chosen(name))
    if key is not None and value is not None:
        agent = configure(champion.agent, key, value)
        roster.put(replace(champion, agent=agent))
        change = agent.changes[-1]
        click.echo(f"{agent.name}: {change.name} {change.before} -> {change.after}, from step {change.step + 1} on.", err=as_json)
        champion = replace(champion, agent=agent)
    recipe = asdict(champion.agent.recipe)
    if as_json:
        click.echo(as_json_text(recipe))
    elif key is None:
        click.echo("\n".join(f"{entry:<14} {shown}" for entry, shown in recipe.items()))
    elif value is None:
        key = {"lr": "learning_rate"}.get(key, key)
        parse_setting(champion.agent.recipe, key, str(recipe.get(key, "")))  # refuses unknown names
        click.echo(f"{key} {recipe[key]}")


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


def as_json_text(value: Any) -> str:
    """Strict JSON: numbers that are not finite as null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


from rolltrain_tui.cli import arena_battles  # noqa: E402 - they need the group's parts
from rolltrain_tui.cli.arena_shell import shell  # noqa: E402

arena_battles.join(arena)
arena.add_command(shell)
