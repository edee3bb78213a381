"""The hooks of a game act between begin and end of one turn of one owner, and nowhere else."""

import copy
import gc
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from support.same_weights import same
from torch import Tensor, nn

import rolltrain_tui
from rolltrain_tui import Cleric, Session
from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded, Event, StepTaken
from rolltrain_tui.runs.log.event_log import read

WILD: dict[str, Any] = {"rulebook": "methodology", "monsters": "off", "seed": 3}
"""k is never 1 in the first turns."""


def net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def foreign(**words: Any) -> tuple[nn.Module, torch.optim.Optimizer, Session]:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    return model, optimizer, rolltrain_tui.session(model, optimizer, **{**WILD, **words})


def descend(model: nn.Module, optimizer: torch.optim.Optimizer, turn: int) -> Tensor:
    g = torch.Generator().manual_seed(turn)
    x, y = torch.randn(4, 8, generator=g), torch.randint(0, 4, (4,), generator=g)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    return loss


def play(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session, turns: range) -> None:
    for turn in turns:
        loss = descend(model, optimizer, turn)
        with game.turn(loss):
            optimizer.step()


def plain_step_moves_alike(model: nn.Module, optimizer: torch.optim.Optimizer, turn: int) -> bool:
    """Take a step outside of any turn, and the same step on a copy without a game."""
    twin = copy.deepcopy(model)
    other = torch.optim.AdamW(twin.parameters(), lr=1e-2)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for m, o in ((model, optimizer), (twin, other)):
        descend(m, o, turn)
        o.step()
    return same(model, twin)


def steps(game: Session) -> list[StepTaken]:
    return [event for event in game.events if isinstance(event, StepTaken)]


def true_k(model: nn.Module, optimizer: torch.optim.Optimizer, game: Session, turn: int) -> float:
    """Play a turn; the factor on the step that a copy without a game takes."""
    twin = copy.deepcopy(model)
    other = torch.optim.AdamW(twin.parameters(), lr=1e-2)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    old = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
    descend(twin, other, turn)
    other.step()
    play(model, optimizer, game, range(turn, turn + 1))
    plain = nn.utils.parameters_to_vector(twin.parameters()).detach() - old
    moved = nn.utils.parameters_to_vector(model.parameters()).detach() - old
    return (moved @ plain / (plain @ plain)).item()


def test_a_step_outside_of_a_turn_is_plain() -> None:
    """Before the first turn, between two, and after the last."""
    model, optimizer, game = foreign()
    assert plain_step_moves_alike(model, optimizer, 0)
    play(model, optimizer, game, range(1, 3))
    assert plain_step_moves_alike(model, optimizer, 3)
    play(model, optimizer, game, range(4, 6))
    game.close()
    assert plain_step_moves_alike(model, optimizer, 6)
    assert game.turn_number == 4


def test_a_second_session_closes_the_first() -> None:
    """As where a notebook's cell is run twice: only one game acts, and its k is the true one."""
    model, optimizer, first = foreign()
    play(model, optimizer, first, range(3))
    with pytest.warns(UserWarning, match="have a game already, at turn 3, which is closed") as told:
        second = rolltrain_tui.session(model, optimizer, **{**WILD, "seed": 5})
    assert [__file__] == [warning.filename for warning in told]
    assert not first.underway
    assert [true_k(model, optimizer, second, turn) for turn in range(3, 6)] == [
        pytest.approx(step.k_requested, abs=1e-4) for step in steps(second)
    ]
    assert len(optimizer._optimizer_step_pre_hooks) == 1


def test_a_second_game_on_the_same_weights_is_told() -> None:
    """Through another optimiser, where the first goes on. One game for each half of a model is no mistake."""
    model, _, first = foreign()
    with pytest.warns(UserWarning, match="have a game already, at turn 0, through another optimizer; close"):
        second = rolltrain_tui.session(model, torch.optim.SGD(model.parameters(), lr=0.1))
    assert first.underway
    first.close()
    second.close()
    weights = list(model.parameters())
    games = [rolltrain_tui.session(model, torch.optim.SGD(part, lr=0.1)) for part in (weights[:2], weights[2:])]
    assert all(game.underway for game in games)


@pytest.mark.parametrize("after", [True, False])
def test_an_exception_in_a_turn_leaves_nothing_behind(after: bool) -> None:
    """After the step the turn is told and closed; before it, it goes on with the next step. Each k is felt by its own step."""
    model, optimizer, game = foreign()
    play(model, optimizer, game, range(2))
    loss = descend(model, optimizer, 2)

    def interrupted() -> None:
        with game.turn(loss):
            if after:
                optimizer.step()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert game.turn_number == (3 if after else 2)
    assert plain_step_moves_alike(model, optimizer, 3)
    assert true_k(model, optimizer, game, 4) == pytest.approx(steps(game)[-1].k_requested, abs=1e-4)
    assert all(abs((step.k_effective or 1) - step.k_requested) < 1e-3 for step in steps(game))


def test_an_exception_inside_of_the_step_puts_the_learning_rate_back() -> None:
    """A closure that fails after k was put into the groups: they are as they were."""
    model, optimizer, game = foreign(seed=4)
    play(model, optimizer, game, range(1))
    while (effect := game.cycle.effect) is None or effect.update_scale in (0.0, 1.0) or effect.update_scale < 0:
        play(model, optimizer, game, range(1))

    def fails() -> float:
        raise RuntimeError("out of memory")

    loss = descend(model, optimizer, 1)
    with pytest.raises(RuntimeError, match="out of memory"), game.turn(loss):
        optimizer.step(fails)
    assert optimizer.param_groups[0]["lr"] == 1e-2
    assert plain_step_moves_alike(model, optimizer, 2)


def test_a_turn_of_begin_and_end_that_was_interrupted_begins_again() -> None:
    """The loop broke off between the step and end(): the next step is scaled and measured as its own."""
    model, optimizer, game = foreign()
    game.begin()
    descend(model, optimizer, 0)
    optimizer.step()
    game.begin()
    loss = descend(model, optimizer, 1)
    optimizer.step()
    report = game.end(loss.item())
    assert report.k_effective == pytest.approx(report.k_requested, abs=1e-3)
    assert plain_step_moves_alike(model, optimizer, 2)


def test_after_close_there_is_no_turn() -> None:
    """Neither a turn nor an evaluation; both are told in words. To close twice is no error."""
    model, optimizer, game = foreign()
    with game:
        play(model, optimizer, game, range(1))
    game.close()
    for act in (game.begin, lambda: game.evaluated(1.0)):
        with pytest.raises(ValueError, match="this game is closed"):
            act()
    with pytest.raises(ValueError, match="this game is closed"), game.turn(1.0):
        pass


@pytest.mark.parametrize(("loss", "words"), [(torch.ones(4), "one number, not 4"), (None, "not a NoneType")])
def test_a_loss_that_is_no_number(loss: Any, words: str) -> None:
    """It is refused before the step."""
    _, _, game = foreign()
    with pytest.raises((TypeError, ValueError), match=words), game.turn(loss):
        pass


def test_one_turn_at_a_time() -> None:
    """A turn inside of a turn is refused."""
    model, optimizer, game = foreign()
    loss = descend(model, optimizer, 0)
    with pytest.raises(ValueError, match="a turn is going on already"), game.turn(loss), game.turn(loss):
        pass


def test_a_game_that_is_dropped_takes_its_hooks_along() -> None:
    """Forgotten without close(): the optimiser is plain again."""
    model, optimizer, game = foreign()
    game.begin()
    del game
    gc.collect()
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert plain_step_moves_alike(model, optimizer, 0)


@pytest.mark.parametrize("how", ["state_dict", "deepcopy", "pickle"])
def test_a_session_is_copied_and_goes_on_alike(how: str) -> None:
    """By one state_dict, by deepcopy and by pickle: same weights, same k."""
    words = {"character_class": Cleric(level=3), "rulebook": "hero", "monsters": "both", "encounter_chance": 0.3}
    model, optimizer, game = foreign(**words)
    play(model, optimizer, game, range(9))
    if how == "state_dict":
        state = copy.deepcopy((model.state_dict(), optimizer.state_dict(), game.state_dict()))
        again, other, copied = foreign(**words)
        again.load_state_dict(state[0])
        other.load_state_dict(state[1])
        copied.load_state_dict(state[2])
    elif how == "deepcopy":
        again, other, copied = copy.deepcopy((model, optimizer, game))
    else:
        again, other, copied = pickle.loads(pickle.dumps((model, optimizer, game)))
    play(model, optimizer, game, range(9, 20))
    play(again, other, copied, range(9, 20))
    assert copied.optimizer is other
    assert same(model, again)
    assert [step.k_requested for step in steps(game)[9:]] == [step.k_requested for step in steps(copied) if step.turn > 9]


def test_what_is_no_state_of_a_game() -> None:
    """It is told as that."""
    _, _, game = foreign()
    with pytest.raises(ValueError, match="not the state of a game"):
        game.load_state_dict({"turn": 3})


def test_a_model_that_is_pickled_takes_nothing_along() -> None:
    """While a game lives: the bytes are those of the model without one."""
    model, optimizer, game = foreign()
    play(model, optimizer, game, range(2))
    bare = net()
    bare.load_state_dict(model.state_dict())
    assert b"rolltrain" not in pickle.dumps((model, optimizer))


def went_on(folder: Path, state: dict[str, Any], **words: Any) -> list[Event]:
    """The story in a folder after three more turns of a game from `state`."""
    model, optimizer, game = foreign(folder=folder, **words)
    game.load_state_dict(state)
    play(model, optimizer, game, range(4, 7))
    game.close(ended=True)
    return list(read(folder / "chronicle.jsonl"))


def three_turns(folder: Path, **words: Any) -> dict[str, Any]:
    """The state of a game that was played to its end before it was saved."""
    model, optimizer, game = foreign(folder=folder, **words)
    play(model, optimizer, game, range(1, 4))
    game.evaluated(1.0)
    game.close(ended=True)
    return game.state_dict()


def test_a_game_that_was_saved_after_its_end_goes_on_with_its_story(tmp_path: Path) -> None:
    """As where a script saves at its very end: the turns before stay in the chronicle, and there is one ending."""
    story = went_on(tmp_path, three_turns(tmp_path))
    assert [event.turn for event in story if isinstance(event, StepTaken)] == [1, 2, 3, 4, 5, 6]
    assert [type(event) for event in story].count(CampaignBegan) == 1
    assert [event.turn for event in story if isinstance(event, CampaignEnded)] == [6]


def test_a_story_that_goes_on_in_another_folder_says_what_the_run_is(tmp_path: Path) -> None:
    """So that replay, watch and plot can read it."""
    story = went_on(tmp_path / "b", three_turns(tmp_path / "a"))
    assert (type(story[0]), story[0].turn) == (CampaignBegan, 3)
    assert [event.turn for event in story if isinstance(event, StepTaken)] == [4, 5, 6]


def test_a_loop_that_grows_longer_says_so_in_its_story(tmp_path: Path) -> None:
    """More epochs than at first: the story counts to the new end."""
    story = went_on(tmp_path, three_turns(tmp_path, turns=3), turns=6)
    assert [(event.turn, event.turns) for event in story if isinstance(event, CampaignBegan)] == [(0, 3), (3, 6)]


def test_a_closure_may_set_the_learning_rate() -> None:
    """As Lightning's callbacks do before a step: k is then of the step with that rate."""
    model, optimizer, game = foreign()
    for turn in range(1, 9):

        def closure(turn: int = turn) -> Tensor:
            loss = descend(model, optimizer, turn)
            optimizer.param_groups[0]["lr"] = 1e-3 * turn
            return loss

        with game.turn(0.0):
            optimizer.step(closure)
        assert optimizer.param_groups[0]["lr"] == 1e-3 * turn
    changed = [step for step in steps(game) if step.k_requested != 1]
    assert len(changed) > 3
    assert [step.k_effective for step in changed] == pytest.approx([step.k_requested for step in changed], abs=1e-3)


def test_a_game_goes_on_with_its_own_hero_and_dice(tmp_path: Path) -> None:
    """Another hero or seed than the state's is told; the story says with which rulebook and which DC it goes on."""
    state = three_turns(tmp_path, character_class="wizard")
    with pytest.warns(UserWarning, match=r'was saved with: seed 3 \(here 4\), hero\.hero_class "wizard" \(here "rogue"\)'):
        story = went_on(tmp_path, state, character_class="rogue", seed=4, dc=5)
    told = [(event.turn, event.seed, event.sheet.hero_class, event.dc) for event in story if isinstance(event, CampaignBegan)]
    assert told == [(0, 3, "wizard", 15), (3, 3, "wizard", 5)]
