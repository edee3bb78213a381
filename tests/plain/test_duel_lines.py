"""The duel in lines: what is typed, what is said."""

from rolltrain_tui.modes.duel.table.guests import fixed_guests
from rolltrain_tui.modes.duel.table.position import Rules
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.plain.duel import play

START = ((3, 4, 1), (2, 4, 2), (0, 9, 9))


def said(*lines: str, **how: object) -> str:
    story: list[str] = []
    sitting = Sitting(fixed_guests(Rules()), start=START, **how)  # type: ignore[arg-type]
    play(sitting, lines, story.append)
    return "\n".join(story)


def test_a_whole_series_is_played_in_lines() -> None:
    """Board, par, moves with what fell, results, and the series at the end; more lines are not read."""
    story = said(*["xz", "13", "x,y", "z"] * 60, "leave", best_of=1)
    for words in (
        "Game 1: you are the host",
        "(Zeillinger's); worst case: ",
        "x   y   z   3 points",
        "Move 1: you named x and z",
        "the series",
    ):
        assert words in story
    assert "get up" not in story


def test_everything_can_be_asked_and_costs_nothing() -> None:
    """Look-ahead, Zeillinger's choice, values, the list; mistakes are sentences; then it is still the first move."""
    story = said("?", "? 13", "h", "q", "help", "1", "12 apples", "9", "score", "b", "watch many")
    for words in (
        "x and y, agent x: ",
        "x and z, agent z: ",
        "Zeillinger would name",
        "✖ No network sits at this table",
        "again  ",
        "✖ The host names at least two coordinates",
        "✖ '12 apples' is no move",
        "✖ There is no coordinate 9",
        "✖ 'many' is no number of moves",
        "You get up from the table: you 0 : 0",
    ):
        assert words in story
    assert "Move 1" not in story


def test_an_agent_takes_one_of_what_is_named() -> None:
    """The opponent is asked for, the game watched to its end, and the next one begins with the other role."""
    story = said("2", "o", "again", "watch 200", first="agent")
    assert "The host names" in story
    assert "Move 1: the host named" in story
    assert "It does not count: you watched." in story
    assert "Game 2: you are the host" in story


def test_a_start_of_one_point_says_so() -> None:
    story: list[str] = []
    play(Sitting(fixed_guests(Rules(points=1))), ["12"], story.append)
    assert "over before it begins" in story[-1]
