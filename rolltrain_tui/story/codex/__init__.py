"""The codex: the game's help, one short page a mechanic. The same pages open in the game and by `rolltrain codex SLUG`.

A page is a Markdown file of this folder; its first line is its title. Where it says {{table argument}}, codex/tables.py puts what the rules
themselves say, so that no number of theirs is typed twice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.rules import plugins
from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.classes import CLASSES
from rolltrain_tui.rules.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.story.codex.tables import TABLES

SHELVES: Mapping[str, tuple[str, ...]] = {
    "Begin": ("start", "glossary", "keys", "plain"),
    "The dice": ("dice", "rulebooks", "levers", "placebo"),
    "The hero": (
        "hero",
        "levels",
        "barbarian",
        "rage",
        "reckless_attack",
        "wizard",
        "arcane_recovery",
        "spell_mastery",
        "rogue",
        "sneak_attack",
        "cunning_action",
        "fighter",
        "second_wind",
        "action_surge",
        "cleric",
        "healing_word",
        "divine_intervention",
        "paladin",
        "divine_smite",
        "aura_of_protection",
    ),
    "The road": (
        "encounters",
        "gradient_ooze",
        "loss_dragon",
        "weight_wraith",
        "exploding_hydra",
        "dead_neuron_lich",
        "plateau_basilisk",
        "overfit_doppelganger",
        "nan_void",
        "oscillation_harpy",
        "noise_swarm",
        "leak_imp",
        "rests",
        "gate",
        "death_saves",
        "inspiration",
        "loot",
        "energy",
        "acts",
    ),
    "The arena": ("arena", "battle", "leaderboard"),
    "The training": (
        "validation",
        "diagnosis",
        "signals",
        "twin",
        "ghost",
        "floor",
        "own_data",
        "own_model",
        "compare",
        "exports",
        "plugins",
    ),
    "What is kept": ("saves", "replay", "verify", "branches"),
}
"""Every page, by group, in reading order."""

GUESTS = "From plug-ins"

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
def _shelf() -> tuple[Page, ...]:
    house = tuple(_open(slug, group) for group, slugs in SHELVES.items() for slug in slugs)
    return (*house, *(_guest(name, package) for name, package in plugins.installed().packages.items() if name not in RULEBOOKS))


def pages() -> list[Page]:
    """All pages in reading order."""
    return list(_shelf())


def page(slug: str) -> Page:
    """One page by its name; spaces, hyphens and capitals do not matter. CodexError names the nearest when there is none."""
    found = {page.slug: page for page in _shelf()}
    wanted = slug.strip().casefold().replace("-", "_").replace(" ", "_")
    if wanted in found:
        return found[wanted]
    near = get_close_matches(wanted[:80], found, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "`rolltrain codex` lists them all"
    raise CodexError(f"The codex has no page {slug[:40]!a}: {hint}")


def contents() -> str:
    """The list of pages, for a terminal or a pipe."""
    lines = ["The codex: what every mechanic really does to the training. Read a page with: rolltrain codex NAME"]
    width = max(len(page.slug) for page in _shelf())
    for group in dict.fromkeys(page.group for page in _shelf()):
        lines += ["", group]
        lines += [f"  {page.slug:<{width}}  {page.title}" for page in _shelf() if page.group == group]
    return "\n".join(lines)


def _open(slug: str, group: str) -> Page:
    return _page(slug, group, (_FOLDER / f"{slug}.md").read_text(encoding="utf-8"))


def _guest(name: str, package: str) -> Page:
    """The page of a plug-in's row: the one it brought, or what its row says. Rulebooks stand on their own common page."""
    kind = "ability" if name in ABILITIES else "class" if name in CLASSES else "monster"
    title = (ABILITIES.get(name) or CLASSES.get(name) or BESTIARY[name]).title
    credit, own = f"\n\nBrought by {clean(package)}.\n", f"# {title}\n\n{{{{{kind} {name}}}}}"
    try:
        return _page(name, GUESTS, clean(plugins.installed().pages.get(name, own)).rstrip() + credit)
    except (KeyError, ValueError, AssertionError):  # a blank that nothing here can fill
        return _page(name, GUESTS, own + credit)


def _page(slug: str, group: str, text: str) -> Page:
    title = text.split("\n", 1)[0].removeprefix("# ").strip()
    return Page(slug, title, group, _BLANK.sub(lambda blank: TABLES[blank[1]](blank[2] or ""), text).rstrip() + "\n")
