"""A probabilistic grammar: writes documents, rule by rule. What it writes is measured in `entropy` and proved readable in `unambiguous`."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from random import Random

from rolltrain_tui.modes.text.corpora.compiler import compile_rules
from rolltrain_tui.modes.text.corpora.notation import Alternative, Expand, Recall, Rules

Memory = dict[str, tuple[str, Mapping[str, str]]]
"""What a document remembers: per variable its text and the other columns of its row."""


class Grammar:
    """A compiled table of rules (see `notation`). Raises GrammarError where `compile_rules` does."""

    def __init__(self, rules: Rules, start: str) -> None:
        self.start = start
        self.rules, self.bound = compile_rules(rules, start)
        self._cumulative = {name: _cumulative(alternatives) for name, alternatives in self.rules.items()}

    def sample(self, random: Random) -> str:
        """One document. Uses `random.random()` alone, which yields the same numbers in every version of Python."""
        out: list[str] = []
        self._write(self.start, random.random, out, {})
        return "".join(out)

    def _write(self, name: str, draw: Callable[[], float], out: list[str], memory: Memory) -> None:
        alternative = self.rules[name][bisect_right(self._cumulative[name], draw())]
        for symbol in alternative.symbols:
            if isinstance(symbol, str):
                out.append(symbol)
            elif isinstance(symbol, Recall):
                text, columns = memory[symbol.variable]
                out.append(text if symbol.column is None else columns[symbol.column])
            elif symbol.variable is None:
                self._write(symbol.rule, draw, out, memory)
            else:
                self._remember(symbol, symbol.variable, draw, out, memory)

    def _remember(self, symbol: Expand, variable: str, draw: Callable[[], float], out: list[str], memory: Memory) -> None:
        alternative = self.rules[symbol.rule][bisect_right(self._cumulative[symbol.rule], draw())]
        written: list[str] = []
        for part in alternative.symbols:
            if isinstance(part, str):
                written.append(part)
            else:
                assert isinstance(part, Expand), "the compiler allows no recall inside a remembered rule"
                self._write(part.rule, draw, written, memory)
        memory[variable] = ("".join(written), alternative.columns)
        out.extend(written)


def _cumulative(alternatives: Sequence[Alternative]) -> list[float]:
    steps = list(accumulate(a.probability for a in alternatives))
    steps[-1] = 1.0  # random() < 1, so the last alternative takes what rounding left over
    return steps
