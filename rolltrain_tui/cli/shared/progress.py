"""The progress display of verbs that train: a bar on a terminal, elsewhere one line at the beginning and what goes wrong."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rolltrain_tui.protocol.events import Event


@contextmanager
def progress(turns: int, words: str) -> "Iterator[Callable[[Event], None]]":
    """Show a training of `turns` turns. Call what it yields with every event. `words`: what is done, where there is no bar."""
    from rolltrain_tui.plain.views import progress_view
    from rolltrain_tui.story.scene import Scene

    if not sys.stderr.isatty():
        click.echo(words, err=True)
    view, scene = progress_view(), Scene()
    view.open(scene, turns)

    def show(event: "Event") -> None:
        scene.apply(event)
        view.show(event)

    try:
        yield show
    finally:
        view.close()
