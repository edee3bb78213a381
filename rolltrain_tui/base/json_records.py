"""Dataclasses <-> plain JSON values. The type hints of the fields decide what is built; the text never does.

Supported types: int, float, str, bool, None, Literal of words, tuples, dataclasses, `X | None`, and unions of dataclasses. A member of a
union carries its class name under "type". A float that is not finite is written as "nan", "inf" or "-inf"; only a float field reads these
words as numbers. A field that was renamed says so, and older records are still read: `field(metadata={"formerly": "old_name"})`.

msgspec and pydantic are 3 to 28 times faster a line. They write other bytes ("1e-7" for "1e-07", null for "nan"), and story hashes rest on
the bytes; they also accept lines that are refused here (a name twice, 1e999). cattrs needs hooks for the same rules and two more packages.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
TAG = "type"
Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

NONFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class RecordError(ValueError):
    """The text is not the expected record; the message says where and why."""

    def __init__(self, text: str, *where: str) -> None:
        super().__init__(f"{'.'.join(where)}: {text}" if where else text)
        self.text, self.where = text, where

    def inside(self, *where: str) -> "RecordError":
        """The same error, seen from the record around it."""
        return RecordError(self.text, *where, *self.where)


def dump_json(value: Any) -> str:
    """One line of ASCII JSON. Floats that are not finite become words."""
    try:
        return _dumps(value)
    except ValueError:
        return _dumps(_spell_out(value))


def parse_json(text: str | bytes) -> Any:
    """Strict JSON: RecordError for anything else, for duplicate names, NaN, endless digits and nesting that is too deep."""
    try:
        return _loads(text if isinstance(text, str) else text.decode("utf-8"))
    except RecordError:
        raise
    except RecursionError:
        raise RecordError("it is nested too deeply") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"it is not JSON: {error}") from None
    except ValueError:
        raise RecordError("it holds a number with too many digits") from None


def _refuse_constant(word: str) -> Any:
    raise RecordError(f"it is not JSON: {word} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RecordError(f"the name {twice!a} stands twice in one object")
    return found


# Made once: json.loads and json.dumps would make both again for every line.
_loads = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique).decode
_dumps = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


def _spell_out(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # "nan", "inf", "-inf"
    if isinstance(value, dict):
        return {name: _spell_out(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_spell_out(part) for part in value]
    return value


class Codec(Generic[T]):
    """How one dataclass is written and read. Made by `codec`."""

    def __init__(self, cls: type[T]) -> None:
        known, every = get_type_hints(cls), fields(cls)  # type: ignore[arg-type]  # `codec` makes sure that it is a dataclass
        parts = [part for part in every if part.init]
        hints = {part.name: known[part.name] for part in parts}
        assert TAG not in hints, f"{cls.__name__} has a field named {TAG}"
        self.cls = cls
        self.names = tuple(hints)
        self.required = frozenset(f.name for f in parts if f.default is MISSING and f.default_factory is MISSING)
        self._readers = {name: reader(hint) for name, hint in hints.items()}
        self._former = {f.metadata["formerly"]: f.name for f in every if "formerly" in f.metadata}
        self._writers = [(name, write) for name, hint in hints.items() if (write := writer(hint)) is not None]
        self._values: Callable[[Any], Any] = attrgetter(*self.names) if len(self.names) > 1 else self._few_values

    def _few_values(self, value: Any) -> tuple[Any, ...]:
        return tuple(getattr(value, name) for name in self.names)

    def dump(self, value: Any) -> dict[str, Any]:
        """The fields by name, ready for dump_json."""
        plain = dict(zip(self.names, self._values(value), strict=True))
        for name, write in self._writers:
            plain[name] = write(plain[name])
        return plain

    def load(self, plain: Any, where: str = "") -> T:
        """Exact inverse of dump after JSON. Fields with a default may be left out. RecordError says what does not fit."""
        try:
            return self.read(plain)
        except RecordError as error:
            raise error.inside(where or self.cls.__name__) from None

    def read(self, plain: Any) -> T:
        """As load, for a record inside another one."""
        if type(plain) is not dict:
            raise RecordError(f"expected an object, found {shown(plain)}")
        if self._former and not self._former.keys().isdisjoint(plain):
            plain = {self._former.get(name, name): value for name, value in plain.items()}
        if unknown := plain.keys() - self._readers.keys():
            raise RecordError(f"there is no field {', '.join(sorted(map(ascii, unknown)))}")
        if missing := self.required - plain.keys():
            raise RecordError(f"the field {', '.join(sorted(map(ascii, missing)))} is missing")
        values = {}
        for name, value in plain.items():
            try:
                values[name] = self._readers[name](value)
            except RecordError as error:
                raise error.inside(name) from None
        return self.cls(**values)

    def dump_tagged(self, value: Any) -> dict[str, Any]:
        """As dump, with the class name in front."""
        return {TAG: self.cls.__name__, **self.dump(value)}


_codecs: dict[type[Any], Codec[Any]] = {}


def codec(cls: type[T]) -> Codec[T]:
    """The codec of a dataclass, made once."""
    known = _codecs.get(cls)
    if known is None:
        assert is_dataclass(cls), cls
        known = _codecs[cls] = Codec(cls)
    return known


def load_tagged(plain: Any, kinds: Mapping[str, type[T]], where: str) -> T:
    """The record whose class, one of `kinds`, the object itself names."""
    try:
        return _read_tagged(plain, kinds)
    except RecordError as error:
        raise error.inside(where) if not error.where else error from None


def _read_tagged(plain: Any, kinds: Mapping[str, type[T]]) -> T:
    if type(plain) is not dict:
        raise RecordError(f"expected an object, found {shown(plain)}")
    name = plain.get(TAG)
    if type(name) is not str or name not in kinds:
        raise RecordError(f"unknown {TAG} {shown(name)}" if TAG in plain else f"the {TAG} is missing")
    return codec(kinds[name]).load({field: value for field, value in plain.items() if field != TAG})


def shown(value: Any) -> str:
    """A foreign value for an error message: short and plain ASCII."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return ascii(value) if len(value) <= 40 else ascii(value[:40]) + "..."
        case int():
            return str(value) if value.bit_length() < 200 else "a huge number"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return repr(value)


# Writers: None where JSON can take the value as it is.


def writer(hint: Any) -> Writer | None:
    if is_dataclass(hint):
        return lambda value: codec(type(value)).dump(value)
    if get_origin(hint) is tuple:
        items = get_args(hint)
        write = writer(items[0])
        assert write is None or items[1:] == (...,), f"{hint} is not supported"
        return write and (lambda values: [write(value) for value in values])
    if get_origin(hint) in (Union, UnionType):
        some = [member for member in get_args(hint) if member is not NoneType]
        if len(some) == 1:
            inner = writer(some[0])
            return inner and (lambda value: None if value is None else inner(value))
        if all(map(is_dataclass, some)):
            return lambda value: codec(type(value)).dump_tagged(value)
    return None


# Readers: the value, or a RecordError.


def reader(hint: Any) -> Reader:
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda value: codec(hint).read(value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal(arguments)
    if origin is tuple:
        return _sequence(reader(arguments[0])) if arguments[1:] == (...,) else _fixed([reader(item) for item in arguments])
    assert origin in (Union, UnionType), f"{hint} is not supported"
    return _union(arguments)


def _exactly(cls: type, name: str) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not cls:  # True is not a whole number here
            raise RecordError(f"expected {name}, found {shown(value)}")
        return value

    return read


def _read_float(value: Any) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and value.bit_length() <= 1023:
        return float(value)
    if type(value) is str and value in NONFINITE:
        return NONFINITE[value]
    raise RecordError(f"expected a number, found {shown(value)}")


def _literal(allowed: tuple[Any, ...]) -> Reader:
    assert all(type(word) is str for word in allowed), f"{allowed} is not supported"

    def read(value: Any) -> Any:
        if type(value) is not str or value not in allowed:
            raise RecordError(f"expected one of {', '.join(map(ascii, allowed))}, found {shown(value)}")
        return value

    return read


def _sequence(read_item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise RecordError(f"expected a list, found {shown(value)}")
        return tuple(map(read_item, value))

    return read


def _fixed(readers: list[Reader]) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not list or len(value) != len(readers):
            raise RecordError(f"expected a list of {len(readers)}, found {shown(value)}")
        return tuple(read_item(item) for read_item, item in zip(readers, value, strict=True))

    return read


def _union(members: tuple[Any, ...]) -> Reader:
    some = [member for member in members if member is not NoneType]
    if len(some) < len(members):
        assert len(some) == 1, f"{members} is not supported"
        inner = reader(some[0])
        return lambda value: None if value is None else inner(value)
    assert all(map(is_dataclass, some)), f"{members} is not supported"
    kinds = {member.__name__: member for member in some}
    return lambda value: _read_tagged(value, kinds)


_SIMPLE: dict[Any, Reader] = {
    int: _exactly(int, "a whole number"),
    str: _exactly(str, "text"),
    bool: _exactly(bool, "true or false"),
    NoneType: _exactly(NoneType, "null"),
    float: _read_float,
}
