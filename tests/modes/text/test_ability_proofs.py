"""The proof of each ability: what the card claims is what a real learner measures in its weights.

A game with loaded dice gives the effects of each turn, a GPT of a few thousand weights takes them, under each optimiser, clipped or not.
"""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.small_learners import same
from support.trials import Begin, Trial
from torch import Tensor

from rolltrain_tui.modes.text.gpt import token_losses
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import AbilityUsed, CommandRefused, DiceRolled, HeroHealed
from rolltrain_tui.protocol.learner import StepAbandoned, StepReport
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.rules.rulebooks import RULEBOOKS, Hook
from rolltrain_tui.training.state.state_memory import FIRST_MOMENTS

pytestmark = pytest.mark.slow


def k_after(trial: Trial, **close: float) -> None:
    """The turn's update is the plain one times the claim. A claim of 1 may be the plain step, which is not measured."""
    report = trial.play()
    assert report.k_requested == pytest.approx(close["k"], abs=1e-6)
    assert report.k_effective == pytest.approx(close["k"], abs=1e-3) or (close["k"], report.k_effective) == (1, None)


# ---------------------------------------------------------------------------------------------------------------------
# Barbarian and Wizard


def test_rage_lengthens_every_update(begin: Begin) -> None:
    """Over a live rage, sum of applied / sum of proposed = 1.500; over a passive one too."""
    for auto, orders, turns in (((), (UseAbility("rage"),), 10), (("rage",), (), 3)):
        trial = begin("barbarian", faces=[14], auto=auto)
        reports = [trial.play(*orders), *(trial.play() for _ in range(turns - 1))]
        assert 1.5 == pytest.approx(sum(r.applied_norm for r in reports) / sum(r.proposed_norm for r in reports), abs=1e-3)
        assert trial.play().k_effective is None


def test_reckless_attack_doubles_hits_on_half_the_batch(begin: Begin) -> None:
    """Live: two dice, half the tokens, k = 2. Passive, at 18: k = 2 on the whole batch."""
    trial = begin("barbarian", faces=[3, 12])
    report = trial.play(UseAbility("reckless_attack"))
    assert ((3, 12), 12) == (trial.of(DiceRolled)[0].naturals, trial.of(DiceRolled)[0].natural)
    assert 2.0 == pytest.approx(report.k_effective, abs=1e-3)
    assert report.tokens * 2 == trial.learner.info().tokens_per_turn
    k_after(begin("barbarian", faces=[16], auto=["reckless_attack"]), k=2.0)


def test_arcane_recovery_is_a_quarter_more(begin: Begin) -> None:
    """Twenty turns of the live form, and five of the passive one that a total of 15 sets off: mean k felt 1.25, then 1 again."""
    for auto, orders, turns in (((), (UseAbility("arcane_recovery"),), 20), (("arcane_recovery",), (), 5)):
        trial = begin("wizard", faces=[13], auto=auto)
        felt = [trial.play(*orders).k_effective, *(trial.play().k_effective for _ in range(turns - 1))]
        assert 1.25 == pytest.approx(sum(felt) / turns, abs=0.01)
        assert felt == sorted(felt, reverse=True)
        assert trial.play().k_effective is None


@pytest.mark.parametrize(("cantrip", "k"), [("steady", 0.75), ("calm", 0.3), ("quicken", 1.25)])
def test_a_cantrip_is_its_multiple(begin: Begin, cantrip: str, k: float) -> None:
    """k felt is the cantrip's, turn after turn."""
    trial = begin("wizard", level=5)
    felt = [trial.play(UseAbility("spell_mastery", cantrip)).k_effective, trial.play().k_effective, trial.play().k_effective]
    assert [k] * 3 == pytest.approx(felt, abs=1e-3)


# ---------------------------------------------------------------------------------------------------------------------
# Rogue


def proposal(trial: Trial, effect: StepEffect = NEUTRAL) -> tuple[Tensor, Tensor]:
    """The update a plain turn would make now, and its gradient: from a fork, which changes nothing."""
    fork = trial.learner.fork()
    before = torch.cat([p.detach().flatten().clone() for p in fork.levers.parameters])
    gradients: list[Tensor] = []
    step = fork.optimizer.step

    def watch(*args: Any, **kwargs: Any) -> Any:
        gradients.extend(p.grad.detach().flatten().clone() for p in fork.levers.parameters if p.grad is not None)
        return step(*args, **kwargs)

    fork.optimizer.step = watch  # type: ignore[method-assign]
    fork.step(effect)
    after = torch.cat([p.detach().flatten() for p in fork.levers.parameters])
    return after - before, torch.cat(gradients)


@pytest.mark.parametrize(("level", "gain"), [(1, 1.2), (3, 1.4), (9, 2.0)])
def test_sneak_attack_strikes_what_agrees(begin: Begin, level: int, gain: float) -> None:
    """Where update and gradient disagree in sign the update is gain x the proposed one, elsewhere x 1; below 12 nothing happens."""
    trial = begin("rogue", faces=[9, 10], auto=["sneak_attack"], level=level)
    assert {} == dict(trial.play().measured)
    update, gradient = proposal(trial)
    before = trial.weights()
    report = trial.play()
    moved, agrees = trial.weights() - before, update * gradient < 0
    assert gain == pytest.approx((moved[agrees].norm() / update[agrees].norm()).item(), rel=1e-3)
    assert gain == pytest.approx(report.measured["agreeing_gain"], rel=1e-3)
    assert 1.0 == pytest.approx(report.measured["agreeing_gain.others"], abs=1e-6)
    assert torch.allclose(moved[~agrees], update[~agrees], atol=1e-8)
    assert int(agrees.sum()) == report.measured["agreeing_gain.struck"]
    assert agrees.float().mean().item() == pytest.approx(report.measured["agreeing_gain.share"])
    assert [1.0, 1.0] == [report.k_requested, pytest.approx(report.k_effective, abs=1e-3)]


def test_backstab_moves_only_what_agrees(begin: Begin) -> None:
    """For ten turns coordinates that disagree stand still and the others move 1 / their share as far."""
    trial = begin("rogue")
    for turn in range(10):
        update, gradient = proposal(trial)
        before = trial.weights()
        report = trial.play(*([UseAbility("sneak_attack")] if turn == 0 else []))
        moved, agrees = trial.weights() - before, update * gradient < 0
        assert 0.0 == moved[~agrees].abs().sum().item()
        assert 1 / agrees.float().mean().item() == pytest.approx((moved[agrees].norm() / update[agrees].norm()).item(), rel=1e-3)
        assert 0.0 == report.measured["cautious.others"]
    assert {} == dict(trial.play().measured)


def test_a_mask_and_a_roll_multiply(begin: Begin) -> None:
    """Under a critical hit's k = 2 the struck coordinates move 2 x 1.2 as far, the others 2 x; on the learning rate as well."""
    hooks: tuple[Hook, ...] = ("update", "lr")
    for hook in hooks:
        trial = begin("rogue", faces=[20], auto=["sneak_attack"], rulebook=replace(RULEBOOKS["hero"], hook=hook))
        update, gradient = proposal(trial)
        before = trial.weights()
        report = trial.play()
        moved, agrees = trial.weights() - before, update * gradient < 0
        assert 2.4 == pytest.approx((moved[agrees].norm() / update[agrees].norm()).item(), rel=2e-2)
        assert 2.0 == pytest.approx(report.k_effective, abs=2e-2)


def test_dash_is_one_more_step_on_half_a_batch(begin: Begin) -> None:
    """Two optimiser steps, one and a half times the tokens."""
    trial = begin("rogue")
    report = trial.play(UseAbility("cunning_action", "dash"))
    assert (2, 1.5) == (report.optimizer_steps, report.tokens / trial.learner.info().tokens_per_turn)
    assert (1.0, 0.5) == (report.measured["extra_steps"], report.measured["extra_batch_factor"])
    assert 1 == trial.play().optimizer_steps


def test_disengage_forgets_the_momentum(begin: Begin) -> None:
    """The first moments are zero before the step: after it they are what one step makes of nothing."""
    trial = begin("rogue")
    seen: list[float] = []
    step = trial.learner.optimizer.step

    def watch(*args: Any, **kwargs: Any) -> Any:
        states = trial.learner.optimizer.state.values()
        seen.append(sum(s[key].norm().item() for s in states for key in FIRST_MOMENTS if s.get(key) is not None))
        return step(*args, **kwargs)

    trial.learner.optimizer.step = watch  # type: ignore[method-assign]
    report = trial.play(UseAbility("cunning_action", "disengage"))
    assert [0.0] == seen
    assert 0.0 == report.measured["forget_momentum"]
    remembers = trial.learner.config.optimizer.name == "adamw" or trial.learner.config.optimizer.beta1 > 0
    assert remembers == (report.measured["forget_momentum.before"] > 0)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_hide_drops_the_worst(begin: Begin, accumulation: int) -> None:
    """The two sequences dropped are those of highest loss, the gradient is that of the rest, and the loss shown is that of all."""
    trial = begin("rogue", f"batch.accumulation={accumulation}")
    fork = trial.learner.fork()
    batches = [fork._read(4) for _ in range(accumulation)]
    with torch.no_grad():
        losses = torch.cat([token_losses(fork.model(x), y).mean(dim=1) for x, y in batches])
    report = trial.play(UseAbility("cunning_action", "hide"))
    worst = losses.topk(2).indices.tolist()
    assert {f"drop_worst.{i}" for i in worst} <= set(report.measured)
    for i in worst:
        assert losses[i].item() == pytest.approx(report.measured[f"drop_worst.{i}"], abs=1e-5)
    assert losses.mean().item() == pytest.approx(report.loss, abs=1e-5)
    kept = [i for i in range(len(losses)) if i not in worst]
    x, y = (torch.cat([batch[side] for batch in batches])[kept] for side in (0, 1))
    fork.model.zero_grad()
    fork.model.loss(x, y).backward()  # type: ignore[no-untyped-call]
    expected = torch.cat([p.grad.flatten() for p in fork.levers.parameters if p.grad is not None]).norm().item()
    assert expected == pytest.approx(report.grad_norm, rel=1e-4)
    assert report.tokens == len(kept) * 8


# ---------------------------------------------------------------------------------------------------------------------
# Fighter


def test_second_wind_turns_a_lost_turn_into_half_a_step(begin: Begin) -> None:
    """A fumble, and a step back of the cursed tome, become k = 0.500; a charge each; without one the table's 0 stands."""
    trial = begin("fighter", rulebook="hero", faces=[1, 1, 1], auto=["second_wind"])
    assert [0.5, 0.5, 0.0] == pytest.approx([trial.play().k_effective for _ in range(3)], abs=1e-3)
    k_after(begin("fighter", rulebook="methodology", faces=[5], auto=["second_wind"]), k=0.5)


def test_second_wind_takes_ten(begin: Begin) -> None:
    """Live: 1d10 + level HP, and for three turns a 2 counts as 10."""
    trial = begin("fighter", rulebook="hero", faces=[2, 3, 1, 1], fate=[7], level=2)
    trial.game.hero.hp = 3
    rolls = []
    felt = []
    for turn in range(4):
        felt.append(trial.play(*([UseAbility("second_wind")] if turn == 0 else [])).k_effective)
        rolls.append(trial.of(DiceRolled)[0].natural)
        if turn == 0:
            assert [9] == [fact.amount for fact in trial.of(HeroHealed)]
    assert [10, 10, 10, 1] == rolls
    assert [None, None, None, 0.0] == felt  # k asked is 1, then 0


def test_action_surge_is_two_whole_steps(begin: Begin) -> None:
    """Two optimiser steps and twice the tokens, live or at a total of 18, and the weights of two plain steps."""
    for auto, orders, faces in (((), (UseAbility("action_surge"),), [12]), (("action_surge",), (), [16])):
        trial = begin("fighter", faces=faces, auto=auto)
        twin = trial.learner.fork()
        report = trial.play(*orders)
        assert (2, 2.0) == (report.optimizer_steps, report.tokens / trial.learner.info().tokens_per_turn)
        twin.step(NEUTRAL)
        twin.step(NEUTRAL)
        assert twin.weights_sha256() == trial.learner.weights_sha256()
        assert 1 == trial.play().optimizer_steps


# ---------------------------------------------------------------------------------------------------------------------
# Cleric


@pytest.mark.parametrize(("d4", "wisdom", "alpha"), [(1, 10, 0.1), (3, 14, 0.5), (4, 20, 0.8), (1, 3, 0.1)])
def test_healing_word_shrinks_the_distance_to_the_average(begin: Begin, d4: int, wisdom: int, alpha: float) -> None:
    """|theta' - mean| / |theta - mean| = 1 - alpha to six digits; the validation loss before and after; and the HP."""
    trial = begin("cleric", fate=[d4], stats={"WIS": wisdom}, warm=12)
    trial.game.hero.hp = 1
    average = [weight.clone() for weight in trial.learner.memory.average.weights]  # type: ignore[union-attr]
    loss = trial.learner.evaluate(trial.learner.config.evaluation.sequences).value
    report = trial.play(UseAbility("healing_word"))
    assert alpha == pytest.approx(trial.effect.heal_alpha)
    assert 1 - alpha == pytest.approx(report.measured["heal_alpha"], abs=1e-6)
    assert loss == report.measured["heal_alpha.val_before"]
    assert math.isfinite(report.measured["heal_alpha.val_after"])
    assert [max(1, d4 + (wisdom - 10) // 2)] == [fact.amount for fact in trial.of(HeroHealed)]
    followed = [torch.lerp(a, p.detach(), 0.05) for a, p in zip(average, trial.learner.levers.parameters, strict=True)]
    assert all(torch.allclose(a, b, atol=1e-7) for a, b in zip(followed, trial.learner.memory.average.weights, strict=True))  # type: ignore[union-attr]


def test_healing_word_damps_the_turn_after_a_spike(begin: Begin) -> None:
    """After a loss of more than 1.5 times its average, k = 1.1 average / loss, once a charge; not on the spike's own turn."""
    trial = begin("cleric", auto=["healing_word"])
    trial.play()
    trial.game.loadout.losses.hear(2.0)
    average = trial.game.loadout.losses.ema
    assert average is not None
    trial.game.loadout.losses.hear(2 * average)
    k_after(trial, k=0.55)
    assert [2] == [used.charges for used in trial.of(AbilityUsed)]
    k_after(trial, k=1.0)


def test_healing_word_makes_up_for_a_fumble(begin: Begin) -> None:
    """After a turn of which hardly any update was felt: twice the plain update, a charge each; half of one asks for nothing."""
    trial = begin("cleric", faces=[1, 5, 5, 12], rulebook="hero", auto=["healing_word"])
    felt = [trial.play().k_effective for _ in range(4)]
    assert [0.0, None, pytest.approx(0.5, abs=1e-3), pytest.approx(1.1, abs=1e-3)] == felt  # the second asks for 2 * 0.5 = 1
    assert [2] == [charge.left for charge in trial.game.sheet().charges if charge.ability == "healing_word"]


def test_divine_intervention_returns_to_the_best(begin: Begin) -> None:
    """Answered: the evaluation is the best stored one to the last digit, moments too; the learning rate is halved for 20 turns."""
    trial = begin("cleric", fate=[15], level=1)
    learner, sequences = trial.learner, trial.learner.config.evaluation.sequences
    losses = []
    for turn in range(4):
        losses.append(learner.evaluate(sequences))
        learner.remember(losses[-1])
        if losses[-1].value == min(e.value for e in losses):
            best = learner.fork()
        learner.step(StepEffect(update_scale=3.0 if turn < 2 else -3.0))
    assert learner.evaluate(sequences).value != min(e.value for e in losses)
    report = trial.play(UseAbility("divine_intervention"))
    assert min(e.value for e in losses) == report.measured["restore_best"] == report.measured["restore_best.stored"]
    assert 0.5 == pytest.approx(report.k_effective, abs=1e-3)
    learner.step(StepEffect(restore_best=True, update_scale=0.0))  # held still, the weights are the best ones to the bit
    assert best.weights_sha256() == learner.weights_sha256()
    assert min(e.value for e in losses) == learner.evaluate(sequences).value
    assert [0.5] * 19 == [trial.play().k_requested for _ in range(19)]
    assert 1.0 == trial.play().k_requested


def test_divine_intervention_is_locked_by_camps(begin: Begin) -> None:
    """Unanswered it comes back at the next camp, answered at the second next."""
    prayer = UseAbility("divine_intervention")
    for rolled, camps in ((16, 1), (15, 2)):
        trial = begin("cleric", fate=[rolled, 99, 99])
        trial.play(prayer)
        assert (rolled == 15) == trial.effect.restore_best
        for camp in range(camps):
            trial.play(prayer)
            assert 1 == len(trial.of(CommandRefused)), camp
            trial.game.loadout.held["divine_intervention"].end()
            trial.game.camp(trial.turn)
        trial.play(prayer)
        assert [] == trial.of(CommandRefused)


def test_a_fumble_may_be_answered(begin: Begin) -> None:
    """A natural 1 with a d100 of 10 or less takes k = +0.5, without a charge; with 11 the fumble stands."""
    trial = begin("cleric", rulebook="hero", faces=[1, 1], fate=[10, 1, 11, 1], auto=["divine_intervention"])
    assert [0.5, 0.0] == pytest.approx([trial.play().k_effective, trial.play().k_effective], abs=1e-3)
    assert 1 == trial.game.loadout.held["divine_intervention"].left


# ---------------------------------------------------------------------------------------------------------------------
# Paladin


@pytest.mark.parametrize(("face", "k"), [(12, 1.0), (13, 1.5), (17, 1.9), (18, 2.0), (20, 2.2)])
def test_a_passive_smite_is_its_formula(begin: Begin, face: int, k: float) -> None:
    """k = 1.5 + 0.1 (total - 15) from a total of 15 on; a total of 19 is 1.900."""
    k_after(begin("paladin", faces=[face], auto=["divine_smite"]), k=k)


def test_an_armed_smite_waits_for_the_next_hit(begin: Begin) -> None:
    """Misses pass it by; the next hit takes the formula and spends it."""
    trial = begin("paladin", faces=[3, 17, 17])
    assert [1.0, 1.9, 1.0] == pytest.approx(
        [trial.play(UseAbility("divine_smite")).k_effective, trial.play().k_effective, trial.play().k_effective], abs=1e-3
    )


def test_the_aura_erases_fumbles(begin: Begin) -> None:
    """A natural 1 counts as 8, both are told, and the turn trains as a miss does."""
    trial = begin("paladin", rulebook="hero", faces=[1], auto=["aura_of_protection"])
    report = trial.play()
    roll = trial.of(DiceRolled)[0]
    assert ((1,), 8, 10, "miss") == (roll.naturals, roll.natural, roll.total, roll.outcome)
    assert 0.5 == pytest.approx(report.k_effective, abs=1e-3)


def test_the_aura_caps_the_update(begin: Begin) -> None:
    """From level 11 no update is longer than nine in ten of the last hundred; a tenfold one is cut, and in its direction."""
    trial = begin("paladin", auto=["aura_of_protection"], level=11, warm=0)
    reports = [trial.play() for _ in range(40)]
    assert all(r.measured["norm_cap"] <= 1 + 1e-5 for r in reports[10:])
    assert all(r.measured["norm_cap.after"] <= r.measured["norm_cap.cap"] * (1 + 1e-5) for r in reports[10:])
    norms = sorted(trial.learner.levers.norms or ())
    update, _ = proposal(trial)
    before = trial.weights()
    report = trial.learner.step(StepEffect(update_scale=3.0, norm_cap=0.9))
    moved = trial.weights() - before
    assert norms[35] <= report.measured["norm_cap.cap"] <= norms[36]
    assert report.applied_norm == pytest.approx(min(3 * update.norm().item(), report.measured["norm_cap.cap"]), rel=1e-3)
    assert 1.0 == pytest.approx((moved @ update / moved.norm() / update.norm()).item(), abs=1e-3)


def test_stand_firm_reads_four_batches(begin: Begin) -> None:
    """Five turns of four times the tokens, then plain ones."""
    trial = begin("paladin")
    plain = trial.learner.info().tokens_per_turn
    tokens = [trial.play(UseAbility("aura_of_protection")).tokens / plain, *(trial.play().tokens / plain for _ in range(5))]
    assert [4.0] * 5 + [1.0] == tokens


# ---------------------------------------------------------------------------------------------------------------------
# What looks back costs and changes nothing, is resumed to the bit, and is taken back with a turn that never was

MEMORY = ("heal_alpha", "restore_best", "norm_cap")


def test_remembering_changes_nothing(begin: Begin) -> None:
    """A neutral run with everything remembered has the weights of a plain one, to the bit."""
    plain, watched = begin("barbarian", warm=0).learner, begin("barbarian", warm=0).learner
    watched.prepare(MEMORY)
    for _ in range(6):
        report = watched.step(NEUTRAL)
        plain.step(NEUTRAL)
        watched.remember(watched.evaluate(4))
        assert 1.0 == report.k_effective  # measured, because the memory follows the lengths of all updates
    assert plain.weights_sha256() == watched.weights_sha256()
    assert not any(name.startswith(("average.", "best.")) for name in plain.tensors())


def grown(learner: TextLearner, turns: int) -> list[StepReport]:
    """Turns that use everything that looks back."""
    reports = []
    for turn in range(turns):
        learner.remember(learner.evaluate(8))
        effect = StepEffect(norm_cap=0.9, heal_alpha=0.3 * (turn % 3 == 0), restore_best=turn % 4 == 3, forget_momentum=turn % 5 == 2)
        reports.append(learner.step(effect))
    return reports


def test_what_is_remembered_is_resumed_and_forked(begin: Begin) -> None:
    """A resumed run and a fork go on exactly as the run itself, average, ring and norms included."""
    learner, resumed = begin("cleric", warm=0).learner, begin("cleric", warm=0).learner
    learner.prepare(MEMORY)
    resumed.prepare(MEMORY)
    grown(learner, 13)
    resumed.load_state(learner.tensors(), learner.state_dict())
    fork = learner.fork()
    for other in (resumed, fork):
        assert same(learner, other)
    for other in (resumed, fork, learner):
        grown(other, 9)
    assert same(learner, resumed)
    assert same(learner, fork)


def test_a_stopped_turn_takes_back_what_acted_before_the_step(begin: Begin) -> None:
    """Healing, restoring and forgetting are undone, and so are the norms of a step that came before the stop."""
    learner = begin("cleric", warm=0).learner
    learner.prepare(MEMORY)
    grown(learner, 12)
    before = learner.fork()
    for effect in (
        StepEffect(heal_alpha=0.5, forget_momentum=True),
        StepEffect(restore_best=True, norm_cap=0.9, extra_steps=1),
        StepEffect(drop_worst=2),
    ):
        looks: list[int] = []

        def stop(looks: list[int] = looks, late: bool = bool(effect.extra_steps)) -> bool:
            looks.append(1)
            return len(looks) > late

        learner.should_stop = stop
        with pytest.raises(StepAbandoned):
            learner.step(effect)
        assert same(before, learner)


def test_fair_dice_play_every_class(begin: Begin) -> None:
    """Sixty turns with everything by itself: k stays within [-1, 3] and is felt as asked wherever no cap cut it."""
    for name, abilities in {
        "rogue": ["sneak_attack"],
        "fighter": ["second_wind", "action_surge"],
        "cleric": ["healing_word", "divine_intervention"],
        "paladin": ["divine_smite", "aura_of_protection"],
    }.items():
        trial = begin(name, rulebook="hero", auto=abilities, level=11)
        trial.game.dice = SeededDice(7)
        for _ in range(15):
            report = trial.play()
            assert -1 <= report.k_requested <= 3
            if report.measured.get("norm_cap", 0.0) < 0.999:
                assert report.k_requested == pytest.approx(report.k_effective, abs=5e-3)
