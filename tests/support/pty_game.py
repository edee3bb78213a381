"""A game in a real terminal, for the tests that need one: python -m support.pty_game FOLDER. It also writes where it should not."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rolltrain_tui.protocol.events import Event, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.tui import play
from rolltrain_tui.tui.launch import Launch
from support.fakes import FakeExpedition, FakeOutfitter, fake_config


class Noisy(FakeExpedition):
    """Like a library that talks to the terminal past the game; notes in a file that it was left in order."""

    def play(self, inbox: Inbox) -> Iterator[Event]:
        for event in super().play(inbox):
            if isinstance(event, StepTaken) and event.turn == 1:
                os.write(2, b"STRAY-FROM-C\n")
                os.write(1, b"STRAY-ON-STDOUT\n")
                print("STRAY-PRINT")
            yield event
        (self.folder / "left").write_text("in order", encoding="utf-8")


def outfitter_for(folder: Path) -> Any:
    return FakeOutfitter(Noisy(folder, fake_config()))


if __name__ == "__main__":
    run = Path(sys.argv[1])
    sys.exit(play(Launch(save=run, runs=run.parent, turns_per_second=20, explain=False), outfitter_for(run)))
