"""Plug-ins: other installed packages bring classes, abilities, monsters and rulebooks, as rows like those of the house.

A package names each row in an entry-point group (`rolltrain.classes`, `rolltrain.abilities`, `rolltrain.monsters`, `rolltrain.rulebooks`)
under the row's own name. What cannot be loaded, is no sound row or takes a name that is taken is left out, with a sentence that names the
package; nothing that a plug-in does wrong stops the game from starting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from threading import RLock
from typing import Any

from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.classes import CLASSES
from rolltrain_tui.rules.loot import ITEMS
from rolltrain_tui.rules.monsters import BESTIARY
from rolltrain_tui.rules.plugin_checks import UnfitError, check_row
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.rules.signals import SIGNALS

TABLES = (ABILITIES, CLASSES, BESTIARY, RULEBOOKS)
"""In the order they are filled: a class needs its abilities."""
PAGES = "rolltrain.codex"
"""Group of Markdown texts: the codex page of the row of the same name."""
KIND = dict(zip((*(table.group for table in TABLES), PAGES), ("ability", "class", "monster", "rulebook", "page"), strict=True))
"""What a row of each group is called."""


@dataclass(slots=True)
class Plugins:
    """What plug-ins brought."""

    rows: dict[str, dict[str, Any]] = field(default_factory=lambda: {table.group: {} for table in TABLES})
    """Group -> name -> row."""
    pages: dict[str, str] = field(default_factory=dict)
    """Row -> Markdown; foreign until cleaned."""
    packages: dict[str, str] = field(default_factory=dict)
    """Row -> the package that brought it, with its version: "rolltrain-bard 1.0"."""
    faults: list[str] = field(default_factory=list)
    """A sentence for each thing that was left out; foreign until cleaned."""


_lock = RLock()
_guests: Plugins | None = None


def installed() -> Plugins:
    """All plug-ins of this Python, looked for once."""
    global _guests
    with _lock:
        if _guests is None:
            _guests = Plugins()  # known from now on: a plug-in that asks while it is loaded meets those before it
            _welcome(_guests)
        return _guests


def looked_for() -> Plugins | None:
    """The same, if anybody has asked yet."""
    return _guests


def brought_by(names: Iterable[str]) -> tuple[str, ...]:
    """The packages behind these rows, each once; those of the house count for nothing."""
    return tuple(sorted({installed().packages[name] for name in names if name in installed().packages}))


def _welcome(guests: Plugins) -> None:
    try:
        found = entry_points()
    except Exception as error:  # a broken package somewhere in this Python
        guests.faults.append(f"Plug-ins cannot be looked for ({type(error).__name__}: {error}); the game goes on without any.")
        return
    for table in TABLES:
        for point in sorted(found.select(group=table.group), key=lambda point: (point.name, _package(point))):
            _load_row(guests, point, table.house)
    for point in found.select(group=PAGES):
        _load_page(guests, point)


def _load_row(guests: Plugins, point: EntryPoint, house: Mapping[str, Any]) -> None:
    try:
        if owner := _owner(point.name, guests):
            raise UnfitError(f"its name is taken by {owner}")
        row = check_row(point.group, point.name, point.load())
    except (Exception, SystemExit) as error:
        guests.faults.append(_left_out(point, error))
        return
    guests.rows[point.group][point.name] = row
    guests.packages[point.name] = _package(point)


def _load_page(guests: Plugins, point: EntryPoint) -> None:
    """A page belongs to a row of the same package."""
    try:
        if guests.packages.get(point.name) != _package(point):
            raise UnfitError("this package brings no row of that name")
        text = point.load()
        if not isinstance(text, str) or not text.startswith("# "):
            raise UnfitError("a page is Markdown text that begins with its title: # Title")
    except (Exception, SystemExit) as error:
        guests.faults.append(_left_out(point, error))
        return
    guests.pages[point.name] = text


def _owner(name: str, guests: Plugins) -> str:
    """Who has a row of this name, of whatever kind: the codex and the story know each by its name alone. "": nobody."""
    if any(name in known for known in (*(table.house for table in TABLES), ITEMS, SIGNALS)):
        return "rolltrain itself"
    return guests.packages.get(name, "")


def _left_out(point: EntryPoint, error: BaseException) -> str:
    why = str(error) if isinstance(error, UnfitError) else f"it cannot be loaded ({type(error).__name__}: {error})"
    return f"Plug-in {_package(point)}, {KIND[point.group]} {point.name!a}: {why}. It is left out."


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
