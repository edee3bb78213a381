"""Stories to compare. NaN differs from itself, and from Python 3.13 on so do dataclasses that hold it; lines of JSON do not."""

from collections.abc import Iterable

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.runs.log.event_codec import encode


def lines(events: Iterable[Event]) -> list[str]:
    """The events that belong to the run, each as its line in the log."""
    return [encode(event) for event in events if event.in_story]
