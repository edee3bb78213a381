"""Compiles a table of rules: reads the braces, derives capitalised rules, and refuses what could not be written or analysed."""

import re
from collections.abc import Iterator, Mapping, Sequence

from rolltrain_tui.modes.text.corpora.notation import Alternative, Draft, Expand, GrammarError, Recall, Rules, Symbol

Compiled = dict[str, tuple[Alternative, ...]]


def compile_rules(drafts: Rules, start: str) -> tuple[Compiled, dict[str, str]]:
    """The rules that `start` needs, users before what they use, and for each remembered variable the rule it is drawn from.

    Raises GrammarError for an unknown name or column, an empty alternative, left recursion, or a recall of what may not be remembered yet.
    """
    compiler = _Compiler(drafts)
    compiler.compile(start)
    _check_memory(compiler.rules, compiler.bound)
    _refuse_left_recursion(compiler.rules)
    _refuse_unbound(compiler.rules, start)
    return compiler.rules, compiler.bound


class _Compiler:
    """Turns drafts into alternatives, deriving the capitalised twins of rules on the way."""

    REFERENCE = re.compile(r"\{(?:(?P<variable>[a-z_]+) := )?(?P<name>[A-Za-z_]+)(?:\.(?P<column>[A-Za-z_]+))?\}")

    def __init__(self, drafts: Rules) -> None:
        self.drafts = drafts
        self.rules: Compiled = {}
        self.bound: dict[str, str] = {}

    def compile(self, start: str) -> None:
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name not in self.rules:
                self.rules[name] = self._rule(name)
                waiting += [s.rule for a in self.rules[name] for s in a.symbols if isinstance(s, Expand)]

    def _rule(self, name: str) -> tuple[Alternative, ...]:
        capital = name not in self.drafts
        drafts = self.drafts.get(name[0].lower() + name[1:] if capital else name)
        if not drafts:
            raise GrammarError(f"there is no rule '{name}'")
        total = sum(draft.weight for draft in drafts)
        return tuple(self._alternative(name, draft, draft.weight / total, capital) for draft in drafts)

    def _alternative(self, name: str, draft: Draft, probability: float, capital: bool) -> Alternative:
        symbols = list(self._symbols(name, draft.text))
        if not symbols or not all(draft.columns.values()) or not 0 < probability <= 1:
            raise GrammarError(f"rule '{name}': an alternative needs some text in every column and a weight above zero")
        if capital:
            symbols[0] = self._capital(name, symbols[0])
        columns = {c: text for column, lower in draft.columns.items() for c, text in ((column, lower), (_upper(column), _upper(lower)))}
        return Alternative(probability, tuple(symbols), columns)

    def _symbols(self, name: str, text: str) -> Iterator[Symbol]:
        end = 0
        for match in self.REFERENCE.finditer(text):
            if match.start() > end:
                yield text[end : match.start()]
            yield self._reference(name, match)
            end = match.end()
        if end < len(text):
            yield text[end:]
        if set("{}") & set(self.REFERENCE.sub("", text)):
            raise GrammarError(f"rule '{name}': cannot read the braces in '{text}'")

    def _reference(self, name: str, match: re.Match[str]) -> Symbol:
        variable, target, column = match["variable"], match["name"], match["column"]
        if variable:
            if variable in self.drafts:
                raise GrammarError(f"rule '{name}': a rule is called '{variable}' already, so nothing can be remembered under that name")
            if self.bound.setdefault(variable, target) != target:
                raise GrammarError(f"rule '{name}': '{variable}' is remembered from '{self.bound[variable]}' elsewhere")
            return Expand(target, variable)
        if column is None and (target in self.drafts or target[0].isupper()):
            return Expand(target)
        return Recall(target, column)

    @staticmethod
    def _capital(name: str, symbol: Symbol) -> Symbol:
        if isinstance(symbol, str):
            return _upper(symbol)
        if isinstance(symbol, Expand) and symbol.variable is None:
            return Expand(_upper(symbol.rule))
        if isinstance(symbol, Recall) and symbol.column is not None:
            return Recall(symbol.variable, _upper(symbol.column))
        raise GrammarError(f"rule '{name}': cannot capitalise an alternative that begins with a remembered text")


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


def _check_memory(rules: Compiled, bound: Mapping[str, str]) -> None:
    for symbol in (s for rule in rules.values() for a in rule for s in a.symbols):
        if isinstance(symbol, Recall) and symbol.column is not None and symbol.variable in bound:
            rule = bound[symbol.variable]
            if not all(symbol.column in a.columns for a in rules[rule]):
                raise GrammarError(f"rule '{rule}', remembered as '{symbol.variable}', has no column '{symbol.column}'")
    for variable, rule in bound.items():
        if any(isinstance(s, Recall) or (isinstance(s, Expand) and s.variable) for s in _reachable_symbols(rules, rule)):
            raise GrammarError(f"rule '{rule}' is remembered as '{variable}', so it may neither remember nor recall anything itself")


def _reachable_symbols(rules: Mapping[str, Sequence[Alternative]], start: str) -> Iterator[Symbol]:
    seen, waiting = {start}, [start]
    while waiting:
        for alternative in rules[waiting.pop()]:
            for symbol in alternative.symbols:
                yield symbol
                if isinstance(symbol, Expand) and symbol.rule not in seen:
                    seen.add(symbol.rule)
                    waiting.append(symbol.rule)


def _refuse_left_recursion(rules: Mapping[str, Sequence[Alternative]]) -> None:
    """No alternative is empty, so a rule is left recursive exactly when it can be reached through first symbols from itself."""
    first = {name: {a.symbols[0].rule for a in rule if isinstance(a.symbols[0], Expand)} for name, rule in rules.items()}
    while leaves := [name for name, targets in first.items() if not targets & first.keys()]:
        for name in leaves:
            del first[name]
    if first:
        raise GrammarError(f"left recursion among the rules {', '.join(sorted(first))}")


def _refuse_unbound(rules: Mapping[str, Sequence[Alternative]], start: str) -> None:
    """Every recall must come after its binding in every derivation (a definite-assignment analysis, run to its fixed point)."""
    everything = frozenset(s.variable for rule in rules.values() for a in rule for s in a.symbols if isinstance(s, Expand) and s.variable)
    needs: dict[str, frozenset[str]] = dict.fromkeys(rules, frozenset())
    binds: dict[str, frozenset[str]] = dict.fromkeys(rules, everything)
    settled = False
    while not settled:
        settled = True
        for name, rule in rules.items():
            flows = [_flow(a.symbols, needs, binds) for a in rule]
            needed = frozenset().union(*(need for need, _ in flows))
            bound = frozenset.intersection(*(have for _, have in flows))
            settled &= (needed, bound) == (needs[name], binds[name])
            needs[name], binds[name] = needed, bound
    if needs[start]:
        raise GrammarError(f"may be recalled before it is remembered: {', '.join(sorted(needs[start]))}")


def _flow(
    symbols: Sequence[Symbol], needs: Mapping[str, frozenset[str]], binds: Mapping[str, frozenset[str]]
) -> tuple[frozenset[str], frozenset[str]]:
    needed: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    for symbol in symbols:
        if isinstance(symbol, Recall):
            needed |= {symbol.variable} - bound
        elif isinstance(symbol, Expand):
            needed |= needs[symbol.rule] - bound
            bound |= binds[symbol.rule] | ({symbol.variable} if symbol.variable else set())
    return needed, bound
