"""TextWorld's games behind the protocol: cleaned, restorable, closed. A fake library stands in for the real one."""

import gc
import importlib.util
import sys
from pathlib import Path

import pytest
from support import fake_textworld
from support.fake_textworld import WAY, FakeGame, Library
from support.hostile import MARKUP, PAYLOADS

from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.table.rival import mind_of
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.worlds import foreign
from rolltrain_tui.modes.dungeon.worlds.house_style import in_our_words
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation
from rolltrain_tui.modes.dungeon.worlds.textworld import CHALLENGES, STYLES, TextWorldFile, TextWorlds
from rolltrain_tui.modes.dungeon.worlds.words import vocabulary, words


@pytest.fixture
def textworld(monkeypatch: pytest.MonkeyPatch) -> Library:
    return fake_textworld.installed(monkeypatch)


def test_the_walkthrough_wins_and_every_text_is_clean(textworld: Library, tmp_path: Path) -> None:
    maker: Maker = TextWorlds("coin_collector", folder=tmp_path)
    world = maker(3)
    assert world.reset().feedback == ""
    assert world.reset().description == "You are in the kitchen. It is dark."
    assert (world.objective, world.max_score, world.walkthrough) == ("Find the coin.", 1, tuple(WAY))
    seen = [world.step(command) for command in world.walkthrough]
    assert [o.accepted for o in seen] == [True] * 3
    assert seen[0].feedback == "You go north."
    assert seen[-1] == seen[-1]._replace(feedback="You take it.", won=True, done=True, admissible=(), score=1)
    assert world.advice == ""
    assert not world.step("look").accepted


def test_a_refused_command_does_not_reach_the_game(textworld: Library, tmp_path: Path) -> None:
    world = TextWorlds("simple", folder=tmp_path)(0)
    refused = world.step("fly \x1b[2J to the moon" + "x" * 10_000_000)
    assert not refused.accepted
    assert refused.feedback.isprintable()
    assert len(refused.feedback) < 80
    assert world.moves == 0
    assert world.step(" GO North. ").accepted


def test_the_house_style_speaks_the_words_of_built_in_worlds(textworld: Library, tmp_path: Path) -> None:
    world = TextWorlds("coin_collector", folder=tmp_path, style="house")(3)
    first = world.reset()
    assert first.description == "You are in the kitchen. Exits: north. A locked red door leads east. The chest is closed."
    world.step("go north")
    seen = world.step("go north")
    assert seen.description == "You are in the old vault. Exits: south (visited). The bed holds a coin."
    assert seen.inventory == "You carry a lamp."
    assert seen.admissible == ("go south", "take coin", "look")
    assert set(words(f"{first.description} {seen.description} {' '.join(seen.admissible)}")) - set(vocabulary("castle")) == {
        "old", "vault", "bed",
    }  # fmt: skip
    assert world.advice == "take coin"
    assert textworld.compiled == []


def test_a_file_without_facts_is_told_by_its_commands(textworld: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeGame, "facts", lambda _: None)
    (tmp_path / "mine.z8").write_bytes(b"game")
    world = TextWorldFile(tmp_path / "mine.z8", "house")(0)
    world.step("go north")
    seen = world.step("go north")
    assert seen.description == "You are in the old vault. Exits: south (visited). You see a coin."
    assert seen.inventory == "You carry a lamp."


def test_a_command_is_told_in_short_where_that_is_clear() -> None:
    theirs = [
        "take egg from fridge",
        "cook egg with oven",
        "cook egg with stove",
        "unlock red door with red key",
        "examine egg",
        "inventory",
    ]
    assert in_our_words(theirs) == {
        "take egg": "take egg from fridge",
        "cook egg": "cook egg with oven",
        "cook egg with stove": "cook egg with stove",
        "unlock red door": "unlock red door with red key",
    }


def test_a_game_goes_on_from_its_commands(textworld: Library, tmp_path: Path) -> None:
    maker = TextWorlds("cooking", folder=tmp_path)
    world, copy = maker(1), maker(1)
    world.step("go north")
    assert copy.restore(world.state) == world.step("look")._replace(feedback="You go north.")
    assert len(textworld.compiled) == 1
    for state in [("fly",), (1, 2)]:
        with pytest.raises(ValueError, match="saved in another world"):
            copy.restore(state)


def test_a_game_is_closed_once_by_hand_or_when_nobody_holds_it(textworld: Library, tmp_path: Path) -> None:
    worlds = list(map(TextWorlds("simple", folder=tmp_path), range(3)))
    for _ in range(2):
        worlds[0].close()
    del worlds
    gc.collect()
    assert [game.closed for game in textworld.games] == [1, 1, 1]


def test_without_a_folder_the_games_are_gone_with_their_maker_and_not_before(textworld: Library) -> None:
    world = TextWorlds("simple")(1)
    gc.collect()
    folder = world._maker._folder  # type: ignore[attr-defined]
    assert list(folder.glob("*.z8"))
    world.close()
    del world
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("hostile", [*PAYLOADS[::40], *MARKUP[::4], "\x1b[2J" * 700_000, "go north\nquit", " look"])
def test_hostile_observations_do_nothing(hostile: str, style: str, textworld: Library, tmp_path: Path) -> None:
    """Escapes, markup and megabytes: every text is one short printable line, and a command that is not fit to be shown is not offered."""
    textworld.hostile = hostile
    sitting = Sitting(TextWorlds("simple", folder=tmp_path, style=style)(0))
    for command in WAY:
        told = sitting.play(command)
        assert told.moved
        texts = [told.text, *sitting.seen[:3], *sitting.seen.admissible, sitting.world.objective, sitting.world.place, sitting.verdict()]
        assert all(text.isprintable() and len(text) <= foreign.LONGEST + 100 for text in texts)
    assert sitting.seen.won


@pytest.mark.parametrize("told", [None, {}, 7, b"x", ["\x1b"], object()])
def test_what_is_no_text_and_no_number_reads_as_nothing(told: object) -> None:
    assert (foreign.sentences(told), foreign.room(told), foreign.commands(told)) == ("", "", ())
    assert foreign.number(told) == (7 if told == 7 else 0)


def test_the_end_of_a_race_closes_both_games(textworld: Library, tmp_path: Path) -> None:
    outing = Outing(TextWorlds("simple", folder=tmp_path), 5, mind_of("guide"))
    for command in WAY:
        outing.sitting.play(command)
    assert outing.race_verdict() == "The guide won in 3 moves."
    outing.close()
    assert [game.closed for game in textworld.games] == [1, 1]


def test_mistakes_are_sentences(textworld: Library, tmp_path: Path) -> None:
    (tmp_path / "bad.z8").write_bytes(b"no game")
    for make, told in [
        (lambda: TextWorlds("coins"), "there is no TextWorld game 'coins'"),
        (lambda: TextWorlds("simple", levl=3), "there is no setting of simple 'levl'"),
        (
            lambda: TextWorlds("coin_collector", folder=tmp_path, level=0)(1),
            "TextWorld cannot make coin_collector-0-1: ValueError: level must be",
        ),
        (lambda: TextWorlds("simple", folder=tmp_path, style="mine")(1), "there is no style 'mine'"),
        (lambda: TextWorldFile(tmp_path / "none.z8"), "there is no game"),
        (lambda: TextWorldFile(tmp_path / "bad.z8")(1), "TextWorld cannot play"),
    ]:
        with pytest.raises(ValueError) as caught:
            make()
        assert told in str(caught.value)
        assert str(caught.value).isprintable()


def test_without_the_library_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textworld", None)
    with pytest.raises(ValueError, match=r"pip install 'rolltrain-tui\[textworld\]'"):
        TextWorlds("simple")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("textworld") is None, reason="TextWorld is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("challenge", CHALLENGES)
def test_a_real_game_is_made_won_by_its_walkthrough_and_restored(challenge: str, style: str, tmp_path: Path) -> None:
    worlds = list(map(TextWorlds(challenge, folder=tmp_path, style=style), [42, 42]))
    seen: list[Observation] = [worlds[0].step(command) for command in worlds[0].walkthrough]
    assert seen[-1].won
    assert seen[-1].score == worlds[0].max_score
    assert worlds[1].restore(worlds[0].state[:2]) == seen[1]
    for world in worlds:
        world.close()
