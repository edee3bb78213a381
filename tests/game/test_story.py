"""What a campaign's file tells beside the training: acts, endings, and the energy that there is for it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.scripted import ScriptedLearner, of, played
from support.stories import lines

from rolltrain_tui.config.campaign_file_error import CampaignFileError
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.protocol.commands import Command, Predict, RaiseStat, SpendInspiration, UseItem
from rolltrain_tui.protocol.events import (
    ActBegan,
    CampaignBegan,
    CampaignEnded,
    DiceRolled,
    Evaluated,
    ForetellingJudged,
    InspirationSpent,
    ItemUsed,
    StepTaken,
)
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox

Configure = Callable[..., CampaignConfig]
ACTS = (
    "acts=[{from_turn: 0, title: Dawn, text: It begins.}, {from_turn: 5, title: Noon, text: It is hot.}, "
    "{from_turn: 90, title: Late, text: x}]"
)
ENDINGS = "endings=[{val_loss: 1.5, title: Glory, text: A}, {val_loss: 3.9, title: Home, text: B}, {val_loss: null, title: Mud, text: C}]"


def test_acts_are_told_when_their_first_turn_comes(tiny_config: Configure) -> None:
    """The first after the campaign has begun, the second before turn 5's roll, and one beyond the last turn never."""
    events = [event for event in played(tiny_config(ACTS)) if event.in_story]
    assert [ActBegan(0, 1, "Dawn", "It begins."), ActBegan(5, 2, "Noon", "It is hot.")] == of(ActBegan, events)
    assert isinstance(events[events.index(of(ActBegan, events)[0]) - 1], CampaignBegan)
    noon = events.index(of(ActBegan, events)[1])
    assert noon < events.index(next(roll for roll in of(DiceRolled, events) if roll.turn == 5))
    assert [1, 2, 3, 4] == [step.turn for step in of(StepTaken, events[:noon])]


def test_an_act_is_told_once_over_a_stop(tiny_config: Configure) -> None:
    """A turn that is abandoned half-way and taken up again does not tell its act twice."""
    learner = ScriptedLearner()
    learner.abandon_at = 5
    campaign = Campaign(tiny_config(ACTS), learner)
    events = [*campaign.play(Inbox()), *campaign.play(Inbox())]
    assert [1, 2] == [act.number for act in of(ActBegan, events)]


@pytest.mark.parametrize(("excess", "title", "text"), [(0.2, "Glory", "A"), (3.0, "Home", "B"), (30.0, "Mud", "C")])
def test_the_ending_depends_on_the_result(tiny_config: Configure, excess: float, title: str, text: str) -> None:
    """The first ending whose validation loss the final one does not pass."""
    learner = ScriptedLearner()
    learner.excess = excess
    (end,) = of(CampaignEnded, played(tiny_config(ENDINGS, "encounters.mode=off"), learner=learner))
    assert (title, text) == (end.title, end.text)


def test_a_result_may_earn_no_ending(tiny_config: Configure) -> None:
    """Without a last ending for any result, and without endings at all, none is told."""
    for endings in ("endings=[{val_loss: 0.5, title: Glory, text: A}]", "endings=[]"):
        (end,) = of(CampaignEnded, played(tiny_config(endings)))
        assert ("", "") == (end.title, end.text)


def test_the_fallen_have_no_ending(tiny_config: Configure) -> None:
    """A hardcore campaign that ends with its hero tells none of them."""
    learner = ScriptedLearner()
    campaign = Campaign(tiny_config(ENDINGS, "hero.hardcore=true", "encounters.mode=off"), learner)
    events = []
    for event in campaign.play(Inbox()):
        campaign.game.life.fallen = True
        events.append(event)
    (end,) = of(CampaignEnded, events)
    assert ("fallen", "") == (end.ending, end.title)


def test_a_campaign_ends_when_its_energy_is_spent(tiny_config: Configure) -> None:
    """Half a GFLOP at the start, one each turn, half more at turn 4's evaluation; whoever reaches the last turn has won all the same."""
    for energy, turns, how in ((4.4, 4, "spent"), (4.6, 5, "spent"), (12.9, 12, "victory"), (None, 12, "victory")):
        given = "null" if energy is None else energy
        events = played(tiny_config(f"adventure.energy={given}", "encounters.mode=off", "diagnosis.examine=false"))
        (end,) = of(CampaignEnded, events)
        assert (turns, how) == (end.turn, end.ending)
        assert turns == len(of(StepTaken, events))
        assert turns in [evaluated.turn for evaluated in of(Evaluated, events)]


def test_acts_stand_in_order(tiny_config: Configure) -> None:
    """An act that begins before the one above it is a mistake of the file, told with its place."""
    with pytest.raises(CampaignFileError, match=r"acts.*from_turn.*must come after 7"):
        tiny_config("acts=[{from_turn: 7, title: A, text: a}, {from_turn: 7, title: B, text: b}]")


@pytest.mark.parametrize("endings", ["[{val_loss: null, title: A, text: a}, {val_loss: 2, title: B, text: b}]",
                                     "[{val_loss: 2, title: A, text: a}, {val_loss: 1, title: B, text: b}]"])  # fmt: skip
def test_every_ending_can_be_earned(tiny_config: Configure, endings: str) -> None:
    """An ending after one with the same or an easier bar is a mistake of the file."""
    with pytest.raises(CampaignFileError, match=r"endings\.1\.value: can never be reached"):
        tiny_config(f"endings={endings}")


# The whole adventure, with a real learner, kept and resumed.

RICH = (
    "turns=24", "hero.level=3", "adventure={predictions: true, loot: true, choices: true, energy: null}", "encounters.mode=off",
    "evaluation={every: 4, sequences: 8, final_sequences: 16}",
)  # fmt: skip
MOVES: tuple[tuple[int, Command], ...] = (
    (6, Predict("lower")),
    (9, UseItem("potion_of_calm")),
    (10, UseItem("ring_of_the_mean")),
    (11, UseItem("cursed_tome")),
    (11, Predict("level")),
    (13, SpendInspiration()),
    (14, RaiseStat("INT")),
    (17, Predict("higher")),
)


def rich(config: CampaignConfig) -> Campaign:
    campaign = Campaign(config, build_learner(config, base=Path()))
    campaign.game.bag.items.update(potion_of_calm=1, ring_of_the_mean=1, cursed_tome=1)
    campaign.game.life.gain_xp(0, 5000, "a test")
    return campaign


@pytest.mark.parametrize("cut", [7, 10, 12, 15])
def test_an_adventure_is_resumed_to_the_bit(tiny_config: Configure, cut: int) -> None:
    """Foretelling, things in force, choices made: saved as JSON in their midst and resumed, story and weights are those of one sitting."""
    config = tiny_config(*RICH)
    whole = rich(config)
    straight = lines(whole.play(ScriptedInbox(MOVES)))

    first, inbox, before = rich(config), ScriptedInbox(MOVES), []
    for event in first.play(inbox):
        before.append(event)
        if isinstance(event, StepTaken) and event.turn == cut:
            inbox.stop()
    second = Campaign(config, build_learner(config, base=Path()))
    second.load_state(json.loads(json.dumps(first.state_dict())), {name: tensor.clone() for name, tensor in first.tensors().items()})
    after = list(second.play(ScriptedInbox(move for move in MOVES if move[0] > second.turn)))
    assert straight == lines([*before, *after])
    assert whole.learner.weights_sha256() == second.learner.weights_sha256()
    told = of(ForetellingJudged, [*before, *after])
    assert [8, 12, 20] == [judged.turn for judged in told]
    assert 3 == len(of(ItemUsed, [*before, *after]))
    assert any(judged.inspired for judged in told[:2]) == bool(of(InspirationSpent, [*before, *after]))
