"""The commentary: sentences for the events of a battle. Names are printable, because agents.check_name allows no other characters."""

import math

from rolltrain_tui.arena.battles.events import BattleBegan, BattleEnded, BattleEvent, Burst, ContenderJudged, Raced, WritingBegan
from rolltrain_tui.arena.battles.matches import Match, Standing, Terms, control_of
from rolltrain_tui.arena.training.scores import BURST, NEAR, better, perplexity, quality
from rolltrain_tui.base.grammar import counted, minus, plural
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.base.statistics import estimate, student_95

LEAD = 0.02
"""Lead in nats at which a change of the leader is told: smaller ones are noise."""


class Commentator:
    """Remembers the race, so that only news is told."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._steps: tuple[int, ...] = ()
        self._leader: int | None = None
        self._half = False

    def tell(self, event: BattleEvent) -> list[str]:
        """The sentences for an event; often none."""
        match event:
            case BattleBegan():
                self._names, self._steps = tuple(c.name for c in event.contenders), event.steps
                return [opening(event)]
            case Raced():
                return self._race(event)
            case Burst(place, step, loss):
                size = f"{loss:.2f}" if math.isfinite(loss) else "not a number any more"
                return [f"✖ {self._names[place]} bursts at step {step:,}: its loss is {size}, worse than guessing blindly."]
            case WritingBegan(samples):
                return [f"Pens down: each contender writes {counted(samples, 'line')} on every seed."]
            case ContenderJudged(place, standing):
                return [judged(self._names[place], standing)]
            case BattleEnded(match):
                return report(match)

    def _race(self, event: Raced) -> list[str]:
        told = []
        known = [(loss, place) for place, loss in enumerate(event.losses) if math.isfinite(loss)]
        if known and event.done > 0.1:
            (loss, place), *others = sorted(known)
            leader = self._leader
            behind = event.losses[leader] if leader is not None else min(others, default=(math.inf, place))[0]
            if place != leader and behind - loss > LEAD:
                name, self._leader = self._names[place], place
                told.append(
                    f"{name} takes the lead at loss {loss:.3f}."
                    if leader is None
                    else f"▲ {name} overtakes {self._names[leader]} at step {event.steps[place]:,}: loss {loss:.3f}."
                )
        if not self._half and event.done >= 0.5 and len(known) > 1:
            self._half = True
            ordered = sorted(known)
            told.append(f"Half-time: {', '.join(f'{self._names[place]} {loss:.3f}' for loss, place in ordered[:4])}.")
        return told


def opening(event: BattleBegan) -> str:
    terms = event.terms
    names = " against ".join(c.name for c in event.contenders) if len(event.contenders) < 4 else f"{len(event.contenders)} agents"
    budget = f"{terms.budget:g} GFLOP each" if terms.unit == "gflop" else f"{terms.budget:,.0f} {plural(terms.budget, 'step')} each"
    return f"{names}: {budget} on {flat(terms.corpus)}, {counted(terms.seeds, 'seed')}, the same data in the same order."


def judged(name: str, standing: Standing) -> str:
    score = standing.score
    error = f" ± {score.standard_error:.2f}" if score.n > 1 else ""
    return f"{name}: score {score.mean:.2f}{error}, perplexity {_short(perplexity(standing.loss))}, {standing.gflop:.4g} GFLOP."


def report(match: Match) -> list[str]:
    """The verdict and its reasons, one line each."""
    order = sorted(range(len(match.standings)), key=lambda place: (match.standings[place].rank, -match.standings[place].score.mean))
    best = [place for place in order if match.standings[place].rank == 1]
    names = [match.contenders[place].name for place in range(len(match.contenders))]
    lines = []
    if match.winner is None:
        drew = _list([names[place] for place in best])
        lines.append(f"═ A draw: {drew} cannot be told apart over {counted(match.terms.seeds, 'seed')}{_apart(match, best)}.")
    else:
        lines.append(f"★ {names[match.winner]} wins.")
    lines += [line for place in range(len(names)) if (line := dice_verdict(match, place))]
    beaten = [place for place in order if match.standings[place].rank > 1]
    return lines + [f"  {names[place]}, rank {match.standings[place].rank}: {why_lost(match, place, best[0])}" for place in beaten]


def _apart(match: Match, best: list[int]) -> str:
    """By how much two that drew differ on a seed, and what would be told; empty for more than two, or one seed."""
    if len(best) != 2 or match.terms.seeds < 2:
        return ""
    ours, theirs = ([result.score for result in match.standings[place].results] for place in best)
    found = estimate([a - b for a, b in zip(ours, theirs, strict=True)])
    most = max(student_95(found.n) * found.standard_error, NEAR * max(sum(ours), sum(theirs)) / len(ours))
    return f": on a seed their scores differ by {abs(found.mean):.2f} ± {found.standard_error:.2f}, and more than {most:.2f} would tell"


def dice_verdict(match: Match, place: int) -> str:
    """Whether a hero's dice helped, compared with its control arm on the same seeds. Empty for other contenders."""
    if (control := control_of(match.contenders, place)) is None:
        return ""
    ours, theirs = ([result.score for result in match.standings[p].results] for p in (place, control))
    mean = sum(a - b for a, b in zip(ours, theirs, strict=True)) / len(ours)
    verdict = {1: "the dice helped", -1: "the dice hurt", 0: "no measurable difference"}[better(ours, theirs)]
    return f"  {match.contenders[place].name} against its control arm: score {minus(f'{mean:+.2f}')}, {verdict}."


def why_lost(match: Match, loser: int, winner: int) -> str:
    """The main reason of a defeat."""
    lost, won, terms = match.standings[loser], match.standings[winner], match.terms
    recipe = match.contenders[loser].recipe
    if lost.skipped:
        return f"{lost.skipped} of its steps were not finite and could not be taken; learning rate {recipe.learning_rate:g}."
    blind = math.log(terms.vocabulary)
    if not lost.loss < blind + BURST:
        rate = f"{recipe.learning_rate:g}"
        return f"it burst: a loss of {lost.loss:.2f} is worse than the {blind:.2f} of guessing blindly, at learning rate {rate}."
    if not lost.loss < blind:
        return f"its loss is {lost.loss - blind:.4f} above that of guessing blindly: {counted(lost.steps, 'step')} taught it nothing yet."
    worse_quality = quality(won.loss, terms.vocabulary) / max(1e-9, quality(lost.loss, terms.vocabulary))
    less_own = uniqueness(won, terms) / max(1e-9, uniqueness(lost, terms))
    if worse_quality >= less_own:
        return f"perplexity {_short(perplexity(lost.loss))} against {_short(perplexity(won.loss))}."
    return f"{uniqueness(lost, terms):.0%} of its lines are its own, against {uniqueness(won, terms):.0%}."


def uniqueness(standing: Standing, terms: Terms) -> float:
    """Uniqueness of the lines, mean over seeds."""
    return sum(result.distinct - result.verbatim for result in standing.results) / (terms.samples * len(standing.results))


def _list(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 1e4 else f"{value:.0e}" if math.isfinite(value) else "beyond measure"
