"""The dials of a duel: each is found in the training as it was asked for; they are kept, taken back, told and typed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL, RIVALS
from support.small_learners import duel_learner
from support.stories import lines
from support.views import fingerprint, headless, on_screen, plain

from rolltrain_tui.game.setup import new_game
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.plain.run import dials as listed
from rolltrain_tui.protocol.commands import Command, TurnDial
from rolltrain_tui.protocol.dials import refusal
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import CommandRefused, DialTurned, StepTaken
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.phrases import name_command
from rolltrain_tui.story.typed_commands import parse_command

KINDS = pytest.mark.parametrize("more", [(), RIVALS], ids=["a host", "an agent with a rival"])
MOVES: tuple[tuple[int, Command], ...] = (
    (2, TurnDial("double", "off")),
    (3, TurnDial("every", "1")),
    (4, TurnDial("pool", "everyone")),
    (5, TurnDial("purge")),
    (5, TurnDial("gamma", "0.5")),
    (7, TurnDial("epsilon", "1")),
    (8, TurnDial("rate", "0.25")),
    (9, TurnDial("gamma", "7")),
    (10, TurnDial("sync")),
    (11, TurnDial("reset")),
)


@KINDS
@pytest.mark.parametrize(
    ("dial", "value", "found"),
    [
        ("double", "on", 1.0),
        ("double", "off", 0.0),
        ("gamma", "0.5", 0.5),
        ("sync", "", 0.0),
        ("purge", "", 0.0),
        ("reset", "", 0.0),
        ("every", "2", 2.0),
        ("epsilon", "1", 1.0),
        ("epsilon", "0", 0.0),
        ("rate", "0.1", 0.1),
        ("pool", "fixed", 1.0),
    ],
)
def test_what_was_asked_is_found(more: tuple[str, ...], dial: str, value: str, found: float) -> None:
    """Within a few turns the training shows what was asked for, and the report has both numbers."""
    hero = duel_learner(*more, "learning.double=false" if value == "on" else "learning.double=true")
    for _ in range(5):
        hero.step(NEUTRAL)
    measured = dict(hero.step(StepEffect(dials=((dial, value),))).measured)
    for _ in range(6):
        measured |= hero.step(NEUTRAL).measured
    assert measured[f"dial.{dial}"] == pytest.approx(found, abs=1e-4)
    assert measured[f"dial.{dial}.asked"] == pytest.approx(found)
    assert not hero.orders.open


def test_a_purge_leaves_only_new_games_and_a_sync_no_distance() -> None:
    """Every row is younger than the order, as many as the campaign begins with; the target is the network, to the last bit."""
    hero = duel_learner()
    for _ in range(8):
        hero.step(NEUTRAL)
    told = hero.step(StepEffect(dials=(("purge", ""), ("sync", "")))).measured
    assert told["dial.purge.before"] > 16
    assert told["dial.sync.before"] > 0
    assert hero.side.replay.stamps[0][0] == 8
    assert len(hero.side.replay) == 16


def test_own_brings_back_what_the_file_says() -> None:
    """After own, the learner trains as one whose dials were never turned in the first place."""
    hero, other = duel_learner(), duel_learner()
    for dial, value in (("double", "off"), ("gamma", "0.5"), ("every", "7"), ("epsilon", "0.9"), ("rate", "3"), ("pool", "last")):
        for asked in (value, "own"):
            hero.settle(hero.side.settings.turned(dial, asked, hero.side.own, hero.side.opponents, hero.side.copies))
    assert hero.side.settings == other.side.settings
    assert [hero.step(NEUTRAL).loss for _ in range(4)] == [other.step(NEUTRAL).loss for _ in range(4)]


@KINDS
def test_a_stopped_turn_takes_its_dials_back(more: tuple[str, ...]) -> None:
    """Dials, orders, games and buffer stand as before, and the turn can be taken again."""
    hero = duel_learner(*more)
    for _ in range(5):
        hero.step(NEUTRAL)
    before, tensors = hero.state_dict(), {name: tensor.clone() for name, tensor in hero.tensors().items()}
    effect = StepEffect(dials=(("pool", "fixed"), ("purge", ""), ("rate", "2"), ("reset", ""), ("every", "1")))
    seen = iter(range(100))
    hero.should_stop = lambda: next(seen) >= 2
    with pytest.raises(StepAbandoned):
        hero.step(effect)
    assert hero.state_dict() == before
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in hero.tensors().items())
    hero.should_stop = lambda: False
    assert hero.step(effect).measured["dial.rate"] == pytest.approx(2)


def test_a_save_of_before_there_were_dials_can_be_read() -> None:
    """It goes on with the campaign's own settings; its rows get the ages that the campaign's pace gives them."""
    hero, other = duel_learner(), duel_learner()
    for _ in range(7):
        hero.step(NEUTRAL)
    state = {name: value for name, value in hero.state_dict().items() if name not in ("dials", "orders", "written")}
    other.load_state(hero.tensors(), state)
    assert other.side.settings == hero.side.settings
    assert sum(count for _, count in other.side.replay.stamps) == len(hero.side.replay)
    assert [other.step(NEUTRAL).loss for _ in range(2)] == [hero.step(NEUTRAL).loss for _ in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [(), ("learning.double=false",), (*RIVALS, "table.opponents=[older]")],
    ids=["double", "single", "a rival and a pool of older"],
)
def test_a_run_with_dials_resumes_and_verifies(more: tuple[str, ...], tmp_path: Path) -> None:
    """Stopped half-way and gone on, it is the run of one sitting; trained once more, it meets every event and every save."""

    def begin(name: str) -> Run:
        config = load(CAMPAIGNS / "duel_first.yaml", (*DUEL, "twin.mode=on_use", *more))
        return Run.begin(config, base=CAMPAIGNS, runs=tmp_path / name)

    straight, stopped = begin("straight"), begin("stopped")
    headless(straight, MOVES)
    inbox = ScriptedInbox(MOVES)
    for event in stopped.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 5:
            inbox.stop()
    again = Run.resume(stopped.folder)
    headless(again, [move for move in MOVES if move[0] > 5])
    assert fingerprint(again) == fingerprint(straight)
    assert lines(again.story) == lines(straight.story)
    turned = [event.dial for event in straight.story if isinstance(event, DialTurned)]
    assert turned == ["double", "every", "pool", "purge", "gamma", "epsilon", "rate", "sync", "reset"]
    assert [event.reason for event in straight.story if isinstance(event, CommandRefused)] != []
    found = Verification(from_the_beginning(straight.folder), tolerance=None, watch=lambda event: None).run()
    assert (found.difference, found.last_turn) == (None, straight.config.turns)


@pytest.mark.slow
async def test_dials_act_alike_however_the_run_is_shown(tmp_path: Path) -> None:
    """Headless, as plain text and on screen: one run."""
    config = load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *RIVALS))
    straight, told, shown = (Run.begin(config, base=CAMPAIGNS, runs=tmp_path / name) for name in ("headless", "plain", "screen"))
    headless(straight, MOVES)
    plain(told, MOVES, tmp_path / "out.txt")
    await on_screen(shown, MOVES, (80, 24))
    assert fingerprint(straight) == fingerprint(told) == fingerprint(shown)
    text = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert "Discount 0.5: a reward is worth this part of itself one move earlier." in text
    assert "gamma: asked 0.5, found 0.5" in text


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("double on", TurnDial("double", "on")),
        ("Purge", TurnDial("purge")),
        ("dial gamma 0.95", TurnDial("gamma", "0.95")),
        ("pool random, first  rival", TurnDial("pool", "random, first, rival")),
        ("pool random_pairs", TurnDial("pool", "random_pairs")),
    ],
)
def test_dials_can_be_typed(line: str, order: Any) -> None:
    """By their own names, or after the word dial; the values of several with or without commas."""
    dials = load(CAMPAIGNS / "duel_first.yaml", DUEL).dials
    assert parse_command(line, dials) == order


def test_the_value_own_is_told_in_words() -> None:
    """By the list of dials, by the story, and by the answer to an order."""
    assert "The value own: as the campaign says." in listed(load(CAMPAIGNS / "duel_first.yaml", DUEL).dials).splitlines()
    told = tell(DialTurned(5, "gamma", "Discount", "own", "a reward is worth this part of itself one move earlier"))
    assert told == "Discount as the campaign says: a reward is worth this part of itself one move earlier."
    assert name_command(TurnDial("gamma", "own")) == "gamma as the campaign says"


@pytest.mark.parametrize(
    ("more", "value", "reason"),
    [
        ((), "first, rival", "the campaign describes no rival"),
        ((), "zeillinger", "a host plays against agents"),
        (RIVALS, "last", "an agent plays against hosts"),
    ],
)
def test_who_cannot_sit_there_is_refused_with_the_reason(more: tuple[str, ...], value: str, reason: str) -> None:
    """A rival that does not learn here, and players of the hero's own role."""
    assert reason in refusal(load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *more)).dials, "pool", value)


def test_elsewhere_their_names_mean_nothing() -> None:
    """A language model has no dials: the word is not known there, and an order from a script is refused with the reason."""
    assert parse_command("purge") != TurnDial("purge")
    config = load(CAMPAIGNS / "tiny_gpt.yaml")
    facts, effect = new_game(config).begin_turn(1, [TurnDial("purge")])
    assert facts[0] == CommandRefused(1, TurnDial("purge"), "This kind of training has no dials to turn.")
    assert effect.dials == ()
