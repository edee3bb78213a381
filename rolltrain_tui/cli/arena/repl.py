"""The read-eval-print loop of the (bandit) prompt, with history and completion. Standard library only."""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

PROMPT = "(bandit) "
LEAVING = ("quit", "exit", "q")
HISTORY = "history"
LONGEST_HISTORY = 1000


def words_of(line: str, *, windows: bool) -> list[str]:
    """The words of a line as a POSIX shell parts them; but a backslash of Windows parts folders. ValueError where a quotation is open."""
    parts = shlex.shlex(line, posix=True)
    parts.whitespace_split = True
    if windows:
        parts.escape = ""
    return list(parts)


class Repl:
    """Reads lines and passes their words to `run`, which must not raise. `complete(words before, prefix)` returns possible next words."""

    def __init__(self, run: Callable[[list[str]], object], complete: Callable[[Sequence[str], str], Sequence[str]], history: Path) -> None:
        self.run, self._complete, self._history = run, complete, history
        self._found: list[str] = []

    def loop(self) -> None:
        """Read lines until quit or the end of the input. Ctrl+C drops the line only."""
        self._open_history()
        try:
            while True:
                try:
                    line = input(PROMPT)
                except EOFError:
                    print()
                    return
                except KeyboardInterrupt:
                    print()
                    continue
                if not self.take(line):
                    return
        finally:
            self._close_history()

    def take(self, line: str) -> bool:
        """Run one line. False if it asks to leave."""
        try:
            words = words_of(line, windows=os.name == "nt")
        except ValueError as error:
            print(f"A quotation mark is missing: {error}.")
            return True
        if not words:
            return True
        if words[0] in LEAVING:
            return False
        self.run(["--help"] if words == ["help"] else [*words[1:2], "--help"] if words[0] == "help" else words)
        return True

    def complete(self, text: str, state: int) -> str | None:
        """The completer for readline, which asks for one answer at a time."""
        if sys.platform != "win32" and state == 0:
            import readline

            begun = readline.get_line_buffer()[: readline.get_begidx()].split()
            self._found = [f"{word} " for word in self._complete(begun, text) if word.startswith(text)]
        return self._found[state] if state < len(self._found) else None

    def _open_history(self) -> None:
        if sys.platform == "win32":
            return  # it has no readline
        with suppress(ImportError, OSError):  # a history that cannot be read must not stop the shell
            import readline

            readline.set_completer(self.complete)
            readline.set_completer_delims(" \t\n")
            readline.parse_and_bind("tab: complete")
            readline.read_history_file(self._history)

    def _close_history(self) -> None:
        if sys.platform == "win32":
            return
        with suppress(ImportError, OSError):
            import readline

            self._history.parent.mkdir(parents=True, exist_ok=True)
            readline.set_history_length(LONGEST_HISTORY)
            readline.write_history_file(self._history)
