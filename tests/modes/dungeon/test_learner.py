"""The learner of the dungeon: what the contract of all learners does not ask."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from support.paths import CAMPAIGNS, DUNGEON, HELD
from support.small_learners import dungeon_learner

from rolltrain_tui.exports.metrics import MetricRecorder
from rolltrain_tui.exports.writers import CsvWriter
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.algorithms.advantages import Credit, game_advantages
from rolltrain_tui.modes.dungeon.exam.exam import UNSEEN
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.player.offers import joined, laid_out, read
from rolltrain_tui.modes.dungeon.player.policy import drawn
from rolltrain_tui.modes.dungeon.player.vocabulary import PAD, UNKNOWN, Vocabulary
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import StepAbandoned


def state(of: DungeonLearner) -> tuple[str, dict[str, torch.Tensor]]:
    return json.dumps(of.state_dict()), {name: tensor.clone() for name, tensor in of.tensors().items()}


@pytest.mark.parametrize("looks", [0, 1, 4, 8])
def test_a_turn_that_is_stopped_leaves_nothing_behind(looks: int) -> None:
    """Wherever it is stopped: games, lessons, coefficients and streams stand where they stood, to the last bit."""
    hero = dungeon_learner(*HELD, "batch.accumulation=2")
    for _ in range(3):  # the next turn plays
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
    fork = hero.fork()
    assert hero.step(NEUTRAL).loss == fork.step(NEUTRAL).loss


def test_what_a_step_tells_is_the_mean_over_its_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many micro-batches they came in, and however large each was."""
    hero = dungeon_learner("batch.accumulation=3")
    real, sizes = hero.losses, list[int]()

    def sized(rows: Any) -> Any:
        losses, told = real(rows)
        sizes.append(len(losses))
        return losses, {**told, "size": float(len(losses))}

    monkeypatch.setattr(hero, "losses", sized)
    measured = hero.step(StepEffect(batch_factor=1.2)).measured
    assert len(set(sizes)) > 1
    assert measured["size"] == pytest.approx(sum(size**2 for size in sizes) / sum(sizes))


def test_a_demonstration_counts_half_beside_its_own_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imitating it adds half of its loss; the whole of it is told."""
    hero = dungeon_learner()
    monkeypatch.setattr(hero, "_lessons", {"action": torch.zeros(2, dtype=torch.long)})
    monkeypatch.setattr(hero, "_imitated", lambda lessons, places: torch.tensor(3.0))
    loss, told = hero._with_others(torch.tensor(1.0), 8)
    assert (loss.item(), dict(told)) == (2.5, {"loss/demonstrations_avg": 3.0})


def test_every_lever_says_what_it_did() -> None:
    """Batches that grow, noise on what is learned, moves left out and extra steps are measured; and the minibatch by trl's names."""
    hero = dungeon_learner()
    assert hero.step(StepEffect(batch_factor=2.0)).measured["batch_factor"] == 2
    assert hero.step(StepEffect(target_noise=0.5)).measured["target_noise"] == 0.5
    assert hero.step(StepEffect(drop_worst=3)).measured["drop_worst"] == 3
    report = hero.step(StepEffect(extra_steps=2))
    assert report.optimizer_steps == 3
    assert {"policy/approxkl_avg", "policy/clipfrac_avg", "objective/entropy", "loss/value_avg", "val/ratio"} <= report.measured.keys()
    assert all(math.isfinite(value) for value in report.measured.values())
    assert hero.info().unavailable_levers == {}


def test_the_first_lessons_are_those_of_the_policy_that_played() -> None:
    """Before the first step nothing is clipped: every ratio is 1, and the policy is as likely as it was."""
    told = dungeon_learner("play.every=12").step(NEUTRAL).measured
    assert told["val/ratio"] == pytest.approx(1.0, abs=1e-5)
    assert told["policy/clipfrac_avg"] == 0
    assert told["policy/approxkl_avg"] < 1e-9


def test_every_move_comes_once_before_any_comes_again() -> None:
    hero = dungeon_learner()
    places, buffer = hero.buffer.next(len(hero.buffer), hero.streams["minibatches"])
    assert sorted(places.tolist()) == list(range(len(hero.buffer)))
    more, _ = buffer.next(5, hero.streams["minibatches"])
    assert len(set(more.tolist())) == 5


def test_after_a_return_to_older_weights_the_games_go_on() -> None:
    """Lessons of weights that are gone are dropped; coefficients go back with the weights."""
    hero = dungeon_learner(*HELD, "play.every=50", "model.dropout=0.0")
    hero.snapshot()
    before = hero.state_dict()
    start = hero.tensors()["model.kl.loss_coefficient"]
    for _ in range(4):
        hero.step(NEUTRAL)
    assert hero.buffer.since == 0
    assert hero.tensors()["model.kl.loss_coefficient"] != start
    hero.step(StepEffect(rollback=True, update_scale=0.0))
    assert hero.buffer.since == 4
    assert hero.state_dict()["games"] != before["games"]
    assert hero.step(NEUTRAL).measured["policy/approxkl_avg"] < 1e-9


def test_the_first_worlds_are_the_first_worlds() -> None:
    """An evaluation of few worlds is the beginning of one of many, and is the same for every seed of the campaign; none is trained in."""
    hero, other = dungeon_learner(), dungeon_learner("seed=8")
    assert hero.evaluate(30).values[:7] == hero.evaluate(7).values
    assert hero.exam.chance(20) == other.exam.chance(20)
    assert hero.objective.limit is not None
    assert hero.objective.chance is not None
    assert hero.objective.limit < hero.objective.chance <= 1


@pytest.mark.parametrize("measure", ["moves", "score", "success"])
def test_playing_every_walkthrough_is_the_bound_of_the_measure(measure: str) -> None:
    hero = dungeon_learner(f"exam.measure={measure}", "endings=[]", "world.limit=40")
    routes = [list(hero.maker(UNSEEN + n).walkthrough) for n in range(9)]
    turn = iter(range(40))

    def guide(seen: object, chance: torch.Tensor) -> list[str]:
        move = next(turn)
        return [route[move] for route in routes if move < len(route)]

    verdicts = hero.exam.verdicts(9, guide)
    assert all(verdict.won and verdict.efficiency == 1 for verdict in verdicts)
    assert hero.exam.evaluation(verdicts).value == pytest.approx(hero.exam.bound(9))


def test_a_command_is_rated_by_itself() -> None:
    """A command's score does not depend on what else is offered, on padding or on longer texts beside it; a mean has no length bias."""
    hero = dungeon_learner("model.n_layer=2")
    torch.nn.init.normal_(hero.player.gpt.wte.weight, std=0.5)
    texts = ["you are in the hall exits north", "you are in the cellar exits north east you carry a red key a blue key"]
    commands = [["look", "go north", "unlock red door"], ["look", "drop blue key"]]
    vocabulary = hero.reading.vocabulary
    together = hero.player(read(vocabulary, texts, commands, 90)).logits.detach()
    for row, (text, offered) in enumerate(zip(texts, commands, strict=True)):
        alone = hero.player(read(vocabulary, [text], [offered], 90)).logits[0].detach()
        assert torch.allclose(together[row, : len(offered)], alone, atol=1e-5)
        for one in range(1, len(offered)):
            pair = hero.player(read(vocabulary, [text], [[offered[0], offered[one]]], 90)).logits[0].detach()
            assert float(pair[1] - pair[0]) == pytest.approx(float(alone[one] - alone[0]), abs=1e-5)
    assert together[1, 2] == -math.inf


def test_a_command_is_as_likely_as_its_words_one_by_one() -> None:
    """Side by side in one reading, commands are scored as a plain language model scores text and command in a row."""
    hero = dungeon_learner()
    torch.nn.init.normal_(hero.player.gpt.wte.weight, std=0.5)
    offers = read(hero.reading.vocabulary, ["you are in the hall"], [["look", "go north", "unlock red door"]], 90)
    scores = []
    for k in range(3):
        words = offers.commands[0, k, : offers.words[0, k]]
        row = torch.cat((offers.text[0], words))
        logprobs = hero.player.gpt(row[None, :-1])[0].log_softmax(dim=1)
        scores.append(logprobs[len(offers.text[0]) - 1 :].gather(1, words[:, None]).mean())
    assert torch.allclose(hero.player(offers).logits[0], torch.stack(scores).log_softmax(dim=0), atol=1e-5)


def test_an_untrained_player_has_no_favourite_length_by_the_mean_and_one_by_the_sum() -> None:
    mean, total = (dungeon_learner(f"model.score={score}") for score in ("mean", "sum"))
    offers = read(mean.reading.vocabulary, ["you are in the hall"], [["look", "unlock red door"]], 90)
    assert abs(float(mean.player(offers).logits.detach().diff())) < 0.5
    assert float(total.player(offers).logits[0, 0].detach().exp()) > 0.99


def test_padding_is_no_word_and_long_texts_lose_their_beginning() -> None:
    vocabulary = Vocabulary(["red", "key", "look"])
    assert PAD not in vocabulary.numbers("red key look <pad> pad the END")
    assert vocabulary.numbers("wand") == (UNKNOWN,)
    offers = read(vocabulary, ["red " * 50 + "key", ""], [["look"], ["look"]], 12)
    assert offers.text.shape[1] == 11
    assert offers.text[0, -1] == vocabulary.numbers("key")[0]
    assert offers.length.tolist() == [11, 1]
    longer = read(vocabulary, ["red"], [["look red key red key"]], 12)
    assert int(laid_out(joined([offers, longer])).positions.max()) < 12


def test_commands_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([[0.7, 0.2, 0.1, 0.0]]).log().expand(4000, -1)
    chance = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    assert torch.bincount(drawn(logits, chance), minlength=4).tolist() == [2800, 800, 400, 0]
    assert drawn(torch.full((1, 3), math.nan), torch.zeros(1)).tolist() == [0]


def test_a_games_end_stops_what_is_credited() -> None:
    """With traces of one and no discount an advantage is all that the game still earns, less its value; nothing crosses the end."""
    rewards = torch.tensor([[[1.0], [2.0], [4.0], [8.0]]])
    values = torch.tensor([[[0.5], [0.25], [0.125], [0.75]]])
    over = torch.tensor([[False, True, False, False]])
    credit = Credit(level="token", gamma=1.0, gamma_step=1.0, lam=1.0, lam_step=1.0)
    found = game_advantages(rewards, values, torch.ones(1, 4, 1, dtype=torch.bool), over, torch.tensor([16.0]), credit)
    assert (found + values).flatten().tolist() == [3, 2, 28, 24]


def test_exports_have_what_this_training_tells_besides(tmp_path: Path) -> None:
    """A column for each of trl's names, filled from the first step on; other columns stand where they stood."""
    config = load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, "turns=3"))
    recorder, writer = MetricRecorder(), CsvWriter(tmp_path)
    done = [recorder.take(event) for event in Campaign(config, build(config, base=CAMPAIGNS)).play(Inbox())]
    for metrics in [*done, recorder.close()]:
        if metrics is not None:
            writer.log(metrics)
    writer.close()
    with (tmp_path / "turns.csv").open() as file:
        start, *rows = csv.DictReader(file)
    assert start["policy/approxkl_avg"] == ""
    assert len(rows) == 3
    for row in rows:
        for name in ("policy/approxkl_avg", "policy/clipfrac_avg", "objective/entropy", "val/explained_variance", "loss/value_avg"):
            assert math.isfinite(float(row[name]))


def test_its_voice_tells_a_game_and_how_it_stands() -> None:
    """The quest, every command with its probability, the end; and how it does in unseen worlds and in those of training."""
    hero = dungeon_learner("speech.characters=2000")
    twin = hero.fork()
    told = hero.perform()
    assert told == twin.perform()
    assert "Find the coin and take it." in told
    assert "> " in told
    assert told.startswith("9 unseen worlds:")
    assert "worlds of training:" in told


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("kl.loss={coefficient: 0.05, adaptive: false, target: 6.0, horizon: 10000}",)])
def test_a_player_soon_wins_small_houses(more: tuple[str, ...]) -> None:
    """In two rooms it needs fewer moves than at random, in unseen houses, after 60 turns."""
    hero = dungeon_learner(
        "turns=60", "world.count=2000", "world.limit=20", "model.n_embd=16", "play={games: 16, moves: 8, every: 6, temperature: 1.0}",
        "batch.moves=64", "optimizer.learning_rate=1e-2", *more,
    )  # fmt: skip
    for _ in range(60):
        hero.step(NEUTRAL)
    assert hero.objective.chance is not None
    assert hero.evaluate(60).value < hero.objective.chance - 0.1


def test_its_voice_tells_how_it_stands_in_unseen_worlds_and_in_seen_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it plays, and always by its best command; and as it plays in the worlds of its lessons. Telling it costs no energy."""
    hero, asked = dungeon_learner(), list[tuple[bool, bool]]()
    verdicts = type(hero).verdicts

    def noted(self: DungeonLearner, count: int, *, greedy: bool, seen: bool) -> Any:
        asked.append((greedy, seen))
        return verdicts(self, count, greedy=greedy, seen=seen)

    monkeypatch.setattr(type(hero), "verdicts", noted)
    spent = hero.flops
    hero.perform()
    assert asked == [(False, False), (True, False), (False, True)]
    assert hero.flops == spent


def wrong_states(good: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**good, "games": good["games"][:-1]},
        {**good, "games": [[1, [0]]] * len(good["games"])},
        {**good, "games": [[*game[:2], ["look", 3], 0] for game in good["games"]]},
        {**good, "games": [[*game[:2], ["look"], -1] for game in good["games"]]},
        {**good, "clock": -1},
        {**good, "told": None},
    ]


def test_a_saved_state_that_fits_no_game_is_refused() -> None:
    """Games of another number or of another world, and lessons of another shape; the learner is as it was."""
    hero = dungeon_learner()
    before, tensors = state(hero)
    for bad in wrong_states(hero.state_dict()):
        with pytest.raises(ValueError, match=r"saved"):
            hero.load_state(tensors, bad)
    for name in ("dungeon.lessons.text", "dungeon.order", "dungeon.lessons.mask"):
        for wrong in (torch.zeros(3), torch.full((2,), 10**6)):
            with pytest.raises(ValueError, match=r"lesson"):
                hero.load_state({**tensors, name: wrong}, hero.state_dict())
    assert state(hero)[0] == before
