"""A room votes in the game: by browsers and by hand, and the run plays the winner."""

from pathlib import Path

import pytest
from support.playing import playing
from support.screens_host import shown
from textual.events import Key

from rolltrain_tui.classroom.ballot import Ballot
from rolltrain_tui.protocol.commands import Predict, ReportVote, UseAbility
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.expedition.vote import VoteScreen
from rolltrain_tui.tui.screens.dialogs.choice import ChoiceDialog


async def test_votes_from_elsewhere_and_hands_choose_what_is_played_next_turn(tmp_path: Path) -> None:
    """The tally is seen as it comes; the winner and the report of the vote are taken in one turn."""
    async with playing(tmp_path) as game:
        await game.press("e")
        await game.until(lambda: isinstance(game.app.screen, VoteScreen))
        ballot = game.app.ballot
        number = ballot.tally().round.number
        for voter in range(3):
            ballot.cast(f"browser {voter}", number, 1)
        await game.press("1", "2", "down", "7", "backspace", "4")
        await game.until(lambda: "3 of them by browser" in game.text and "19 votes" in game.text)
        await game.press("enter")
        await game.until(lambda: "The room chose Rage, with 12 of 19 votes." in game.text)
        await game.press("enter")
        await game.play_to(1)
        votes = (("Rage", 12), ("Reckless Attack", 7), ("No ability", 0))
        assert game.expedition.drained == [ReportVote("Which ability at the next turn?", votes, "Rage"), UseAbility("rage")]
        assert not ballot.tally().open


@pytest.mark.parametrize(("keys", "words"), [(("enter", "enter"), "Nobody voted: nothing happens."), (("5", "escape"), "given up")])
async def test_without_votes_or_when_given_up_nothing_is_asked_of_the_run(tmp_path: Path, keys: tuple[str, ...], words: str) -> None:
    async with playing(tmp_path) as game:
        await game.press("e", *keys)
        await game.until(lambda: not isinstance(game.app.screen, VoteScreen))
        assert words in game.screen.notice
        await game.play_to(1)
        assert game.expedition.drained == []


async def test_keys_that_are_typed_at_once_count_for_their_rows(tmp_path: Path) -> None:
    """Nobody waits for the screen between two keys."""
    async with playing(tmp_path) as game:
        await game.press("e")
        await game.until(lambda: isinstance(game.app.screen, VoteScreen))
        for key in ("9", "down", "down", "4", "enter", "enter"):
            game.app.post_message(Key(key, key if len(key) == 1 else None))
        await game.until(lambda: not isinstance(game.app.screen, VoteScreen))
        await game.play_to(1)
        assert game.expedition.drained[0] == ReportVote(
            "Which ability at the next turn?", (("Rage", 9), ("Reckless Attack", 0), ("No ability", 4)), "Rage"
        )


@pytest.mark.parametrize("taken_over", [False, True])
async def test_keys_that_come_after_a_vote_count_for_none(tmp_path: Path, taken_over: bool) -> None:
    """It was given up, or another has taken its place: the game goes on, and the other vote with it."""
    async with playing(tmp_path) as game:
        await game.press("e")
        await game.until(lambda: isinstance(game.app.screen, VoteScreen))
        vote, ballot = game.app.screen, game.app.ballot
        options = ballot.tally().round.options
        if taken_over:
            ballot.open_round("Another?", options)
        else:
            ballot.give_up()
        for act in (lambda: vote.action_type(7), vote.action_rub_out, vote.action_take, vote.action_give_up):
            act()
        await game.until(lambda: game.app.screen is game.screen)
        assert ballot.tally() is None or (ballot.tally().open and ballot.tally().total == 0)


async def test_the_room_predicts_as_the_player_does(tmp_path: Path) -> None:
    """Once there have been two evaluations the teacher chooses what is voted on."""
    async with playing(tmp_path) as game:
        await game.play_to(51)
        await game.press("e", "2")
        await game.until(lambda: isinstance(game.app.screen, VoteScreen) and "And after turn 100?" in game.text)
        await game.press("down", "down", "3", "enter", "enter")
        await game.play_to(52)
        assert game.expedition.drained[-1] == Predict("higher")


async def test_the_room_is_asked_about_the_run_as_it_stands_when_the_question_is_chosen(tmp_path: Path) -> None:
    """While the teacher chooses, the run goes on; a question that no longer stands is not put."""
    async with playing(tmp_path) as game:
        await game.play_to(51)
        await game.press("e")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        await game.play_to(101)
        await game.press("2")
        await game.until(lambda: isinstance(game.app.screen, VoteScreen) and "And after turn 150?" in game.text)
        await game.press("escape")
        await game.until(lambda: game.app.screen is game.screen)
        await game.press("e")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        game.inbox.put(Predict("level"))
        await game.play_to(102)
        await game.press("2")
        await game.until(lambda: "No vote: Predicted already: level." in game.screen.notice)


async def test_the_room_votes_at_every_encounter_if_the_teacher_wants_it(tmp_path: Path) -> None:
    """The run waits before its next turn, after the card, and goes on with the winner."""
    async with playing(tmp_path, explain=True) as game:
        game.app.bridge.votes = True
        game.inbox.resume()
        await game.until(lambda: isinstance(game.app.screen, Card))
        assert game.screen.scene.turn == 30
        await game.press("enter")
        await game.until(lambda: isinstance(game.app.screen, VoteScreen))
        assert game.inbox.paused
        await game.press("1", "enter", "enter")
        await game.until(lambda: game.screen.scene.turn > 31)
        assert game.expedition.drained[1:2] == [UseAbility("rage")]


async def test_leaving_the_game_closes_the_vote_for_the_room(tmp_path: Path) -> None:
    async with playing(tmp_path) as game:
        ballot: Ballot = game.app.ballot
        await game.press("e")
        await game.until(lambda: ballot.tally() is not None)
        game.app.leave("title")
        await game.until(lambda: "New campaign" in shown(game.app))
        assert ballot.tally() is None
