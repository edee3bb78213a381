import json

import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import Predict, SpendInspiration, UseAbility
from rolltrain_tui.protocol.events import CommandRefused, DiceRolled, ForetellingJudged, Foretold, InspirationSpent, XPGained
from rolltrain_tui.rules.hero.inspiration import bounds


def told(*losses, guess="lower", **rules):
    """A table that has heard these evaluations and at which this was foretold in the next turn."""
    table = make_table(predictions=True, **rules)
    for loss in losses:
        table.game.learned(0, loss)
    table.play(Predict(guess))
    return table


def inspired(**rules):
    table = told(3.0, 2.0, **rules)
    table.facts += table.game.learned(1, 1.0)
    assert table.game.inspired
    return table


def reasons(facts):
    return [fact.reason for fact in of(CommandRefused, facts)]


@pytest.mark.parametrize(
    ("after", "answer"), [(1.2, "lower"), (1.25, "level"), (2.0, "level"), (2.75, "level"), (2.8, "higher"), (float("nan"), "higher")]
)
@pytest.mark.parametrize("guess", ["lower", "level", "higher"])
def test_the_next_evaluation_is_held_against_the_last_change(guess, after, answer):
    """From 3 to 2 nats: lower is below 2 - 0.75, higher above 2 + 0.75; whoever said so is right, and whoever did not is not."""
    table = told(3.0, 2.0, guess=guess)
    assert [Foretold(1, guess, 1.25, 2.75)] == of(Foretold, table.facts)
    (judged,) = of(ForetellingJudged, table.game.learned(20, after))
    assert (guess, answer, 2.0, guess == answer) == (judged.guess, judged.answer, judged.before, judged.inspired)
    assert table.game.inspired == (guess == answer)


def test_a_run_that_stands_still_has_a_band_of_one_percent():
    """Where the last change was nothing, level is within 1 % of the last loss."""
    assert (1.98, 2.02) == pytest.approx(bounds(2.0, 2.0))


def test_a_right_guess_is_worth_50_xp():
    """Where learning gives XP; a wrong one gives none."""
    for learning in (True, False):
        right, wrong = told(3.0, 2.0, xp_learning=learning), told(3.0, 2.0, guess="higher", xp_learning=learning)
        causes = [[x.amount for x in of(XPGained, t.game.learned(9, 1.0)) if x.cause == "a right prediction"] for t in (right, wrong)]
        assert [[50] if learning else [], []] == causes


def test_a_guess_is_judged_once():
    """The evaluation after the next brings no second verdict, and a new guess may be made."""
    table = inspired()
    assert [] == of(ForetellingJudged, table.game.learned(40, 0.5))
    assert [] == reasons(table.play(Predict("level")))


def test_inspiration_is_one_die_more():
    """The turn's roll has two dice, of which the higher counts; the turn after it has one again, and the token is gone."""
    table = inspired(faces=[12, 4, 17])
    facts = table.play(SpendInspiration())
    (roll,) = of(DiceRolled, facts)
    assert [InspirationSpent(2)] == of(InspirationSpent, facts)
    assert ((4, 17), 17) == (roll.naturals, roll.natural)
    assert 1 == len(of(DiceRolled, table.play())[0].naturals)
    assert not table.game.inspired


def test_inspiration_cancels_disadvantage():
    """In a campaign of disadvantage the roll is a single die."""
    table = inspired(advantage="disadvantage")
    assert [2, 1] == [len(of(DiceRolled, facts)[0].naturals) for facts in (table.play(), table.play(SpendInspiration()))]


def test_inspiration_holds_for_every_roll_of_the_turn():
    """Where each micro-batch rolls, each has two dice."""
    table = inspired(rulebook="source", accumulation=3)
    assert [2, 2, 2] == [len(roll.naturals) for roll in of(DiceRolled, table.play(SpendInspiration()))]


def test_inspiration_is_not_wasted():
    """Where the roll has advantage already, the token is kept."""
    table = inspired()
    assert ["The next roll has advantage already; the inspiration is kept."] == reasons(
        table.play(UseAbility("reckless_attack"), SpendInspiration())
    )
    assert table.game.inspired


def test_there_is_one_token_at_most():
    """Two right guesses, one turn of advantage."""
    table = inspired()
    table.play(Predict("lower"))
    table.game.learned(3, 0.1)
    assert [[], ["Brakka has no inspiration: predict an evaluation rightly to earn it."]] == [
        reasons(table.play(SpendInspiration())) for _ in range(2)
    ]


def test_refusals():
    """Too early, foretold already, no such guess, off in this campaign."""
    early = make_table(predictions=True)
    early.game.learned(0, 3.0)
    assert ["It is too early to predict: two evaluations must have been."] == reasons(early.play(Predict("lower")))
    again = told(3.0, 2.0)
    assert ["Predicted already: lower. The next evaluation will tell."] == reasons(again.play(Predict("level")))
    assert ["Predict lower, level or higher."] == reasons(make_table(predictions=True).play(Predict("sideways")))
    off = make_table()
    assert [
        "Nothing is predicted in this campaign (adventure.predictions).",
        "Brakka has no inspiration: this campaign has none to earn.",
    ] == reasons(off.play(Predict("lower"), SpendInspiration()))


def test_a_guess_waits_for_the_fallen():
    """Between the fall and the waking nothing is judged; the evaluation after that is."""
    table = told(3.0, 2.0)
    table.game.life.rollback_due = True
    assert [] == table.game.learned(20, 1.0)
    table.play()
    assert 1 == len(of(ForetellingJudged, table.game.learned(40, 1.0)))


def test_a_guess_and_a_token_are_saved():
    """Through JSON into another game: the guess is judged there, and the token is there."""
    for table in (told(3.0, 2.0), inspired()):
        other = make_table(predictions=True, seed=9).game
        other.load_state_dict(json.loads(json.dumps(table.game.state_dict())))
        assert table.game.inspired == other.inspired
        assert table.game.learned(30, 0.2) == other.learned(30, 0.2)
        assert table.game.state_dict() == other.state_dict()
