"""A battle: the contenders train side by side on the same data in the same order, then they write, then they are judged.

Every contender fights on every seed, and all that have one shape train as one computation, seeds and all. The same battle gives the same
numbers to the last bit; the same machine, torch and rules provided.
"""

import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import torch

from rolltrain_tui.arena.agents import AgentError, check_recipe, check_shape
from rolltrain_tui.arena.battle_events import BattleBegan, BattleEnded, Burst, Event, Judged, Raced, WritingBegan
from rolltrain_tui.arena.champions import Champion
from rolltrain_tui.arena.coaching import field_of
from rolltrain_tui.arena.corpora import corpus_of
from rolltrain_tui.arena.dice import Party, table
from rolltrain_tui.arena.field import ModelBatch
from rolltrain_tui.arena.matches import (
    Contender,
    Match,
    SeedResult,
    Standing,
    Terms,
    check_contenders,
    check_size,
    check_terms,
    gflop_per_step,
    steps_of,
)
from rolltrain_tui.arena.scores import BURST, originality, ranks, score_of
from rolltrain_tui.arena.training import Trainer, TrainJob
from rolltrain_tui.arena.voices import LONGEST, training_text, write
from rolltrain_tui.training.machine import available_cores
from rolltrain_tui.training.streams import stream_seed

REPORTS = 80
"""How often the race is told, at most."""


@dataclass(slots=True)
class Squad:
    """Contenders of one shape and batch; row r of the field is contender `members[r // S]` on seed r % S, S seeds."""

    members: list[int]
    trainer: Trainer
    steps: int
    party: Party | None
    """The games of its rows; None where nobody has dice."""

    def train_to(self, share: float, stopped: Callable[[], bool]) -> None:
        """Up to this part of its steps, or until it is stopped."""
        while self.trainer.step < round(self.steps * share) and not stopped():
            self.take_step()

    def take_step(self) -> None:
        if self.party is None:
            self.trainer.take_step()
            return
        effects = self.party.begin()
        self.trainer.take_step(effects)
        losses, norms = self.trainer.losses[-1], self.trainer.grad_norms[-1]
        self.party.end(losses.tolist(), norms.tolist(), (losses.isfinite() & norms.isfinite()).tolist(), effects)


def fight(
    terms: Terms,
    contenders: Sequence[Contender],
    champions: Mapping[str, Champion] | None = None,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Fight it, event by event; the last event holds the match. `champions`: those that start trained, by their weights_sha256.

    AgentError when it cannot be fought. Stopped, it ends without a match.
    """
    contenders, started = tuple(contenders), time.perf_counter()
    check_terms(terms)
    check_contenders(contenders)
    check_size(terms, contenders)
    squads = new_game(terms, contenders, champions or {})
    steps = [steps_of(terms, contender) for contender in contenders]
    yield BattleBegan(terms, contenders, tuple(steps), tuple(n * gflop_per_step(terms, c) for n, c in zip(steps, contenders, strict=True)))
    yield from race(terms, steps, squads, stopped)
    if stopped():
        return
    yield WritingBegan(terms.samples)
    standings = judge(terms, contenders, squads)
    for place, standing in enumerate(standings):
        yield Judged(place, standing)
    yield BattleEnded(
        Match(
            terms=terms,
            contenders=contenders,
            standings=standings,
            torch=torch.__version__,
            machine=machine(),
            seconds=time.perf_counter() - started,
            at=time.time(),
        )
    )


def race(terms: Terms, steps: Sequence[int], squads: Sequence["Squad"], stopped: Callable[[], bool]) -> Iterator[Raced | Burst]:
    """The training, told REPORTS times; squads of different shapes train side by side where there are cores."""
    burst: set[int] = set()
    reports = min(REPORTS, max(steps))
    losses = [math.nan] * len(steps)
    with ThreadPoolExecutor(available_cores(), "squad", initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for report in range(1, reports + 1):
            share = report / reports
            if len(squads) > 1 and available_cores() > 1:
                wait_for([pool.submit(squad.train_to, share, stopped) for squad in squads])
            else:
                for squad in squads:
                    squad.train_to(share, stopped)
            if stopped():
                return
            news: set[int] = set()
            for squad in squads:
                if squad.trainer.losses:  # a large contender may take fewer steps than there are reports
                    news |= set(squad.members)
                    for place, loss in zip(squad.members, recent(squad, terms.seeds), strict=True):
                        losses[place] = loss
            yield Raced(share, tuple(round(n * share) for n in steps), tuple(losses))
            for place in sorted(news - burst):
                if not losses[place] < math.log(terms.vocabulary) + BURST:
                    burst.add(place)
                    yield Burst(place, round(steps[place] * share), losses[place])


def wait_for(tasks: "Sequence[Future[None]]") -> None:
    """Until all are over; then the first error, if there was one."""
    wait(tasks)
    for task in tasks:
        task.result()


def result(terms: Terms, contenders: Sequence[Contender], champions: Mapping[str, Champion] | None = None) -> Match:
    """The match alone, for whoever does not watch."""
    return next(event.match for event in fight(terms, contenders, champions) if isinstance(event, BattleEnded))


def new_game(terms: Terms, contenders: Sequence[Contender], champions: Mapping[str, Champion]) -> list[Squad]:
    """A squad for each shape and batch. AgentError."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, contender in enumerate(contenders):
        check_shape(contender.shape, terms.vocabulary)
        check_recipe(contender.recipe)
        groups.setdefault((contender.shape, contender.recipe.batch), []).append(place)
    seeds = range(terms.first_seed, terms.first_seed + terms.seeds)
    squads = []
    for members in groups.values():
        own = [contenders[place] for place in members]
        corpus = corpus_of(terms.corpus, own[0].shape.context)
        if corpus.sha256 != terms.text_sha256:
            raise AgentError(f"{terms.corpus} is another text now than the one this battle is about")
        steps = steps_of(terms, own[0])
        rows = [(contender, seed) for contender in own for seed in seeds]
        field = ModelBatch.fresh(own[0].shape, terms.vocabulary, [stream_seed(c.recipe.seed, f"battle/{seed}") for c, seed in rows])
        if terms.start == "trained":
            _bring_weights(field, own, champions, terms.seeds)
        lessons = [TrainJob(c.recipe, seed, steps) for c, seed in rows]
        trainer = Trainer(field, corpus, lessons, threads=2 if len(groups) == 1 else 1)  # squads train side by side
        games = [table(c.hero, c.rulebook, stream_seed(seed, "dice")) if c.hero else None for c, seed in rows]
        squads.append(Squad(members, trainer, steps, Party(games) if any(games) else None))
    return squads


@torch.no_grad()
def _bring_weights(field: ModelBatch, contenders: Sequence[Contender], champions: Mapping[str, Champion], seeds: int) -> None:
    for i, contender in enumerate(contenders):
        if (champion := champions.get(contender.weights_sha256)) is None:
            raise AgentError(f"{contender.name} starts trained, but its champion file is missing")
        if champion.agent.step:
            field.theta[i * seeds : (i + 1) * seeds] = field_of([champion]).theta


def recent(squad: Squad, seeds: int) -> list[float]:
    """The mean loss of each member since it was last asked, over seeds; forgets them."""
    losses = torch.stack(squad.trainer.losses).mean(dim=0)  # (K,)
    squad.trainer.losses.clear()
    squad.trainer.grad_norms.clear()
    return losses.view(-1, seeds).mean(dim=1).tolist()


def judge(terms: Terms, contenders: Sequence[Contender], squads: Sequence[Squad]) -> tuple[Standing, ...]:
    """Perplexity on the validation text, originality of the lines, and who can be told from whom."""
    found: dict[int, Standing] = {}
    seeds = list(range(terms.first_seed, terms.first_seed + terms.seeds))
    for squad in squads:
        trainer = squad.trainer
        context = trainer.field.shape.context
        losses = trainer.evaluate().tolist()
        lines = write(trainer.field, trainer.corpus, terms.samples, seeds * len(squad.members), temperature=terms.temperature)
        text = training_text(terms.corpus, context)
        for i, place in enumerate(squad.members):
            rows = range(i * terms.seeds, (i + 1) * terms.seeds)
            results = []
            for seed, row in zip(seeds, rows, strict=True):
                original = originality(lines[row], text, LONGEST)
                score = score_of(losses[row], terms.vocabulary, original.uniqueness).score
                results.append(SeedResult(seed=seed, loss=losses[row], distinct=original.distinct, verbatim=original.verbatim, score=score))
            skipped = int(trainer.skipped[rows.start : rows.stop].sum())
            gflop = squad.steps * gflop_per_step(terms, contenders[place])
            found[place] = Standing(rank=0, steps=squad.steps, gflop=gflop, skipped=skipped, results=tuple(results))
    standings = [found[place] for place in range(len(contenders))]
    order = ranks([[result.score for result in standing.results] for standing in standings])
    return tuple(replace(standing, rank=rank) for standing, rank in zip(standings, order, strict=True))


def machine() -> str:
    """What bits may depend on: the processor and how many of its instructions torch uses."""
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}{os.environ.get('ATEN_CPU_CAPABILITY', '')}"
