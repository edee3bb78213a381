"""Calls that come later than their screen: once it has gone, they do nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from textual.screen import Screen

S = TypeVar("S", bound=Screen[Any])
P = ParamSpec("P")
R = TypeVar("R")

GUARDED = "_while_open"
"""Marks a method that `while_open` guards."""


def still_open(screen: Screen[Any]) -> bool:
    """Is the screen on the stack of a running app that has not been told to exit? Else it finds some of its widgets, or none."""
    return screen.app.is_running and screen.app.return_code is None and screen in screen.app.screen_stack


def while_open(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R | None]:
    """For what is called later: a callback, a timer, a message, a resize. Once its screen has gone, the call does nothing."""

    @wraps(method)
    def guarded(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        return method(self, *args, **kwargs) if still_open(self) else None

    setattr(guarded, GUARDED, True)
    return guarded
