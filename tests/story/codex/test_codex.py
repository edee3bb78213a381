"""The codex: complete, readable, and computed where the rules have the numbers."""

import re
import subprocess
import sys

import pytest

from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS, odds
from rolltrain_tui.story import codex
from rolltrain_tui.story.codex import GROUPS, CodexError, Page, pages
from rolltrain_tui.story.codex.tables import TABLES

SLUGS = [page.slug for page in pages()]


def test_every_mechanic_has_a_page() -> None:
    """Abilities, classes and monsters each have one, beside the pages every player needs."""
    assert {*ABILITIES, *CLASSES, *BESTIARY, "start", "dice", "rulebooks", "levers", "saves", "keys", "glossary", "floor"} <= set(SLUGS)


def test_groups_and_files_agree() -> None:
    """Every Markdown file is in one group, and every entry of a group is a file."""
    files = sorted(path.stem for path in codex._FOLDER.glob("*.md"))
    assert files == sorted((*(slug for slugs in GROUPS.values() for slug in slugs), *BESTIARY.of_modes))


@pytest.mark.parametrize("page", pages(), ids=SLUGS)
def test_page(page: Page) -> None:
    """A page begins with its title, says something, leaves no blank unfilled and keeps to printable text."""
    assert page.text.startswith(f"# {page.title}\n")
    assert len(page.text) > 200
    assert "{{" not in page.text
    assert page.text.replace("\n", "").isprintable()


@pytest.mark.parametrize("page", pages(), ids=SLUGS)
def test_links_lead_somewhere(page: Page) -> None:
    """Every link names another page."""
    assert set(re.findall(r"\]\(([^)]*)\)", page.text)) <= set(SLUGS)


@pytest.mark.parametrize("name", sorted(ABILITIES))
def test_ability_pages_say_what_was_measured(name: str) -> None:
    """An ability's page says what was measured and on what, and how to check its claim."""
    text = codex.page(name).text
    assert "**Measured" in text
    assert "15,168-parameter GPT" in text
    assert "**Check it**" in text
    assert ABILITIES[name].live in text


@pytest.mark.parametrize("name", sorted(RULEBOOKS))
def test_rulebook_odds_are_computed(name: str) -> None:
    """The rulebooks' page shows what the odds say, at both standards."""
    text = codex.page("rulebooks").text
    for modifier, dc in ((2, 12), (0, 15)):
        found = odds(RULEBOOKS[name], 20, modifier, dc, "none")
        cells = " | ".join(f"{x:.3f}" for x in (found.mean, found.rms, found.p_zero, found.efficiency))
        assert f"| {name} | {RULEBOOKS[name].hook} | {cells} |" in text


@pytest.mark.parametrize("name", sorted(BESTIARY))
def test_monster_pages_show_the_row(name: str) -> None:
    """A monster's page has its numbers from the rules."""
    row = BESTIARY[name]
    text = codex.page(name).text
    assert f"{row.save_stat} save against {row.save_dc}" in text
    assert row.failed.words in text


def test_the_page_of_the_hero_tells_what_each_score_saves_from() -> None:
    """Every monster, with the score that its own page names."""
    lines = codex.page("hero").text.splitlines()
    for row in BESTIARY.values():
        assert [line[:7] for line in lines if f"({row.name})" in line] == [f"- **{row.save_stat}"]


@pytest.mark.parametrize("spelling", ["reckless_attack", "Reckless Attack", "reckless-attack", " RECKLESS_ATTACK "])
def test_spellings(spelling: str) -> None:
    """Capitals, spaces and hyphens do not matter."""
    assert codex.page(spelling).slug == "reckless_attack"


@pytest.mark.parametrize(
    ("slug", "hint"), [("ragee", "`rage`"), ("glosary", "`glossary`"), ("zzzz", "`rolltrain codex`"), ("\x1b[2J", "x1b")]
)
def test_unknown_page(slug: str, hint: str) -> None:
    """An unknown name is an error with the nearest one, safe to print."""
    with pytest.raises(CodexError, match=re.escape(hint)) as caught:
        codex.page(slug)
    assert str(caught.value).isprintable()


def test_contents_lists_all() -> None:
    """The list of pages has every page with its title."""
    lines = codex.contents().splitlines()
    assert all(any(line.split()[:1] == [page.slug] and line.endswith(page.title) for line in lines) for page in pages())


def test_no_table_is_idle() -> None:
    """Every table that can fill a blank fills one."""
    texts = "".join(path.read_text(encoding="utf-8") for path in codex._FOLDER.glob("*.md"))
    assert set(TABLES) == {*re.findall(r"\{\{(\w+)", texts), "signal"}  # the pages of signals are made from their rows


def test_reading_needs_no_torch() -> None:
    """The whole codex opens without torch, textual or pydantic."""
    script = (
        "import sys, rolltrain_tui.story.codex as c; c.pages(); print([m for m in ('torch', 'textual', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
