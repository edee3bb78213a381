"""The dungeon's reward components, prompts and example turns, beyond the reference data."""

from random import Random
from typing import Any

import pytest

from rolltrain_tui.modes.dungeon.games.components import PRESETS, Component, Outcome, parts, reward
from rolltrain_tui.modes.dungeon.games.examples import example_turn
from rolltrain_tui.modes.dungeon.player.prompts import OPEN, Memory, observed, situation
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings

MOVE = Outcome(command="look", score_before=0, score=1, accepted=True, won=False, lost=False)


def test_the_points_of_a_game_do_not_overwrite_the_components_before_them() -> None:
    """The original's game component forgets its parent, and so do the components inside it."""
    chain = (Component(name="living", value=-0.1), Component(name="game", value=1))
    assert parts(chain, MOVE) == [-0.1, 1]


def test_a_command_that_is_repeated_and_accepted_is_valid() -> None:
    """The original calls every repeated command invalid."""
    world = BuiltIn(WorldSettings())(7)
    chain = (Component(name="invalid", value=-1),)
    world.reset()
    for _ in range(2):
        seen = world.step("look")
        outcome = Outcome(command="look", score_before=0, score=seen.score, accepted=seen.accepted, won=seen.won, lost=seen.lost)
        assert reward(chain, outcome) == 0
    refused = world.step("dance")
    assert reward(chain, Outcome(command="dance", score_before=0, score=0, accepted=refused.accepted, won=False, lost=False)) == -1


@pytest.mark.parametrize(
    ("preset", "earned"),
    [("game", 1 + 2 - 0), ("letters", 0), ("invalid", 0)],
)
def test_the_presets(preset: str, earned: float) -> None:
    assert reward(PRESETS[preset], Outcome(command="look", score_before=3, score=4, accepted=True, won=True, lost=False)) == earned


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"name": "gold", "value": 1}, "there is no reward component 'gold'; choose from game, win, living, invalid, letter, scalar"),
        ({"name": "game", "value": float("nan")}, "value of the reward component game is nan; give a finite number"),
        ({"name": "letter", "value": 1, "letters": ""}, "letters of the reward component letter are ''"),
    ],
)
def test_a_wrong_component_is_a_sentence(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError) as caught:
        Component(**wrong)
    assert told in str(caught.value)


def test_the_banner_of_textworld_is_no_part_of_a_prompt() -> None:
    told = "\n  $$$  |___|\nWelcome to TextWorld! Find the coin.\n\n-= Attic =-\nA fan hums.\n\n\n>"
    assert observed(told) == "Find the coin.\nA fan hums."


def test_the_open_form_names_no_commands() -> None:
    assert situation("It is dark.\n", "You carry nothing.", ["go north", "look"], OPEN) == "It is dark.\nYou choose the action to "


def test_an_example_turn_stands_in_memory_and_is_a_valid_command() -> None:
    worlds = [BuiltIn(WorldSettings())(seed) for seed in range(5)]
    seen = [world.reset() for world in worlds]
    memories = [Memory(2) for _ in worlds]
    after, commands = example_turn(worlds, seen, memories, Random(0))
    for world, before, now, memory, command in zip(worlds, seen, after, memories, commands, strict=True):
        (told,) = memory.state()
        assert told.endswith(f"{command}.")
        assert told.rsplit("You choose the action to ", 1)[1].removesuffix(".") in before.admissible
        assert world.moves == 1
        assert now.accepted


def test_an_example_turn_that_wins_begins_a_new_game_without_memory() -> None:
    world = BuiltIn(WorldSettings(rooms=1, locks=0))(0)
    world.reset()
    memory, dice, seen = Memory(3), Random(1), world.reset()
    for _ in range(60):
        before = len(memory.state())
        (seen,), _ = example_turn([world], [seen], [memory], dice)
        if not memory.state():
            assert before
            assert world.moves == 0
            assert seen == world.reset()
            return
    pytest.fail("no random game was won")
