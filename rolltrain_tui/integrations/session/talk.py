"""The sentences of a game on a foreign loop: the story, without the rolls of every turn, and warnings."""

import sys
import warnings
from collections.abc import Callable

from rolltrain_tui.protocol.events import CommandAccepted, DiceRolled, Event, StepTaken
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.story.narration import tell

Say = Callable[[str], None]
EVERY_TURN = (DiceRolled, StepTaken, CommandAccepted)


def aloud(line: str) -> None:
    """Print a line to standard error, above a progress bar where tqdm draws one."""
    tqdm = sys.modules.get("tqdm")
    if tqdm is not None:
        tqdm.tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr, flush=True)


class Once:
    """Warnings of one training, each kind said once. A training never ends for what the game cannot do."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def warn(self, kind: str, message: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            warnings.warn(message, stacklevel=3)


def teller(say: Say | None, objective: Objective = VALIDATION_LOSS) -> Callable[[Event], None]:
    """Pass each story sentence to `say`. None: silent."""

    def told(event: Event) -> None:
        if say is not None and not isinstance(event, EVERY_TURN) and (sentence := tell(event, objective)):
            say(f"[turn {event.turn}] {sentence}")

    return told
