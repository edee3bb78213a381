"""A game with its server, from the socket to the last word."""

import os
import sys
from functools import partial
from pathlib import Path

from rolltrain_tui.serve.serving import Serving
from rolltrain_tui.serve.streams.feed import Feed
from rolltrain_tui.serve.streams.mirror import Mirror
from rolltrain_tui.serve.web.door import Door
from rolltrain_tui.serve.web.limits import FEW_GAMES, Seats
from rolltrain_tui.serve.web.server import Server, listen
from rolltrain_tui.serve.web.site import Room, Site
from rolltrain_tui.tui import play
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.terminal.first_picture import FirstPicture

GUESTS = "guests"


def start(launch: Launch, serving: Serving, first: FirstPicture | None = None) -> int:
    """Answers with the game's exit code. ServeError, HostNameError before Textual draws. `first`: as for `play`."""
    if serving.size is not None:
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "truecolor")  # read when Textual is imported; browsers have all colours
    server = make_server(serving, launch.runs)
    from rolltrain_tui.serve.address import words_for_the_terminal
    from rolltrain_tui.serve.app import ServedApp

    if serving.size is not None:  # a game with a screen shows its address there
        print("\n".join(words_for_the_terminal(server.address, server.door.public, code=sys.stdout.isatty())), flush=True)
    return play(launch, make_app=partial(ServedApp, server=server, size=serving.size, once=serving.once, first=first))


def make_server(serving: Serving, runs: Path = Path("saves")) -> Server:
    """A server that listens already and answers from `start` on; guests keep their runs beside those in `runs`. As for `start`."""
    door = Door(serving.host, serving.names)
    listening = listen(serving.host, serving.port)
    room = Room(door, Mirror(), Feed(), cookie=f"rolltrain-{listening.getsockname()[1]}")
    if serving.guests:
        from rolltrain_tui.serve.web.guests import Guests

        room.guests = Guests(serving.guest_command, runs.resolve() / GUESTS, Seats(serving.guests, FEW_GAMES))
    server = Server(Site(room), listening, serving.host)
    room.ballot.invitation = server.address
    return server
