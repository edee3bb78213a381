"""A recording: a run's chronicle with random access to its turns. No torch.

Opening reads the chronicle once and keeps marks: a place in the file, and the scene there. A turn is reached by folding the events after
the last mark before it. There are at most `MOST_MARKS` marks: when there are more, every second one is dropped.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.protocol.events import CampaignBegan, Event
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import BEGINNING, ChronicleError, Place
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.scene import TURN_LINES

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig

MOST_MARKS, FIRST_STRIDE = 32, 256


class RecordingError(ValueError):
    """There is nothing to watch; the message is a sentence for the player."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The scene before the first event of `turn`, without its log of turns; the event's place in the file."""

    turn: int
    place: Place
    scene: Scene


class Recording:
    """A chronicle from its first turn, 0, to its `last`."""

    def __init__(self, path: Path) -> None:
        """`path` is a run folder or a chronicle. RecordingError."""
        self.path = path / layout.CHRONICLE if path.is_dir() else path
        self.last = 0
        self.note = ""
        """A sentence for the player when the chronicle can be read only up to a damaged line."""
        self.end = BEGINNING
        self._marks: list[Mark] = []
        try:
            self._read()
        except OSError as error:
            raise RecordingError(f"the chronicle {self.path} cannot be read: {error.strerror or error}") from None
        except ChronicleError as error:
            if not self._marks:
                raise RecordingError(f"there is no story in {self.path}: {error}") from None
            self.note = f"The recording ends with turn {self.last}: {error}."
        if not self._marks:
            raise RecordingError(f"the chronicle {self.path} is empty: nothing has happened yet")

    def _read(self) -> None:
        scene, place, turn, stride = Scene(), BEGINNING, -1, FIRST_STRIDE
        for event, after in event_log.read_from(self.path):
            if not self._marks and not isinstance(event, CampaignBegan):
                raise ChronicleError(f"{self.path.name}: it does not begin with the beginning of a campaign")
            if event.turn > turn:
                turn = self.last = event.turn
                if not self._marks or turn - self._marks[-1].turn >= stride:
                    self._marks.append(Mark(turn, place, _without_turns(scene)))
                if len(self._marks) > MOST_MARKS:
                    del self._marks[1::2]
                    stride *= 2
            scene.apply(event)
            self.end = place = after

    def at(self, turn: int) -> tuple[Scene, Place]:
        """The scene when `turn` was done, and the place of what followed."""
        mark = next((mark for mark in reversed(self._marks) if mark.turn <= turn - TURN_LINES), self._marks[0])
        scene, place = mark.scene.copy(), mark.place
        for event, after in self._from(mark.place):
            if event.turn > turn:
                break
            scene.apply(event)
            place = after
        return scene, place

    def turns(self, place: Place = BEGINNING) -> Iterator[list[Event]]:
        """The events from a place on, turn by turn."""
        events = (event for event, _ in self._from(place))
        return (list(happened) for _, happened in groupby(events, key=lambda event: event.turn))

    def _from(self, place: Place) -> Iterator[tuple[Event, Place]]:
        """The events that were there when the recording was opened. A run that is being played writes more."""
        for event, after in event_log.read_from(self.path, place):
            if after.number > self.end.number:
                return
            yield event, after
            if after.number == self.end.number:
                return


def _without_turns(scene: Scene) -> Scene:
    """A mark without the lines of its last turns: they take most of the memory, and folding makes them again."""
    scene = scene.copy()
    scene.turn_lines.clear()
    return scene


def as_turn(text: str, last: int) -> int | None:
    """A turn in one of the forms "412", "50%", "start" and "end" of a recording up to `last`; it may lie beyond. None for other text."""
    word = text.strip().lower()
    if word in ("start", "end"):
        return 0 if word == "start" else last
    number = word.removesuffix("%").strip()
    if not number.isascii() or not number.isdigit() or len(number) > 12:
        return None
    return round(int(number) / 100 * last) if word.endswith("%") else int(number)


def campaign_of(folder: Path) -> "CampaignConfig | None":
    """The campaign, for what the panels say about it; a chronicle can be watched without."""
    from rolltrain_tui.modes import campaign_file

    try:
        return campaign_file.load(folder / layout.CAMPAIGN)
    except (ValueError, OSError):
        return None


def written_last(root: Path) -> Path | None:
    """The run under this folder whose chronicle was written last; None where there is none."""
    with suppress(OSError):
        runs = [child for child in root.iterdir() if (child / layout.CHRONICLE).is_file()]
        return max(runs, key=lambda run: (run / layout.CHRONICLE).stat().st_mtime_ns, default=None)
    return None
