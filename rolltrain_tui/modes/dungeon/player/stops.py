"""When a command that is written token by token has ended: by the tokens' numbers, looked up beforehand."""

from collections.abc import Collection, Sequence

from rolltrain_tui.modes.dungeon.player.actions import says_something

PUNCTUATION = ".,?!:;"


class StopRule:
    """A command ends with punctuation, which belongs to it, or before a new line or the end of the text; but not before it has begun."""

    def __init__(self, pieces: Sequence[str], ends: Collection[int], never: Collection[int] = ()) -> None:
        """`pieces`: the text of each token; "" for a special one. `ends`: those that end texts. `never`: those that are not written."""
        self.stops = tuple(any(char in PUNCTUATION for char in piece) for piece in pieces)
        """For each token, whether it ends a command."""
        self.breaks = tuple(n in ends or ("\n" in piece and not self.stops[n]) for n, piece in enumerate(pieces))
        """Whether it ends one, and is no part of it."""
        self.speaks = tuple(n not in ends and says_something(piece) for n, piece in enumerate(pieces))
        """Whether it has a letter or a digit; with the first of them a command has begun."""
        self.never = tuple(sorted(never))

    def __len__(self) -> int:
        return len(self.stops)


class Commands:
    """Some commands while they are written side by side."""

    def __init__(self, rule: StopRule, count: int) -> None:
        self._rule = rule
        self._going, self._begun = list(range(count)), [False] * count
        self.lengths = [0] * count
        """Tokens of each, as far as they belong to it."""

    def hear(self, tokens: Sequence[int]) -> bool:
        """The next token of each. Whether any of them goes on."""
        rule, begun, still = self._rule, self._begun, []
        for row in self._going:
            token = tokens[row]
            begun[row] = begun[row] or rule.speaks[token]
            if not begun[row] or not (rule.stops[token] or rule.breaks[token]):
                still.append(row)
            elif rule.breaks[token]:
                continue
            self.lengths[row] += 1
        self._going = still
        return bool(still)
