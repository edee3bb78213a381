"""Plug-ins: rows from other packages sit beside the house's, and whatever is wrong with one is told and left out."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.installed import Shell, install, shell_with
from support.paths import TESTS

from rolltrain_tui import plugins
from rolltrain_tui.base.registry import RowError
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import MODES, campaign_file
from rolltrain_tui.modes.duel.rewards import REWARDS
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.classes.abilities import ABILITIES, check_ability
from rolltrain_tui.rules.classes.ability import Power
from rolltrain_tui.rules.classes.classes import CLASSES, check_class
from rolltrain_tui.rules.health.signals import SIGNALS, check_signal
from rolltrain_tui.rules.monsters.monsters import BESTIARY, Affliction, Symptom, check_monster
from rolltrain_tui.rules.plugins import TABLES
from rolltrain_tui.rules.rulebooks import RULEBOOKS, check_rulebook
from rolltrain_tui.story import codex

EXAMPLE = TESTS / "plugin_example"


@pytest.fixture(scope="module")
def bardic(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """With the worked example installed."""
    folder = tmp_path_factory.mktemp("bardic")
    install(EXAMPLE, folder / "site")
    return shell_with(folder / "site", folder)


@pytest.fixture
def campaign(tmp_path: Path, tiny_config: Callable[..., CampaignConfig]) -> Path:
    """A dozen small turns with the bard, the mimic and the jongleur's table."""
    meetings = "encounters={mode: random, chance: 1.0, effects: real, bestiary: [loss_dragon]}"
    text = campaign_file.dump(tiny_config(meetings, "hero.auto=[]"))
    path = tmp_path / "bard.yaml"
    for old, new in (
        ("hero_class: barbarian", "hero_class: bard"),
        ("rulebook: hero", "rulebook: jongleur"),
        ("- loss_dragon", "- lute_mimic"),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.slow
def test_example_is_checked_and_on_the_schema(bardic: Shell, campaign: Path) -> None:
    """With the plug-in a campaign that names its rows is good, and the schema offers them; without it the campaign is refused."""
    assert "rulebook jongleur" in bardic("check", campaign).stdout
    schema = bardic("schema").stdout
    assert all(f'"{name}"' in schema for name in ("bard", "lute_mimic", "jongleur"))
    without = subprocess.run([sys.executable, "-m", "rolltrain_tui", "check", campaign], capture_output=True, text=True)
    assert without.returncode == 2
    assert without.stderr.count("must be one of") == 3


@pytest.mark.slow
def test_example_is_in_the_codex(bardic: Shell) -> None:
    """Each row has a page: its own where the package brings one, else what the row says."""
    assert "the updates add up to 9.8 instead of 8" in bardic("codex", "crescendo").stdout
    for name, words in {
        "bard": "hushed to half",
        "lute_mimic": "Sour Note",
        "lullaby": "Every update is halved",
        "rulebooks": "jongleur",
    }.items():
        answer = bardic("codex", name)
        assert (answer.returncode, words in answer.stdout) == (0, True), answer


@pytest.mark.slow
def test_example_is_played(bardic: Shell, campaign: Path) -> None:
    """A headless run: the bard plays a crescendo, the mimic comes and acts, and the weights feel exactly what was asked."""
    moves = campaign.with_suffix(".jsonl")
    moves.write_text('{"turn": 2, "command": {"type": "UseAbility", "ability": "crescendo"}}\n', "utf-8")
    done = bardic("train", campaign, "--plain", "--script", moves)
    assert done.returncode == 0, done.stderr
    for words in ("Bard", "Crescendo", "Lute Mimic", "Sour Note"):
        assert words in done.stdout
    assert "Plug-in" not in done.stderr


@pytest.mark.slow
def test_example_is_compared(bardic: Shell, campaign: Path) -> None:
    """`compare` takes the class and the rulebook as arms beside the control arm."""
    words = (
        "compare",
        campaign,
        "--classes",
        "bard",
        "--rulebooks",
        "jongleur",
        "--policies",
        "random",
        "--seeds",
        1,
        "--workers",
        1,
    )
    done = bardic(*words)
    assert done.returncode == 0, done.stderr
    assert "bard, jongleur, random" in done.stdout


BROKEN = """
from dataclasses import replace
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.monsters.monsters import BESTIARY

WOLF = replace(BESTIARY["loss_dragon"], name="wolf", title="Wolf \\x1b[2J")
DRAGON = BESTIARY["loss_dragon"]
IDLER = replace(CLASSES["wizard"], name="idler")
TEXT = "no row at all"
GOAT = replace(BESTIARY["loss_dragon"], name="goat", title="Goat")
"""
POINTS = """
[rolltrain.monsters]
loss_dragon = broken:DRAGON
wolf = broken:WOLF
absent = broken:NOWHERE
goat = broken:GOAT
ghost_town = not_there_at_all:X
words = broken:TEXT

[rolltrain.classes]
idler = broken:IDLER

[rolltrain.ability]
hop = broken:TEXT

[rolltrain.happenings]
feast = broken:TEXT
"""


@pytest.mark.slow
def test_broken_plugins_are_named_and_left_out(tmp_path: Path) -> None:
    """Each mistake is one sentence with the package's name on stderr; the sound row beside them is welcome, and the verb works."""
    site = tmp_path / "site"
    info = site / "rolltrain_broken-0.1.dist-info"
    info.mkdir(parents=True)
    (site / "broken.py").write_text(BROKEN, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rolltrain-broken\nVersion: 0.1\n", "utf-8")
    (info / "entry_points.txt").write_text(POINTS, "utf-8")
    rolltrain = shell_with(site, tmp_path)
    done = rolltrain("check", "tiny_gpt", "tutorial")
    assert done.returncode == 0
    faults = done.stderr.splitlines()
    assert all(line.startswith("Plug-in rolltrain-broken 0.1, ") and line.endswith("It is left out.") for line in faults), faults
    told = "\n".join(faults)
    assert len(faults) == 8
    for words in (
        "monster 'loss_dragon': its name is taken by rolltrain itself",
        "'wolf': its title must be one line of printable characters",
        "'absent': it cannot be loaded (AttributeError",
        "'ghost_town': it cannot be loaded (ModuleNotFoundError",
        "'words': it must be a rolltrain_tui.plugins.Monster, not a str",
        "'idler': its ability 'arcane_recovery' belongs to the wizard",
        "'hop': rolltrain reads no group 'rolltrain.ability'; did you mean 'rolltrain.abilities'?",
        "'feast': rolltrain reads no group 'rolltrain.happenings'; behind rolltrain. stands one of abilities, classes",
    ):
        assert words in told
    assert "Goat" in rolltrain("codex", "goat").stdout


def test_everything_for_plugins_is_on_one_page() -> None:
    """Each name of `rolltrain_tui.plugins` can be imported, those on demand too; another name is an AttributeError."""
    for name in plugins.__all__:
        assert name == getattr(getattr(plugins, name), "__name__", name)
    with pytest.raises(AttributeError, match="no attribute 'Bard'"):
        plugins.Bard  # noqa: B018


def test_the_page_names_every_table_that_is_open() -> None:
    """Each group of entry points, with the class of its rows, which a plug-in can import."""
    text = codex.page("plugins").text
    for table in (*TABLES, MODES, REWARDS):
        if table.group:
            row = type(next(iter(table.built_in.values()))).__name__
            assert f'entry-points."{table.group}"]' in text
            assert row in text
            assert row in plugins.__all__


@pytest.mark.slow
def test_help_loads_no_plugin(tmp_path: Path) -> None:
    """`--help` and `--version` do not even look for plug-ins, so that none can slow them or spoil them. Nor do they spoil JSON."""
    site = tmp_path / "site"
    shutil.copytree(EXAMPLE, site, ignore=shutil.ignore_patterns("*.toml", "__pycache__"))
    info = site / "rolltrain_bard-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rolltrain-bard\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[rolltrain.monsters]\nlute_mimic = rolltrain_bard:LUTE_MIMIC\n", "utf-8")
    (site / "rolltrain_bard.py").write_text("print('loud')\nraise SystemExit('loaded')", "utf-8")
    rolltrain = shell_with(site, tmp_path)
    for words in ("--help", "--version"):
        done = rolltrain(words)
        assert (done.returncode, done.stderr) == (0, "")
    done = rolltrain("check", "tiny_gpt", "--json")
    assert "it cannot be loaded (SystemExit: loaded)" in done.stderr
    assert (json.loads(done.stdout)["ok"], "loud\n" in done.stderr) == (True, True)  # what it prints is no answer of the verb


DRAGON, WIZARD, HERO = BESTIARY["loss_dragon"], CLASSES["wizard"], RULEBOOKS["hero"]
SOUND = replace(DRAGON, name="drake")


@pytest.mark.parametrize(
    ("group", "row", "words"),
    [
        ("monsters", replace(SOUND, name="Drake!"), "small letters"),
        ("monsters", replace(SOUND, challenge="99"), "challenge must be one of"),
        ("monsters", replace(SOUND, hp=0), "hp must be a whole number"),
        ("monsters", replace(SOUND, hp=True), "hp must be a whole number"),
        ("monsters", replace(SOUND, portrait=("x", "xx")), "portrait"),
        ("monsters", replace(SOUND, portrait=()), "portrait"),
        ("monsters", replace(SOUND, summary="a\x07b"), "summary must be one line"),
        ("monsters", replace(SOUND, failed=None), "failed and saved"),
        ("monsters", replace(SOUND, failed=Affliction(StepEffect(), 1, "\x1b[0m")), "words must be one line"),
        ("monsters", replace(SOUND, failed=Affliction(StepEffect(update_scale=float("inf")), 1, "It grows.")), "failed and saved"),
        ("monsters", replace(SOUND, symptoms=(Symptom("humidity", "high", hold=1),)), "no signal 'humidity'"),
        ("monsters", replace(SOUND, symptoms=(Symptom("loss_rise", "low", hold=1),)), "has no low bound"),
        ("classes", replace(WIZARD, name="druid"), "belongs to the wizard"),
        ("classes", replace(WIZARD, name="druid", abilities=("shape", "shift")), "'shape' is not there"),
        ("classes", replace(WIZARD, name="druid", primary="LUCK"), "primary must be one of"),
        ("classes", replace(WIZARD, name="druid", saves=("WIS", "WIS")), "two of"),
        ("signals", replace(SIGNALS["gap"], low=None, high=None), "low or high"),
        ("signals", replace(SIGNALS["gap"], high=float("nan")), "low or high"),
        ("rulebooks", replace(HERO, name="custom"), "the player's own"),
        ("rulebooks", replace(HERO, name="mine", hook="magic"), "hook must be one of"),
        ("rulebooks", replace(HERO, name="mine", table=(0.5, 1.0)), "its table is a tuple, not a Table"),
        ("rulebooks", replace(HERO, name="mine", table=replace(HERO.table, hit=1.0)), "a Table whose hit is 1.0, not a Formula"),
        ("monsters", replace(SOUND, symptoms=Symptom("loss_rise", "high", hold=1)), "a tuple of Symptoms"),
        ("rulebooks", replace(HERO, name="mine", faces=(1.0,)), "any die"),
    ],
)  # fmt: skip
def test_unfit_rows_are_refused(group: str, row: object, words: str) -> None:
    """A row that would break a screen, a rule or the codex is refused with half a sentence that says what it must be."""
    check = {"monsters": check_monster, "classes": check_class, "rulebooks": check_rulebook, "signals": check_signal}[group]
    with pytest.raises(RowError, match=words):
        check(row.name, row)  # type: ignore[attr-defined,operator]


LEAST = {"hp": 1, "armour_class": 1, "damage_die": 1, "lull": 0, "recharge": 1}


def test_the_least_numbers_of_a_monster() -> None:
    """Each number of a monster may be as small as the rules can use it, and no smaller."""
    symptom, affliction = DRAGON.symptoms[0], DRAGON.failed
    least = replace(
        SOUND,
        symptoms=(replace(symptom, hold=1),),
        failed=replace(affliction, turns=0),
        **LEAST,  # type: ignore[arg-type]
    )
    assert check_monster("drake", least) is least
    for name, value in LEAST.items():
        with pytest.raises(RowError, match=f"its {name} must be a whole number of at least {value}"):
            check_monster("drake", replace(least, **{name: value - 1}))  # type: ignore[arg-type]
    for part, row in {"hold": {"symptoms": (replace(symptom, hold=0),)}, "turns": {"failed": replace(affliction, turns=-1)}}.items():
        with pytest.raises(RowError, match=part):
            check_monster("drake", replace(least, **row))  # type: ignore[arg-type]


def test_built_in_rows_pass_their_own_checks() -> None:
    """Every built-in class, monster, rulebook and signal would be admitted as a plug-in's."""
    for table, check in ((BESTIARY, check_monster), (RULEBOOKS, check_rulebook), (CLASSES, check_class), (SIGNALS, check_signal)):
        for name, row in table.built_in.items():  # type: ignore[attr-defined]
            assert row is check(name, row)  # type: ignore[operator]


class Odd(Power):
    """A power of which each test changes one part."""

    def __init__(self, most: int | None = None, live_turns: int | None = None) -> None:
        self.charges, self.live_turns = most, live_turns

    def most(self, level: int) -> int | None:
        return self.charges


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": " "}, "its title must have 1 to 60 characters"),
        ({"title": "x" * 61}, "its title must have 1 to 60 characters"),
        ({"summary": ""}, "summary, live and claim texts must not be empty"),
        ({"live": ""}, "summary, live and claim texts must not be empty"),
        ({"claim": ""}, "summary, live and claim texts must not be empty"),
        ({"power": Odd(live_turns=-4)}, "live_turns of its power must be at least 1"),
        ({"power": Odd(live_turns=0)}, "live_turns of its power must be at least 1"),
        ({"power": Odd(most=-1), "recharge": "short"}, "charges must not be fewer than none"),
    ],
)
def test_an_ability_that_could_never_end_or_be_read_is_refused(changes: dict[str, Any], words: str) -> None:
    """Turns are counted down to 0, so a form with fewer would last for ever."""
    own = replace(ABILITIES["rage"], name="moan", hero_class="bard", passive="", recharge="", remedy="", power=Odd())
    assert check_ability("moan", own) is own
    with pytest.raises(RowError, match=words):
        check_ability("moan", replace(own, **changes))


def test_an_ability_has_charges_at_all_levels_or_at_none() -> None:
    """One that is free at the first level and counted later cannot say how it is recharged."""

    class Late(Odd):
        def most(self, level: int) -> int | None:
            return None if level == 1 else 2

    own = replace(ABILITIES["rage"], name="moan", hero_class="bard", passive="", recharge="short", remedy="")
    with pytest.raises(RowError, match="where its power has charges"):
        check_ability("moan", replace(own, power=Late()))


def test_an_ability_for_a_built_in_class_is_refused() -> None:
    """A plug-in brings abilities for a class of its own, and apart from that our abilities pass the check."""
    for name, row in ABILITIES.built_in.items():
        with pytest.raises(RowError, match="abilities enough"):
            check_ability(name, row)
        assert check_ability(name, own := replace(row, hero_class="bard")) is own
