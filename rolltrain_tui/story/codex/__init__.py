"""The codex: the game's help, one short page for each mechanic. The game and `rolltrain codex NAME` show the same pages.

A page is a Markdown file in this folder; its first line is its title. {{table argument}} in a page is filled in by codex/tables.py from the
rules, so that no number of theirs is typed twice. Classes, abilities and monsters are listed from their tables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from rolltrain_tui.base.registry import Registry
from rolltrain_tui.base.registry import pages as pages_of_plugins
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.rules import plugins
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.story.codex.tables import TABLES

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("start", "glossary", "keys", "plain"),
    "The dice": ("dice", "rulebooks", "levers", "placebo"),
    "The hero": ("hero", "levels", *(name for row in CLASSES.built_in.values() for name in (row.name, *row.abilities))),
    "The road": ("encounters", *BESTIARY.built_in, "rests", "gate", "death_saves", "inspiration", "loot", "energy", "acts"),
    "The arena": ("arena", "battle", "leaderboard"),
    "The training": (
        "validation",
        "diagnosis",
        "scouts",
        "signals",
        "twin",
        "ghost",
        "floor",
        "chart",
        "own_data",
        "finetune",
        "duel",
        "duel_table",
        "duel_mirror",
        "dungeon",
        "dungeon_kitchen",
        "dungeon_exam",
        "dungeon_teaching",
        "writing",
        "worlds",
        "own_model",
        "integrations",
        "optimizers",
        "compare",
        "evolve",
        "beyond",
        "measured",
        "exports",
        "plugins",
    ),
    "The classroom": (
        "serve",
        "votes",
        "assignments",
        "lesson_tutorial",
        "lesson_placebo",
        "lesson_diagnosis",
        "lesson_overfit",
        "lesson_duel",
        "lesson_dungeon",
    ),
    "What is kept": ("saves", "replay", "verify", "branches"),
    "Beyond one machine": ("ranks",),
}
"""Every page, by group, in reading order."""

SIGNAL_PAGES = "The signals"
OF_MODES = "Monsters of single kinds of training"
FROM_PLUGINS = "From plug-ins"

_ROW_PAGES: tuple[tuple[str, Registry[Any]], ...] = (("ability", ABILITIES), ("class", CLASSES), ("monster", BESTIARY))
"""Tables whose rows have a page each, and the blank in which a row speaks of itself."""
_FOLDER = Path(__file__).parent
_BLANK = re.compile(r"\{\{(\w+)(?: (\w+))?\}\}")


class CodexError(ValueError):
    """There is no such page; the message names the nearest."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `text` is Markdown that begins with the title."""

    slug: str
    title: str
    group: str
    text: str


@cache
def _pages() -> tuple[Page, ...]:
    own = [_open(slug, group) for group, slugs in GROUPS.items() for slug in slugs]
    own += [_open(slug, OF_MODES) for slug in BESTIARY.of_modes]
    own += [_page(row.name, SIGNAL_PAGES, f"# {row.title}\n\n{{{{signal {row.name}}}}}") for row in SIGNALS.own.values()]
    found = (_page_of_plugin(name, package) for name, package in plugins.installed().packages.items())
    return (*own, *(page for page in found if page is not None))


def pages() -> list[Page]:
    """All pages in reading order."""
    return list(_pages())


def page(slug: str) -> Page:
    """One page by its name; spaces, hyphens and capitals do not matter. CodexError names the nearest when there is none."""
    found = {_slug(page.title): page for page in _pages()} | {page.slug: page for page in _pages()}
    wanted = _slug(slug)
    if wanted in found:
        return found[wanted]
    near = get_close_matches(wanted[:80], found, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`rolltrain codex` lists them all"
    raise CodexError(f"The codex has no page {slug[:40]!r}: {hint}")


def _slug(name: str) -> str:
    return name.strip().casefold().replace("-", "_").replace(" ", "_")


def contents() -> str:
    """The list of pages, for a terminal or a pipe."""
    lines = ["The codex: what every mechanic really does to the training. Read a page with: rolltrain codex NAME"]
    width = max(len(page.slug) for page in _pages())
    for group in dict.fromkeys(page.group for page in _pages()):
        lines += ["", group]
        lines += [f"  {page.slug:<{width}}  {page.title}" for page in _pages() if page.group == group]
    return "\n".join(lines)


def _open(slug: str, group: str) -> Page:
    return _page(slug, group, (_FOLDER / f"{slug}.md").read_text(encoding="utf-8"))


def _page_of_plugin(name: str, package: str) -> Page | None:
    """The page that a plug-in brought for its row, else what the row says of itself. None for rows without a page, such as rulebooks."""
    own = next((f"# {table[name].title}\n\n{{{{{blank} {name}}}}}" for blank, table in _ROW_PAGES if name in table), "")
    text = clean(pages_of_plugins().get(name, own)).rstrip()
    if not text:
        return None
    credit = f"\n\nBrought by {clean(package)}.\n"
    try:
        return _page(name, FROM_PLUGINS, text + credit)
    except (KeyError, ValueError, AssertionError):  # a blank that nothing here can fill
        return _page(name, FROM_PLUGINS, own + credit) if own else None


def _page(slug: str, group: str, text: str) -> Page:
    title = text.split("\n", 1)[0].removeprefix("# ").strip()
    return Page(slug, title, group, _BLANK.sub(lambda blank: TABLES[blank[1]](blank[2] or ""), text).rstrip() + "\n")
