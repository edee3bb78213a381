"""Verbs about one agent's training: train, generate, visualize, diagnose, config. Torch is loaded inside the first two and diagnose."""

import math
from dataclasses import asdict, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.arena.common import AGENT, interruptible, progress
from rolltrain_tui.cli.shared.exit_codes import DONE, INTERRUPTED
from rolltrain_tui.cli.shared.options import AS_JSON

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.agent_file import Champion
    from rolltrain_tui.arena.agents.agents import Agent
    from rolltrain_tui.arena.agents.roster import Roster
    from rolltrain_tui.arena.training.diagnosis import Diagnosis


@click.command(short_help="Train the current agent.")
@click.argument("steps", type=click.IntRange(1, 1_000_000))
@AGENT
@AS_JSON
@click.pass_obj
def train(roster: "Roster", steps: int, name: str | None, as_json: bool) -> int:
    """Train the current agent STEPS steps. Ctrl+C keeps what it has learnt so far."""
    champion = roster.get(roster.chosen(name))
    found = _train(roster, champion, steps)
    if as_json:
        click.echo(json_text(found))
    else:
        click.echo(
            f"{found['name']}: step {found['step']:,}, loss {_number(found['loss'])}, validation {_number(found['val_loss'])}, "
            f"{found['gflop']:.3f} GFLOP in {found['seconds']:.1f} s ({found['steps_per_second']:,.0f} steps/s)"
        )
    return INTERRUPTED if found["stopped"] else DONE


def _train(roster: "Roster", champion: "Champion", steps: int) -> dict[str, Any]:
    """Train, write the agent back, and return the record of the training."""
    from rolltrain_tui.arena.training.events import Progressed, Trained
    from rolltrain_tui.arena.training.training import train as train_agent

    started, loss = perf_counter(), float("nan")
    with interruptible() as asked:
        for event in train_agent(champion, steps, stopped=lambda: bool(asked)):
            if isinstance(event, Progressed):
                loss = event.loss
                progress(f"step {event.step:,}  loss {loss:.3f}  {event.done:4.0%}")
            elif isinstance(event, Trained):
                before, champion = champion, event.champion
                roster.put(champion)
    progress("")
    seconds, taken = perf_counter() - started, champion.agent.step - before.agent.step
    return {
        "name": champion.agent.name,
        "step": champion.agent.step,
        "steps_taken": taken,
        "stopped": taken < steps,
        "loss": loss,
        "val_loss": champion.agent.val_loss,
        "gflop": champion.agent.gflop - before.agent.gflop,
        "gflop_total": champion.agent.gflop,
        "seconds": seconds,
        "steps_per_second": taken / seconds,
    }


@click.command(short_help="Let the current agent write, and score it.")
@click.argument("n", type=click.IntRange(1, 10_000))
@AGENT
@click.option(
    "--temperature", type=click.FloatRange(0.01, 100), default=1.0, show_default=True, help="Below 1 it plays safe, above it dares."
)
@click.option("--top-k", type=click.IntRange(min=1), help="Draw among the K likeliest characters only.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the draws: the same seed, the same lines.")
@AS_JSON
@click.pass_obj
def generate(roster: "Roster", n: int, name: str | None, temperature: float, top_k: int | None, seed: int, as_json: bool) -> None:
    """Let the current agent write N lines; how many are distinct, novel, and copied verbatim; and the game score."""
    champion = roster.get(roster.chosen(name))
    click.echo(f"{champion.agent.name} writes {counted(n, 'line')}; the score follows.", err=True)
    found = _generate(champion, n, temperature, top_k, seed)
    if as_json:
        click.echo(json_text(found))
        return
    from rolltrain_tui.base.safe_text import flat

    for line in found["lines"]:
        click.echo(flat(line))
    click.echo("\n" + "\n".join(found["summary"]))


def _generate(champion: "Champion", n: int, temperature: float, top_k: int | None, seed: int) -> dict[str, Any]:
    """The record of a sample: lines, counts, score."""
    from rolltrain_tui.arena.training.sampling import sample_report
    from rolltrain_tui.arena.training.scores import perplexity

    found = sample_report(champion, n, temperature, top_k, seed)
    return {
        "agent": champion.agent.name,
        "step": champion.agent.step,
        "lines": found.lines,
        **asdict(found.originality),
        "novel": found.originality.novel,
        "perplexity": perplexity(found.score.loss),
        **asdict(found.score),
        "summary": list(found.summary()),
    }


@click.command(short_help="Plot the current agent's loss or gradients.")
@click.argument("what", type=click.Choice(["loss", "gradients"]), default="loss")
@AGENT
@AS_JSON
@click.pass_obj
def visualize(roster: "Roster", what: str, name: str | None, as_json: bool) -> None:
    """Plot the loss, or the norm of the gradient, of every step the current agent has taken."""
    from rolltrain_tui.arena.agents.agent_file import GRADIENTS, LOSSES

    champion = roster.get(roster.chosen(name))
    blob = champion.blobs.get(LOSSES if what == "loss" else GRADIENTS)
    values = blob.numbers() if blob is not None else []
    if as_json:
        click.echo(json_text({"agent": champion.agent.name, "what": what, "values": values}))
    elif not values:
        click.echo(f"{champion.agent.name} has not been trained yet: rolltrain arena train 100", err=True)
    else:
        click.echo(_plot(champion.agent, what, values))


def _plot(agent: "Agent", what: str, values: list[float]) -> str:
    import shutil

    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.tui.widgets.training.curves import Curve, curve_lines, thinned

    width = min(100, shutil.get_terminal_size().columns)
    lines = curve_lines([Curve(thinned(values, 2 * width), "primary")], width, 18)
    title = "loss (nats per character)" if what == "loss" else "norm of the gradient"
    changes = [flat(f"  step {c.step}: {c.name} {c.before} -> {c.after}") for c in agent.changes[-8:]]
    return "\n".join([f"{agent.name}: {title}", *("".join(span[0] for span in line).rstrip() for line in lines), *changes])


@click.command(short_help="Find what is wrong with the current agent.")
@AGENT
@AS_JSON
@click.pass_obj
def diagnose(roster: "Roster", name: str | None, as_json: bool) -> None:
    """Exploding gradients, dead neurons and the rest: every signal with its healthy range, a verdict and advice."""
    champion = roster.get(roster.chosen(name))
    from rolltrain_tui.arena.training.diagnosis import examine

    found = examine(champion)
    click.echo(json_text(_diagnosis_record(champion.agent, found)) if as_json else _diagnosis_text(champion.agent, found))


def _diagnosis_record(agent: "Agent", found: "Diagnosis") -> dict[str, Any]:
    from rolltrain_tui.rules.health.signals import SIGNALS

    return {
        "agent": agent.name,
        "step": agent.step,
        "val_loss": found.val_loss,
        "verdict": found.verdict,
        "readings": [{**asdict(r), "condition": r.condition, "advice": SIGNALS[r.signal].advice} for r in found.readings],
        "layers": [asdict(layer) for layer in found.layers],
    }


def _diagnosis_text(agent: "Agent", found: "Diagnosis") -> str:
    from rolltrain_tui.cli.diagnose import table_lines

    head = f"{agent.name}, step {agent.step:,}: validation loss {found.val_loss:.3f}"
    return "\n".join([head, found.verdict, *table_lines(found.readings, found.layers)])


@click.command(short_help="Show or change how the current agent is taught.", context_settings={"ignore_unknown_options": True})
@click.argument("key", required=False)
@click.argument("value", required=False)
@AGENT
@AS_JSON
@click.pass_obj
def config(roster: "Roster", key: str | None, value: str | None, name: str | None, as_json: bool) -> None:
    """The current agent's recipe; with KEY and VALUE, change it from the next step on: config learning_rate 0.003"""
    from rolltrain_tui.arena.agents.agents import configure, parse_setting

    champion = roster.get(roster.chosen(name))
    if key is not None and value is not None:
        agent = configure(champion.agent, key, value)
        roster.put(replace(champion, agent=agent))
        change = agent.changes[-1]
        click.echo(f"{agent.name}: {change.name} {change.before} -> {change.after}, from step {change.step + 1} on.", err=as_json)
        champion = replace(champion, agent=agent)
    recipe = asdict(champion.agent.recipe)
    if as_json:
        click.echo(json_text(recipe))
    elif key is None:
        click.echo("\n".join(f"{entry:<14} {shown}" for entry, shown in recipe.items()))
    elif value is None:
        key = {"lr": "learning_rate"}.get(key, key)
        parse_setting(champion.agent.recipe, key, str(recipe.get(key, "")))  # refuses unknown names
        click.echo(f"{key} {recipe[key]}")


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
