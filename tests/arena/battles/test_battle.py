"""Battles: fair, repeatable to the last bit, and decided only where the seeds decide."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rolltrain_tui.arena.agents.agent_file import sha256
from rolltrain_tui.arena.agents.agents import AgentError, num_parameters
from rolltrain_tui.arena.battles import matches
from rolltrain_tui.arena.battles.battle import fight, result
from rolltrain_tui.arena.battles.commentary import Commentator, report
from rolltrain_tui.arena.battles.events import BattleBegan, BattleEnded, Burst, Raced
from rolltrain_tui.arena.battles.matches import check_size, check_terms, contender_of, floor_score, terms_for
from rolltrain_tui.arena.training.events import Trained
from rolltrain_tui.arena.training.scores import better
from rolltrain_tui.arena.training.training import train
from rolltrain_tui.modes.text.corpora.text_file import DataError


@pytest.mark.slow
def test_twice_the_same(terms: Any, contender: Any) -> None:
    """The same battle gives the same numbers to the last bit, whoever is named first."""
    a, b, c = contender("A"), contender("B", n_embd=16), contender("C", learning_rate=0.001)
    first, second = result(terms(), (a, b, c)), result(terms(), (a, b, c))
    assert first.standings == second.standings
    swapped = result(terms(), (b, a, c))
    assert [s.results for s in first.standings] == [swapped.standings[i].results for i in (1, 0, 2)]


def test_who_starts_alike_ends_alike(terms: Any, contender: Any) -> None:
    """Two contenders that differ in nothing but their names have the same numbers, and draw."""
    match = result(terms(), (contender("A"), contender("B")))
    assert match.standings[0] == match.standings[1]
    assert match.winner is None


@pytest.mark.slow
def test_a_better_recipe_wins_and_a_seed_draws(terms: Any, contender: Any) -> None:
    """A learning rate ten times too small loses; another seed is no advantage."""
    a, slow, other = contender("A"), contender("Slow", learning_rate=0.0005), contender("Other", seed=7)
    match = result(terms(budget=150.0, seeds=4, samples=16), (a, slow, other))
    assert [1, 3, 1] == [standing.rank for standing in match.standings]


@pytest.mark.slow
def test_a_draw_says_what_would_have_told(terms: Any, contender: Any) -> None:
    """The mean difference on a seed, and the one beyond which the same scatter gives a winner."""
    match = result(terms(budget=60.0, seeds=4, samples=16), (contender("A"), contender("Other", seed=7)))
    (line,) = [line for line in report(match) if line.startswith("═ A draw: A and Other")]
    ours, theirs = ([result.score for result in standing.results] for standing in match.standings)
    apart, most = float(re.findall(r"differ by ([\d.]+) ±", line)[0]), float(re.findall(r"more than ([\d.]+) would tell", line)[0])
    mean = sum(ours) / 4 - sum(theirs) / 4
    assert abs(mean) == pytest.approx(apart, abs=0.006)
    for factor, told in ((0.97, 0), (1.03, 1)):
        assert better([score - mean + factor * most for score in ours], theirs) == told


def test_energy_budget(terms: Any, contender: Any) -> None:
    """With a budget in GFLOP the smaller contender takes more steps, and none spends more than the budget."""
    match = result(terms(budget=0.02, unit="gflop"), (contender("A"), contender("B", n_embd=16, n_layer=2)))
    a, b = match.standings
    assert a.steps > 2 * b.steps > 0
    assert all(0.9 * 0.02 < standing.gflop <= 0.02 + 1e-12 for standing in (a, b))
    with pytest.raises(AgentError, match="do not pay for one step"):
        result(terms(budget=1e-6, unit="gflop"), (contender("A"), contender("B")))


def test_an_exploding_contender_loses_for_a_clear_reason(terms: Any, contender: Any) -> None:
    """At learning rate 10 it bursts, is told as such, loses for that reason, and its opponent's numbers are not touched."""
    a, boom, calm = contender("A"), contender("Boom", learning_rate=10.0), contender("Calm", seed=1)
    events = list(fight(terms(budget=60.0), (a, boom)))
    match = events[-1].match  # type: ignore[union-attr]
    bursts = [i for i, event in enumerate(events) if isinstance(event, Burst)]
    raced = next(event for event in reversed(events[: bursts[0]]) if isinstance(event, Raced))
    assert [events[i] for i in bursts] == [Burst(1, raced.steps[1], raced.losses[1])]
    assert [1, 2] == [standing.rank for standing in match.standings]
    assert match.standings[0].results == result(terms(budget=60.0), (a, calm)).standings[0].results
    commentator = Commentator()
    told = "\n".join(line for event in events for line in commentator.tell(event))
    assert "Boom bursts at step" in told
    assert "A wins" in told
    assert "worse than the 4.01 of guessing blindly, at learning rate 10" in told


@pytest.mark.parametrize(
    ("above", "words"), [(0.0004, "its loss is 0.0004 above that of guessing blindly"), (1.5, "it burst: a loss of 5.51")]
)
def test_who_has_learnt_nothing_yet_has_not_burst(above: float, words: str, terms: Any, contender: Any) -> None:
    """A contender whose loss is a little above that of guessing lost for that; only the loss of one that burst is called so."""
    match = result(terms(budget=1.0), (contender("A"), contender("B")))
    blind = math.log(match.terms.vocabulary)
    ahead, behind = (
        replace(standing, rank=rank, skipped=0, results=tuple(replace(seed, loss=blind + off) for seed in standing.results))
        for standing, rank, off in zip(match.standings, (1, 2), (-0.1, above), strict=True)
    )
    assert words in "\n".join(report(replace(match, standings=(ahead, behind))))


def test_nobody_leads_where_all_are_level(terms: Any, contender: Any) -> None:
    """Two that differ in their names alone; then one that learns faster is named, once."""
    for other, leaders in ((contender("B"), 0), (contender("B", n_embd=16), 1)):
        commentator = Commentator()
        told = [line for event in fight(terms(budget=60.0), (contender("A"), other)) for line in commentator.tell(event)]
        assert leaders == sum("takes the lead" in line for line in told)


def test_events(terms: Any, contender: Any) -> None:
    """The race is told from its beginning to its end, with a finite loss for everybody."""
    events = list(fight(terms(), (contender("A"), contender("B", n_embd=16))))
    assert isinstance(events[0], BattleBegan)
    assert isinstance(events[-1], BattleEnded)
    raced = [event for event in events if isinstance(event, Raced)]
    assert [event.done for event in raced] == pytest.approx([report / 20 for report in range(1, 21)])
    assert [event.steps for event in raced] == [(report, report) for report in range(1, 21)]
    assert all(math.isfinite(loss) for event in raced for loss in event.losses)
    for standing in events[-1].match.standings:
        found = [seed.loss for seed in standing.results]
        assert min(found) <= standing.loss <= max(found)


def test_stopped(terms: Any, contender: Any) -> None:
    """A battle that is stopped ends without a match."""
    assert not any(isinstance(event, BattleEnded) for event in fight(terms(), (contender("A"), contender("B")), stopped=lambda: True))


@pytest.mark.slow
def test_trained_champions(terms: Any, agent: Any) -> None:
    """From trained weights the well-trained one wins after next to no training, which from fresh ones nobody could."""
    novice = agent("Novice", seed=1)
    master = next(event.champion for event in train(agent("Master"), 300) if isinstance(event, Trained))
    found = {sha256(champion): champion for champion in (novice, master)}
    contenders = tuple(contender_of(champion, "trained") for champion in (novice, master))
    match = result(terms(budget=1.0, start="trained", seeds=4), contenders, found)
    assert 1 == match.winner
    with pytest.raises(AgentError, match="champion file is missing"):
        result(terms(start="trained"), contenders, {})


@pytest.mark.parametrize(
    ("names", "says"),
    [(["A"], "two agents or more"), (["A", "B", "A"], "A cannot battle itself"), ([f"A{n}" for n in range(65)], "too many")],
)
def test_who_cannot_battle(terms: Any, contender: Any, names: list[str], says: str) -> None:
    """Fewer than two, one twice, or a crowd: refused in words."""
    with pytest.raises(AgentError, match=says):
        next(fight(terms(), tuple(contender(name) for name in names)))


def test_a_battle_has_room_for_so_many_weights(terms: Any, contender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of every contender count, whatever its shape, and once for each seed."""
    pair = (contender("A"), contender("B", n_embd=16))
    weights = sum(num_parameters(one.shape, terms().vocabulary) for one in pair)
    monkeypatch.setattr(matches, "MOST_WEIGHTS", 4 * weights)
    check_size(terms(seeds=4), pair)
    with pytest.raises(AgentError, match=f"on 5 seeds these are {5 * weights:,} weights"):
        check_size(terms(seeds=5), pair)


@pytest.mark.parametrize(("text", "says"), [("a" * 10_000, "1 different one"), ("ab" * 20, "needs 90 or more")])
def test_a_text_that_says_too_little_is_refused_before_the_battle(text: str, says: str, agent: Any, tmp_path: Path) -> None:
    """Of one character only there is nothing to guess, so no quality; of a short one there is no window to evaluate on."""
    (tmp_path / "text.txt").write_text(text)
    with pytest.raises(DataError, match=says):
        terms_for([agent("A").agent, agent("B").agent], corpus=str(tmp_path / "text.txt"), budget=10.0, unit="steps")


def test_terms(agent: Any) -> None:
    """Budgets, seeds and texts that make no sense are refused in words; the floor is that of letter frequencies."""
    agents = [agent().agent, agent("B").agent]
    found = terms_for(agents, budget=10.0, unit="steps")
    assert ("names", floor_score("names", 55)) == (found.corpus, found.floor)
    assert 30 < found.floor < 50
    for chosen, says in (({"budget": 1e9}, "choose up to"), ({"budget": 1.5}, "whole number"), ({"seeds": 0}, "seeds: 0")):
        with pytest.raises(AgentError, match=says):
            terms_for(agents, **{"budget": 10.0, "unit": "steps", **chosen})  # type: ignore[arg-type]
    for impossible, says in (
        ({"vocabulary": 1}, "vocabulary: 1"),
        ({"samples": 4097}, "samples: 4097"),
        ({"temperature": 0.0}, "temperature: 0 "),
    ):
        with pytest.raises(AgentError, match=says):
            check_terms(replace(found, **impossible))  # type: ignore[arg-type]
    with pytest.raises(AgentError, match="different texts"):
        terms_for([agents[0], replace(agents[1], corpus="tales")], budget=10.0, unit="steps")
