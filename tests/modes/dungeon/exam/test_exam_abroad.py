"""A campaign that trains in the built-in worlds and is examined in TextWorld's games. A fake library stands in for the real one."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import fake_textworld
from support.fake_textworld import WAY, Library
from support.paths import CAMPAIGNS, DUNGEON
from support.shell import Answer

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.config_optional import TextWorldConfig
from rolltrain_tui.modes.dungeon.exam.exam_worlds import textworlds
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure
from rolltrain_tui.modes.dungeon.worlds.textworld import TextWorldGame
from rolltrain_tui.protocol.effects import NEUTRAL

ABROAD = (*DUNGEON, "world.limit=12", "textworld={game: coin_collector, level: 3}", "exam.measure=score", "evaluation.sequences=3")


@pytest.fixture
def textworld(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return fake_textworld.installed(monkeypatch)


def learner() -> DungeonLearner:
    made = build(load(CAMPAIGNS / "dungeon_first.yaml", ABROAD), base=CAMPAIGNS)
    assert isinstance(made, DungeonLearner)
    return made


def test_it_trains_at_home_and_is_examined_abroad(textworld: Library) -> None:
    hero = learner()
    hero.step(NEUTRAL)
    evaluation = hero.evaluate(3)
    assert evaluation.count == 3
    played = {seed: type(world) for seed, world in hero.exam._worlds.items()}
    assert set(played.values()) == {TextWorldGame}
    hero.examine(evaluation)  # the gap is to worlds of training
    assert {type(world) for seed, world in hero.exam._worlds.items() if seed not in played} == {Adventure}
    assert hero.verdicts(1)[0][0].par == len(WAY)
    assert "You are in the" not in hero.perform()


def test_games_are_made_once_on_a_machine(textworld: Library, tmp_path: Path) -> None:
    first = learner()
    made = sorted((tmp_path / "cache").rglob("*.json"))
    assert len(made) == 3
    before = [path.stat().st_mtime_ns for path in made]
    assert learner().evaluate(3) == first.evaluate(3)
    assert [path.stat().st_mtime_ns for path in made] == before


def test_a_seed_of_which_no_game_can_be_made_is_passed_over(textworld: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    made = textworld.make

    def seldom(settings: dict[str, object], options: Any) -> fake_textworld.FakeMade:
        if options.seeds < 25_000_000:
            raise ValueError("no quest of that length")
        return made(settings, options)

    monkeypatch.setitem(sys.modules["textworld.challenges.registration"].CHALLENGES, "tw-coin_collector", ("", seldom, None))
    maker = textworlds(TextWorldConfig(game="coin_collector", level=4))
    assert maker(7).seed == 30_000_007
    with pytest.raises(ValueError, match="no quest of that length"):
        maker(-1_000_000_000)


def test_whoever_is_examined_at_home_has_the_recipe_of_before() -> None:
    config = load(CAMPAIGNS / "dungeon_first.yaml", DUNGEON)
    abroad = load(CAMPAIGNS / "dungeon_first.yaml", ABROAD)
    assert isinstance(config, DungeonConfig)
    assert "textworld" not in config.recipe("")
    assert abroad.recipe("")["textworld"] == {"game": "coin_collector", "level": 3}


def test_without_the_library_the_campaign_says_what_to_install(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "textworld", None)
    abroad = "textworld={game: coin_collector, level: 10}"
    answer = call("train", "dungeon_first", "--set", abroad, "--plain", "--out", tmp_path)
    assert answer.code == 2
    assert "pip install 'rolltrain-tui[textworld]'" in answer.err
    assert "Traceback" not in answer.err
