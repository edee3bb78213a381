"""Is there a terminal to draw on? The screen opens behind a first picture."""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.shared.exit_codes import WRONG_USE

if TYPE_CHECKING:
    from rolltrain_tui.tui.launch import Launch

WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""Draws in a browser at the other end of a pipe."""


def missing_screen() -> str:
    """Why nothing can be drawn here, or an empty string."""
    if os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER:
        return ""
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output"), (sys.stderr, "standard error")):
        if not stream.isatty():
            return f"{name} is not a terminal"
    if os.environ.get("TERM", "") in ("dumb", "unknown"):
        return f"the terminal says it cannot draw (TERM={os.environ['TERM']})"
    return ""


class NoScreen(click.ClickException):
    """There is nothing to draw on."""

    exit_code = WRONG_USE

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def need_screen(what: str, instead: str) -> None:
    """NoScreen where nothing can be drawn here."""
    if reason := missing_screen():
        raise NoScreen(f"{what} needs a terminal to draw on, and {reason}. {instead}")


def open_screen(words: str, launch: "Callable[[], Launch]") -> int:
    """Show that something is loaded, in these words of `opening`, then play. The exit code."""
    from rolltrain_tui.tui import opening
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture

    with FirstPicture() as picture:
        picture.show(partial(opening.loading, words) if words else opening.title)
        from rolltrain_tui.tui import play

        return play(launch(), first=picture)
