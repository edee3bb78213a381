"""All tables of the rules, and what plug-ins brought to them."""

from collections.abc import Iterable
from typing import Any

from rolltrain_tui.base.registry import PLUGINS, Plugins, Registry, pages
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS

TABLES: tuple[Registry[Any], ...] = (ABILITIES, BESTIARY, CLASSES, ITEMS, SIGNALS, RULEBOOKS)


def installed() -> Plugins:
    """What all plug-ins of this Python bring to the rules."""
    for table in TABLES:
        len(table)  # asking loads them
    pages()
    return PLUGINS


def packages_of(names: Iterable[str]) -> tuple[str, ...]:
    """The packages that brought these rows, each once. Built-in rows have none."""
    packages = installed().packages
    return tuple(sorted({packages[name] for name in names if name in packages}))
