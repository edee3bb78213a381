"""What a player means by a line: a number, a whole command, or its beginnings: "g n" is "go north", "t key" is "take red key"."""

from collections.abc import Sequence

LONGEST = 200
"""Characters of a line that are read."""
_COMPASS = {"n": "go north", "e": "go east", "s": "go south", "w": "go west"}


def plain(line: str) -> str:
    """A typed line in lower case, with single spaces and without a final stop."""
    return " ".join(line[:LONGEST].lower().rstrip(" .!?\n").split())


def meant(line: str, commands: Sequence[str]) -> list[str]:
    """The commands that a line may mean: one where it is clear, none where no command matches. The closest kind of match decides."""
    typed = plain(line)
    if not typed:
        return []
    if typed in commands:
        return [typed]
    if typed.isdecimal():
        number = int(typed) if typed.isascii() else 0
        return [commands[number - 1]] if 1 <= number <= len(commands) else []
    if _COMPASS.get(typed) in commands:
        return [_COMPASS[typed]]
    words = typed.split()
    for fits in (_begins, _holds_from_the_first, _holds):
        if found := [command for command in commands if fits(words, command.split())]:
            return found
    return []


def _begins(typed: Sequence[str], words: Sequence[str]) -> bool:
    """Each typed word begins the word at its place."""
    return len(typed) <= len(words) and all(word.startswith(part) for part, word in zip(typed, words, strict=False))


def _holds(typed: Sequence[str], words: Sequence[str]) -> bool:
    """Each typed word begins one of the words, in their order; others may stand between."""
    rest = iter(words)
    return all(any(word.startswith(part) for word in rest) for part in typed)


def _holds_from_the_first(typed: Sequence[str], words: Sequence[str]) -> bool:
    return bool(words) and words[0].startswith(typed[0]) and _holds(typed[1:], words[1:])
