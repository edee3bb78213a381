"""How the game is started: what the command line asks of the app."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolltrain_tui.classroom.ballot import Ballot
    from rolltrain_tui.protocol.commands import Command
    from rolltrain_tui.protocol.events import Secret
    from rolltrain_tui.runs.log.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Without a campaign and without a save the title screen opens; a campaign goes to the choice of a hero; a save goes on at once."""

    campaign: Path | None = None
    """A campaign file to begin."""
    save: Path | None = None
    """A save folder or a run folder to go on with."""
    recording: "Path | Recording | None" = None
    """A run folder or a chronicle to watch, or what was read of it; torch stays unlit."""
    followed: Path | None = None
    """A run folder that another process writes, to watch as it happens; torch stays unlit."""
    start: int | None = None
    """The turn from which to watch it."""
    tempo: int | None = None
    """How fast to watch it, in turns a second."""
    overrides: tuple[str, ...] = ()
    """`path=value` changes to the campaign, as after --set."""
    data: Path | None = None
    """A text file of the player's to train on instead of the campaign's own data."""
    runs: Path = Path("saves")
    """The folder that holds the run folders."""
    moves: "tuple[tuple[int, Command], ...]" = ()
    """Recorded commands, each played at its turn."""
    turns_per_second: float | None = None
    """Tempo to start with instead of the campaign's; 0 means full speed, None the campaign's own."""
    reduced_motion: bool = False
    """The die shows its result without tumbling."""
    explain: bool = True
    """The run waits at the first of each kind while a card explains it."""
    alone: bool = False
    """Nobody sits at the keys: no hero is chosen, no card waits, no rule of the campaign pauses the run."""
    screen: Callable[[], Any] | None = None
    """Makes a Textual screen to open over the title."""
    ballot: "Ballot | None" = None
    """Where a room votes from elsewhere, such as a page; None: by show of hands."""
    votes: bool = False
    """The room votes at every encounter; else when a key is pressed."""
    presenter: bool | None = None
    """Few large panels, and pauses at evaluations; None: as remembered."""
    hidden: "frozenset[Secret]" = frozenset()
    """What the room is not to see until it is revealed."""
    only: Callable[[], Any] | None = None
    """Makes a Textual screen to open without the title, on which nothing is trained; torch stays unlit."""

    @property
    def trains(self) -> bool:
        """Whether what is opened may need torch."""
        return self.recording is None and self.followed is None and self.only is None

    def all_overrides(self) -> tuple[str, ...]:
        """The overrides with the player's own data among them."""
        if self.data is None or any(override.startswith("data.path=") for override in self.overrides):
            return self.overrides
        return (*self.overrides, *own_text(self.data))


def own_text(path: Path) -> tuple[str, str]:
    """The overrides that make a campaign read this file."""
    return "data.corpus=file", f"data.path={json.dumps(str(path.expanduser().resolve()), ensure_ascii=False)}"
