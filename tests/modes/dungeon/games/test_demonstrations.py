"""Games that the player won become lessons: imitated for some turns, kept in saves, and no lesson where they do not win."""

import pytest
import torch
from support.small_learners import dungeon_learner

from rolltrain_tui.modes.dungeon.games.demonstrations import TURNS, Demonstration
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.table.spelling import spelled
from rolltrain_tui.protocol.dials import refusal
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepAbandoned

SEED = 1234


def won(hero: DungeonLearner) -> Sitting:
    game = Sitting(hero.maker(SEED))
    game.play("nonsense")
    for command in game.world.walkthrough:
        game.play(command)
    assert game.seen.won
    return game


def order(value: str) -> StepEffect:
    return StepEffect(dials=(("demo", value),))


def likelihood(hero: DungeonLearner, value: str) -> float:
    """Mean log-probability of the game's commands."""
    moves = Demonstration.read(value, 0).moves(hero.maker)
    with hero.at_rest():
        seen = hero.look(hero.reading.offers([seen for seen, _ in moves]))
    return seen.logits.gather(1, torch.tensor([[place] for _, place in moves])).mean().item()


def test_a_game_is_spelled_and_read_back_move_by_move() -> None:
    hero = dungeon_learner()
    game = won(hero)
    value = spelled(game, hero.maker)
    moves = Demonstration.read(value, 0).moves(hero.maker)
    assert [seen.admissible[place] for seen, place in moves] == list(game.world.walkthrough)
    assert refusal(hero.config.dials, "demo", value) == ""


@pytest.mark.slow
def test_a_demonstration_is_imitated_for_its_turns_and_not_longer() -> None:
    hero, other = dungeon_learner("turns=100"), dungeon_learner("turns=100")
    value = spelled(won(hero), hero.maker)
    report = hero.step(order(value))
    asked, found = report.measured["dial.demo.asked"], report.measured["dial.demo"]
    assert asked == found == len(hero.maker(SEED).walkthrough)
    other.step(NEUTRAL)
    losses = [report.measured["loss/demonstrations_avg"]]
    for _ in range(TURNS - 1):
        losses.append(hero.step(NEUTRAL).measured["loss/demonstrations_avg"])
        other.step(NEUTRAL)
    assert losses[-1] < losses[0]
    assert likelihood(hero, value) > likelihood(other, value) + 0.1
    assert "loss/demonstrations_avg" not in hero.step(NEUTRAL).measured
    assert hero.demonstrations == ()


@pytest.mark.parametrize("value", [f"{SEED}, 1", f"{SEED}, 1, 999", f"{SEED}, 0, 1"])
def test_a_game_that_is_not_won_so_is_no_lesson(value: str) -> None:
    """The order is told with what was found of it, and the training goes on as without it."""
    hero, other = dungeon_learner(), dungeon_learner()
    report = hero.step(order(value))
    assert (report.measured["dial.demo.asked"], report.measured["dial.demo"]) == (value.count(","), 0)
    other.step(NEUTRAL)
    assert hero.weights_sha256() == other.weights_sha256()


def test_own_ends_all_demonstrations() -> None:
    hero = dungeon_learner()
    hero.step(order(spelled(won(hero), hero.maker)))
    hero.step(order("own"))
    assert hero.demonstrations == ()


def test_a_stopped_turn_forgets_its_demonstration_and_a_save_keeps_it() -> None:
    hero = dungeon_learner()
    value = spelled(won(hero), hero.maker)
    hero.should_stop = lambda: True
    with pytest.raises(StepAbandoned):
        hero.step(order(value))
    assert hero.demonstrations == ()
    hero.should_stop = lambda: False
    hero.step(order(value))
    copy = dungeon_learner()
    copy.load_state(hero.tensors(), hero.state_dict())
    assert [copy.step(NEUTRAL).loss for _ in range(3)] == [hero.step(NEUTRAL).loss for _ in range(3)]
    assert copy.weights_sha256() == hero.weights_sha256()
    twin = hero.fork()
    assert twin.demonstrations == hero.demonstrations
    before = dungeon_learner()
    assert "demonstrations" not in before.state_dict()  # as saves of before have it


@pytest.mark.parametrize("value", ["", "my game", "5", "5, x", "5; 1", "-1, 2", "5, " + "1, " * 600 + "1"])
def test_what_is_no_game_is_refused_in_words(value: str) -> None:
    told = refusal(dungeon_learner().config.dials, "demo", value)
    assert "a game: the seed of its world" in told


def test_only_a_game_that_was_won_near_a_model_may_become_a_lesson_and_each_once() -> None:
    hero = dungeon_learner()
    for teaches in (True, False):
        outing = Outing(hero.maker, SEED, teaches=teaches)
        assert not outing.may_teach
        for command in outing.sitting.world.walkthrough:
            outing.sitting.play(command)
        assert outing.may_teach == teaches
        if teaches:
            outing.teach()
            assert outing.lesson == spelled(won(hero), hero.maker)
            assert not outing.may_teach
