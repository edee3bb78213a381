"""Options and output that the verbs of the arena share."""

import json
import math
import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
AGENT = click.option("--agent", "name", metavar="NAME", help="Which one, instead of the current one.")


def as_json_text(value: Any) -> str:
    """Strict JSON: numbers that are not finite as null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def interruptible() -> Iterator[deque[int]]:
    """Ctrl+C inside appends to the deque, to stop between two steps. A second Ctrl+C raises KeyboardInterrupt."""
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
    """Write a line of progress to the terminal. The next one overwrites it."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)
