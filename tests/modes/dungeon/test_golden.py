"""The dungeon against reference data: its arithmetic, its texts and its rewards. `--golden DIR` reads another folder of the same files."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import Credit, action_advantages, at_level, step_returns, whitened
from rolltrain_tui.modes.dungeon.algorithms.ilql import Critic, q_losses, smallest
from rolltrain_tui.modes.dungeon.algorithms.kl import adapted, exact_kl, token_rewards
from rolltrain_tui.modes.dungeon.algorithms.ppo import Coefficients, policy_losses, ppo_losses, ppo_statistics, ratios
from rolltrain_tui.modes.dungeon.algorithms.rejection import best, scores
from rolltrain_tui.modes.dungeon.games.components import Component, Outcome, parts, reward
from rolltrain_tui.modes.dungeon.player.actions import cleaned, says_something
from rolltrain_tui.modes.dungeon.player.choice import Choice
from rolltrain_tui.modes.dungeon.player.prompts import Memory, situation
from rolltrain_tui.modes.dungeon.player.value_head import ValueHead

RTOL, ATOL = 1e-5, 1e-6

Cases = Callable[[str], list[Any]]


def same(found: Tensor | float, wanted: Any) -> None:
    there = torch.as_tensor(found, dtype=torch.float64)
    expected = torch.tensor(wanted, dtype=torch.float64)
    assert there.shape == expected.shape
    assert torch.allclose(there, expected, rtol=RTOL, atol=ATOL), (there, expected)


def row(numbers: Any) -> Tensor:
    """One action: (1, T)."""
    return torch.tensor([numbers])


def everything(numbers: Tensor) -> Tensor:
    return torch.ones_like(numbers, dtype=torch.bool)


def padded(rows: list[list[float]]) -> tuple[Tensor, Tensor]:
    """Rows of different lengths, with rubbish behind them, and their mask."""
    longest = max(map(len, rows))
    values = torch.tensor([[*own, *[7e3] * (longest - len(own))] for own in rows])
    return values, torch.tensor([[j < len(own) for j in range(longest)] for own in rows])


def credit(case: dict[str, Any]) -> Credit:
    return Credit(level=case["value_level"], gamma=case["gamma_token"], gamma_step=case["gamma_step"], lam=case["lam"], lam_step=0.0)


def test_advantages(cases: Cases) -> None:
    """Of the tokens of an action, or of the whole action; and the same where a longer action stands beside it."""
    for case in cases("advantages"):
        for more in ([], [[1.0] * (len(case["token_rewards"]) + 2)]):
            rewards, mask = padded([case["token_rewards"], *more])
            values, _ = padded([case["token_values"], *more])
            found = action_advantages(rewards, values, mask, torch.full((len(rewards),), case["next_value"]), credit(case))
            returns = found + at_level(values, mask, case["value_level"])
            same(found[0, : len(case["advantages"])], case["advantages"])
            same(returns[0, : len(case["returns"])], case["returns"])


def test_step_returns(cases: Cases) -> None:
    """Across actions, each game by itself; and whether a game's end was played."""
    for case in cases("step_returns"):
        returns, finished = step_returns(row(case["rewards"]), row(case["done"]), case["gamma_step"])
        same(returns[0], case["returns"])
        same((returns - row(case["first_values"]))[0], case["advantages"])
        assert finished[0].tolist() == case["finished"]


def test_whitening(cases: Cases) -> None:
    """By no, one or all actions; one number is not lost from the mean of a batch."""
    for case in cases("whitening"):
        values, mask = padded(case["values"])
        for scope in ("none", "single", "batch"):
            found = whitened(values, mask, scope)
            for own, there, wanted in zip(found, mask, case[scope], strict=True):
                same(own[there], wanted)
        assert torch.equal(whitened(values, mask, "all"), whitened(values, mask, "batch"))
        for own, wanted in zip(case["batch"], case["source_batch"] or case["batch"], strict=True):
            assert wanted == own or len(own) == 1  # the original loses an action of one token


def chosen(case: dict[str, Any], logits: Tensor) -> Tensor:
    """Log-probabilities of the action's tokens: (1, T)."""
    first, count = case["prompt_tokens"], case["action_tokens"]
    ids = torch.tensor(case["token_ids"][first : first + count])
    return logits[first - 1 : first - 1 + count].log_softmax(dim=1).gather(1, ids[:, None]).T


def test_ppo_losses(cases: Cases) -> None:
    """Losses, statistics and gradients of one action; positions of the prompt count for nothing."""
    for case in cases("ppo_losses"):
        logits = torch.tensor(case["logits"], requires_grad=True)
        every = torch.tensor(case["values"], requires_grad=True)
        first, count = case["prompt_tokens"], case["action_tokens"]
        own = slice(first - 1, first - 1 + count)
        logprobs = chosen(case, logits)
        entropy = torch.distributions.Categorical(logits=logits[own]).entropy()[None]
        now = Choice(logprobs, entropy, every[own][None])
        old = Choice(row(case["old_logprobs"]), entropy, row(case["old_values"]))
        of = Coefficients(
            clip=case["clip"], value_clip=case["value_clip"], value=case["vf_coef"], kl=case["kl_coef"], entropy=case["ent_coef"],
            level=case["value_level"],
        )  # fmt: skip
        mask = everything(logprobs)
        losses = ppo_losses(now, old, row(case["ref_logprobs"]), row(case["advantages"]), row(case["returns"]), mask, of)
        same(logprobs[0].detach(), case["new_logprobs"])
        same(ratios(logprobs, old.logprobs, mask, "token")[0].detach(), case["ratio"])
        for name, there in (
            ("policy_loss", losses.policy), ("value_loss", losses.value), ("kl_loss", losses.kl),
            ("entropy_action_tokens", losses.entropy), ("total", losses.total),
        ):  # fmt: skip
            same(there[0].detach(), case[name])
        told = ppo_statistics(now, old, row(case["advantages"]), row(case["returns"]), mask, of)
        for name, key in (
            ("clipfrac", "policy/clipfrac_avg"), ("approxkl", "policy/approxkl_avg"), ("policykl", "policy/policykl_avg"),
        ):  # fmt: skip
            same(told[key], case[name])
        losses.total.mean().backward()
        same(every.grad, case["grad_values"]) if every.grad is not None else None
        if case["ent_coef"] == 0:
            same(logits.grad, case["grad_logits_source"]) if logits.grad is not None else None
        assert every.grad is not None
        assert logits.grad is not None


def test_batch_loss(read: Callable[[str], Any]) -> None:
    """Every action of a minibatch is learned from, as much as any other."""
    case = read("batch_loss")
    samples = torch.tensor(case["samples"])
    # Ratio 1 and advantage -loss: the policy's loss of each action is the sample's
    mask = torch.ones(len(samples), 3, dtype=torch.bool)
    zeros = torch.zeros(len(samples), 3)
    choice = Choice(zeros, zeros, zeros)
    of = Coefficients(clip=0.2, value_clip=None, value=0.0, kl=0.0, entropy=0.0)
    losses = ppo_losses(choice, choice, zeros, -samples[:, None].expand(-1, 3), zeros, mask, of)
    same(losses.total.mean(), case["loss"])
    assert case["source"] != case["loss"]


def test_exact_kl(cases: Cases) -> None:
    """Its mean over all tokens, weighed by how often they are sampled, is the KL, and so is its gradient; without the ratio it is not."""
    for case in cases("exact_kl"):
        logits = torch.tensor(case["logits"], dtype=torch.float64, requires_grad=True)
        sampling, reference = (torch.tensor(case[name], dtype=torch.float64) for name in ("sampling_logprobs", "ref_logprobs"))
        logprobs = logits.log_softmax(dim=0)
        kl = (sampling.exp() * exact_kl((logprobs - sampling).exp(), logprobs, reference)).sum()
        kl.backward()
        same(kl.detach(), case["kl"])
        same(logits.grad, case["gradient"]) if logits.grad is not None else pytest.fail("no gradient")
        assert not torch.allclose(logits.grad, torch.tensor(case["gradient_without_ratio_is_wrong"], dtype=torch.float64), rtol=1e-3)


def test_kl_controller(cases: Cases) -> None:
    for case in cases("kl_controller"):
        coefficient = case["init"]
        for kl, wanted in zip(case["kl"], case["coef_after"], strict=True):
            coefficient = adapted(coefficient, kl, target=case["target"], horizon=case["horizon"], steps=case["n_steps"])
            same(coefficient, wanted)


def test_token_rewards(cases: Cases) -> None:
    """The distance from the reference costs at every token; the score is earned by the last."""
    for case in cases("token_rewards"):
        (old, mask), (reference, _) = padded([case["old_logprobs"], [0.1] * 9]), padded([case["ref_logprobs"], [0.1] * 9])
        found = token_rewards(torch.tensor([case["score"], 0.0]), old, reference, mask, case["beta_rew"])
        same(found[0][mask[0]], case["token_rewards"])
        plain = token_rewards(torch.zeros(2), old, reference, mask, case["beta_rew"])
        same(plain[0][mask[0]], case["non_score"])
        same(((old - reference) * mask).sum(dim=1)[0], case["kl_sum"])


def test_rejection(cases: Cases) -> None:
    """The best so many, or the best part: the best first."""
    for case in cases("rejection"):
        found = torch.tensor(case["scores"])
        assert best(found, number=case["top_n"]).tolist() == case["kept_top_n"]
        assert best(found, fraction=case["fraction"]).tolist() == case["kept_fraction"]


def test_rejection_score(cases: Cases) -> None:
    for case in cases("rejection_score"):
        old, reference = row(case["old_logprobs"]), row(case["ref_logprobs"])
        found = scores(torch.tensor([case["step_return"]]), old, reference, everything(old), case["beta_rew"])
        same(found[0], case["score"])


def test_actde_ilql(cases: Cases) -> None:
    """Advantages by -Q, the policy's, the values' and the Q-heads' losses."""
    for case in cases("actde_ilql"):
        first, count = case["prompt_tokens"], case["action_tokens"]
        own, level = slice(first - 1, first - 1 + count), case["value_level"]
        ids = torch.tensor(case["token_ids"][first : first + count])
        logprobs, values = chosen(case, torch.tensor(case["logits"])), row(case["values"][own])
        q = torch.tensor(case["q_heads"])[:, own].gather(2, ids[None, :, None].expand(len(case["q_heads"]), -1, 1))[None, ..., 0]
        old_values, old_q, mask = row(case["old_values"]), row(case["old_q"]), everything(logprobs)
        rewards, then, of = row(case["token_rewards"]), torch.tensor([case["next_value"]]), credit(case)
        by_v = action_advantages(rewards, old_values, mask, then, of)
        by_q = action_advantages(rewards, old_values, mask, then, of, baseline=old_q)
        returns = by_v + at_level(old_values, mask, level)
        same(by_v[0], case["advantages_v"])
        same(by_q[0], case["advantages_q"])
        same(returns[0], case["returns"])
        same((by_v - by_q).square().mean(), case["adv_diff"])
        policy = policy_losses(ratios(logprobs, row(case["old_logprobs"]), mask, "token"), by_q, 0.2).mean()
        critic = Critic(loss=case["vf_loss_type"], tau=case["expectile"], value_clip=0.2, level=level)
        value = critic.losses(values, old_values, old_q, returns, mask)[0]
        heads = q_losses(q, returns, mask, level)[0]
        same(policy, case["policy_loss"])
        same(value, case["value_loss"])
        same(heads, case["q_loss"])
        same(policy + 0.5 * value + heads, case["total"])
        assert torch.equal(smallest(q)[0], q[0].min(dim=0).values)


def test_value_head(cases: Cases) -> None:
    """One or two layers with given weights; a new head promises nothing."""
    for case in cases("value_head"):
        hidden = torch.tensor(case["hidden"])
        for detach in (False, True):
            head = ValueHead(hidden.shape[1], case["layers"], detach=detach)
            head.draw_weights(torch.Generator().manual_seed(1))
            assert head(hidden).abs().max().item() == 0
            state = {name.removeprefix("summary.").removeprefix("summary"): torch.tensor(value) for name, value in case["state"].items()}
            head.layers.load_state_dict({name if "." in name else f"0.{name}": value for name, value in state.items()})
            read = hidden.clone().requires_grad_()
            out = head(read)
            same(out.detach(), case["output"])
            assert out.requires_grad
            if not detach:
                out.sum().backward()
                assert read.grad is not None
                assert read.grad.abs().sum() > 0
            else:
                assert torch.autograd.grad(out.sum(), read, allow_unused=True) == (None,)


def test_the_kl_of_samples_has_the_gradient_of_the_kl() -> None:
    """Sampled from an older policy, the surrogate's mean gradient is that of KL(pi || ref), within four standard errors; without the
    ratio, and with the old log-probabilities in the difference, it is not."""
    stream = torch.Generator().manual_seed(5)
    theta = torch.randn(5, generator=stream, dtype=torch.float64)
    old = (theta + 0.4 * torch.randn(5, generator=stream, dtype=torch.float64)).log_softmax(dim=0)
    reference = torch.randn(5, generator=stream, dtype=torch.float64).log_softmax(dim=0)
    logits = theta.clone().requires_grad_()
    pi = logits.log_softmax(dim=0)
    (truth,) = torch.autograd.grad((pi.exp() * (pi - reference)).sum(), logits)
    words = torch.multinomial(old.exp(), 40_000, replacement=True, generator=stream)
    rows = theta.expand(len(words), -1).clone().requires_grad_()  # a gradient for each sample
    own = rows.log_softmax(dim=1).gather(1, words[:, None])[:, 0]
    difference = own - old[words]
    for surrogate, right in ((exact_kl(difference.exp(), own, reference[words]), True), (own - reference[words], False)):
        (each,) = torch.autograd.grad(surrogate.sum(), rows, retain_graph=True)
        error = each.std(dim=0) / math.sqrt(len(words))
        assert bool(((each.mean(dim=0) - truth).abs() <= 4 * error).all()) is right


# ---------------------------------------------------------------------------------------------------------------------
# Texts and rewards


def test_clean(cases: Cases) -> None:
    """What a model wrote keeps the characters of a command."""
    for case in cases("clean"):
        assert cleaned(case["text"]) == case["cleaned"]
        assert says_something(case["text"]) is case["has_letter_or_digit"]


def test_prompts(cases: Cases) -> None:
    """Objective, moves of the past, observation, inventory and commands; all is forgotten after the last move of a game."""
    for case in cases("prompts"):
        memory = Memory(case["few_shot"])
        for step in case["steps"]:
            now = situation(step["observation"], step["inventory"], step["admissible"])
            assert memory.prompt(case["objective"], now) == step["prompt"]
            memory.add(now, step["action"], done=step["done"])


def component(name: str, value: Any) -> Component:
    return Component(name=name, bias=value[0], value=value[1]) if name == "scalar" else Component(name=name, value=value)


def outcomes(steps: list[Any]) -> list[Outcome]:
    """The moves of a case; a game's points begin at 0 after the end of the one before."""
    found, before = [], 0
    for step in steps:
        told = {name: step[name] for name in ("command", "score", "accepted", "won", "lost")}
        found.append(Outcome(score_before=before, **told))
        before = 0 if step["done"] else step["score"]
    return found


def test_rewards(cases: Cases) -> None:
    """The chain from the inside out; the parts add up to the reward."""
    for case in cases("rewards"):
        chain = [component(name, value) for name, value in case["chain"]]
        for step, outcome in zip(case["steps"], outcomes(case["steps"]), strict=True):
            assert reward(chain, outcome) == pytest.approx(step["reward"], rel=1e-5, abs=1e-6)
            assert sum(parts(chain, outcome)) == reward(chain, outcome)
