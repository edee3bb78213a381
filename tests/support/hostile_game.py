"""A game in which everything that others could have written is hostile: python -m support.hostile_game FOLDER."""

import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded, DiceRolled, Event, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.tui import play
from rolltrain_tui.tui.launch import Launch
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.hostile import MARKUP, PAYLOADS, poisoned


class Hostile(FakeExpedition):
    """Every event but the numbers says a payload, one after the other, until all have been said; then the run ends."""

    def play(self, inbox: Inbox) -> Iterator[Event]:
        texts = cycle([*PAYLOADS, *MARKUP])
        said = 0
        for event in super().play(inbox):
            if isinstance(event, DiceRolled | StepTaken):
                yield event
            elif isinstance(event, CampaignEnded):
                yield poisoned(event, next(texts))
                (self.folder / "said").write_text(str(said))
            else:
                said += 1
                hostile = poisoned(event, next(texts))
                if isinstance(event, CampaignBegan):
                    hostile = poisoned(event, "\x1b]0;owned\x07" + MARKUP[1])
                yield hostile


if __name__ == "__main__":
    run = Path(sys.argv[1])
    expedition = Hostile(run, fake_config("turns=1000"))
    expedition.note = "\x1b]0;owned\x07[/]"
    sys.exit(play(Launch(save=run, runs=run.parent, turns_per_second=300, explain=False), FakeOutfitter(expedition)))
