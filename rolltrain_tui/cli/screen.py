"""Is there a terminal to draw on?"""

import os
import sys


def missing_screen() -> str:
    """Why nothing can be drawn here, or an empty string."""
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if not stream.isatty():
            return f"{name} is not a terminal"
    if os.environ.get("TERM", "") in ("dumb", "unknown"):
        return f"the terminal says it cannot draw (TERM={os.environ['TERM']})"
    return ""
