"""The learner of the duel: what the contract of all learners does not ask."""

from typing import Any

import pytest
import torch
from support.paths import RIVALS
from support.small_learners import duel_learner

from rolltrain_tui.cli.diagnose import phases_of
from rolltrain_tui.modes.duel import duellist
from rolltrain_tui.modes.duel.build import zeillinger_at_the_table
from rolltrain_tui.modes.duel.experience import renumbered
from rolltrain_tui.modes.duel.game import Boards, after
from rolltrain_tui.modes.duel.learner import DuelLearner, epsilon
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Agent
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.training.batch_gradient import BatchGradient

KINDS = pytest.mark.parametrize("more", [(), RIVALS], ids=["a host", "an agent with a rival"])


def state(of: DuelLearner) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    return of.state_dict(), {name: tensor.clone() for name, tensor in of.tensors().items()}


@KINDS
@pytest.mark.parametrize("looks", [0, 1, 3, 5])
@pytest.mark.slow
def test_a_turn_that_is_stopped_leaves_nothing_behind(more: tuple[str, ...], looks: int) -> None:
    """Wherever it is stopped: games, replay buffers, targets, older selves and the rival stand where they stood, to the last bit."""
    hero = duel_learner(*more, "batch.accumulation=4")
    for _ in range(6):  # the next turn plays, copies and updates the target
        hero.step(NEUTRAL)
    before = state(hero)
    seen = iter(range(100))
    hero.should_stop = lambda: next(seen) >= looks
    with pytest.raises(StepAbandoned):
        hero.step(NEUTRAL)
    told, tensors = state(hero)
    assert told == before[0]
    assert tensors.keys() == before[1].keys()
    assert [name for name, tensor in tensors.items() if not torch.equal(tensor, before[1][name])] == []
    hero.should_stop = lambda: False
    other = duel_learner(*more, "batch.accumulation=4")
    for _ in range(7):
        last = other.step(NEUTRAL).loss
    assert hero.step(NEUTRAL).loss == last


def test_every_lever_says_what_it_did() -> None:
    """Batches that grow, noise on the targets, transitions left out and extra steps are measured."""
    hero = duel_learner()
    assert hero.step(StepEffect(batch_factor=2.0)).measured["batch_factor"] == 2
    assert hero.step(StepEffect(target_noise=0.5)).measured["target_noise"] == 0.5
    assert hero.step(StepEffect(drop_worst=3)).measured["drop_worst"] == 3
    assert hero.step(StepEffect(extra_steps=2)).optimizer_steps == 3
    assert hero.info().unavailable_levers == {}


def test_the_loss_that_is_told_is_that_of_all_transitions() -> None:
    """Also where the worst of them are left out of the step."""
    hero, plain = duel_learner(), duel_learner()
    assert hero.step(StepEffect(drop_worst=3)).loss == pytest.approx(plain.step(NEUTRAL).loss)


def test_noisy_targets_are_those_of_other_transitions() -> None:
    """That part of a batch learns towards targets of others in it, and the rest towards its own."""
    goals, batch = torch.arange(100.0), BatchGradient()
    noisy = duel_learner()._noisy(goals, 0.5, batch)
    assert batch.replaced == 50
    assert 40 < int((noisy != goals).sum()) <= 50
    assert set(noisy.tolist()) <= set(goals.tolist())


def test_the_rivals_gradient_is_clipped_as_the_heros_is() -> None:
    """To a length far below what its optimiser takes for nothing, it hardly moves."""
    ways = []
    for clip in ("null", "1e-14"):
        hero = duel_learner(*RIVALS, f"optimizer.clip={clip}")
        assert hero.rival is not None
        before = [p.detach().clone() for p in hero.rival.parameters]
        hero.step(NEUTRAL)
        ways.append(sum((p - old).norm().item() for p, old in zip(hero.rival.parameters, before, strict=True)))
    assert 0 < ways[1] < ways[0] / 100


def test_the_first_games_are_the_first_games() -> None:
    """An evaluation of few games is the beginning of one of many, and is the same for every seed of the campaign."""
    hero = duel_learner()
    assert hero.evaluate(30).values[:7] == hero.evaluate(7).values
    assert zeillinger_at_the_table(hero, 30) == zeillinger_at_the_table(duel_learner("seed=8"), 30)


@KINDS
def test_a_game_that_is_over_or_at_its_limit_gives_way_to_one_at_its_first_move(more: tuple[str, ...]) -> None:
    """All others have had one move more; whoever waits at the table has a choice."""
    hero = duel_learner(*more, "game.limit=4", "table.every=1")
    ended = 0
    for _ in range(6):
        before = hero.side.tables.moves
        hero.step(NEUTRAL)
        now = hero.side.tables
        new = now.moves != before + 1
        assert now.moves[new].tolist() == [0] * int(new.sum())
        assert int(now.moves.max()) < 4
        assert not now.boards.ended.any()
        assert bool((now.chosen.sum(dim=0) >= 2).all())
        ended += int(new.sum())
    assert ended >= len(before)


def test_each_game_is_against_its_own_opponent() -> None:
    """An opponent is asked for a move in the games that were drawn for it, and in no others."""
    games, seen = duel_learner().side.games_against(["first", "last", "random"]), {}

    def answering(name: str) -> Agent:
        def agent(boards: Boards, chosen: torch.Tensor, chance: torch.Tensor) -> torch.Tensor:
            seen[name] = boards.x
            return AGENTS[name].move(boards, chosen, chance)

        return agent

    opponents, stream = {name: answering(name) for name in games.names}, torch.Generator().manual_seed(5)
    tables = games.fresh(opponents, stream)
    games.move(tables, HOSTS["random"].move, 0.0, opponents, stream)
    assert len(seen) > 1
    for name, boards in seen.items():
        assert torch.equal(boards, tables.boards.only(tables.opponent == games.names.index(name)).x)


def test_a_judge_who_is_named_twice_judges_once() -> None:
    """Every game of an evaluation is played, and counts."""
    assert duel_learner("table.judges=[first, random, first]").evaluate(9) == duel_learner("table.judges=[first, random]").evaluate(9)


def test_renumbered_transitions_are_transitions_of_the_same_game() -> None:
    """The agent's move in the new numbers leads from the new board to the new next one."""
    hero = duel_learner(*RIVALS)
    rows = {name: column.clone() for name, column in hero.side.replay.first(16).items()}
    told = renumbered(rows, "agent", torch.Generator().manual_seed(4))
    assert bool(told["chosen"].gather(1, told["action"][:, None]).all())
    for i in range(len(told["action"])):
        board = Boards.of(told["before"][i : i + 1])
        then = after(board, told["chosen"][i][:, None], told["action"][i : i + 1])
        ours = {tuple(round(c, 5) for c in point) for point in then.padded()[0].tolist()}
        theirs = {tuple(round(c, 5) for c in point) for point in told["after"][i].tolist() if point[0] >= 0}
        assert ours - {(-1.0, -1.0, -1.0)} == theirs


@pytest.mark.slow
def test_a_host_soon_learns_what_the_random_agent_cannot_stop() -> None:
    """Against the random agent alone a host of a thousand weights ends its games sooner than the untrained one, in 200 turns."""
    hero = duel_learner(
        "turns=400", "game.limit=40", "table.opponents=[random]", "table.judges=[random]", "table.games=32", "table.buffer=2000",
        "batch.transitions=32", "network.width=16", "optimizer.learning_rate=5e-3", "learning.target_every=20", "seed=3",
    )  # fmt: skip
    before = hero.evaluate(60)
    for _ in range(200):
        hero.step(NEUTRAL)
    later = hero.evaluate(60)
    assert later.value < max(0.2, before.value)


@pytest.mark.slow
def test_a_rival_has_schedules_of_its_own() -> None:
    """Its exploration and its learning rate by turns; where they are left out, the hero's exploration and a rate that stays."""
    own = "rival={learning_rate: 1e-2, opponents: [first], copy_every: 3, copies: 2%s}"
    more = ", decay: {mode: exponential, rate: 0.5, final: 0}, exploration: {mode: constant, rate: 1, final: 0, initial: 0.25}"
    plain, beside = duel_learner(*RIVALS, own % ""), duel_learner(*RIVALS, own % more)
    for hero in (plain, beside):
        for _ in range(3):
            hero.step(NEUTRAL)
    rates = [hero.rival.optimizer.param_groups[0]["lr"] for hero in (plain, beside) if hero.rival is not None]
    assert rates == [1e-2, pytest.approx(1e-2 * 0.5**2)]
    told = [epsilon(side, 1) for hero in (plain, beside) for side in hero.sides]
    assert told == [*[pytest.approx(0.5 * 0.999 + plain.config.exploration.final * 0.001)] * 3, 0.25]
    again = beside.fork()
    assert again.step(NEUTRAL).loss == beside.step(NEUTRAL).loss
    assert again.tensors().keys() == beside.tensors().keys()
    assert all(torch.equal(tensor, beside.tensors()[name]) for name, tensor in again.tensors().items())


@pytest.mark.slow
def test_a_copy_tells_how_long_the_parts_of_a_turn_take() -> None:
    """Games, replay and learning, a rival where there is one, and the rest; the learner itself stays where it is."""
    hero, beside = duel_learner(), duel_learner(*RIVALS)
    before = hero.weights_sha256(), hero.clock
    assert phases_of(hero).keys() == {"games", "replay", "learning", "optimiser", "the rest"}
    assert list(phases_of(beside)) == ["games", "rival", "replay", "learning", "optimiser", "the rest"]
    assert min(phases_of(hero).values()) > 0
    assert (hero.weights_sha256(), hero.clock) == before


def test_its_voice_tells_a_game_and_how_it_stands() -> None:
    """Who plays, every move, the end; and rho against each judge. The same after a save."""
    hero = duel_learner("speech.characters=2000")
    twin = hero.fork()
    told = hero.perform()
    assert told == twin.perform()
    assert told.startswith("Against the ")
    assert "1. host " in told
    assert "rho against random" in told
    games = [told, *(hero.perform() for _ in range(20))]
    assert any("over after 1 move\n" in game for game in games)
    assert not any("1 moves" in game.replace("11 moves", "") for game in games)


@pytest.mark.parametrize(("rows", "halves"), [(1, [1]), (2, [1, 1]), (7, [3, 3]), (20, [8, 8])])
def test_an_examination_reads_two_halves_of_what_was_lived_through_first(
    rows: int, halves: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as each other, one after the other, and no longer than PROBE, here 8; of a single transition there is but one."""
    hero, read = duel_learner(), list[dict[str, torch.Tensor]]()
    hero.step(NEUTRAL)
    lived = hero.side.replay.first(rows)
    monkeypatch.setattr(duellist, "PROBE", 8)
    monkeypatch.setattr(hero.side.replay, "first", lambda most: {name: column[:most] for name, column in lived.items()})
    monkeypatch.setattr(hero.side, "ready", lambda piece, _: read.append(piece) or piece)

    def enough(*_: object) -> None:
        raise StepAbandoned

    monkeypatch.setattr(duellist, "probe", enough)
    with pytest.raises(StepAbandoned):
        hero.examine(hero.evaluate(3))
    assert [len(piece["action"]) for piece in read] == halves
    assert torch.equal(torch.cat([piece["action"] for piece in read]), lived["action"][: sum(halves)])
