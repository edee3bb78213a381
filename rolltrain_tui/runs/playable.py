"""What a screen can play: a live run, a replay, a run that another process writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.story.scene import Scene

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.protocol.learner import Learner


@dataclass(frozen=True, slots=True)
class Sought:
    """The story continues from another turn. `scene` is the scene there, and belongs to the reader."""

    scene: Scene


class PlayableRun(Protocol):
    """Whatever its source, it tells its story so far, and then plays on."""

    @property
    def config(self) -> "CampaignConfig | None":
        """The settings of a live run; None where nothing is trained."""

    @property
    def folder(self) -> Path: ...

    @property
    def learner(self) -> "Learner | None":
        """What is trained; None where nothing is. To be asked between two turns."""

    @property
    def note(self) -> str:
        """A sentence for the player about how it was opened; else empty."""

    @property
    def story(self) -> Iterable[Event]:
        """The events so far."""

    def play(self, inbox: Inbox) -> Iterator[Event | Sought]:
        """What happens next, at the tempo of the inbox."""
