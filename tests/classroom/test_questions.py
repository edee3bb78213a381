"""What a room can be asked, and what comes of its answer: obeyed, recorded, verified and told without a screen."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.paths import CAMPAIGNS
from support.views import plain

from rolltrain_tui.classroom.ballot import Ballot, Tally
from rolltrain_tui.classroom.questions import Question, next_evaluation, orders_of, outcome_of, which_ability
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Predict, ReportVote, UseAbility
from rolltrain_tui.protocol.events import CommandRefused, Evaluated, RoomVoted, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import AbilityView


def closed(question: Question, *votes: int) -> Tally:
    ballot = Ballot()
    number = ballot.open_round(question.text, question.options).number
    for option, hands in enumerate(votes):
        ballot.count_hands(number, option, hands)
    return ballot.close()


@pytest.mark.parametrize("hero", ["barbarian", "wizard"])
def test_a_run_obeys_whatever_a_room_may_choose_and_verifies(hero: str, tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    """Every turn's vote is on offers that the rules take; the run tells each vote, and a stopped run goes on and verifies."""
    dice = random.Random(hero)
    run = Run.begin(
        tiny_config(f"hero.hero_class={hero}", "encounters.chance=1.0", "adventure.predictions=true", "turns=12"),
        base=CAMPAIGNS,
        runs=tmp_path,
    )
    asked = 0
    for _ in range(2):
        inbox, scene = Inbox(), Scene.of(run.story)
        for event in run.play(inbox):
            scene.apply(event)
            assert not isinstance(event, CommandRefused), event
            if isinstance(event, StepTaken):
                question = which_ability(scene) if event.turn % 2 else next_evaluation(scene, run.config.evaluation.every)
                if isinstance(question, Question):
                    asked += 1
                    winner = dice.randrange(len(question.options))
                    inbox.put(*orders_of(closed(question, *(int(place == winner) for place in range(len(question.options))))))
                if event.turn == 6:
                    inbox.stop()
        run = Run.resume(run.folder)
    told = [event for event in event_log.read(run.folder / "chronicle.jsonl") if isinstance(event, RoomVoted)]
    assert asked - 1 <= len(told) <= asked, "the last vote came too late"
    assert len(told) >= 5
    found = Verification(from_the_beginning(run.folder), tolerance=None, heavy=False, until=None, watch=lambda event: None).run()
    assert found.difference is None


def test_a_vote_is_told_without_a_screen(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    run = Run.begin(tiny_config("turns=4"), base=CAMPAIGNS, runs=tmp_path)
    plain(run, [(2, ReportVote("Which?", (("Rage", 12), ("No\x1b ability", 3)), "Rage"))], tmp_path / "story.txt")
    assert "The room chose Rage. Which? Rage: 12; No␛ ability: 3." in (tmp_path / "story.txt").read_text(encoding="utf-8")


def test_the_prediction_is_the_games_own() -> None:
    """Lower, level and higher with the bounds that will judge them."""
    scene = Scene()
    assert "two must have been" in str(next_evaluation(scene, 50))
    for turn, value in ((0, 4.0), (50, float("nan")), (100, 3.0)):
        scene.apply(Evaluated(turn, value, 0.1, value, value, True))
    scene.turns, scene.turn = 120, 110
    question = next_evaluation(scene, 50)
    assert isinstance(question, Question)
    assert question.text.endswith("3.000 after turn 100. And after turn 120?")
    assert [option.order for option in question.options] == [Predict("lower"), Predict("level"), Predict("higher")]
    assert "2.250 to 3.750" in question.options[1].title


def test_only_what_is_held_until_dismissed_can_be_ended() -> None:
    """A stance goes on until the room ends it; what has a last turn is left to end by itself."""

    def orders(until: int | None) -> list[UseAbility | Predict | None]:
        scene = Scene(sheet=Sheet(hp=9, charges=(Charge("rage", 1, 2, "long", auto=False),)))
        scene.active["rage"] = AbilityView(ability="rage", option="", until=until)
        question = which_ability(scene)
        return [option.order for option in question.options] if isinstance(question, Question) else []

    assert orders(until=None) == [UseAbility("rage", DISMISS), None]
    assert orders(until=9) == []


def test_ties_and_silence_are_told() -> None:
    """A tie goes to the higher in the list; without a vote nothing is asked of the run."""
    events = list(FakeExpedition(Path("nowhere"), fake_config("turns=1")).play(Inbox()))
    question = which_ability(Scene.of(events[:2]))
    assert isinstance(question, Question)
    assert [option.title for option in question.options] == ["Rage", "Reckless Attack", "No ability"]
    assert (
        outcome_of(closed(question, 0, 2, 2)) == "The room chose Reckless Attack, with 2 of 4 votes (a tie: the higher in the list wins)."
    )
    assert orders_of(closed(question)) == ()
    assert outcome_of(closed(question)) == "Nobody voted: nothing happens."
    assert [type(order) for order in orders_of(closed(question, 0, 0, 1))] == [ReportVote]
    assert which_ability(Scene.of(events)) == "The run is over."
