"""The ledger and what follows from it: ratings and boards that can be rebuilt, and lies that are found."""

import json
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from rolltrain_tui.arena.battles.battles import Battles, verify
from rolltrain_tui.arena.battles.events import BattleEnded
from rolltrain_tui.arena.battles.leaderboards import board, divisions, ratings
from rolltrain_tui.arena.battles.ledger import Ledger
from rolltrain_tui.arena.battles.matches import Match
from rolltrain_tui.arena.battles.tournament import reopen, results

pytestmark = pytest.mark.slow


@pytest.fixture
def battles(tmp_path: Path, terms: Any, contender: Any, once: Callable[..., Path]) -> Battles:
    """Three matches: two in one division, one in another. A copy for each test."""

    def fought(folder: Path) -> Path:
        found = Battles(folder)
        strong, weak = contender("Strong", n_embd=16), contender("Weak", learning_rate=1e-5)
        for budget, pair in ((20.0, (strong, weak)), (20.0, (weak, strong, contender("Third", seed=3))), (10.0, (strong, weak))):
            assert any(isinstance(event, BattleEnded) for event in found.fight(terms(budget=budget), pair))
        return folder

    return Battles(shutil.copytree(once("fought", fought), tmp_path / "arena"))


def test_written_and_read(battles: Battles) -> None:
    """Matches come back as they were, in their order; another reader finds the same ratings and boards."""
    again = Ledger(battles.root)
    entries, flaws = again.read()
    assert ([1, 2, 3], []) == ([entry.number for entry in entries], flaws)
    ours = divisions(entries)
    assert [10.0, 20.0] == [division.budget for division in ours]
    theirs = Ledger(battles.root).matches()
    for division in ours:
        assert ratings(entries, division) == ratings(theirs, division)
        for by in ("quality", "efficiency"):
            assert board(entries, division, by) == board(theirs, division, by)  # type: ignore[arg-type]


def test_boards_are_never_merged(battles: Battles) -> None:
    """Quality ranks by score; efficiency by score per GFLOP and only above the floor; each place leads to a match of its division."""
    entries = battles.ledger.matches()
    division = divisions(entries)[1]
    places = board(entries, division, "quality")
    assert sorted((place.score.mean for place in places), reverse=True) == [place.score.mean for place in places]
    assert {"Strong", "Weak", "Third"} == {place.name for place in places}
    assert {1, 2} >= {place.match for place in places}
    assert {(place.name, place.match) for place in board(entries, divisions(entries)[0], "quality")} == {("Strong", 3), ("Weak", 3)}
    floor = entries[0].match.terms.floor
    assert all(place.score.mean > floor for place in board(entries, division, "efficiency"))


def test_a_division_of_one_step_is_told_in_the_singular(battles: Battles) -> None:
    """Its title counts the steps as a sentence would."""
    (division, *_) = divisions(battles.ledger.matches())
    assert [", 1 step, ", ", 2 steps, "] == [
        re.findall(r", \d+ steps?, ", replace(division, budget=steps, unit="steps").title)[0] for steps in (1.0, 2.0)
    ]


def test_ratings_follow_wins(battles: Battles) -> None:
    """Who won is rated above who lost; counts add up."""
    entries = battles.ledger.matches()
    found = {rating.name: rating for rating in ratings(entries, divisions(entries)[1])}
    assert found["Strong"].mu > found["Weak"].mu
    assert (2, 1) == (found["Strong"].matches, found["Third"].matches)


def test_an_honest_ledger_verifies(battles: Battles) -> None:
    """Every match, fought again, ends as it is written, to the last bit."""
    findings = list(verify(battles))
    assert [(1, True), (2, True), (3, True)] == [(finding.line, finding.ok) for finding in findings]
    assert all("to the last bit" in finding.words for finding in findings)


def forge(path: Path, line: int, change: Any, *, whole_chain: bool) -> None:
    """Change a match as a clever cheat would: with a right checksum, and if asked with a right chain behind it."""
    import hashlib

    lines = path.read_bytes().splitlines()
    for n in range(line - 1, len(lines)):
        record = json.loads(lines[n])
        del record["crc"]
        if n == line - 1:
            change(record["match"])
        elif whole_chain:
            record["before"] = hashlib.sha256(lines[n - 1]).hexdigest()[:16]
        else:
            continue
        body = json.dumps(record, separators=(",", ":"))[1:]
        lines[n] = b'{"crc":"%08x",%b' % (zlib.crc32(body.encode()), body.encode())
    path.write_bytes(b"\n".join(lines) + b"\n")


def boost(match: Any) -> None:
    match["standings"][1]["results"][0]["score"] += 0.5


@pytest.mark.parametrize("whole_chain", [False, True])
@pytest.mark.parametrize("line", [1, 3])
def test_a_tampered_row_is_found(battles: Battles, line: int, whole_chain: bool) -> None:
    """Even with right checksums all along, the row whose score was raised is named, and no other."""
    forge(battles.ledger.path, line, boost, whole_chain=whole_chain)
    wrong = [finding for finding in verify(battles) if not finding.ok]
    assert {line} == {finding.line for finding in wrong}
    assert any("score" in finding.words and "in truth" in finding.words for finding in wrong)


def test_other_lies(battles: Battles) -> None:
    """A claimed torch of another version does not excuse a better loss; a rank, an energy, a floor cannot be invented either."""

    def lie(match: Any) -> None:
        match["torch"], match["standings"][1]["results"][0]["loss"] = "9.9", 1.0

    forge(battles.ledger.path, 2, lie, whole_chain=True)
    assert [2] == [finding.line for finding in verify(battles) if not finding.ok]
    for change in (
        lambda match: match["standings"][0].update(gflop=1e-9),
        lambda match: match["terms"].update(floor=1.0),
        lambda match: match["standings"][0].update(rank=2),
    ):
        forge(battles.ledger.path, 3, change, whole_chain=True)
        assert 3 in [finding.line for finding in verify(battles, [3]) if not finding.ok]


def test_matches_of_other_rules(battles: Battles) -> None:
    """What an earlier arena fought may differ by rounding, not by more; of a newer one's matches nothing is claimed."""

    def earlier(match: Any, factor: float) -> None:
        match["terms"]["rules"] = 1
        match["standings"][0]["results"][0]["loss"] *= factor

    for line, factor, good in ((1, 1 + 1e-6, True), (2, 0.99, False)):
        forge(battles.ledger.path, line, partial(earlier, factor=factor), whole_chain=True)
        [finding] = verify(battles, [line])
        assert finding.ok == good, finding.words
    forge(battles.ledger.path, 3, lambda match: match["terms"].update(rules=99), whole_chain=True)
    [finding] = verify(battles, [3])
    assert not finding.ok
    assert "newer" in finding.words


def test_rot_and_torn_lines(battles: Battles, terms: Any, contender: Any) -> None:
    """A rotten line is named and left out; a torn last line gives way to the next match; what is good stays."""
    data = battles.ledger.path.read_bytes()
    battles.ledger.path.write_bytes(data[:-40])
    assert 2 == len(battles.ledger.matches())
    list(battles.fight(terms(budget=2.0), (contender("A"), contender("B"))))
    entries, flaws = battles.ledger.read()
    assert ([1, 2, 3], []) == ([entry.number for entry in entries], flaws)
    rotten = bytearray(battles.ledger.path.read_bytes())
    rotten[200] ^= 4
    battles.ledger.path.write_bytes(bytes(rotten))
    entries, flaws = battles.ledger.read()
    assert ([2, 3], 1) == ([entry.number for entry in entries], flaws[0].line)


def test_disk_full(battles: Battles, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk refuses, the sentence says so and the old matches are all there."""
    from rolltrain_tui.arena.agents.agents import AgentError
    from rolltrain_tui.base import atomic_files

    match: Match = battles.ledger.matches()[0].match

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files, "write_all", refuse)
    with pytest.raises(AgentError, match="No space left"):
        battles.ledger.append(replace(match, round=9))
    assert 3 == len(battles.ledger.matches())


def test_an_earlier_arena_is_read(tmp_path: Path) -> None:
    """Ledger, agents and tournament of an earlier rolltrain are read; its matches, with dice and from trained weights too, verify."""
    shutil.copytree(Path(__file__).parent / "golden", tmp_path / "arena")
    battles = Battles(tmp_path / "arena")
    findings = list(verify(battles))
    assert [(1, True), (2, True), (3, True)] == [(finding.line, finding.ok) for finding in findings]
    matches = [entry.match for entry in battles.ledger.matches()]
    assert {"fresh", "trained"} == {match.terms.start for match in matches}
    assert "Tiny:wizard" in [contender.name for contender in matches[0].contenders]
    cup = reopen(battles.root, "Cup")
    assert {(1, (0, 1)): matches[2]} == results(battles.ledger.matches(), cup)
