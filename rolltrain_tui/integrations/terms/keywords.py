"""Keywords of the public functions: a wrong name is refused with the one that was meant, and one value has one name at a time."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class _NotGiven:
    """Stands for a keyword that was not given, where None means something of its own."""

    def __repr__(self) -> str:
        return "not given"

    def __reduce__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final[Any] = _NotGiven()


def exact_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """A keyword that `function` does not have is a TypeError that says which one was meant, or that it belongs to the constructor.

    Numbers of NumPy's come to `function` as Python's.
    """
    names = [name for name in inspect.signature(function).parameters if name != "self"]

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in names:
                owner = function.__qualname__.removesuffix(".__init__")
                if args and name in inspect.signature(type(args[0])).parameters:
                    raise TypeError(f"{owner} has no parameter {name!r}: it belongs to {type(args[0]).__name__}({name}=...)")
                raise TypeError(f"{owner} has no parameter {name!r}{meant(name, names)}; it has {', '.join(names)}")
        return function(*map(plain_number, args), **{name: plain_number(value) for name, value in kwargs.items()})

    return checked


def plain_number(value: Any) -> Any:
    """A number of NumPy's or a tensor of one number, as Python's own; anything else as it is. Seeds and counts often come as NumPy's."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def meant(word: str, words: Iterable[str]) -> str:
    """` (did you mean 'wizard'?)` where a word is close to one of them; else nothing."""
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def either(name: str, value: R | None, other: str, same: R | None) -> R | None:
    """The value of a parameter that has two names; None: neither was given. ValueError where both are."""
    if value is not None and same is not None:
        raise ValueError(f"{name} and {other} are two names of one thing; give one of them")
    return same if value is None else value


def folder_of(name: str, value: Path | str | None) -> Path | None:
    """The folder that a keyword names. ValueError for an empty text: it would mean the current folder."""
    if value == "":
        raise ValueError(f"{name} is empty; name a folder (is a variable not set?)")
    if not isinstance(value, str | PathLike | None):
        raise TypeError(f"{name} must be a path, not a {type(value).__name__}")
    return None if value is None else Path(value)


def check_call(name: str, function: Any, call: tuple[str, ...]) -> None:
    """ValueError where a user's function cannot be called so. One whose signature cannot be read is believed."""
    if not callable(function):
        raise TypeError(f"{name} must be a function, called as {name}({', '.join(call)}), not a {type(function).__name__}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*call)
    except TypeError:
        raise ValueError(f"{name} is called as {name}({', '.join(call)}), and this one takes {signature}") from None
