"""What an addition takes: an ability and a monster are a row and a page, a rulebook is a row, a class is a file and its name in a list."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT

from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.monsters.monsters import BESTIARY

ABILITY = """
    Ability(
        name="tantrum",
        title="Tantrum",
        hero_class="barbarian",
        summary="All at once.",
        passive="",
        live="One turn of ×2 updates.",
        cost="action",
        recharge="long",
        power=Rage(),
        claim="the update is thrown about, times {k}, for {turns} turns",
        remedy="slow",
    ),
"""
MONSTER = """
    Monster(
        name="seed_sprite",
        title="Seed Sprite",
        challenge="1",
        hp=9,
        armour_class=9,
        attack="Reroll",
        save_stat="INT",
        damage_die=4,
        lull=3,
        recharge=5,
        failed=Affliction(NEUTRAL, 1, "another seed might have done better"),
        saved=Affliction(NEUTRAL, 1, "another seed might have done better"),
        summary="It whispers of other seeds.",
        weak_to="more seeds",
        portrait=("*",),
    ),
"""
RULEBOOK = """
    Rulebook(name="coin", title="The Coin", summary="Two ways.", table=_HERO),
"""
OTHER_NAMES = {"Barbarian": "Berserker", "barbarian": "berserker", '"rage"': '"fury"', '"reckless_attack"': '"headlong"'}
"""From the file of one class to that of another."""
QUESTIONS = """
import json
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.policies import remedies
from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.events import AbilityUsed
from rolltrain_tui.story import codex
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.typed_commands import parse_command

slugs = [page.slug for page in codex.pages()]
assert slugs.index("barbarian") + 1 == slugs.index("tantrum")
assert slugs.index("encounters") < slugs.index("seed_sprite") < slugs.index("rests")
assert "**coin** (The Coin)" in codex.page("rulebooks").text
assert "[Seed Sprite](seed_sprite)" in codex.page("encounters").text
assert slugs.index("berserker") + 1 == slugs.index("fury")
schema = json.dumps(CampaignConfig.model_json_schema())
assert '"seed_sprite"' in schema and '"coin"' in schema and '"berserker"' in schema
assert remedies("tantrum", "slow") == [UseAbility("tantrum")] == [parse_command("tantrum")]
assert "thrown about, times 2, for 1 turns" in tell(AbilityUsed(3, "tantrum", "", True, 2.0, 1, 0))
"""


@pytest.mark.slow
def test_a_row_and_a_page_are_all(tmp_path: Path) -> None:
    """In a copy with these files written, the codex, the schema, typed commands, auto-players and the story know the additions."""
    package = tmp_path / "rolltrain_tui"
    shutil.copytree(ROOT / "rolltrain_tui", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "campaigns", tmp_path / "campaigns")
    rules, pages = package / "rules", package / "story" / "codex"
    other = (rules / "classes" / "barbarian.py").read_text("utf-8")
    for old, new in OTHER_NAMES.items():
        other = other.replace(old, new)
    (rules / "classes" / "berserker.py").write_text(other, "utf-8")
    insert(rules / "classes" / "abilities.py", "import barbarian, ", "berserker, ")
    insert(rules / "classes" / "abilities.py", "CLASS_FILES = (", "berserker, ")
    for name, blank in (("berserker", "class"), ("fury", "ability"), ("headlong", "ability")):
        (pages / f"{name}.md").write_text(f"# {name.title()}\n\n{{{{{blank} {name}}}}}\n", "utf-8")
    insert(rules / "classes" / "barbarian.py", "ABILITIES = (\n", ABILITY)
    insert(rules / "classes" / "barbarian.py", 'abilities=("rage", ', "", instead='abilities=("tantrum", ')
    insert(rules / "monsters" / "monsters.py", "_MONSTERS = (\n", MONSTER)
    insert(rules / "rulebooks.py", "_BOOKS = (\n", RULEBOOK)
    (pages / "tantrum.md").write_text("# Tantrum\n\n{{ability tantrum}}\n", "utf-8")
    (pages / "seed_sprite.md").write_text("# Seed Sprite\n\n{{monster seed_sprite}}\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", QUESTIONS], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def insert(path: Path, place: str, text: str, instead: str | None = None) -> None:
    """Put `text` behind the one `place` in a file, or `instead` where it stands."""
    before = path.read_text("utf-8")
    assert before.count(place) == 1
    path.write_text(before.replace(place, place + text if instead is None else instead), "utf-8")


@pytest.mark.slow
def test_no_other_file_names_an_ability_or_a_monster() -> None:
    """The rows are named where they are written and nowhere else in the program."""
    own = {name: f"{row.hero_class}.py" for name, row in ABILITIES.built_in.items()} | dict.fromkeys(BESTIARY.built_in, "monsters.py")
    named = {
        (name, path.name)
        for path in (ROOT / "rolltrain_tui").rglob("*.py")
        if any(name in (text := path.read_text("utf-8")) for name in own)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(name := node.value, str) and name in own
    }
    assert named == set(own.items())
