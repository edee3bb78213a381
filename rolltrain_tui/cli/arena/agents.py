"""Verbs about the agents on disk: create, list, switch, rename, copy, delete, save, load. They load no torch."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.grammar import plural
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.arena.common import AGENT
from rolltrain_tui.cli.shared.options import AS_JSON, FILE, confirm

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.roster import Roster


@click.command(short_help="Make an agent.")
@click.argument("name")
@click.argument("width", type=int, required=False)
@click.argument("layers", type=int, required=False)
@click.argument("heads", type=int, required=False)
@click.option("--preset", metavar="NAME", help="microgpt: 16 wide, 1 layer, 4 heads, RMS norms, ReLU.")
@click.option("--context", "positions", type=int, help="Characters it can look back.  [default: 16]")
@click.option("--style", type=click.Choice(["gpt", "microgpt"]), help="Layer norms, GELU, tied output; or RMS norms, ReLU, untied.")
@click.option("--data", metavar="names|tales|FILE", default="names", show_default=True, help="What it reads.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A value of its recipe: learning_rate=0.02")
@AS_JSON
@click.pass_obj
def create(
    roster: "Roster",
    name: str,
    width: int | None,
    layers: int | None,
    heads: int | None,
    preset: str | None,
    positions: int | None,
    style: Any,
    data: str,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make an agent: its width, layers and attention heads, such as Tiny 8 1 2. With a preset the numbers may be left out."""
    from rolltrain_tui.arena.agents.agents import Recipe, Shape, describe, parse_setting
    from rolltrain_tui.arena.agents.roster import agent_record, preset_of

    if preset is None and (width is None or layers is None or heads is None):
        raise click.UsageError("Give WIDTH, LAYERS and HEADS, such as: create Tiny 8 1 2. Or a --preset.")
    shape, recipe = preset_of(preset) if preset is not None else (Shape(n_embd=8, n_layer=1, n_head=2), Recipe())
    given = {"n_embd": width, "n_layer": layers, "n_head": heads, "context": positions, "style": style}
    shape = replace(shape, **{key: value for key, value in given.items() if value is not None})
    for setting in settings:
        key, sign, value = setting.partition("=")
        if not sign:
            raise click.UsageError(f"--set wants KEY=VALUE, not {setting!r}.")
        recipe = parse_setting(recipe, key.strip(), value.strip())
    agent = roster.create(name, shape, recipe, data, preset or "")
    click.echo(json_text(agent_record(agent)) if as_json else f"Created {describe(agent)}")


@click.command("list", short_help="All agents.")
@AS_JSON
@click.pass_obj
def list_(roster: "Roster", as_json: bool) -> None:
    """All agents with their size, cost and training; the current one is marked."""
    from rolltrain_tui.arena.agents.roster import agent_record, roster_table

    rows = roster.rows()
    if as_json:
        records = [agent_record(row.agent) if row.agent else {"name": row.name, "trouble": row.trouble} for row in rows]
        found = [{"current": row.current, **record} for row, record in zip(rows, records, strict=True)]
        click.echo(json_text(found))
    elif not rows:
        click.echo("No agents yet. Make one: rolltrain arena create Tiny 8 1 2", err=True)
    else:
        click.echo("\n".join(roster_table(rows)))


@click.command(short_help="Choose the current agent.")
@click.argument("name")
@click.pass_obj
def switch(roster: "Roster", name: str) -> None:
    """Make NAME the agent that verbs without --agent mean."""
    from rolltrain_tui.arena.agents.agents import describe

    roster.switch(name)
    click.echo(f"Current agent: {describe(roster.get(name).agent)}")


@click.command(short_help="Give an agent another name.")
@click.argument("name")
@click.argument("to")
@click.pass_obj
def rename(roster: "Roster", name: str, to: str) -> None:
    """Give agent NAME the name TO."""
    roster.rename(name, to)
    click.echo(f"{name} is called {to} now.")


@click.command(short_help="Copy an agent with all it has learnt.")
@click.argument("name")
@click.argument("to")
@click.pass_obj
def copy(roster: "Roster", name: str, to: str) -> None:
    """Copy agent NAME, with all it has learnt, to TO."""
    roster.copy(name, to)
    click.echo(f"{to} is a copy of {name}.")


@click.command(short_help="Remove an agent for good.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(roster: "Roster", name: str, yes: bool) -> None:
    """Remove agent NAME for good. The matches it fought stay in the ledger."""
    if name not in roster.names():
        roster.get(name)  # says that there is none, and which may have been meant
    if not yes:
        confirm(f"Delete {name}, with all it has learnt?")
    roster.delete(name)
    click.echo(f"Deleted: {name}", err=True)


@click.command(short_help="Export the current agent.")
@click.argument("file", type=FILE)
@AGENT
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def save(roster: "Roster", file: Path, name: str | None, force: bool) -> None:
    """Export the current agent as a champion: one safetensors file with its record inside."""
    chosen = roster.chosen(name)
    roster.save(chosen, file, force=force)
    click.echo(f"Saved {chosen} to {file}")


@click.command(short_help="Import a champion.")
@click.argument("file", type=FILE)
@click.option("--as", "name", metavar="NAME", help="Give it another name than its own.")
@click.pass_obj
def load(roster: "Roster", file: Path, name: str | None) -> None:
    """Import a champion from FILE; it is checked before it is believed."""
    from rolltrain_tui.arena.agents.agents import describe

    agent = roster.load(file, name)
    click.echo(f"Loaded {describe(agent)}, {agent.step:,} {plural(agent.step, 'step')} trained")
