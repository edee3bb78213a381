"""Exit codes of the command line. An error becomes a message; the traceback goes to a log, or to stderr on request."""

import errno
import io
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from rolltrain_tui.cluster.launched import first_here

DONE, FAILED, WRONG_USE = 0, 1, 2
INTERRUPTED, UNREAD = 128 + 2, 128 + 13
NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", -1))  # not on Windows
DEBUG = "ROLLTRAIN_DEBUG"
LOG = "error.log"


def exit_code_of(command: Callable[[], Any]) -> int:
    """Run a command. Its exit code, or that of its error, which is told on stderr."""
    try:
        answer = command()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as left:
        from rolltrain_tui.base.blame import blame

        if not blame(left):
            raise
        return _tell(left)  # no plug-in ends the program
    except BrokenPipeError:
        return UNREAD
    except Exception as error:
        if isinstance(error, OSError) and _was_said(error):
            return _tell_unwritten(error)
        return _tell(error)
    return answer if isinstance(answer, int) else DONE


def _tell(error: BaseException) -> int:
    from click import ClickException
    from click.exceptions import Abort, Exit

    from rolltrain_tui.base.blame import blame, told
    from rolltrain_tui.base.memory import ran_out

    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, Abort):
        return INTERRUPTED
    if isinstance(error, ClickException):
        if first_here():
            error.show()
        return error.exit_code
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    if isinstance(error, ValueError):  # a mistake of the user; the text says what to do
        if first_here():
            _say(f"{blame(error)}{error}")
        return WRONG_USE
    if ran_out(error):
        _say(told(error))
        return WRONG_USE
    if isinstance(error, OSError) and (refused := _refused(error)):
        _say(refused)
        return WRONG_USE
    foreign = bool(blame(error))
    _say(told(error) if foreign else f"rolltrain failed: {told(error)}")
    _say(_where_to_look(error))
    return WRONG_USE if foreign else FAILED


def _refused(error: OSError) -> str:
    """What the system refuses to every program, and what to do about it; empty for an error of another kind."""
    from rolltrain_tui.base.atomic_files import refusal
    from rolltrain_tui.base.safe_text import printable

    if error.errno in NO_ROOM:
        name = error.filename2 or error.filename
        return f"{'a file' if name is None else printable(os.fsdecode(name))} cannot be written: {refusal(error)}"
    if isinstance(error, IsADirectoryError | NotADirectoryError | PermissionError) and error.filename is not None:
        name = error.filename2 or error.filename
        why = "it is a folder, where a file belongs; move it away" if isinstance(error, IsADirectoryError) else refusal(error)
        return f"{printable(os.fsdecode(name))} cannot be used: {why}"
    if isinstance(error, FileNotFoundError):
        try:
            Path.cwd()
        except FileNotFoundError:
            return "the folder that you are in is gone: go to another one (cd), and call it again"
    return ""


def _where_to_look(error: BaseException) -> str:
    if os.environ.get(DEBUG):
        return "The traceback is above."
    try:
        log = _keep(error)
    except Exception:  # the first error matters, not why the log cannot be written
        return f"Run it again with {DEBUG}=1 for the traceback."
    return f"The traceback is in {log}."


def _keep(error: BaseException) -> Path:
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


def settle_streams(code: int) -> int:
    """Flush before the end. The exit code: a failure where standard output could not be written, silent where its reader has gone."""
    for stream in (sys.stdout, sys.stderr):
        if (error := _unwritten(stream)) is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python flushes once more on its way out
            gone = getattr(error, "errno", None) in (None, errno.EPIPE, errno.EIO)
            if stream is sys.stdout and code == DONE and not gone:
                code = _tell_unwritten(error)
    return code


def _unwritten(stream: TextIO) -> OSError | ValueError | None:
    """Why what was said cannot be written; None where it can."""
    try:
        stream.flush()
    except (OSError, ValueError) as error:
        return error
    return None


def _was_said(error: OSError) -> bool:
    """Whether the error came up while a verb wrote its answer."""
    return any(frame.f_globals.get("__name__") == "click.utils" for frame, _ in traceback.walk_tb(error.__traceback__))


def _tell_unwritten(error: Exception) -> int:
    with suppress(OSError, ValueError):
        _say(f"standard output cannot be written: {getattr(error, 'strerror', None) or error}")
    return FAILED
