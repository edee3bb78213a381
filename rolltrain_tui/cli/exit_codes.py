"""Exit codes of the command line. An error becomes a message; the traceback goes to a log, or to stderr on request."""

import io
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

DONE, FAILED, WRONG_USE = 0, 1, 2
INTERRUPTED, UNREAD = 128 + 2, 128 + 13
DEBUG = "ROLLTRAIN_DEBUG"
LOG = "error.log"


def exit_code_of(command: Callable[[], Any]) -> int:
    """Run a command. Its exit code, or that of its error, which is told on stderr."""
    try:
        return _code(command())
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return UNREAD
    except Exception as error:
        return _tell(error)


def _code(answer: Any) -> int:
    return answer if isinstance(answer, int) else DONE


def _tell(error: Exception) -> int:
    from click import ClickException
    from click.exceptions import Abort, Exit

    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, Abort):
        return INTERRUPTED
    if isinstance(error, ClickException):
        error.show()
        return error.exit_code
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    if isinstance(error, ValueError):  # a mistake of the user; the text says what to do
        _say(str(error))
        return WRONG_USE
    _say(f"rolltrain failed: {type(error).__name__}: {error}")
    _say(_where_to_look(error))
    return FAILED


def _where_to_look(error: Exception) -> str:
    if os.environ.get(DEBUG):
        return "The traceback is above."
    try:
        log = _keep(error)
    except Exception:  # the first error matters, not why the log cannot be written
        return f"Run it again with {DEBUG}=1 for the traceback."
    return f"The traceback is in {log}."


def _keep(error: Exception) -> Path:
    from rolltrain_tui.runs.saves import saves_root

    folder = saves_root(None)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)) + "\n")
    return folder / LOG


def _say(text: str) -> None:
    from rolltrain_tui.base.safe_text import clean

    print(clean(text), file=sys.stderr)


def open_streams() -> None:
    """Replace closed standard streams, and print characters that the terminal lacks as escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def settle_streams() -> None:
    """Flush before the end, silently where the reader has gone."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python flushes once more on its way out
