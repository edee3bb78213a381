"""The record of a battle: terms, contenders, results. It is enough to repeat the battle bit for bit."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from rolltrain_tui.arena.agents.agent_file import Champion, sha256
from rolltrain_tui.arena.agents.agents import NAME, Agent, AgentError, Recipe, Shape, flops_per_token, num_parameters
from rolltrain_tui.arena.agents.corpora import VALIDATION_FRACTION, check_length, plain_text, text_facts
from rolltrain_tui.arena.training.dice import check_hero
from rolltrain_tui.arena.training.scores import score_of
from rolltrain_tui.base.grammar import plural
from rolltrain_tui.base.json_records import codec, dump_json
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.base.statistics import Estimate, estimate

RULES = 2
"""Version of battles and scores. Any change of a number, even in the last bit, raises it and opens new leaderboards."""
Unit = Literal["steps", "gflop"]
Start = Literal["fresh", "trained"]
CONTENDER = re.compile(NAME.pattern + "(:[a-z]{1,16}(/[a-z-]{1,24})?)?")
MOST_WEIGHTS = 30_000_000
"""Most weights of all contenders on all seeds: half a gigabyte with gradients and moments."""
MOST_SEEDS, MOST_STEPS, MOST_CONTENDERS = 64, 1_000_000, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The conditions that all contenders share."""

    corpus: str
    text_sha256: str
    vocabulary: int
    budget: float
    unit: Unit
    """steps: the same number for each contender; gflop: the same energy for each contender."""
    seeds: int = 5
    first_seed: int = 0
    """A seed decides the order of the data and the sampling of lines. With the contender's own seed it decides the initial weights."""
    samples: int = 64
    """Lines that each contender writes on each seed."""
    temperature: float = 1.0
    start: Start = "fresh"
    """fresh: from initial weights. trained: from the agent's weights, with empty optimiser moments."""
    floor: float
    """Score of a model that knows only character frequencies. Scores up to it are not on the board of efficiency."""
    rules: int = RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """An agent as it entered the battle."""

    name: str
    shape: Shape
    recipe: Recipe
    weights_sha256: str = ""
    """SHA-256 of the agent's file, if it starts trained."""
    hero: str = ""
    """Class of the hero; "": no dice."""
    rulebook: str = ""

    @property
    def fingerprint(self) -> str:
        """First 8 hex digits of the hash of all fields but the name."""
        plain = codec(Contender).dump(self)
        del plain["name"]
        return hashlib.sha256(dump_json(plain).encode("ascii")).hexdigest()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedResult:
    seed: int
    loss: float
    distinct: int
    verbatim: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The result of one contender."""

    rank: int
    """1 is the best. Contenders without a significant difference share a rank."""
    steps: int
    gflop: float
    """Energy of the training on each seed."""
    skipped: int
    """Steps on all seeds that were left out because loss or gradient was not finite."""
    results: tuple[SeedResult, ...]

    @property
    def score(self) -> Estimate:
        return estimate([result.score for result in self.results])

    @property
    def loss(self) -> float:
        return sum(result.loss for result in self.results) / len(self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    terms: Terms
    contenders: tuple[Contender, ...]
    standings: tuple[Standing, ...]
    tournament: str = ""
    round: int = 0
    torch: str
    machine: str
    """On one machine, with one torch and one version of the rules, a match repeats bit for bit."""
    seconds: float
    at: float
    """Unix time."""

    @property
    def winner(self) -> int | None:
        """Place of the contender of rank 1; None if several share rank 1."""
        first = [place for place, standing in enumerate(self.standings) if standing.rank == 1]
        return first[0] if len(first) == 1 else None


@dataclass(frozen=True, slots=True, order=True)
class Division:
    """Matches that can be compared. Each division has its own leaderboards."""

    corpus: str
    text_sha256: str
    unit: str
    budget: float
    start: str
    rules: int

    @property
    def title(self) -> str:
        start = "" if self.start == "fresh" else ", from trained weights"
        budget = f"{self.budget:g} {'GFLOP' if self.unit == 'gflop' else plural(self.budget, 'step')}"
        return flat(f"{self.corpus} ({self.text_sha256[:8]}), {budget}{start}, rules {self.rules}")


def division_of(terms: Terms) -> Division:
    return Division(terms.corpus, terms.text_sha256, terms.unit, terms.budget, terms.start, terms.rules)


def contender_of(champion: Champion, start: Start, hero: str = "", rulebook: str = "") -> Contender:
    """The agent as a contender. A hero is named Tiny:wizard, or Tiny:wizard/off with another rulebook than "hero"."""
    agent = champion.agent
    weights = sha256(champion) if start == "trained" else ""
    name = agent.name + (f":{hero}" if hero else "") + (f"/{rulebook}" if rulebook not in ("", "hero") else "")
    return Contender(name=name, shape=agent.shape, recipe=agent.recipe, weights_sha256=weights, hero=hero, rulebook=rulebook)


def control_of(contenders: Sequence[Contender], place: int) -> int | None:
    """The place of a hero's control arm, the same agent without dice. None if there is none, or for a contender without dice."""
    plain = replace(contenders[place], hero="", rulebook="", name=contenders[place].name.partition(":")[0])
    return contenders.index(plain) if contenders[place].hero and plain in contenders else None


def winner_words(match: Match) -> str:
    """The winner's name, or "a draw"."""
    return match.contenders[match.winner].name if match.winner is not None else "a draw"


def terms_for(agents: list[Agent], *, corpus: str | None = None, **chosen: object) -> Terms:
    """Terms of a battle on the agents' text, or on `corpus`. AgentError when the agents have different texts and `corpus` is None."""
    names = list(dict.fromkeys(agent.corpus for agent in agents))
    if corpus is None and len(names) > 1:
        raise AgentError(f"these agents read different texts ({', '.join(names)}): name one for the battle with --data")
    facts = text_facts(corpus or names[0])
    check_length(facts, max(agent.shape.context for agent in agents))
    if chosen.get("start") == "trained" and any(agent.text_sha256 != facts.sha256 for agent in agents):
        raise AgentError("an agent that starts trained must have learnt from the battle's text")
    terms = Terms(
        corpus=facts.corpus,
        text_sha256=facts.sha256,
        vocabulary=facts.vocabulary,
        floor=floor_score(facts.corpus, facts.vocabulary),
        **chosen,  # type: ignore[arg-type]  # the fields of Terms by name
    )
    return check_terms(terms)


def check_terms(terms: Terms) -> Terms:
    """The terms, if they are possible. AgentError names what is not."""
    if not (math.isfinite(terms.budget) and 0 < terms.budget <= MOST_STEPS):
        raise AgentError(f"a budget of {terms.budget:g} {terms.unit} is not possible; choose up to {MOST_STEPS:,}")
    if terms.unit == "steps" and terms.budget != int(terms.budget):
        raise AgentError(f"{terms.budget:g} steps: choose a whole number")
    if terms.vocabulary < 2:
        raise AgentError(f"vocabulary: {terms.vocabulary} is not possible; a text has 2 different characters or more")
    for name, value, most in (("seeds", terms.seeds, MOST_SEEDS), ("samples", terms.samples, 4096)):
        if not 1 <= value <= most:
            raise AgentError(f"{name}: {value} is not possible; choose 1 to {most}")
    if not 0.01 <= terms.temperature <= 100:
        raise AgentError(f"temperature: {terms.temperature:g} is not possible; choose 0.01 to 100")
    return terms


def check_contenders(contenders: tuple[Contender, ...]) -> None:
    """AgentError unless there are two or more contenders, with different and possible names."""
    names = [contender.name for contender in contenders]
    for contender in contenders:
        if not CONTENDER.fullmatch(contender.name):
            raise AgentError(f"{contender.name[:40]!r} cannot be the name of a contender")
        check_hero(contender.hero, contender.rulebook)
    if len(contenders) < 2:
        raise AgentError("a battle needs two agents or more")
    if len(contenders) > MOST_CONTENDERS:
        raise AgentError(f"{len(contenders)} contenders are too many; a battle has up to {MOST_CONTENDERS}")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise AgentError(f"{twice} cannot battle itself: copy it first")


def steps_of(terms: Terms, contender: Contender) -> int:
    """Steps that the budget pays for. AgentError when it does not pay for one."""
    if terms.unit == "steps":
        return int(terms.budget)
    cost = gflop_per_step(terms, contender)
    if (steps := int(terms.budget / cost + 1e-9)) < 1:
        raise AgentError(f"{terms.budget:g} GFLOP do not pay for one step of {contender.name}, which costs {cost:.4g}")
    if steps > MOST_STEPS:
        raise AgentError(f"{terms.budget:g} GFLOP are {steps:,} steps of {contender.name}; a battle has up to {MOST_STEPS:,}")
    return steps


def check_size(terms: Terms, contenders: Sequence[Contender]) -> None:
    """AgentError when the battle does not fit in the memory of a small machine."""
    weights = terms.seeds * sum(num_parameters(contender.shape, terms.vocabulary) for contender in contenders)
    if weights > MOST_WEIGHTS:
        raise AgentError(f"on {terms.seeds} seeds these are {weights:,} weights; a battle has up to {MOST_WEIGHTS:,}: use fewer seeds")


def gflop_per_step(terms: Terms, contender: Contender) -> float:
    return contender.recipe.batch * contender.shape.context * flops_per_token(contender.shape, terms.vocabulary) / 1e9


@cache
def floor_score(corpus: str, vocabulary: int) -> float:
    """Score of a model that knows only character frequencies. None of its lines stands in the training text."""
    text = plain_text(corpus)
    text = text[: len(text) - int(len(text) * VALIDATION_FRACTION)]
    entropy = -sum(n / len(text) * math.log(n / len(text)) for n in Counter(text).values())
    return score_of(entropy, vocabulary, 1.0).score
