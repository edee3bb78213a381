"""Tournaments: everybody meets whom they should, and a killed one goes on."""

import json
import os
import signal
import sys
from itertools import combinations
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import warm
from support.paths import TESTS

from rolltrain_tui.arena.agents.agents import AgentError
from rolltrain_tui.arena.battles import many_at_once
from rolltrain_tui.arena.battles.battles import Battles
from rolltrain_tui.arena.battles.events import BattleEnded
from rolltrain_tui.arena.battles.many_at_once import BoutLost
from rolltrain_tui.arena.battles.tournament import circle, open_new, plan, play, reopen, results, swiss, table
from rolltrain_tui.base.jobs import Died, in_this_process


@given(n=st.integers(2, 20))
def test_round_robin(n: int) -> None:
    """Everybody meets everybody once, and nobody fights twice in a round."""
    rounds = [circle(n, round_) for round_ in range(1, n + n % 2)]
    assert sorted(combinations(range(n), 2)) == sorted(pair for pairs in rounds for pair in pairs)
    assert all(len({place for pair in pairs for place in pair}) == 2 * len(pairs) for pairs in rounds)


class Won:
    """A match as far as pairing and the table look at it."""

    def __init__(self, winner: int | None) -> None:
        self.winner = winner
        self.standings = [SimpleNamespace(score=SimpleNamespace(mean=0.0))] * 2


@given(n=st.integers(2, 12), data=st.data())
def test_swiss(n: int, data: st.DataObject) -> None:
    """Everybody fights once a round, or rests where the number is odd; nobody meets twice in the usual number of rounds."""
    fought: dict[Any, Any] = {}
    for round_ in range(1, (n - 1).bit_length() + 1):
        pairs = swiss(n, round_, fought)
        assert n // 2 == len(pairs) == len({place for pair in pairs for place in pair}) // 2
        if n > 3:
            assert not {pair for _, pair in fought} & set(pairs)
        for pair in pairs:
            fought[round_, pair] = Won(data.draw(st.sampled_from([0, 1, None])))


@given(n=st.integers(2, 9), data=st.data())
def test_who_waits_for_a_match_does_not_rest(n: int, data: st.DataObject) -> None:
    """Of a Swiss tournament that was stopped anywhere, points are those of its matches, and one of each rest in a whole round."""
    swiss_cup: Any = SimpleNamespace(kind="swiss", contenders=range(n))
    fought: dict[Any, Any] = {}
    rests = 0
    for round_ in range(1, (n - 1).bit_length() + 1):
        for pair in swiss(n, round_, fought):
            assert sum(row.points for row in table(swiss_cup, fought)) == len(fought) + rests
            fought[round_, pair] = Won(data.draw(st.sampled_from([0, 1, None])))
        rests += n % 2
    assert sum(row.points for row in table(swiss_cup, fought)) == len(fought) + rests


def cup(terms: Any, contender: Any, **given: Any) -> Any:
    contenders = tuple(contender(f"A{n}", learning_rate=0.02 / 3**n) for n in range(4))
    return plan("Cup", given.pop("kind", "round-robin"), terms(budget=5.0, samples=4), contenders, **given)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["round-robin", "swiss"])
def test_matches_side_by_side_give_the_ledger_of_one_after_the_other(kind: Any, terms: Any, contender: Any, tmp_path: Path) -> None:
    """In whatever order they finish; one that is lost is fought when the tournament goes on."""
    tournament = cup(terms, contender, kind=kind)
    whole, many = Battles(tmp_path / "whole"), Battles(tmp_path / "many")
    for _ in play(whole, tournament):
        pass

    def backwards(work: Any, jobs: Any, stopped: Any) -> Any:
        return in_this_process(work, jobs[::-1], stopped)

    def losing(work: Any, jobs: Any, stopped: Any) -> Any:
        yield jobs[-1], Died("its worker was killed 2 times")
        yield from backwards(work, jobs[:-1], stopped)

    lost = [event for event in many_at_once.play(many, tournament, losing, lambda: False) if isinstance(event, BoutLost)]
    assert ["its worker was killed 2 times"] == [event.why for event in lost]
    for _ in many_at_once.play(many, tournament, backwards, lambda: False):
        pass
    ours, theirs = ([(entry.match.round, entry.match.standings) for entry in battles.ledger.matches()] for battles in (many, whole))
    assert ours == theirs if kind == "round-robin" else sorted(ours, key=repr) == sorted(theirs, key=repr)


@pytest.mark.slow
def test_interrupted_and_resumed(terms: Any, contender: Any, tmp_path: Path) -> None:
    """A tournament that is stopped after each match and reopened comes to the same table, match by match, as one played through."""
    whole = Battles(tmp_path / "whole")
    tournament = cup(terms, contender)
    for _ in play(whole, tournament):
        pass
    pieces = Battles(tmp_path / "pieces")
    open_new(pieces.root, tournament)
    for _ in range(6):
        again = reopen(pieces.root, "Cup")
        assert again == tournament
        for event in play(pieces, again):
            if isinstance(event, BattleEnded):
                break
    assert not any(isinstance(event, BattleEnded) for event in play(pieces, tournament))
    ours, theirs = ([entry.match.standings for entry in battles.ledger.matches()] for battles in (whole, pieces))
    assert 6 == len(ours)
    assert ours == theirs
    rows = table(tournament, results(pieces.ledger.matches(), tournament))
    assert rows == table(tournament, results(whole.ledger.matches(), tournament))
    assert 6.0 == sum(row.points for row in rows)
    with pytest.raises(AgentError, match="--resume Cup"):
        open_new(pieces.root, tournament)


def test_malformed(terms: Any, contender: Any, tmp_path: Path) -> None:
    """Too many rounds, a name that leads elsewhere, a file that is none: refused in words."""
    with pytest.raises(AgentError, match="9 rounds are not possible"):
        plan("Cup", "swiss", terms(), tuple(contender(name) for name in "ABC"), 9)
    with pytest.raises(AgentError, match="cannot be the name"):
        reopen(tmp_path, "../Cup")
    with pytest.raises(AgentError, match="there is none yet"):
        reopen(tmp_path, "Cup")
    (tmp_path / "tournaments").mkdir()
    (tmp_path / "tournaments" / "Cup.json").write_text('{"name": 1}')
    with pytest.raises(AgentError, match="is damaged"):
        reopen(tmp_path, "Cup")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 is a signal of POSIX")
def test_eight_agents_survive_kill_9(tmp_path: Path) -> None:
    """A full tournament of eight agents, killed twice on its way, ends with each of its 28 matches once and a ledger without flaw."""
    env = {**os.environ, "ROLLTRAIN_SAVES": str(tmp_path), "OMP_NUM_THREADS": "1"}
    from rolltrain_tui.arena.agents.agents import Recipe, Shape
    from rolltrain_tui.arena.agents.roster import Roster

    roster = Roster(tmp_path / "arena")
    names = [f"A{n}" for n in range(8)]
    for n, name in enumerate(names):
        roster.create(name, Shape(n_embd=4, n_layer=1, n_head=1, context=4), Recipe(batch=1, learning_rate=0.02 / 2**n))
    words = ["tournament", *names, "--name", "Cup", "--steps", "12", "--seeds", "2", "--samples", "4"]
    battles = Battles(tmp_path / "arena")
    dice = Random(8)
    for _ in range(2):
        after = [sys.executable, "-m", "support.ended_early", "2", str(dice.uniform(0, 0.1))]
        killed = warm.run([*after, *words], env=env, cwd=TESTS, capture_output=True, text=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        words = ["tournament", "--resume", "Cup", "--json"]
    done = warm.run([sys.executable, "-m", "rolltrain_tui", "arena", *words], env=env, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    assert (28, True) == (json.loads(done.stdout)["matches"], json.loads(done.stdout)["finished"])
    entries, flaws = battles.ledger.read()
    assert (28, []) == (len(entries), flaws)
    met = sorted(tuple(sorted(c.name for c in entry.match.contenders)) for entry in entries)
    assert sorted(combinations(names, 2)) == met


def test_a_round_robin_has_the_rounds_that_it_has(terms: Any, contender: Any) -> None:
    """Another number is refused, not left out."""
    contenders = tuple(contender(name) for name in "ABC")
    assert plan("Cup", "round-robin", terms(), contenders, 3).rounds == plan("Cup", "round-robin", terms(), contenders).rounds == 3
    with pytest.raises(AgentError, match="2 rounds are not possible in a round robin of 3: it has 3"):
        plan("Cup", "round-robin", terms(), contenders, 2)
