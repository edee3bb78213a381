"""Stopped anywhere and resumed, a long run with everything in it is the run that was never stopped."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.views import fingerprint

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Command, Speak, UseAbility
from rolltrain_tui.protocol.events import MonsterAppeared, StepTaken, TwinJudged
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification

pytestmark = pytest.mark.slow

SETTINGS = (
    "batch.accumulation=3",
    "model.dropout=0.1",
    "encounters.chance=0.5",
    "twin={mode: on_use, turns: 7, sequences: 8}",
    "camps.every=30",
    "save={autosave_every: 60, keep: 2}",
    "evaluation={every: 20, sequences: 8, final_sequences: 16}",
)
MOVES: list[tuple[int, Command]] = [
    (3, UseAbility("rage")),
    (7, UseAbility("reckless_attack")),
    (8, UseAbility("reckless_attack")),
    (50, UseAbility("rage")),
    (51, Speak()),
    (70, UseAbility("reckless_attack")),
    (199, UseAbility("reckless_attack")),
]


@pytest.fixture
def turns(count: Callable[[int, int], int]) -> int:
    """Of a whole run."""
    return count(80, 200)


@pytest.fixture
def begin(tiny_config: Callable[..., CampaignConfig], tmp_path: Path, turns: int) -> Callable[[str], Run]:
    return lambda name: Run.begin(tiny_config(*SETTINGS, f"turns={turns}"), base=CAMPAIGNS, runs=tmp_path / name)


def test_resumed_at_every_k(
    begin: Callable[[str], Run], turns: int, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Stopped after k turns and resumed: same weights, moments, streams and story, for k in 1, 7, 50, the last but one, and all of them."""
    straight = begin("straight")
    events = list(straight.play(ScriptedInbox(MOVES)))
    assert sum(isinstance(event, MonsterAppeared) for event in events) >= turns // 40
    assert sum(isinstance(event, TwinJudged) for event in events) >= 3
    expected = fingerprint(straight)
    ks = (1, 7, 50, turns - 1)
    for stops in (ks, *((k,) for k in ks))[: count(1, 5)]:
        expedition = begin("-".join(map(str, stops)))
        for stop in stops:
            inbox = ScriptedInbox([move for move in MOVES if move[0] > expedition.campaign.turn])
            for event in expedition.play(inbox):
                if isinstance(event, StepTaken) and event.turn == stop:
                    inbox.stop()
            expedition = Run.resume(expedition.folder)
            assert expedition.campaign.turn == stop
        list(expedition.play(ScriptedInbox([move for move in MOVES if move[0] > expedition.campaign.turn])))
        assert fingerprint(expedition) == expected, stops
    alone = ", each alone as well" if count(0, 1) else ""
    what = "with accumulation, dropout, monsters and twins"
    tally(f"4. resume: at k = 1, 7, 50 and {turns - 1} of {turns} turns in one run{alone}, {what}: identical hashes")


def test_heavy(begin: Callable[[str], Run], count: Callable[[int, int], int], tally: Callable[[str], None]) -> None:
    """Saved to the disk, loaded into a new campaign and compared after every turn, the run is still the recorded one."""
    turns, expedition = count(20, 100), begin("heavy")
    inbox: Inbox = ScriptedInbox(MOVES)
    for event in expedition.play(inbox):
        if isinstance(event, StepTaken) and event.turn == turns:
            inbox.stop()
    found = Verification(from_the_beginning(expedition.folder), tolerance=None, heavy=True, watch=lambda event: None).run()
    assert (found.difference, found.last_turn) == (None, turns)
    assert found.reloads >= turns - 1
    tally(f"4. heavy mode: {found.reloads} times saved, loaded and compared in {turns} turns, {found.events} events, 0 differences")
