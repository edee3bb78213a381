"""Foreign code is held to its promises: what a function answers is what the type hints of our interface say.

A broken promise is reported where it is broken, with package and row. Later the error would look like one of rolltrain's own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from math import isfinite
from signal import SIGINT, default_int_handler, getsignal
from traceback import walk_tb
from types import NoneType, UnionType
from typing import Any, Literal, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from rolltrain_tui.base.blame import ForeignError

T = TypeVar("T")
PLAIN: Mapping[Any, str] = {float: "a number", int: "a whole number", bool: "True or False", str: "text", NoneType: "None"}


def hold(thing: T, interface: type, kind: str, name: str, *, finite: bool = False) -> T:
    """The thing, whose methods are checked against the interface from now on; so are its copies. ForeignError where a method is missing.

    Its class becomes a subclass of its own class, so it stays the same object, which `blame` looks for. `finite`: as in `fault`.
    """
    own: Any = type(thing)
    for part in _answers(interface):
        if not callable(getattr(thing, part, None)):
            raise ForeignError(kind, name, f"it gave {_a(own)}, which has no {part}")
    held = type(own)(own.__name__, (own,), {"__slots__": (), "__module__": own.__module__, "__doc__": own.__doc__})
    for part, promise in _answers(interface).items():
        setattr(held, part, kept(_own(held, part), promise, kind, name, part, finite=finite))
    object.__setattr__(thing, "__class__", held)
    return thing


def kept(call: Callable[..., Any], promise: Any, kind: str, name: str, part: str, *, finite: bool = False) -> Callable[..., Any]:
    """The function, with its return values checked against the promise. Where one is wrong, where the function would end the program, or
    where it does not take its arguments, the call raises ForeignError.
    """

    @wraps(call)
    def asked(*args: Any, **named: Any) -> Any:
        try:
            answer = call(*args, **named)
        except BaseException as left:
            if isinstance(left, TypeError) and _before_its_first_line(left):
                raise ForeignError(kind, name, f"its {part} does not take what it is given: {left}") from left
            if isinstance(left, Exception | GeneratorExit) or _is_interrupt(left):
                raise
            raise ForeignError(kind, name, f"its {part} must not end the program, as a {type(left).__name__} does") from left
        if wrong := fault(answer, promise, finite=finite):
            raise ForeignError(kind, name, f"its {part} gave {wrong}")
        return answer

    return asked


def fault(answer: object, promise: Any, *, finite: bool = False) -> str:
    """What is wrong with an answer: "nan, not a finite number". An empty string where it is as its type hint says.

    `finite`: its numbers may be neither NaN nor infinite.
    """
    return next(_faults(answer, promise, finite), "")


def _faults(answer: Any, promise: Any, finite: bool) -> Iterator[str]:
    if promise in (Any, Self) or isinstance(promise, TypeVar):
        return
    origin, inner = get_origin(promise), get_args(promise)
    if not _is_of(answer, promise):
        yield f"{_told(answer)}, not {_words(promise, finite)}"
    elif promise is float:
        if finite and not isfinite(answer):
            yield f"{_told(answer)}, not {_words(promise, finite)}"
    elif origin in (Union, UnionType):
        yield from _faults(answer, next(one for one in inner if _is_of(answer, one)), finite)
    elif isinstance(answer, Mapping):
        pairs = ((part, one) for pair in answer.items() for part, one in zip(pair, inner, strict=False))
        yield from (wrong for part, one in pairs for wrong in _faults(part, one, finite))
    elif origin is tuple:
        each = inner[:1] * len(answer) if inner[1:] == (...,) else inner
        yield from (wrong for part, one in zip(answer, each, strict=True) for wrong in _faults(part, one, finite))
    elif isinstance(promise, type) and is_dataclass(promise):
        for name, hint in _hints(promise).items():
            yield from (f"{_a(answer)} whose {name} is {wrong}" for wrong in _faults(getattr(answer, name), hint, finite))
        if beyond := getattr(answer, "out_of_range", ""):
            yield f"{_a(answer)} whose {beyond}"


def _is_of(answer: Any, promise: Any) -> bool:
    """Whether it is of that type; what is in it may still be wrong."""
    origin, inner = get_origin(promise), get_args(promise)
    if origin in (Union, UnionType):
        return any(_is_of(answer, one) for one in inner)
    if origin is Literal:
        return type(answer) is str and answer in inner
    if origin is tuple:
        return isinstance(answer, tuple) and (inner[1:] == (...,) or len(inner) == len(answer))
    if promise is float:
        return isinstance(answer, int | float)
    if promise is int:
        return isinstance(answer, int) and not isinstance(answer, bool)
    return promise in (Any, Self) or isinstance(answer, origin or promise)


def _told(answer: object) -> str:
    return ascii(answer)[:60] if type(answer) in PLAIN else _a(answer)


def _a(thing: object) -> str:
    name = getattr(thing, "__name__", type(thing).__name__)
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _words(promise: Any, finite: bool) -> str:
    origin, inner = get_origin(promise), get_args(promise)
    if origin in (Union, UnionType):
        return " or ".join(_words(one, finite) for one in inner)
    if origin is Literal:
        return f"one of {', '.join(map(repr, inner))}"
    if promise is float and finite:
        return "a finite number"
    return PLAIN.get(promise) or _a(origin or promise)


@cache
def _hints(promise: Any) -> Mapping[str, Any]:
    """Field of a dataclass -> its type hint."""
    hints = get_type_hints(promise)
    return {each.name: hints[each.name] for each in fields(promise)}


@cache
def _answers(interface: type) -> Mapping[str, Any]:
    """Method -> the type hint of its answer. A method that answers nothing is not asked what it answers."""
    methods = {part: get_type_hints(value).get("return") for part, value in vars(interface).items() if callable(value) and part[0] != "_"}
    return {part: Any if promise is NoneType else promise for part, promise in methods.items()}


def _own(held: Any, part: str) -> Callable[..., Any]:
    return lambda self, *args, **named: getattr(super(held, self), part)(*args, **named)


def _before_its_first_line(error: BaseException) -> bool:
    """Whether the call itself failed, as where the parameters are others: then no frame is below those of this file."""
    *_, (last, _) = walk_tb(error.__traceback__)
    return last.f_globals.get("__name__") == __name__


def _is_interrupt(left: BaseException) -> bool:
    """Whether it may be the player's Ctrl-C. Where another handler is set, only code raises a KeyboardInterrupt."""
    return isinstance(left, KeyboardInterrupt) and getsignal(SIGINT) is default_int_handler
