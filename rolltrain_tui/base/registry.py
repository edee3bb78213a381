"""Tables of named rows: the package's own, then the rows that installed plug-ins add.

A plug-in names each row in the entry-point group of its table (`rolltrain.monsters`), under the row's own name. A row is left out when it
cannot be loaded, fails its table's check, or has a name that is taken. A sentence then names the package, and the game starts without it.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache, partial
from pkgutil import resolve_name
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

FAMILY = "rolltrain."
"""Every entry-point group of ours begins with this."""
PAGES = "rolltrain.codex"
"""The group of Markdown texts: each is the codex page of the row with the same name."""
TABLES = tuple(FAMILY + table for table in ("abilities", "classes", "modes", "monsters", "rewards", "rulebooks", "signals"))
"""The groups of rows. They are listed here because not every table is loaded when plug-ins are looked for."""


class Named(Protocol):
    """A row of a table."""

    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=Named)
Loaded = TypeVar("Loaded")


class RowError(ValueError):
    """Why a row or a page of a plug-in is refused: half a sentence."""


@dataclass(slots=True)
class Plugins:
    """What plug-ins have brought so far. Texts come from outside: clean them before they are shown."""

    packages: dict[str, str] = field(default_factory=dict)
    """Row -> the package that brought it, with its version: "rolltrain-bard 1.0"."""
    roots: dict[str, str] = field(default_factory=dict)
    """Top-level module of a row -> its package, as above."""
    faults: list[str] = field(default_factory=list)
    """A sentence for each row or page that was left out."""
    left_out: set[str] = field(default_factory=set)
    """Names of the rows that were left out."""


PLUGINS = Plugins()
_registries: list["Registry[Any]"] = []
_lock = RLock()


def check_named(name: str, row: Any) -> Any:
    """The row, if it is called as its entry point is."""
    if getattr(row, "name", None) != name:
        raise RowError(f"its row is called {getattr(row, 'name', None)!a}; entry point and row must agree")
    return row


class Registry(Mapping[str, Row]):
    """Name -> row. Plug-ins are loaded at the first question that the built-in rows cannot answer."""

    def __init__(
        self,
        group: str,
        rows: Iterable[Row],
        *,
        of_modes: str = "",
        kind: str = "row",
        check: Callable[[str, object], Row] = check_named,
        held: Callable[[Row], Row] = lambda row: row,
    ) -> None:
        """`group`: the entry-point group for plug-ins; "" closes the table to them. `kind`: what messages call a row.

        `of_modes`: a function () -> more rows of rolltrain itself, on a floor above this table: "package.module:name".

        `check` answers with the row that it was given under this name, or raises RowError. `held`: the row of a
        plug-in, its code held to what it promises (see `promises`).
        """
        assert not group or group in TABLES, f"{group} is not listed"
        self.group, self.kind = group, kind
        self.built_in: Mapping[str, Row] = {row.name: row for row in rows}
        self._check, self._held = check, held
        self._modes = of_modes
        self._of_modes: dict[str, Row] | None = None if of_modes else {}
        self._from_plugins: dict[str, Row] | None = None if group else {}
        _registries.append(self)

    def __getitem__(self, name: str) -> Row:
        if name in self.built_in:
            return self.built_in[name]
        return self.of_modes[name] if name in self.of_modes else self.from_plugins[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.built_in, *self.of_modes, *self.from_plugins))

    def __len__(self) -> int:
        return len(self.built_in) + len(self.of_modes) + len(self.from_plugins)

    @property
    def own(self) -> Mapping[str, Row]:
        """The rows of rolltrain itself: built in, and those of its modes."""
        return {**self.built_in, **self.of_modes}

    @property
    def everywhere(self) -> Mapping[str, Row]:
        """The rows that belong to no single mode: built in, and from plug-ins."""
        return {**self.built_in, **self.from_plugins}

    @property
    def of_modes(self) -> Mapping[str, Row]:
        """The rows of rolltrain's own modes, fetched once: their titles are read wherever a story of theirs is told."""
        rows = resolve_name(self._modes) if self._of_modes is None else tuple  # not under the lock: what is imported may ask this table
        with _lock:
            if self._of_modes is None:
                self._of_modes = {}  # a check may ask this table
                for row in rows():
                    assert row.name not in self.built_in, f"two rows are called {row.name}"
                    self._of_modes[row.name] = self._check(row.name, row)
            return self._of_modes

    @property
    def from_plugins(self) -> Mapping[str, Row]:
        """The rows of plug-ins, loaded once."""
        with _lock:  # other threads wait for all rows; a plug-in that asks while it is loaded sees the rows loaded before it
            if self._from_plugins is None:
                self._from_plugins = {}
                self._load(self._from_plugins)
            return self._from_plugins

    def _load(self, rows: dict[str, Row]) -> None:
        for point in _points():
            row = _load(point, self.kind, partial(self._accept, point.name)) if point.group == self.group else None
            if row is not None:
                rows[point.name] = row
                PLUGINS.packages[point.name] = PLUGINS.roots[point.module.partition(".")[0]] = package_of(point)

    def _accept(self, name: str, row: object) -> Row:
        return self._held(self._check(name, row))


def plugin_rows() -> Iterator[tuple[str, str, object]]:
    """(kind, name, row) of every row that a plug-in has brought so far."""
    return ((table.kind, name, row) for table in _registries for name, row in (table._from_plugins or {}).items())


@cache
def pages() -> Mapping[str, str]:
    """Row -> the page that its package brought for it. Ask after the rows are loaded."""
    found = {point.name: _load(point, "page", _page_text) for point in _points() if point.group == PAGES}
    return {name: text for name, text in found.items() if text is not None}


def _page_text(text: object) -> str:
    if not isinstance(text, str) or not text.startswith("# "):
        raise RowError("a page is Markdown text that begins with its title: # Title")
    return text


def _load(point: "EntryPoint", kind: str, accept: Callable[[object], Loaded]) -> Loaded | None:
    """What a plug-in brings under this entry point. None where it is left out, and the fault is noted."""
    package = package_of(point)
    try:
        _check_name(point, package)
        with redirect_stdout(sys.stderr):  # what it prints is talk, and standard output may be read by a program
            return accept(point.load())
    except (Exception, SystemExit) as error:  # a plug-in is a program: it may raise anything while it is imported
        why = str(error) if isinstance(error, RowError) else f"it cannot be loaded ({type(error).__name__}: {error})"
        PLUGINS.faults.append(f"Plug-in {package}, {kind} {point.name!a}: {why}. It is left out.")
        PLUGINS.left_out |= {point.name} if point.group != PAGES else set()
        return None


def _check_name(point: "EntryPoint", package: str) -> None:
    """Names are unique over all tables: the codex and the story know a row by its name alone. A page belongs to a row of its package."""
    built_in = any(point.name in registry.own for registry in _registries)
    owner = next((other for other in _points() if other.name == point.name and other.group != PAGES), None)
    if point.group == PAGES:
        if built_in or owner is None or package_of(owner) != package or point.name in PLUGINS.left_out:
            raise RowError("this package brings no row of that name")
    elif built_in:
        raise RowError("its name is taken by rolltrain itself")
    elif owner != point:
        raise RowError(f"its name is taken by {package_of(owner) if owner is not None else 'another row'}")


@cache
def _points() -> tuple["EntryPoint", ...]:
    """Every entry point of ours. Where two packages bring one name, the first in this order keeps it."""
    from importlib.metadata import entry_points  # it loads the email package, which would slow every start

    try:
        everything = entry_points()
        groups = [group for group in everything.groups if group.startswith(FAMILY)]
        found = [point for group in groups for point in everything.select(group=group)]
    except Exception as error:  # a broken package somewhere in this Python
        PLUGINS.faults.append(f"Plug-ins cannot be looked for ({type(error).__name__}: {error}); the game goes on without any.")
        return ()
    PLUGINS.faults += [_stray(point) for point in found if point.group not in (*TABLES, PAGES)]
    ours = [point for point in found if point.group in (*TABLES, PAGES)]
    return tuple(sorted(ours, key=lambda point: (point.group, point.name, package_of(point))))


def _stray(point: "EntryPoint") -> str:
    """A sentence for a row in a group of our family that no table reads, such as a misspelt one."""
    from difflib import get_close_matches

    known = [group.removeprefix(FAMILY) for group in (*TABLES, PAGES)]
    near = get_close_matches(point.group.removeprefix(FAMILY), known, n=1)
    hint = f"did you mean '{FAMILY}{near[0]}'?" if near else f"behind {FAMILY} stands one of {', '.join(known)}."
    return f"Plug-in {package_of(point)}, {point.name!a}: rolltrain reads no group {point.group!a}; {hint} It is left out."


def package_of(point: "EntryPoint") -> str:
    """The package behind an entry point, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
