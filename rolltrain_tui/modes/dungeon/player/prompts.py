"""What a language model reads before it acts: the objective, some moves of the past, what it sees, and what it may do."""

import re
from collections import deque
from collections.abc import Sequence

ACTIONS, OPEN = "actions", "open"
"""Forms of a prompt. actions: the admissible commands are named. open: they are not."""
WORDS = ("Your possible actions are or", "You choose the action to")
"""What a vocabulary needs besides the words of the worlds."""

_BANNER = re.compile(r"^[^.!?\n]*TextWorld!\s*")
_HEADLINE = re.compile(r"^\s*-=.*=-\s*$")


def observed(text: str) -> str:
    """An observation without TextWorld's banner, headlines such as "-= Kitchen =-" and lines without a letter or digit."""
    lines = (_BANNER.sub("", line) for line in text.split("\n") if not _HEADLINE.match(line))
    told = "\n".join(line for line in lines if any(char.isalnum() for char in line))
    return told + "\n" if told and text.endswith("\n") else told


def offered(admissible: Sequence[str]) -> list[str]:
    """The commands that a prompt names: those that examine change nothing and are left out."""
    return [command for command in admissible if not command.startswith("examine")]


def situation(observation: str, inventory: str, admissible: Sequence[str], form: str = ACTIONS) -> str:
    """One move's part of the prompt, up to where the model goes on. An inventory of nothing is left out."""
    carried = f"{inventory} " if inventory and "nothing" not in inventory else ""
    commands = offered(admissible)
    may = f"Your possible actions are {_listed(commands)}. " if form == ACTIONS and commands else ""
    return f"{observed(observation)}{carried}{may}You choose the action to "


def _listed(commands: Sequence[str]) -> str:
    return f"{', '.join(commands[:-1])}, or {commands[-1]}" if len(commands) > 1 else commands[0]


class Memory:
    """The last moves of one game, as the model read and wrote them; a new game begins without any."""

    def __init__(self, length: int) -> None:
        self._moves: deque[str] = deque(maxlen=length)

    def prompt(self, objective: str, now: str) -> str:
        """The objective, unless the rest tells it already, the moves of the past, and the situation now."""
        told = "\n".join([*self._moves, now])
        return told if not objective or objective in told else f"{objective}\n{told}"

    def add(self, situation: str, action: str, *, done: bool) -> None:
        """A move is over. After the last move of a game all is forgotten."""
        if done:
            self._moves.clear()
        else:
            self._moves.append(f"{situation}{action}")

    def state(self) -> list[str]:
        return list(self._moves)

    def load(self, moves: Sequence[str]) -> None:
        self._moves.clear()
        self._moves.extend(moves)
