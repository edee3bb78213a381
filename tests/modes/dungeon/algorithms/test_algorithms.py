"""What the algorithms make of played games, where a well-known program goes wrong; and the arithmetic that the reference data leave out."""

import math
import warnings
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.paths import BY, HELD, by
from support.small_learners import dungeon_learner

from rolltrain_tui.modes.dungeon.algorithms.advantages import mean_over, step_returns
from rolltrain_tui.modes.dungeon.algorithms.decision import PLACE, Decision, told_as
from rolltrain_tui.modes.dungeon.algorithms.grpo import GRPO, group_advantages, move_weights
from rolltrain_tui.modes.dungeon.algorithms.ilql import ActDe
from rolltrain_tui.modes.dungeon.algorithms.kl import KLCoefficients, adapted
from rolltrain_tui.modes.dungeon.algorithms.ppo import explained_variance, ratios
from rolltrain_tui.modes.dungeon.algorithms.reinforce import Reinforce
from rolltrain_tui.modes.dungeon.algorithms.rejection import Rejection
from rolltrain_tui.modes.dungeon.config_algorithms import KLTermConfig
from rolltrain_tui.modes.dungeon.player.choice import Choice
from rolltrain_tui.modes.dungeon.player.offers import read
from rolltrain_tui.modes.dungeon.player.q_heads import QHeads
from rolltrain_tui.modes.dungeon.player.value_head import ValueHead
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect


def test_the_reference_reads_a_short_text_beside_a_long_one_as_it_reads_it_alone() -> None:
    """Padding is masked and positions are counted from each text's own beginning, for the reference too."""
    hero = dungeon_learner(*HELD[:2])
    assert hero.reference is not None
    hero.player.eval()
    texts, commands = ["you are in the hall", "you are in the cellar exits north east you carry a red key"], [["look", "go north"]] * 2
    action = torch.tensor([1, 0])
    together = hero.reference.choice(read(hero.reading.vocabulary, texts, commands, 90), action).logprobs
    for row, text in enumerate(texts):
        alone = hero.reference.choice(read(hero.reading.vocabulary, [text], commands[:1], 90), action[row : row + 1]).logprobs
        assert torch.allclose(together[row], alone[0], atol=1e-5)


def test_what_a_state_is_worth_is_read_at_the_end_of_its_own_text() -> None:
    """Texts that differ in their last word have values of their own, each the same beside a longer text as alone."""
    hero = dungeon_learner()
    hero.player.eval()
    for p in hero.player.head.parameters():
        p.data.normal_(generator=torch.Generator().manual_seed(2))
    texts, commands = ["you are in the hall", "you are in the cellar", "you are in the cellar exits north east"], [["look", "go north"]] * 3
    together = hero.player(read(hero.reading.vocabulary, texts, commands, 90)).values
    alone = [hero.player(read(hero.reading.vocabulary, [text], commands[:1], 90)).values[0] for text in texts]
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)
    assert (together[0] - together[1]).abs() > 1e-3


def test_the_reference_stays_while_the_player_learns() -> None:
    hero = dungeon_learner(*HELD[:2])
    assert hero.reference is not None
    played = hero._play()
    before = hero._asked(played)
    assert torch.allclose(before, played.choice.logprobs, atol=1e-5)
    hero.step(StepEffect(lr_scale=8.0))
    hero.step(StepEffect(lr_scale=8.0))
    assert torch.equal(hero._asked(played), before)
    assert not torch.allclose(hero._play().choice.logprobs.mean(), before.mean())


def test_a_whole_command_has_one_ratio_where_the_campaign_says_sequence() -> None:
    """The product of its words' ratios stands at each of them; by token, each has its own. Padding has no part in it."""
    new, old = torch.tensor([[-1.0, -2.0, 5.0]]), torch.tensor([[-1.5, -1.0, -9.0]])
    mask = torch.tensor([[True, True, False]])
    assert torch.allclose(ratios(new, old, mask, "sequence")[0], torch.full((3,), -0.5).exp())
    assert torch.allclose(ratios(new, old, mask, "token")[0], torch.tensor([0.5, -1.0, 0.0]).exp())


def test_no_move_is_dropped_and_none_comes_twice() -> None:
    """All that was played is learned from, however much it is: as many lessons as moves, each from its own game."""
    hero = dungeon_learner("play={games: 5, moves: 7, every: 3, temperature: 1.0}")
    played = hero._play()
    assert len(played.action) == len(hero.buffer) == 35
    assert sorted(zip(played.game.tolist(), played.move.tolist(), strict=True)) == [(g, m) for g in range(5) for m in range(7)]
    assert torch.equal(played.rows(played.table(played.score)), played.score)


def test_whole_games_are_played_to_their_ends() -> None:
    """Games of a group are in the same world; each ends with its own end or the limit, and no move comes after it."""
    hero = dungeon_learner(*by("grpo"))
    played = hero._play()
    seeds = [game.seed for game in played.standings]
    assert seeds[0] == seeds[1]
    assert seeds[2] == seeds[3]
    assert int(played.over.sum()) == played.finished == len(seeds)
    last = [int(played.move[played.game == g].max()) for g in range(len(seeds))]
    for g, move in enumerate(last):
        assert played.over[(played.game == g) & (played.move == move)].tolist() == [True]
        assert move + 1 <= hero.config.world.limit


def test_all_moves_of_all_games_are_ranked_together() -> None:
    """Of the best half by the return from each move on, no one is worse than anyone of the rest."""
    hero = dungeon_learner(*by("rejection"))
    played = hero._play()
    assert isinstance(hero.algorithm, Rejection)
    scored = replace(played, score=torch.randn(len(played.score), generator=torch.Generator().manual_seed(2)))
    rows, told = hero.algorithm.prepare(scored, scored.choice.logprobs)
    assert len(rows["action"]) == len(played.action) // 2 == told["rejection/kept"]
    few = replace(hero.algorithm, keep_fraction=1e-6)
    assert len(few.prepare(scored, scored.choice.logprobs)[0]["action"]) == 1


def test_a_decision_transformer_is_told_what_each_game_still_earned() -> None:
    """The number behind "return" is the return to come of that move, to the nearest half; while it plays, what the target leaves."""
    hero = dungeon_learner(*by("decision"))
    assert isinstance(hero.algorithm, Decision)
    played = hero._play()
    words = hero.reading.vocabulary
    gains = played.table(played.score.clamp(min=0))
    left = [words.numbers(str(told_as(2.0 - before)))[0] for before in played.rows(gains.cumsum(dim=1) - gains).tolist()]
    assert played.offers.text[:, PLACE].tolist() == left  # the target, less what the game has gained before the move
    assert len(set(left)) > 1
    scored = replace(played, score=torch.full_like(played.score, 0.1))
    rows, _ = hero.algorithm.prepare(scored, scored.choice.logprobs)
    lengths = torch.bincount(played.game)
    for number, game, move in zip(rows["text"][:, PLACE].tolist(), played.game.tolist(), played.move.tolist(), strict=True):
        assert number == words.numbers(str(5 * round((int(lengths[game]) - move) / 5)))[0]
    _, losses = hero.algorithm.losses(scored.choice, rows)
    assert losses["loss/policy_avg"] == pytest.approx(-mean_over(scored.choice.logprobs, rows["mask"]).mean().item())
    assert [told_as(value) for value in (-3.0, 0.04, 0.4, 1.96, 99.0)] == [0, 0, 5, 20, 40]


def test_what_q_did_not_foresee_is_the_return_less_q() -> None:
    """ACT-DE's advantage of a command by the residual, where nothing is traced from one command to the next."""
    hero = dungeon_learner(*by("actde"), BY["actde"].replace("lam_step: 0.9", "lam_step: 0").replace("whiten: all", "whiten: none"))
    played = hero._play()
    rows, _ = hero.algorithm.prepare(played, played.choice.logprobs)
    assert not torch.allclose(rows["q"], rows["values"], atol=1e-2)
    assert torch.allclose(rows["advantages_q"] + rows["q"], rows["returns"], atol=1e-5)


def test_a_group_is_compared_with_itself() -> None:
    """Less its mean, over its own spread or that of all; a group that earned alike teaches nothing."""
    rewards = torch.tensor([1.0, 3.0, 5.0, 5.0])
    half = 2**0.5
    assert torch.allclose(group_advantages(rewards, 2, "group"), torch.tensor([-1 / half, 1 / half, 0.0, 0.0]), atol=1e-3)
    assert torch.equal(group_advantages(rewards, 2, "none"), torch.tensor([-1.0, 1.0, 0.0, 0.0]))
    assert torch.allclose(group_advantages(rewards, 2, "batch"), torch.tensor([-1.0, 1.0, 0.0, 0.0]) / rewards.std(), atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "wanted"), [("grpo", 0.5 * (2.0 + 5.0)), ("dapo", (2 * 2 + 6 * 5) / 8), ("dr_grpo", (2 * 2 + 6 * 5) / 20)]
)
def test_moves_are_weighed_by_the_kind_of_loss(kind: str, wanted: float) -> None:
    """Two games of two and six moves with losses of 2 and 5 a move, at most ten moves: by games, by moves, by moves over the limit."""
    game = torch.tensor([0] * 2 + [1] * 6)
    losses = torch.where(game == 0, 2.0, 5.0)
    assert float((losses * move_weights(torch.tensor([2, 6]), game, kind, 10)).mean()) == pytest.approx(wanted)  # type: ignore[arg-type]


def test_grpo_clips_each_side_by_its_own_bound() -> None:
    """Above for what was good, below for what was bad; delta bounds the rest; the distance is never below zero."""
    of = GRPO(
        num_generations=2, beta=1.0, epsilon=0.2, epsilon_high=0.4, delta=3.0, loss_type="dapo", scale_rewards="none",
        importance_sampling_level="token", entropy_coef=0.0, limit=10,
    )  # fmt: skip
    ratio = torch.tensor([[2.0], [0.5], [9.0], [0.5]])
    old = torch.zeros(4, 1)
    now = Choice(ratio.log(), torch.zeros(4, 1), torch.zeros(4, 1))
    rows = {
        "mask": torch.ones(4, 1, dtype=torch.bool), "logprobs": old, "reference": ratio.log(),
        "advantages": torch.tensor([1.0, -1.0, -1.0, 1.0]), "weights": torch.ones(4),
    }  # fmt: skip
    losses, told = of.losses(now, rows)
    assert losses.tolist() == pytest.approx([-1.4, 0.8, 3.0, -0.5])
    assert (told["clip_ratio/high_mean"], told["clip_ratio/low_mean"], told["kl"]) == (0.25, 0.25, 0.0)
    away, _ = of.losses(now, rows | {"reference": old, "advantages": torch.zeros(4)})
    assert bool((away > 0).all())


@given(kl=st.floats(-1e6, 1e6), target=st.floats(0.01, 1000), horizon=st.floats(0.1, 1e6), steps=st.integers(1, 10_000))
def test_a_coefficient_never_changes_its_sign(kl: float, target: float, horizon: float, steps: int) -> None:
    """It falls where the distance is below its target and grows where it is above; below 0 it would drive the player away."""
    found = adapted(0.1, kl, target=target, horizon=horizon, steps=steps)
    assert 0 < found <= 0.1 if kl <= target else found >= 0.1


def test_a_distance_that_is_no_number_leaves_the_coefficients() -> None:
    """A turn whose loss is no number is not applied, and the turns after it have the coefficient of before."""
    term = KLTermConfig(coefficient=0.5, adaptive=True, target=6.0, horizon=100.0)
    held = KLCoefficients(term, term)
    held.hear("loss", math.nan, 64)
    held.hear("reward", math.nan, 64)
    assert (held.loss, held.reward) == (0.5, 0.5)


def test_one_move_alone_explains_nothing() -> None:
    """Its return has no spread; PyTorch would warn of it on the player's screen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert explained_variance(torch.tensor([0.3]), torch.tensor([1.0])) == 0.0


@pytest.mark.parametrize("name", ["ppo", "grpo"])
def test_in_micro_batches_the_gradient_is_that_of_the_batch_in_one_piece(name: str) -> None:
    """Also where the last of them is smaller."""
    chosen = by(name) if name in BY else ()
    whole, parts = (dungeon_learner(*chosen, f"batch={{moves: {moves}, accumulation: {count}}}") for moves, count in ((6, 1), (4, 2)))
    losses = [hero.gather(NEUTRAL, factor).loss for hero, factor in ((whole, 1.0), (parts, 0.75))]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for one, other in zip(whole.levers.parameters, parts.levers.parameters, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["rejection", "decision"])
def test_without_groups_each_game_is_in_a_world_of_its_own(name: str) -> None:
    """Only GRPO compares games of the same world."""
    seeds = [game.seed for game in dungeon_learner(*by(name))._play().standings]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize("weights", [{}, {"entropy": 0.75}, {"value": 0.75}, {"entropy": 0.5, "value": 0.25}], ids=str)
@pytest.mark.parametrize("name", ["ppo", "reinforce", "actde"])
def test_a_loss_is_the_sum_of_its_parts_by_their_weights(name: str, weights: dict[str, float]) -> None:
    """The policy's, the values' and the Q-heads' loss, less the entropy. A weight that is not turned stays as the campaign has it."""
    hero = dungeon_learner(*(by(name) if name in BY else ()))
    played = hero._play()
    rows, _ = hero.algorithm.prepare(played, played.choice.logprobs)
    total, told = hero.algorithm.weighed(**weights).losses(played.choice, rows)
    entropy, value = (weights.get(part, own) for part, own in (("entropy", 0.02), ("value", 0.5)))
    parts = told["loss/policy_avg"] + value * told["loss/value_avg"] + told.get("loss/q_avg", 0.0) - entropy * told["objective/entropy"]
    assert total.mean().item() == pytest.approx(parts, abs=1e-5)


def test_what_reinforce_learns_towards_is_the_return_of_the_game() -> None:
    """Each word of a move is worth what the game still brings from that move on; the advantage is that, less the value of its state."""
    hero = dungeon_learner(*by("reinforce"))
    assert isinstance(hero.algorithm, Reinforce)
    played = hero._play()
    scored = replace(
        played, score=torch.randn(len(played.score), generator=torch.Generator().manual_seed(2)), last_value=0 * played.last_value
    )
    rows, _ = replace(hero.algorithm, whitening="none").prepare(scored, scored.choice.logprobs)
    found, _ = step_returns(scored.table(scored.score), scored.table(scored.over), 0.97)
    wanted = played.rows(found)[:, None].expand(played.mask.shape)
    assert torch.allclose(rows["returns"][played.mask], wanted[played.mask], atol=1e-5)
    assert torch.allclose(rows["advantages"][played.mask], (wanted - played.choice.values)[played.mask], atol=1e-5)


def test_what_a_q_head_promises_is_taken_off_the_advantage_and_not_the_value() -> None:
    """With Q-heads that promise what the values do, it is PPO's advantage; a promise of one more takes off one, or more by the traces."""
    hero = dungeon_learner(*by("actde"))
    assert isinstance(hero.algorithm, ActDe)
    algorithm, played = replace(hero.algorithm, whitening="none"), hero._play()

    def advantages(*above: float) -> tuple[torch.Tensor, torch.Tensor]:
        q = torch.stack([played.choice.values + more for more in above], dim=1)
        rows, _ = algorithm.prepare(replace(played, choice=replace(played.choice, q=q)), played.choice.logprobs)
        return rows["advantages_q"][played.mask], rows["advantages"][played.mask]

    by_q, by_value = advantages(0.0, 0.5)
    assert torch.allclose(by_q, by_value, atol=1e-5)
    higher, _ = advantages(2.0, 1.0)
    assert torch.all(higher <= by_value - 1 + 1e-5)


def test_both_advantages_of_a_turn_count_the_distance_alike() -> None:
    """An adaptive coefficient changes between the turns: with Q-heads that promise what the values do, the two are still one."""
    hero = dungeon_learner(*by("actde"))
    assert isinstance(hero.algorithm, ActDe)
    kl = KLCoefficients(*[KLTermConfig(coefficient=0.5, adaptive=True, target=0.1, horizon=10.0)] * 2)
    algorithm, played = replace(hero.algorithm, whitening="none", kl=kl), hero._play()
    q = played.choice.values[:, None].repeat(1, 2, 1)
    rows, _ = algorithm.prepare(replace(played, choice=replace(played.choice, q=q)), played.choice.logprobs - 1)
    assert kl.reward > 0.6
    assert torch.allclose(rows["advantages_q"][played.mask], rows["advantages"][played.mask], atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_value_head_begins_by_its_generator_and_promises_nothing(layers: int) -> None:
    """Whatever else has drawn numbers before. Weights of deviation 1 / sqrt(inputs) but for the last layer, which is 0; no bias."""
    heads = [ValueHead(64, layers) for _ in range(2)]
    for head in heads:
        head.draw_weights(torch.Generator().manual_seed(3))
    assert all(torch.equal(a, b) for a, b in zip(heads[0].parameters(), heads[1].parameters(), strict=True))
    assert not heads[0](torch.randn(5, 64)).any()
    for weight in list(heads[0].layers.parameters())[:-2:2]:
        assert weight.std().item() == pytest.approx(1 / 8, rel=0.05)
    assert not any(bias.any() for bias in list(heads[0].layers.parameters())[1::2])


def test_q_heads_begin_small_and_apart() -> None:
    """Weights of mean 0 and deviation 0.02, none as another head's; no bias."""
    heads = QHeads(64, 100, 2)
    heads.draw_weights(torch.Generator().manual_seed(3))
    first, second = (head.weight.detach() for head in heads.heads)
    assert not torch.equal(first, second)
    for head in heads.heads:
        assert head.weight.mean().item() == pytest.approx(0.0, abs=1e-3)
        assert head.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert not head.bias.any()
