"""A tournament that is killed on its way: python -m support.ended_early MATCHES SECONDS WORD... runs `rolltrain arena WORD...`.

After so many matches of its own, and so many seconds more, it kills itself with SIGKILL, wherever it is then.
"""

import os
import signal
import sys
import threading

from rolltrain_tui.arena.battles.battle import Match
from rolltrain_tui.arena.battles.ledger import Ledger
from rolltrain_tui.cli.main import main

matches, seconds = int(sys.argv[1]), float(sys.argv[2])
append = Ledger.append


def counted(ledger: Ledger, match: Match) -> int:
    global matches
    number = append(ledger, match)
    matches -= 1
    if matches == 0:
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return number


if __name__ == "__main__":
    Ledger.append = counted  # type: ignore[method-assign]
    sys.argv = ["rolltrain", "arena", *sys.argv[3:]]
    main()
