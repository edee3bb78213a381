"""The game in the terminal. `play` is its one door; Textual is imported behind it."""

import contextlib
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolltrain_tui.tui.app import RolltrainApp
    from rolltrain_tui.tui.launch import Launch
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture
    from rolltrain_tui.tui.threads.outfitter import RunOpener


def play(
    launch: "Launch",
    outfitter: "RunOpener | None" = None,
    make_app: "Callable[..., RolltrainApp] | None" = None,
    first: "FirstPicture | None" = None,
) -> int:
    """Run the game until the player leaves; answers with the exit code: 0, 1 when something went wrong, 128+n after signal n.

    `make_app` makes another app than the game's own, which is called in the same way. `first`: the picture that is on the terminal.
    """
    from rolltrain_tui.base.blame import blame, told
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.tui.app import RolltrainApp
    from rolltrain_tui.tui.one_run import GRACE_SECONDS
    from rolltrain_tui.tui.terminal.terminal import OwnTerminal

    with OwnTerminal() as terminal:
        app = (make_app or partial(RolltrainApp, first=first))(launch, outfitter, keep_log_in=terminal.keep_in)
        app.run()
        code = 1 if app.return_code is None else app.return_code  # None: nobody asked it to end
        if app.bridge is not None and app.bridge.playing and not app.impatient:
            # The screen broke under a run that is well: it is saved all the same.
            app.bridge.stop()
            app.bridge.join(GRACE_SECONDS)
        if code == 1 and not app.farewell:
            broke = getattr(app, "_exception", None)
            whose = told(broke) if broke is not None and blame(broke) else "rolltrain was stopped by an error of its own"
            app.farewell = f"{flat(whose)}; {terminal.log} has the details."
    with contextlib.suppress(OSError):  # the terminal may be gone
        if app.farewell:
            print(app.farewell, file=sys.stderr if code else sys.stdout, flush=True)
    if app.bridge is not None and app.bridge.playing:
        # Nobody waits for the thread any more: leave without tearing torch down under it.
        os._exit(code or 1)
    return code
