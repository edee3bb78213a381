"""The turn, seen from outside: a scripted learner stands in for torch, so every number is known."""

import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from support.patience import PATIENCE
from support.scripted import Configure, ScriptedLearner, of, played
from support.stories import lines

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.protocol.commands import SaveGame, SetAuto, Speak, UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import (
    CampaignBegan,
    CampaignEnded,
    CampaignStopped,
    CommandAccepted,
    CommandRefused,
    DiceRolled,
    Evaluated,
    Event,
    Rested,
    SaveDue,
    Spoke,
    StepTaken,
    TrainingFailed,
)
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox


def test_every_turn_is_one_step(tiny_config: Configure) -> None:
    """A campaign of 12 turns begins once, rolls 12 times, steps 12 times and ends once, in that order."""
    events = played(tiny_config())
    assert isinstance(events[0], CampaignBegan)
    assert list(range(1, 13)) == [roll.turn for roll in of(DiceRolled, events)]
    assert list(range(1, 13)) == [step.turn for step in of(StepTaken, events)]
    (end,) = of(CampaignEnded, events)
    assert (12, "victory") == (end.turn, end.ending)
    assert SaveDue(12, "end") == events[-1]


def test_what_falls_due(tiny_config: Configure) -> None:
    """Evaluations, samples, camps and saves come at the turns the campaign's file says."""
    learner = ScriptedLearner()
    events = played(tiny_config(), learner=learner)
    assert [0, 4, 8, 12] == [e.turn for e in of(Evaluated, events)]
    assert [6, 12] == [e.turn for e in of(Spoke, events)]
    assert [5, 10] == [e.turn for e in of(Rested, events) if e.kind == "long"]
    assert learner.snapshots == 3  # at the start and at both camps
    assert [(3, "autosave"), (5, "camp"), (6, "autosave"), (9, "autosave"), (10, "camp"), (12, "end")] == [
        (e.turn, e.reason) for e in of(SaveDue, events)
    ]


def test_energy_is_the_sum_of_all_work(tiny_config: Configure) -> None:
    """12 turns of 1 GFLOP, 4 evaluations of half of one with their examinations of a quarter, and the final one make 15.5."""
    (end,) = of(CampaignEnded, played(tiny_config()))
    assert end.gflop == 15.5


def test_a_command_acts_at_the_next_turn_and_says_so(tiny_config: Configure) -> None:
    """Rage put in before turn 4 is acknowledged with turn 4, and turn 4's update is what it multiplies."""
    learner = ScriptedLearner()
    events = played(tiny_config("encounters.mode=off"), ScriptedInbox([(4, UseAbility("rage"))]), learner)
    assert [CommandAccepted(4, UseAbility("rage"))] == of(CommandAccepted, events)
    assert 1.0 == learner.effects[2].clip_factor
    assert 2.0 == learner.effects[3].clip_factor
    roll = of(DiceRolled, events)[3]
    assert learner.effects[3].update_scale == pytest.approx(roll.k * 1.5)


def test_a_refusal_is_an_event_with_a_reason(tiny_config: Configure) -> None:
    """What the rules do not allow comes back as a sentence, and the turn goes on."""
    events = played(tiny_config(), ScriptedInbox([(2, UseAbility("arcane_recovery"))]))
    (refused,) = of(CommandRefused, events)
    assert refused.turn == 2
    assert refused.reason.strip().endswith((".", "?", "!"))
    assert of(CampaignEnded, events)


def test_wishes_are_granted_at_the_end_of_their_turn(tiny_config: Configure) -> None:
    """A sample and a named save asked for at turn 2 come with turn 2."""
    events = played(tiny_config(), ScriptedInbox([(2, Speak()), (2, SaveGame("before the dragon"))]))
    assert 2 in [e.turn for e in of(Spoke, events)]
    assert SaveDue(2, "player", "before the dragon") in events
    assert [CommandAccepted(2, Speak()), CommandAccepted(2, SaveGame("before the dragon"))] == of(CommandAccepted, events)


def test_auto_is_a_command_like_any_other(tiny_config: Configure) -> None:
    """Switching a passive form on is acknowledged with its turn."""
    events = played(tiny_config(), ScriptedInbox([(3, SetAuto("rage", True))]))
    assert [3] == [e.turn for e in of(CommandAccepted, events)]


def test_stopping_between_turns_saves(tiny_config: Configure) -> None:
    """A stopped campaign asks for a save, says so, and does not end."""
    inbox = Inbox()
    events: list[Event] = []
    for event in Campaign(tiny_config(), ScriptedLearner()).play(inbox):
        events.append(event)
        if isinstance(event, StepTaken) and event.turn == 7:
            inbox.stop()
    assert [SaveDue(7, "quit"), CampaignStopped(7)] == events[-2:]
    assert not of(CampaignEnded, events)


def in_two_sittings(config: CampaignConfig, learner: ScriptedLearner, moves: list[tuple[int, Any]], stop_at: int) -> Iterator[Event]:
    inbox: Inbox = ScriptedInbox(moves)
    campaign = Campaign(config, learner)
    for event in campaign.play(inbox):
        yield event
        if isinstance(event, StepTaken) and event.turn == stop_at:
            inbox.stop()
    again = Campaign(config, ScriptedLearner())
    again.load_state(campaign.state_dict(), {})
    rest = ScriptedInbox([(turn, move) for turn, move in moves if turn > campaign.turn + (campaign.state_dict()["effect"] is not None)])
    yield from again.play(rest)


MOVES = [(3, UseAbility("rage")), (5, Speak()), (8, UseAbility("reckless_attack")), (8, SaveGame("x")), (9, UseAbility("rage"))]


@pytest.mark.parametrize("turn", range(1, 12))
def test_resumed_equals_uninterrupted(tiny_config: Configure, turn: int) -> None:
    """Stopped after any turn and loaded into a new campaign, the story goes on word for word."""
    config = tiny_config()
    expected = lines(played(config, ScriptedInbox(MOVES)))
    assert expected == lines(in_two_sittings(config, ScriptedLearner(), MOVES, stop_at=turn))


@pytest.mark.parametrize("turn", [1, 3, 8, 9, 12])
def test_a_turn_stopped_half_way_is_finished_not_rolled_again(tiny_config: Configure, turn: int) -> None:
    """When the learner abandons a turn, the dice already cast still count after resuming."""
    config = tiny_config()
    learner = ScriptedLearner()
    learner.abandon_at = turn
    expected = lines(played(config, ScriptedInbox(MOVES)))
    assert expected == lines(in_two_sittings(config, learner, MOVES, stop_at=99))


def test_a_failing_learner_is_an_event(tiny_config: Configure) -> None:
    """An error in training is told with its cause, asks for no save, and keeps the exception for the log."""
    learner = ScriptedLearner()
    learner.fail_at = 5
    campaign = Campaign(tiny_config(), learner)
    events = list(campaign.play(Inbox()))
    assert TrainingFailed(5, "RuntimeError: the forge went cold") == events[-1]
    assert 5 not in [e.turn for e in of(SaveDue, events)]
    assert isinstance(campaign.failure, RuntimeError)


def test_a_non_finite_loss_does_not_poison_the_average(tiny_config: Configure) -> None:
    """The smoothed loss ignores a turn whose loss was infinite, and the turn is told as not finite."""
    learner = ScriptedLearner()
    learner.non_finite_at = 4
    steps = of(StepTaken, played(tiny_config("encounters.mode=off"), learner=learner))
    assert [False] == [step.finite for step in steps if step.turn == 4]
    assert all(math.isfinite(step.loss_ema) for step in steps)


def test_the_tempo_changes_nothing(tiny_config: Configure) -> None:
    """Paused, stepped one turn at a time, resumed and paced, the run tells the same story as at full speed."""
    config = tiny_config()
    inbox = Inbox()
    inbox.step_once()
    slow: list[Event] = []
    for event in Campaign(config, ScriptedLearner()).play(inbox):
        slow.append(event)
        if isinstance(event, StepTaken):
            if event.turn < 6:
                inbox.step_once()
            else:
                inbox.set_speed(500.0)
                inbox.resume()
    assert lines(played(config)) == lines(slow)


def test_another_speed_holds_from_the_next_turn_on() -> None:
    """Whoever asks for it does not first wait as long as the speed before would have had them wait."""
    inbox = Inbox()
    inbox.set_speed(1e-6)
    assert inbox.wait_for_turn()
    inbox.set_speed(1e-6)
    rescue = threading.Timer(PATIENCE, inbox.stop)  # where this fails
    rescue.start()
    assert inbox.wait_for_turn()
    rescue.cancel()


def test_rulebook_off_is_the_control_arm(tiny_config: Configure) -> None:
    """With rulebook off the dice are shown and every effect is neutral."""
    learner = ScriptedLearner()
    events = played(tiny_config("dice.rulebook=off", "encounters.mode=off"), learner=learner)
    assert len(of(DiceRolled, events)) == 12
    assert {StepEffect()} == set(learner.effects)
