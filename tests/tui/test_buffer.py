"""The bounded buffer between training and screen."""

from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.protocol.events import DiceRolled, Event, StepTaken, XPGained
from rolltrain_tui.tui.buffer import EventBuffer


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
    assert events == [*buffer.take(2), *buffer.take(2)]
    assert 0 == len(buffer)


@given(st.lists(st.booleans(), max_size=200))
def test_story_is_never_dropped_and_read_outs_are_bounded(story: list[bool]) -> None:
    """However full it is, every story event comes out, in order; read-outs stay within the capacity, and the missing are counted."""
    buffer = EventBuffer(capacity=8)
    for turn, told in enumerate(story):
        buffer.put(rolled(turn))
        buffer.put(stepped(turn))
        if told:
            buffer.put(gained(turn))
    taken = buffer.take(10_000)
    read_outs = [message for message in taken if isinstance(message, DiceRolled | StepTaken)]
    assert [turn for turn, told in enumerate(story) if told] == [message.turn for message in taken if isinstance(message, XPGained)]
    assert len(read_outs) <= 8
    assert 2 * len(story) == len(read_outs) + buffer.dropped


def test_the_newest_read_outs_survive() -> None:
    """What is on screen after a jam is the present."""
    buffer = EventBuffer(capacity=8)
    for turn in range(100):
        buffer.put(rolled(turn))
        buffer.put(stepped(turn))
    assert [99, 99] == [message.turn for message in buffer.take(10_000)][-2:]  # type: ignore[union-attr]
