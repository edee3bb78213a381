"""Options and output that the verbs of the arena share."""

import signal
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import click

AGENT = click.option("--agent", "name", metavar="NAME", help="Agent to use, instead of the current one.")


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
