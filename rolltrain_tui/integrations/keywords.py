"""Keywords of the public functions: a wrong name is refused with the one that was meant, and one value has one name at a time."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
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
    """A keyword that `function` does not have is a TypeError that says which one was meant."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in names:
                owner = function.__qualname__.removesuffix(".__init__")
                raise TypeError(f"{owner} has no parameter {name!r}{meant(name, names)}; it has {', '.join(names)}")
        return function(*args, **kwargs)

    return checked


def meant(word: str, words: Iterable[str]) -> str:
    """` (did you mean 'wizard'?)` where a word is close to one of them; else nothing."""
    near = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def either(name: str, value: Any, other: str, same: Any, default: Any = None) -> Any:
    """The value of a parameter that has two names. ValueError where both are given."""
    given = [(n, v) for n, v in ((name, value), (other, same)) if v is not NOT_GIVEN]
    if len(given) == 2:
        raise ValueError(f"{name} and {other} are two names of one thing; give one of them")
    return given[0][1] if given else default
