"""What the arena's verbs do with torch: train with a line of progress, write and score, examine."""

import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from time import perf_counter
from typing import Any

import click

from rolltrain_tui.arena.champions import Champion
from rolltrain_tui.arena.checkup import Findings, examine
from rolltrain_tui.arena.coaching import train
from rolltrain_tui.arena.events import Progressed, Trained
from rolltrain_tui.arena.recital import recite
from rolltrain_tui.arena.roster import Roster
from rolltrain_tui.arena.scores import perplexity
from rolltrain_tui.rules.signals import SIGNALS


def train_here(roster: Roster, champion: Champion, steps: int) -> dict[str, Any]:
    """Train, keep what was learnt, and tell."""
    started, loss = perf_counter(), float("nan")
    with interruptible() as asked:
        for event in train(champion, steps, stopped=lambda: bool(asked)):
            if isinstance(event, Progressed):
                loss = event.losses[0]
                progress(f"step {event.step:,}  loss {loss:.3f}  {event.done:4.0%}")
            elif isinstance(event, Trained):
                before, champion = champion, event.champions[0]
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


def generate_here(champion: Champion, n: int, temperature: float, top_k: int | None, seed: int) -> dict[str, Any]:
    """Lines, what was counted in them, and the score. The validation loss is measured on the spot."""
    found = recite(champion, n, temperature, top_k, seed)
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


def diagnose_here(champion: Champion) -> tuple[dict[str, Any], str]:
    """As a record and as words."""
    found = examine(champion)
    agent = champion.agent
    readings = [{**asdict(r), "condition": r.condition, "advice": SIGNALS[r.signal].advice} for r in found.readings]
    record = {
        "agent": agent.name,
        "step": agent.step,
        "val_loss": found.val_loss,
        "verdict": found.verdict,
        "readings": readings,
        "layers": [asdict(layer) for layer in found.layers],
    }
    return record, _report(found, champion)


def _report(found: Findings, champion: Champion) -> str:
    from rolltrain_tui.cli.diagnose import Checkup, report

    agent = champion.agent
    checkup = Checkup(
        campaign=agent.name, turn=agent.step, turns=agent.step, val_loss=found.val_loss, standard_error=float("nan"),
        readings=found.readings, layers=found.layers, gflop=0.0, note="",
    )  # fmt: skip
    head = f"{agent.name}, step {agent.step:,}: validation loss {found.val_loss:.3f}\n{found.verdict}"
    return head + "\n" + report(checkup).partition("\n")[2]


@contextmanager
def interruptible() -> Iterator[deque[int]]:
    """Ctrl+C inside asks for an end between two steps; a second one is not waited for."""
    asked: deque[int] = deque()

    def ask(number: int, _: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # not the main thread
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def progress(text: str) -> None:
    """One line on the terminal that is written over by the next."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)
