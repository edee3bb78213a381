"""The bounded buffer between training and screen."""

from hypothesis import given
from support.lists import of_any_length

from rolltrain_tui.protocol.commands import Speak
from rolltrain_tui.protocol.events import CommandAccepted, DiceRolled, Event, StepTaken, XPGained
from rolltrain_tui.tui.threads.buffer import EventBuffer


def rolled(turn: int) -> DiceRolled:
    return DiceRolled(turn, 20, (9,), 9, 2, 11, 12, "miss", 0.5)


def stepped(turn: int) -> StepTaken:
    return StepTaken(turn, 2.0, 2.0, 0.5, 1e-3, 0.5, 0.5, 0.1, 0.05, 768, 4.0, True, ())


def gained(turn: int) -> XPGained:
    return XPGained(turn, 1, 1, "x")


def test_messages_come_out_in_the_order_they_went_in() -> None:
    """A limit leaves the rest for the next time."""
    buffer = EventBuffer()
    events: list[Event] = [rolled(1), stepped(1), gained(1)]
    for event in events:
        buffer.put(event)
        buffer.close_turn()
    assert events == [*buffer.take(2), *buffer.take(2)]
    assert 0 == len(buffer)


@given(of_any_length(lambda dice: dice.random() < 0.5, 200, least=0))
def test_story_is_never_dropped_and_read_outs_are_bounded(story: list[bool]) -> None:
    """However full it is, turns with a story come out whole, in order; the others stay within the capacity, the missing are counted."""
    buffer = EventBuffer(capacity=8)
    for turn, told in enumerate(story):
        buffer.put(rolled(turn))
        buffer.put(stepped(turn))
        if told:
            buffer.put(gained(turn))
        buffer.close_turn()
    taken = buffer.take(10_000)
    read_outs = [message for message in taken if isinstance(message, DiceRolled | StepTaken)]
    assert [turn for turn, told in enumerate(story) if told] == [message.turn for message in taken if isinstance(message, XPGained)]
    assert len([message for message in read_outs if not story[message.turn]]) <= 8
    assert all(2 == sum(message.turn == turn for message in read_outs) for turn, told in enumerate(story) if told)
    assert 2 * len(story) == len(read_outs) + buffer.dropped


def test_the_newest_read_outs_survive() -> None:
    """What is on screen after a jam is the present."""
    buffer = EventBuffer(capacity=8)
    for turn in range(100):
        buffer.put(rolled(turn))
        buffer.put(stepped(turn))
        buffer.close_turn()
    assert [99, 99] == [message.turn for message in buffer.take(10_000)][-2:]  # type: ignore[union-attr]


def test_a_turn_comes_out_whole() -> None:
    """Nothing of a turn that is being played, and never a part of one, whatever the limit."""
    buffer = EventBuffer()
    for event in (rolled(1), stepped(1)):
        buffer.put(event)
    assert [] == buffer.take(10)
    buffer.close_turn()
    buffer.put(rolled(2))
    assert [rolled(1), stepped(1)] == buffer.take(1)
    assert [] == buffer.take(1)


def test_an_answer_is_urgent_until_it_is_taken() -> None:
    """What a turn brings by itself can wait."""
    buffer = EventBuffer()
    buffer.put(stepped(1))
    buffer.close_turn()
    assert not buffer.urgent
    buffer.put(CommandAccepted(2, Speak()))
    assert not buffer.urgent
    buffer.close_turn()
    assert buffer.urgent
    buffer.take(10)
    assert not buffer.urgent
