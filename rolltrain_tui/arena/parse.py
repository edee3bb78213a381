"""Parser for the one-line dialogs of the arena: the words of the shell's verbs, then name=value for options."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rolltrain_tui.arena.agents.agents import PRESETS, AgentError, Recipe, Shape, check_name, check_recipe, check_shape, parse_setting
from rolltrain_tui.arena.agents.corpora import text_facts
from rolltrain_tui.arena.agents.roster import Roster
from rolltrain_tui.arena.battles.battles import Battles, Entrant
from rolltrain_tui.arena.battles.matches import Terms, check_contenders, contender_of, steps_of, terms_for
from rolltrain_tui.arena.battles.tournament import Tournament, exists, plan, reopen
from rolltrain_tui.arena.training.dice import parse_hero

CREATE = "NAME WIDTH LAYERS HEADS, such as Tiny 8 1 2, or NAME microgpt; at will context=16 style=gpt data=names learning_rate=0.01 ..."
BATTLE = (
    "AGENT AGENT ... STEPS; then gflop=0.5 instead of steps, seeds=5 samples=64 temperature=1 start=fresh data=names seed=0. "
    "Tiny:wizard fights with dice, beside its control arm."
)
TOURNAMENT = "NAME AGENT AGENT ... STEPS; then kind=round-robin or kind=swiss rounds=3, and what a battle takes. NAME alone goes on."
GENERATE = "LINES, then TEMPERATURE, then TOP_K"


@dataclass(frozen=True, slots=True)
class Creation:
    name: str
    shape: Shape
    recipe: Recipe
    corpus: str
    preset: str
    vocabulary: int


def parse_create(line: str) -> Creation:
    """ "Tiny 8 1 2 context=16" or "Micro microgpt". AgentError says what is missing or not possible."""
    words, given = _split(line)
    name, preset = check_name(words[0] if words else "Tiny"), ""
    shape, recipe = Shape(n_embd=8, n_layer=1, n_head=2), Recipe()
    if words[1:2] and words[1] in PRESETS:
        preset = words[1]
        shape, recipe = PRESETS[preset]
    elif len(words) == 4:
        n_embd, n_layer, n_head = (_whole(name, word) for name, word in zip(("width", "layers", "heads"), words[1:], strict=True))
        shape = replace(shape, n_embd=n_embd, n_layer=n_layer, n_head=n_head)
    if len(words) != (2 if preset else 4):
        raise AgentError(f"its name, width, layers and heads are asked for, such as {name} 8 1 2, or {name} microgpt")
    corpus = given.pop("data", "names")
    if "context" in given:
        shape = replace(shape, context=_whole("context", given.pop("context")))
    if "style" in given:
        shape = replace(shape, style=_one_of("style", given.pop("style"), "gpt", "microgpt"))
    for key, value in given.items():
        recipe = parse_setting(recipe, key, value)
    facts = text_facts(corpus)
    check_shape(shape, facts.vocabulary)
    return Creation(name, shape, check_recipe(recipe), corpus, preset, facts.vocabulary)


def entrants_of(words: Sequence[str], roster: Roster) -> list[Entrant]:
    """The agents named "Tiny", "Tiny:wizard" or "Tiny:wizard/off". The control arm of each hero is added. AgentError."""
    found: list[Entrant] = []
    for name, hero, rulebook in map(parse_hero, words):
        found.append(Entrant(roster.get(name), hero, rulebook))
    for entry in [entry for entry in found if entry.hero]:
        if not any((other.champion.agent.name, other.hero) == (entry.champion.agent.name, "") for other in found):
            found.append(Entrant(entry.champion))
    return found


def parse_battle(line: str, roster: Roster) -> tuple[Terms, list[Entrant]]:
    """ "Tiny Big 200 seeds=5", "Tiny Big gflop=0.5", "Tiny:wizard 200". AgentError."""
    words, given = _split(line)
    if not words:
        raise AgentError(BATTLE)
    steps = words.pop() if words[-1].isdigit() and len(words) > 1 else given.pop("steps", "200")
    chosen: dict[str, Any] = {"unit": "steps", "budget": float(_whole("steps", steps))}
    if "gflop" in given:
        chosen = {"unit": "gflop", "budget": _number("gflop", given.pop("gflop"))}
    for key, name in (("seeds", "seeds"), ("samples", "samples"), ("seed", "first_seed")):
        if key in given:
            chosen[name] = _whole(key, given.pop(key))
    if "temperature" in given:
        chosen["temperature"] = _number("temperature", given.pop("temperature"))
    start = _one_of("start", given.pop("start", "fresh"), "fresh", "trained")
    data = given.pop("data", None)
    if given:
        raise AgentError(f"there is no {next(iter(given))[:40]!r} here: {BATTLE}")
    found = entrants_of(words, roster)
    contenders = tuple(contender_of(entry.champion, "fresh", entry.hero, entry.rulebook) for entry in found)
    check_contenders(contenders)
    terms = terms_for([entry.champion.agent for entry in found], corpus=data, start=start, **chosen)
    for contender in contenders:
        steps_of(terms, contender)
    return terms, found


def parse_tournament(line: str, roster: Roster) -> Tournament:
    """ "Cup Tiny Big Micro 100 kind=swiss rounds=3". The name of an existing tournament resumes it. AgentError."""
    words, given = _split(line)
    if not words:
        raise AgentError(TOURNAMENT)
    if exists(roster.root, check_name(words[0])):
        return reopen(roster.root, words[0])
    kind = _one_of("kind", given.pop("kind", "round-robin"), "round-robin", "swiss")
    rounds = _whole("rounds", given.pop("rounds")) if "rounds" in given else None
    rest = [*words[1:], *(f"{key}={value}" for key, value in given.items())]
    terms, found = parse_battle(" ".join(rest), roster)
    contenders = Battles(roster.root).enter(terms, found)
    return plan(words[0], kind, terms, contenders, rounds)


def parse_generate(line: str) -> tuple[int, float, int | None]:
    """ "20", "20 0.8", "20 0.8 5": lines, temperature, top-k. AgentError."""
    words = line.split()
    if not 1 <= len(words) <= 3:
        raise AgentError(GENERATE)
    n = _whole("lines", words[0])
    temperature = _number("temperature", words[1]) if len(words) > 1 else 1.0
    top_k = _whole("top-k", words[2]) if len(words) > 2 else None
    if not (1 <= n <= 10_000 and 0.01 <= temperature <= 100 and (top_k is None or top_k >= 1)):
        raise AgentError("choose 1 to 10000 lines, a temperature of 0.01 to 100, a top-k of 1 or more")
    return n, temperature, top_k


def parse_steps(line: str) -> int:
    steps = _whole("steps", line.strip())
    if not 1 <= steps <= 1_000_000:
        raise AgentError(f"{steps} steps: choose 1 to 1,000,000")
    return steps


def parse_config(line: str, recipe: Recipe) -> tuple[str, str]:
    """ "learning_rate 0.003" or "learning_rate=0.003", checked against the recipe. AgentError."""
    words = line.replace("=", " ").split()
    if len(words) != 2:
        raise AgentError("KEY VALUE, such as learning_rate 0.003; " + ", ".join(name for name in Recipe.__dataclass_fields__))
    parse_setting(recipe, *words)
    return words[0], words[1]


def _split(line: str) -> tuple[list[str], dict[str, str]]:
    words = [word for word in line.split() if "=" not in word]
    return words, dict(word.split("=", 1) for word in line.split() if "=" in word)


def _one_of(name: str, word: str, *choices: str) -> Any:
    if word not in choices:
        raise AgentError(f"{name}: {word[:40]!r} is not possible; choose {' or '.join(choices)}")
    return word


def _whole(name: str, word: str) -> int:
    if not word.isascii() or not word.lstrip("-").isdigit() or len(word) > 18:
        raise AgentError(f"{name}: {word[:40]!r} is not a whole number")
    return int(word)


def _number(name: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise AgentError(f"{name}: {word[:40]!r} is not a number") from None
