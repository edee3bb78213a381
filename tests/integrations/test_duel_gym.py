"""The duel for gymnasium and PettingZoo: their own checkers pass, and the games are those of the duel."""

import pytest

gymnasium = pytest.importorskip("gymnasium")
pytest.importorskip("pettingzoo")

from gymnasium.utils.env_checker import check_env  # noqa: E402
from pettingzoo.test import api_test, seed_test  # noqa: E402

from rolltrain_tui.integrations.duel_gym import DuelAEC, DuelEnv, aec  # noqa: E402
from rolltrain_tui.modes.duel.game import GameError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("default")


@pytest.mark.parametrize(
    ("role", "opponent"), [("host", "random"), ("host", "last"), ("agent", "zeillinger"), ("agent", "random_pairs"), ("agent", "all")]
)
def test_gymnasium_finds_no_fault(role: str, opponent: str) -> None:
    """Its checker passes."""
    check_env(DuelEnv(role, opponent, points=6, highest=9, render_mode="ansi"), skip_render_check=False)


def test_pettingzoo_finds_no_fault() -> None:
    """Its checker of the turn-based interface passes, and the same seed is the same game."""
    api_test(aec(points=6, highest=9), num_cycles=200)
    seed_test(lambda: aec(points=6, highest=9), num_cycles=50)


def test_a_host_of_all_coordinates_plays_its_game_to_the_end() -> None:
    """From given points, all coordinates against the agent that chooses first: as many moves as the game takes, and 1 at the end."""
    env = DuelEnv("host", "first", dimension=2, points=4)
    seen, info = env.reset(seed=3, options={"points": [[3, 1], [2, 2], [0, 5]]})
    assert seen.shape == (4, 2)
    assert seen[3].tolist() == [-1, -1]
    assert info["action_mask"].tolist() == [1]
    rewards, over = [], False
    while not over:
        _, reward, over, stopped, info = env.step(0)
        rewards.append(reward)
        assert not stopped
    assert rewards == [0.0] * (len(rewards) - 1) + [1.0]
    assert info["moves"] == len(rewards)


def test_a_coordinate_that_was_not_named_loses() -> None:
    """Against a host of pairs in three dimensions one coordinate is masked; taking it ends the game, and the reason is told."""
    env = DuelEnv("agent", "random_pairs")
    seen, info = env.reset(seed=1)
    assert seen["chosen"].tolist() == info["action_mask"].tolist()
    _, reward, over, _, info = env.step(info["action_mask"].tolist().index(0))
    assert (reward, over) == (-1.0, True)
    assert "did not name" in info["illegal"]


def test_host_and_agent_take_turns() -> None:
    """The host names, the agent takes; at the end the host has 1 and the agent -1."""
    env = DuelAEC(dimension=2, points=5, highest=5)
    env.reset(seed=2)
    order = []
    while not any(env.terminations.values()):
        order.append(env.agent_selection)
        mask = env.observe(env.agent_selection)["action_mask"].tolist()
        env.step(mask.index(1))
    assert order == ["host", "agent"] * (len(order) // 2)
    assert env.rewards == {"host": 1.0, "agent": -1.0}


def test_a_start_that_is_hardly_ever_drawn_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many low points one undercuts all others, so the game is over before it begins."""
    monkeypatch.setattr("rolltrain_tui.modes.duel.game.HOPELESS", 50)
    with pytest.raises(GameError, match="50 points with 2 coordinates up to 1 are over before they begin"):
        DuelEnv(points=50, dimension=2, highest=1).reset(seed=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opponent": "zeillinger"}, "is no opponent of a role 'host'; for this role there are random, first, last"),
        ({"dimension": 1}, "at least 2 coordinates"),
        ({"points": 1}, "over before it begins"),
    ],
)
def test_what_is_no_game_is_a_sentence(options: dict, words: str) -> None:
    """Opponents that are not there, one coordinate, one point."""
    with pytest.raises(GameError, match=words):
        DuelEnv(**options)


@pytest.mark.parametrize(("role", "opponent"), [("host", "first"), ("agent", "all")])
def test_no_step_is_taken_where_no_game_is_under_way(role: str, opponent: str) -> None:
    """Before the first reset, and after the end, where the last reward would be given again."""
    env = DuelEnv(role, opponent, dimension=2, points=4)
    with pytest.raises(ValueError, match="no game is under way"):
        env.step(0)
    env.reset(seed=3)
    over = stopped = False
    while not (over or stopped):
        _, _, over, stopped, _ = env.step(0)
    with pytest.raises(ValueError, match="no game is under way"):
        env.step(0)
    env.reset(seed=3)
    env.step(0)


@pytest.mark.parametrize(
    ("action", "words"), [(-1, "no action -1; there are 0 to"), (10**9, "no action 1000000000"), (1.5, "not 1.5"), (None, "not None")]
)
def test_what_is_no_action_is_a_sentence(action: object, words: str) -> None:
    """In both interfaces; -1 is not the last one."""
    for role, opponent in (("host", "first"), ("agent", "all")):
        env = DuelEnv(role, opponent)
        env.reset(seed=1)
        with pytest.raises(ValueError, match=words):
            env.step(action)
    both = DuelAEC()
    both.reset(seed=1)
    with pytest.raises(ValueError, match=words):
        both.step(action)
