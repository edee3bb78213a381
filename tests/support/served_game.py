"""A served game in a real terminal: python -m support.served_game FOLDER. Its address is written into the folder, and what it was asked."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.serve.app import ServedApp
from rolltrain_tui.serve.serving import Serving
from rolltrain_tui.serve.start import make_server
from rolltrain_tui.tui import play
from rolltrain_tui.tui.launch import Launch
from support.fakes import FakeExpedition, FakeOutfitter, fake_config


class Recorded(FakeExpedition):
    """Keeps what it was asked in a file, turn by turn."""

    def play(self, inbox: Inbox) -> Iterator[Event]:
        for event in super().play(inbox):
            (self.folder / "asked").write_text("\n".join(map(repr, self.drained)), encoding="utf-8")
            yield event


if __name__ == "__main__":
    run = Path(sys.argv[1])
    server = make_server(Serving(port=0))
    (run / "address").write_text(server.address, encoding="utf-8")
    expedition = Recorded(run, fake_config("turns=1000"), said="<b>bold</b> [red]x[/] & co")
    launch = Launch(save=run, runs=run.parent, turns_per_second=10, explain=False)
    sys.exit(play(launch, FakeOutfitter(expedition), make_app=partial(ServedApp, server=server)))
