"""An error in a plug-in's code is told with its package and its row, whatever kind of row it is, and no other error is."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from support.installed import shell_with

from rolltrain_tui.base import registry
from rolltrain_tui.base.blame import ForeignError, told
from rolltrain_tui.cli.doctor import _plugins
from rolltrain_tui.cli.shared.exit_codes import exit_code_of
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import MODES, build, campaign_file
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.rewards import REWARDS, rewards_of
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.plugins import TABLES
from rolltrain_tui.rules.rulebooks import RULEBOOKS, custom_rulebook

CODE = """
from dataclasses import replace

from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.rewards import Reward
from rolltrain_tui.plugins import Formula, HALF, Mode, Power, Table
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.rulebooks import RULEBOOKS


def zero():
    return 1 / 0


class Moan(Power):
    def claim(self, held, hero):
        return zero()


class Sigh(Power):
    def k(self, held, hero, roll):
        return exit() if roll.turn == 6 else float("nan")


def build(config, *, base):
    return config.fail() or zero()


def dry():
    raise ValueError("the bog is dry")


OWN = dict(hero_class="ghoul", passive="", recharge="", cost="free", options=(), remedy="")
MOAN = replace(ABILITIES["rage"], name="moan", title="Moan", power=Moan(), **OWN)
SIGH = replace(MOAN, name="sigh", title="Sigh", power=Sigh())
GHOUL = replace(CLASSES["barbarian"], name="ghoul", title="Ghoul", abilities=("moan", "sigh"))
THIRD = Formula("a third", lambda total, dc, sides: zero() if dc == 15 else total / 3)
FRAIL = replace(RULEBOOKS["hero"], name="frail", table=Table(HALF, HALF, THIRD, HALF))
NOTHING = Reward(name="nothing", rule=lambda role, before, after, over: zero())
SHORT = Reward(name="short", rule=lambda role, before, after, over: [1.0])
BOG = Mode(name="bog", title="A bog", config="rolltrain_tui.config.schema:CampaignConfig", build="rolltrain_frail:build")
"""
POINTS = """
[rolltrain.abilities]
moan = rolltrain_frail:MOAN
sigh = rolltrain_frail:SIGH
[rolltrain.classes]
ghoul = rolltrain_frail:GHOUL
[rolltrain.rulebooks]
frail = rolltrain_frail:FRAIL
[rolltrain.rewards]
nothing = rolltrain_frail:NOTHING
short = rolltrain_frail:SHORT
[rolltrain.modes]
bog = rolltrain_frail:BOG
"""


def install(site: Path) -> None:
    """A package whose every row fails when its code runs."""
    info = site / "rolltrain_frail-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rolltrain-frail\nVersion: 0.1\n", "utf-8")
    (info / "entry_points.txt").write_text(POINTS, "utf-8")
    (site / "rolltrain_frail.py").write_text(CODE, "utf-8")


@pytest.fixture
def frail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """That package is installed for this process and this test."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for place in ("packages", "roots", "faults", "left_out"):
        monkeypatch.setattr(registry.PLUGINS, place, type(getattr(registry.PLUGINS, place))())
    for table in (*TABLES, MODES, REWARDS):
        if table.group:
            monkeypatch.setattr(table, "_from_plugins", None)
    registry._points.cache_clear()
    yield
    registry._points.cache_clear()
    sys.modules.pop("rolltrain_frail", None)


class Bog:
    """A campaign of the mode; what it fails with is called by the plug-in."""

    kind = "bog"
    lighter = ""

    def __init__(self, fail: Callable[[], object] = lambda: None) -> None:
        self.fail = fail


CALLS: dict[str, Callable[[], Any]] = {
    "ability 'moan'": lambda: ABILITIES["moan"].power.claim(None, None),  # type: ignore[arg-type]
    "rulebook 'frail'": lambda: RULEBOOKS["frail"].judge(18, 0, 15, 20, 1),
    "reward 'nothing'": lambda: REWARDS["nothing"].rule("host", *[None] * 3),  # type: ignore[list-item]
    "mode 'bog'": lambda: build(Bog(), base=Path()),
}


@pytest.mark.parametrize("row", CALLS)
@pytest.mark.usefixtures("frail")
def test_code_that_fails_is_named_with_its_package(row: str) -> None:
    """Even where the error comes from a helper of the package that several of its rows call."""
    with pytest.raises(ZeroDivisionError) as caught:
        CALLS[row]()
    assert told(caught.value) == f"Plug-in rolltrain-frail 0.1, {row}: ZeroDivisionError: division by zero"
    assert not registry.PLUGINS.faults


@pytest.mark.parametrize(
    ("part", "place", "words"),
    [
        (
            "build",
            "rolltrain_frail:bild",
            "its build, 'rolltrain_frail:bild', cannot be loaded: module 'rolltrain_frail' has no attribute 'bild'",
        ),
        ("config", "rolltrain_nowhere:X", "its config, 'rolltrain_nowhere:X', cannot be loaded: No module named 'rolltrain_nowhere'"),
        ("config", "rolltrain_frail:dry", "its config is a function, not a class made from CampaignConfig"),
        ("template", "rolltrain_frail:text", "its template, 'rolltrain_frail:text', cannot be loaded"),
    ],
)
@pytest.mark.usefixtures("frail")
def test_a_part_of_a_mode_that_is_not_there_is_told(part: str, place: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of the package has run, so nothing else would name it."""
    monkeypatch.setitem(MODES.from_plugins, "bog", replace(MODES["bog"], **{part: place}))  # type: ignore[arg-type]
    calls: dict[str, Callable[[], object]] = {
        "build": lambda: build(Bog(), base=Path()),
        "config": lambda: campaign_file.config_class("bog"),
        "template": lambda: campaign_file.template("bog"),
    }
    with pytest.raises(ForeignError) as caught:
        calls[part]()
    assert told(caught.value).startswith(f"Plug-in rolltrain-frail 0.1, mode 'bog': {words}")


def dry() -> None:
    import_module("rolltrain_frail").dry()


def refused() -> None:
    custom_rulebook([])


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (dry, "Plug-in rolltrain-frail 0.1, mode 'bog': the bog is dry"),
        (exit, "Plug-in rolltrain-frail 0.1, mode 'bog': its build must not end the program, as a SystemExit does"),
        (lambda: 7, "Plug-in rolltrain-frail 0.1, mode 'bog': it gave an int, which has no info"),
        (refused, "A custom rulebook needs k for every face of the die."),
    ],
)
@pytest.mark.usefixtures("frail")
def test_a_sentence_is_a_plugins_where_the_plugin_wrote_it(
    fail: Callable[[], object], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake of the player that rolltrain refuses is told as ever, also where a plug-in's code came between."""
    assert exit_code_of(lambda: build(Bog(fail), base=Path())) == 2
    assert capsys.readouterr().err == f"{words}\n"


def endless() -> None:
    endless()


def without_memory(kind: type[Exception], *words: object) -> Callable[[], object]:
    def fail() -> None:
        raise kind(*words)

    return fail


SHORTAGE = "there is not enough memory; make the model or its batch smaller, or close other programs"


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (without_memory(MemoryError), SHORTAGE),
        (without_memory(RuntimeError, "CUDA out of memory."), SHORTAGE),
        (without_memory(OSError, 12, "Cannot allocate memory"), SHORTAGE),
        (endless, "RecursionError: maximum recursion depth exceeded"),
    ],
)
@pytest.mark.usefixtures("frail")
def test_code_without_memory_or_end_is_named_too(fail: Callable[[], object], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is called by a verb, and where the training ends by it; the house's own is nobody's."""
    assert exit_code_of(lambda: build(Bog(fail), base=Path())) == 2
    assert capsys.readouterr().err.startswith(f"Plug-in rolltrain-frail 0.1, mode 'bog': {words}")
    package: Any = import_module("rolltrain_frail")
    package.zero = fail
    with pytest.raises((MemoryError, RuntimeError, OSError)) as caught:
        CALLS["ability 'moan'"]()
    assert told(caught.value).startswith(f"Plug-in rolltrain-frail 0.1, ability 'moan': {words}")
    with pytest.raises((MemoryError, RuntimeError, OSError)) as caught:
        fail()
    assert told(caught.value).startswith(words)


@pytest.mark.usefixtures("frail")
def test_a_reward_that_is_of_no_use_is_named_with_its_package() -> None:
    """One number for two games."""
    boards = Boards.of(torch.tensor([[[1, 0], [0, 1]], [[2, 0], [0, 2]]]))
    with pytest.raises(ForeignError) as caught:
        rewards_of("short", "host", boards, boards)
    assert told(caught.value) == "Plug-in rolltrain-frail 0.1, reward 'short': its rule gave (1,) for 2 games, not one number for each"


@pytest.mark.usefixtures("frail")
def test_doctor_lists_a_packages_modes_and_rewards_too() -> None:
    """One line for the package, with all that it brings."""
    (line,) = _plugins()
    assert line.startswith("rolltrain-frail 0.1: ")
    assert {"moan", "ghoul", "frail", "short", "bog"} <= set(line.partition(": ")[2].split(", "))


@pytest.mark.usefixtures("frail")
def test_an_error_of_the_house_is_nobody_elses() -> None:
    """Whatever plug-ins are installed."""
    assert len(ABILITIES) > len(ABILITIES.own)
    with pytest.raises(KeyError) as caught:
        RULEBOOKS["hero"].table.cell("none")  # type: ignore[arg-type]
    assert told(caught.value) == "KeyError: 'none'"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("turn", "ability", "words"),
    [
        (4, "moan", "ability 'moan': ZeroDivisionError: division by zero"),
        (4, "sigh", "ability 'sigh': its k gave nan, not a finite number"),
        (6, "sigh", "ability 'sigh': its k must not end the program, as a SystemExit does"),
    ],
)
def test_headless_it_ends_with_code_2_and_what_was_saved(
    turn: int, ability: str, words: str, tiny_config: Callable[..., CampaignConfig], tmp_path: Path
) -> None:
    """The story tells package, row and what was wrong; the run can be gone on with."""
    install(tmp_path / "site")
    rolltrain = shell_with(tmp_path / "site", tmp_path)
    text = campaign_file.dump(tiny_config("hero.auto=[]", "save.autosave_every=2")).replace("hero_class: barbarian", "hero_class: ghoul")
    (campaign := tmp_path / "ghoul.yaml").write_text(text, "utf-8")
    order = {"turn": turn, "command": {"type": "UseAbility", "ability": ability}}
    (moves := tmp_path / "moves.jsonl").write_text(f"{json.dumps(order)}\n", "utf-8")
    ended = rolltrain("train", campaign, "--plain", "--script", moves, "--out", tmp_path / "runs")
    assert ended.returncode == 2, ended
    assert f"Training failed in turn {turn}, the last save is intact: Plug-in rolltrain-frail 0.1, {words}" in ended.stdout
    [run] = (tmp_path / "runs").iterdir()
    assert rolltrain("train", "--resume", run, "--plain").returncode == 0
