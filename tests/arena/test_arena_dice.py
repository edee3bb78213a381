"""Dice in the arena: each agent under its own effect, neutral ones untouched, the control arm beside the hero."""

from pathlib import Path
from typing import Any

import pytest
import torch

from rolltrain_tui.arena.agents.agents import AgentError, Recipe, Shape
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.agents.roster import Roster
from rolltrain_tui.arena.battles.battle import fight, result
from rolltrain_tui.arena.battles.battles import Battles, verify
from rolltrain_tui.arena.battles.commentary import dice_verdict
from rolltrain_tui.arena.battles.matches import contender_of, control_of
from rolltrain_tui.arena.parse import entrants_of, parse_battle, parse_create, parse_tournament
from rolltrain_tui.arena.training.dice import HEROES, LEVERS, Party, StepResult, hero_game, parse_hero
from rolltrain_tui.arena.training.model_batch import ModelBatch
from rolltrain_tui.arena.training.trainer import Trainer, TrainJob
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.rulebooks import RULEBOOKS

SHAPE = Shape(n_embd=8, n_layer=1, n_head=2, context=8)


def a_trainer(size: int = 3, **recipe: Any) -> Trainer:
    corpus = corpus_of("names", 8)
    given = {"batch": 4, "warmup": 0, "weight_decay": 0.1, **recipe}
    return Trainer(ModelBatch.fresh(SHAPE, 55, range(size)), corpus, [TrainJob(Recipe(**given), 0, 50)] * size)


def stepped(effects: list[StepEffect], **recipe: Any) -> tuple[Trainer, torch.Tensor]:
    """Three agents after five plain steps and one under these effects, and where they stood before it."""
    trainer = a_trainer(**recipe)
    for _ in range(5):
        trainer.take_step()
    before = trainer.models.theta.clone()
    trainer.take_step(effects)
    return trainer, before


def test_neutral_is_plain_to_the_last_bit() -> None:
    """No effects, neutral effects, and a neighbour's rage are the same for an agent without dice."""
    plain, _ = stepped([])
    for effects in ([NEUTRAL] * 3, [NEUTRAL, StepEffect(update_scale=1.5, clip_factor=2.0), NEUTRAL]):
        trainer, _ = stepped(effects)
        for k in (0, 2):
            assert torch.equal(plain.models.theta[k], trainer.models.theta[k])
            assert torch.equal(plain.second[k], trainer.second[k])


@pytest.mark.parametrize("k", [-1.0, 0.0, 0.5, 2.0])
def test_update_scale_is_exact(k: float) -> None:
    """theta moves k times as far as it would, and the moments see the gradient as it was."""
    plain, before = stepped([])
    trainer, _ = stepped([NEUTRAL, StepEffect(update_scale=k), NEUTRAL])
    torch.testing.assert_close(trainer.models.theta[1] - before[1], k * (plain.models.theta[1] - before[1]), rtol=1e-3, atol=1e-6)
    assert torch.equal(plain.first[1], trainer.first[1])


def test_the_other_levers() -> None:
    """lr_scale is another learning rate, a scaled gradient under Adam is a placebo but for clipping, skip leaves the moments alone."""
    plain, before = stepped([], clip=0.0)
    doubled, _ = stepped([NEUTRAL, StepEffect(lr_scale=2.0), NEUTRAL], clip=0.0)
    torch.testing.assert_close(doubled.models.theta[1] - before[1], 2 * (plain.models.theta[1] - before[1]), rtol=1e-3, atol=1e-6)
    placebo, _ = stepped([NEUTRAL, StepEffect(grad_scale=3.0), NEUTRAL], clip=0.0)
    assert not torch.equal(placebo.first[1], plain.first[1])
    skipped, _ = stepped([NEUTRAL, StepEffect(update_scale=0.0, on_zero="skip"), NEUTRAL])
    held, _ = stepped([NEUTRAL, StepEffect(update_scale=0.0), NEUTRAL])
    five = a_trainer()
    for _ in range(5):
        five.take_step()
    assert torch.equal(skipped.first[1], five.first[1])
    assert not torch.equal(held.first[1], five.first[1])
    assert torch.equal(skipped.models.theta[1], held.models.theta[1])
    assert 0 == int(skipped.skipped.sum())


def test_sneak_attack_moves_only_what_agrees() -> None:
    """With agreeing_gain, coordinates whose update goes against the gradient move further, the others as they would."""
    plain, before = stepped([])
    trainer, _ = stepped([NEUTRAL, StepEffect(agreeing_gain=1.2), NEUTRAL])
    ours, theirs = trainer.models.theta[1] - before[1], plain.models.theta[1] - before[1]
    further = (ours - 1.2 * theirs).abs() < (ours - theirs).abs()
    assert 0.2 < further.double().mean().item() < 1
    torch.testing.assert_close(ours, torch.where(further, 1.2 * theirs, theirs), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("hero", HEROES)
@pytest.mark.parametrize("rulebook", list(RULEBOOKS))
def test_every_hero_plays_by_every_rulebook(hero: str, rulebook: str) -> None:
    """Three hundred turns pull only levers that a batch has, and the same seed casts the same dice."""
    ours, theirs = (Party([hero_game(hero, rulebook, 5), None]) for _ in range(2))
    for _ in range(300):
        effects = ours.begin()
        assert effects == theirs.begin()
        assert LEVERS.issuperset(effects[0].levers())
        assert effects[1] is NEUTRAL
        for party in (ours, theirs):
            party.end([StepResult(2.0, 1.0, True, effect.update_scale * effect.lr_scale) for effect in effects])


@pytest.mark.slow
def test_a_hero_and_its_control_arm(terms: Any, agent: Any, tmp_path: Path) -> None:
    """The control arm's numbers are those of a lone plain agent; the hero's differ; the verdict compares them; the match verifies."""
    hero = contender_of(agent(), "fresh", "barbarian", "hero")
    plain, other = contender_of(agent(), "fresh"), contender_of(agent("Other", seed=4), "fresh")
    assert ("Tiny:barbarian", "Tiny") == (hero.name, plain.name)
    match = result(terms(budget=30.0), (hero, plain))
    assert match.standings[1].results == result(terms(budget=30.0), (other, plain)).standings[1].results
    assert match.standings[0].results != match.standings[1].results
    assert (1, None) == (control_of(match.contenders, 0), control_of(match.contenders, 1))
    assert "against its control arm" in dice_verdict(match, 0)
    battles = Battles(tmp_path)
    list(battles.fight(terms(), (hero, plain)))
    assert [True] == [finding.ok for finding in verify(battles)]


def test_entering(agent: Any, tmp_path: Path) -> None:
    """Tiny:wizard brings its control arm along, once; wrong classes and rulebooks are refused in words."""
    roster = Roster(tmp_path)
    roster.put(agent(), new=True)
    entered = [(entry.hero, entry.rulebook) for entry in entrants_of(["Tiny:wizard/off", "Tiny:rogue"], roster)]
    assert [("wizard", "off"), ("rogue", "hero"), ("", "")] == entered
    terms, entries = parse_battle("Tiny:wizard 5 seeds=2 samples=2", roster)
    assert (5.0, 2) == (terms.budget, len(entries))
    for words, says in (("Tiny:cleric", "campaigns only"), ("Tiny:baker", "no such class"), ("Tiny:wizard/soft", "no rulebook")):
        with pytest.raises(AgentError, match=says):
            parse_hero(words)


def test_a_hero_battle_is_told(terms: Any, agent: Any) -> None:
    """The report says whether the dice helped."""
    from rolltrain_tui.arena.battles.commentary import Commentator

    commentator, hero = Commentator(), contender_of(agent(), "fresh", "wizard", "hero")
    told = [line for event in fight(terms(), (hero, contender_of(agent(), "fresh"))) for line in commentator.tell(event)]
    assert any("Tiny:wizard against its control arm" in line for line in told)


@pytest.mark.parametrize("line", ["", "Wild", "Wild 8", "Wild 8 1 2 3", "Wild microgpt 8"])
def test_an_agent_without_its_numbers_is_told_what_is_asked_for(line: str) -> None:
    """With an example that is possible."""
    with pytest.raises(AgentError, match=r"such as (\w+ 8 1 2), or \w+ microgpt") as refused:
        parse_create(line)
    assert parse_create(str(refused.value).partition("such as ")[2].partition(",")[0]).name in ("Tiny", "Wild")


def test_a_word_that_is_no_choice_is_refused_with_those_there_are(roster: Roster) -> None:
    """Of style, start and kind."""
    with pytest.raises(AgentError, match="style: 'cubic' is not possible; choose gpt or microgpt"):
        parse_create("Odd 8 1 2 style=cubic")
    with pytest.raises(AgentError, match="start: 'tired' is not possible; choose fresh or trained"):
        parse_battle("Tiny Big start=tired", roster)
    with pytest.raises(AgentError, match="kind: 'cup' is not possible; choose round-robin or swiss"):
        parse_tournament("Cup Tiny Big kind=cup", roster)
