"""The dungeon for gymnasium: its own checker passes, and the games are those of the dungeon."""

import pytest

gymnasium = pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env  # noqa: E402

from rolltrain_tui.integrations.dungeon_gym import MOST, DungeonEnv  # noqa: E402
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn  # noqa: E402
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


@pytest.mark.parametrize(("actions", "rooms"), [("number", 4), ("text", 6), ("number", 16)])
def test_gymnasium_finds_no_fault(actions: str, rooms: int) -> None:
    check_env(DungeonEnv(actions=actions, rooms=rooms, render_mode="ansi"), skip_render_check=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("actions", ["number", "text"])
def test_the_walkthrough_wins_and_the_reward_is_the_sum_of_its_parts(actions: str) -> None:
    env = DungeonEnv(actions=actions, rooms=5)  # type: ignore[arg-type]
    _, info = env.reset(seed=1, options={"world": 7})
    assert info["objective"] == BuiltIn(WorldSettings(rooms=5))(7).objective
    total, over = 0.0, False
    for command in info["policy_commands"]:
        assert not over
        assert info["action_mask"].sum() == len(info["admissible_commands"])
        _, reward, over, stopped, info = env.step(command if actions == "text" else info["admissible_commands"].index(command))
        assert reward == sum(info["reward_parts"].values())
        total += reward
    assert (over, stopped, info["won"]) == (True, False, True)
    assert total == info["max_score"] + 2
    env.close()


def test_a_number_that_is_no_command_is_refused_and_the_limit_truncates() -> None:
    env = DungeonEnv(limit=2)
    _, info = env.reset(seed=3)
    before = info["description"]
    _, reward, over, stopped, info = env.step(MOST - 1)
    assert (reward, over, stopped, info["description"]) == (-0.5, False, False, before)
    assert env.step(MOST - 1)[3]


def test_a_seed_gives_the_same_worlds() -> None:
    first, second = DungeonEnv(), DungeonEnv()
    assert [first.reset(seed=5)[0], first.reset()[0]] == [second.reset(seed=5)[0], second.reset()[0]]


def test_never_are_more_commands_admissible_than_there_are_numbers() -> None:
    kind = WorldSettings(rooms=1, quest="cook", locks=6, boxes=3, clutter=4)
    for seed in range(50):
        world = BuiltIn(kind)(seed)
        seen = world.reset()
        while opening := [command for command in seen.admissible if command.startswith("open")]:
            seen = world.step(opening[0])
        assert len(seen.admissible) <= MOST


def test_mistakes_are_sentences() -> None:
    with pytest.raises(ValueError, match="rooms is 0"):
        DungeonEnv(rooms=0)
    with pytest.raises(ValueError, match="a maker has its own settings"):
        DungeonEnv(BuiltIn(WorldSettings()), rooms=3)
    with pytest.raises(ValueError, match="limit 0"):
        DungeonEnv(limit=0)


def test_no_step_is_taken_where_no_game_is_under_way() -> None:
    """Before the first reset, and after the end until the next one."""
    env = DungeonEnv(limit=2)
    with pytest.raises(ValueError, match="no game is under way"):
        env.step(0)
    env.reset(seed=1)
    env.step(0)
    assert env.step(0)[3]
    with pytest.raises(ValueError, match="no game is under way"):
        env.step(0)
    env.reset(seed=1)
    with pytest.raises(ValueError, match="an action is a whole number, not 'look'"):
        env.step("look")


def test_a_number_below_0_is_no_command_from_the_end_of_the_list() -> None:
    """It is refused as one beyond the list is."""
    env = DungeonEnv()
    env.reset(seed=1)
    below, (beyond, *_) = env.step(-1), env.step(10**6)
    assert below[4]["reward_parts"] == env.step(10**6)[4]["reward_parts"]
    assert below[0] == beyond
