"""Is there a terminal to draw on?"""

import os
import sys

WEB_DRIVER = "textual.drivers.web_driver:WebDriver"
"""Draws in a browser at the other end of a pipe."""


def missing_screen() -> str:
    """Why nothing can be drawn here, or an empty string."""
    if os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER:
        return ""
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output"), (sys.stderr, "standard error")):
        if not stream.isatty():
            return f"{name} is not a terminal"
    if os.environ.get("TERM", "") in ("dumb", "unknown"):
        return f"the terminal says it cannot draw (TERM={os.environ['TERM']})"
    return ""
