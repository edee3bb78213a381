"""A battle: the contenders train on the same data in the same order, then write lines, then are judged.

Every contender fights on every seed. Contenders of one shape and batch size train as one computation, all seeds included.
On one machine, with one torch and one version of the rules, the same battle gives the same bits.
"""

import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import torch

from rolltrain_tui.arena.agents.agent_file import Champion
from rolltrain_tui.arena.agents.agents import AgentError, check_recipe, check_shape
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.battles.events import BattleBegan, BattleEnded, BattleEvent, Burst, ContenderJudged, Raced, WritingBegan
from rolltrain_tui.arena.battles.matches import (
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
from rolltrain_tui.arena.training.dice import Party, StepResult, hero_game
from rolltrain_tui.arena.training.model_batch import ModelBatch
from rolltrain_tui.arena.training.sampling import LONGEST, training_text, write
from rolltrain_tui.arena.training.scores import BURST, originality, ranks, score_of
from rolltrain_tui.arena.training.trainer import Trainer, TrainJob
from rolltrain_tui.arena.training.training import models_of
from rolltrain_tui.training.machine.machine import available_cores
from rolltrain_tui.training.state.streams import stream_seed

REPORTS = 80
"""Most progress reports of a battle."""


@dataclass(slots=True)
class ModelGroup:
    """Contenders of one shape and batch size. With S seeds, model r is contender `members[r // S]` on seed r % S."""

    members: list[int]
    trainer: Trainer
    steps: int
    party: Party | None
    """The games of its models; None if no member has dice."""

    def train_to(self, share: float, stopped: Callable[[], bool]) -> None:
        """Train up to this part of the steps, or until stopped."""
        while self.trainer.step < round(self.steps * share) and not stopped():
            self.take_step()

    def take_step(self) -> None:
        if self.party is None:
            self.trainer.take_step()
            return
        effects = self.party.begin()
        self.trainer.take_step(effects)
        losses, norms = self.trainer.losses[-1], self.trainer.grad_norms[-1]
        self.party.end(
            [
                StepResult(loss, norm, math.isfinite(loss) and math.isfinite(norm), effect.update_scale * effect.lr_scale)
                for loss, norm, effect in zip(losses.tolist(), norms.tolist(), effects, strict=True)
            ]
        )


def fight(
    terms: Terms,
    contenders: Sequence[Contender],
    champions: Mapping[str, Champion] | None = None,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[BattleEvent]:
    """Fight, event by event. The last event holds the match; a stopped battle has none. AgentError when the battle is not possible.

    `champions`: the agents that start trained, by weights_sha256.
    """
    contenders, started = tuple(contenders), time.perf_counter()
    check_terms(terms)
    check_contenders(contenders)
    check_size(terms, contenders)
    groups = build_groups(terms, contenders, champions or {})
    steps = [steps_of(terms, contender) for contender in contenders]
    yield BattleBegan(terms, contenders, tuple(steps))
    yield from race(terms, steps, groups, stopped)
    if stopped():
        return
    yield WritingBegan(terms.samples)
    standings = judge(terms, contenders, groups)
    for place, standing in enumerate(standings):
        yield ContenderJudged(place, standing)
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


def race(terms: Terms, steps: Sequence[int], groups: Sequence["ModelGroup"], stopped: Callable[[], bool]) -> Iterator[Raced | Burst]:
    """The training, with REPORTS reports. Groups of different shapes train in parallel threads if there are cores."""
    burst: set[int] = set()
    reports = min(REPORTS, max(steps))
    losses = [math.nan] * len(steps)
    with ThreadPoolExecutor(available_cores(), "group", initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for report in range(1, reports + 1):
            share = report / reports
            if len(groups) > 1 and available_cores() > 1:
                wait_for([pool.submit(group.train_to, share, stopped) for group in groups])
            else:
                for group in groups:
                    group.train_to(share, stopped)
            if stopped():
                return
            news: set[int] = set()
            for group in groups:
                if group.trainer.losses:  # empty if the group took no step: a large contender may have fewer steps than there are reports
                    news |= set(group.members)
                    for place, loss in zip(group.members, recent(group, terms.seeds), strict=True):
                        losses[place] = loss
            yield Raced(share, tuple(round(n * share) for n in steps), tuple(losses))
            for place in sorted(news - burst):
                if not losses[place] < math.log(terms.vocabulary) + BURST:
                    burst.add(place)
                    yield Burst(place, round(steps[place] * share), losses[place])


def wait_for(tasks: "Sequence[Future[None]]") -> None:
    """Wait until all tasks are over, then raise the first error, if any."""
    wait(tasks)
    for task in tasks:
        task.result()


def result(terms: Terms, contenders: Sequence[Contender], champions: Mapping[str, Champion] | None = None) -> Match:
    """Fight without watching."""
    return next(event.match for event in fight(terms, contenders, champions) if isinstance(event, BattleEnded))


def build_groups(terms: Terms, contenders: Sequence[Contender], champions: Mapping[str, Champion]) -> list[ModelGroup]:
    """One group for each shape and batch size, with initial weights. AgentError."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for place, contender in enumerate(contenders):
        check_shape(contender.shape, terms.vocabulary)
        check_recipe(contender.recipe)
        alike.setdefault((contender.shape, contender.recipe.batch), []).append(place)
    seeds = range(terms.first_seed, terms.first_seed + terms.seeds)
    groups = []
    for members in alike.values():
        own = [contenders[place] for place in members]
        corpus = corpus_of(terms.corpus, own[0].shape.context)
        if corpus.sha256 != terms.text_sha256:
            raise AgentError(f"{terms.corpus} is another text now than the one this battle is about")
        steps = steps_of(terms, own[0])
        rows = [(contender, seed) for contender in own for seed in seeds]
        models = ModelBatch.fresh(own[0].shape, terms.vocabulary, [stream_seed(c.recipe.seed, f"battle/{seed}") for c, seed in rows])
        if terms.start == "trained":
            _load_weights(models, own, champions, terms.seeds)
        jobs = [TrainJob(c.recipe, seed, steps) for c, seed in rows]
        trainer = Trainer(models, corpus, jobs, threads=2 if len(alike) == 1 else 1)  # groups share the cores
        games = [hero_game(c.hero, c.rulebook, stream_seed(seed, "dice")) if c.hero else None for c, seed in rows]
        groups.append(ModelGroup(members, trainer, steps, Party(games) if any(games) else None))
    return groups


@torch.no_grad()
def _load_weights(models: ModelBatch, contenders: Sequence[Contender], champions: Mapping[str, Champion], seeds: int) -> None:
    for i, contender in enumerate(contenders):
        if (champion := champions.get(contender.weights_sha256)) is None:
            raise AgentError(f"{contender.name} starts trained, but its champion file is missing")
        if champion.agent.step:
            models.theta[i * seeds : (i + 1) * seeds] = models_of([champion]).theta


def recent(group: ModelGroup, seeds: int) -> list[float]:
    """Mean loss of each member since the last call, over steps and seeds. Clears the trainer's lists."""
    losses = torch.stack(group.trainer.losses).mean(dim=0)  # (K,)
    group.trainer.losses.clear()
    group.trainer.grad_norms.clear()
    return losses.view(-1, seeds).mean(dim=1).tolist()


def judge(terms: Terms, contenders: Sequence[Contender], groups: Sequence[ModelGroup]) -> tuple[Standing, ...]:
    """Loss on the validation text, originality of the lines, score, and ranks by significant differences."""
    found: dict[int, Standing] = {}
    seeds = list(range(terms.first_seed, terms.first_seed + terms.seeds))
    for group in groups:
        trainer = group.trainer
        context = trainer.models.shape.context
        losses = trainer.evaluate().tolist()
        lines = write(trainer.models, trainer.corpus, terms.samples, seeds * len(group.members), temperature=terms.temperature)
        text = training_text(terms.corpus, context)
        for i, place in enumerate(group.members):
            rows = range(i * terms.seeds, (i + 1) * terms.seeds)
            results = []
            for seed, row in zip(seeds, rows, strict=True):
                original = originality(lines[row], text, LONGEST)
                score = score_of(losses[row], terms.vocabulary, original.uniqueness).score
                results.append(SeedResult(seed=seed, loss=losses[row], distinct=original.distinct, verbatim=original.verbatim, score=score))
            skipped = int(trainer.skipped[rows.start : rows.stop].sum())
            gflop = group.steps * gflop_per_step(terms, contenders[place])
            found[place] = Standing(rank=0, steps=group.steps, gflop=gflop, skipped=skipped, results=tuple(results))
    standings = [found[place] for place in range(len(contenders))]
    order = ranks([[result.score for result in standing.results] for standing in standings])
    return tuple(replace(standing, rank=rank) for standing, rank in zip(standings, order, strict=True))


def machine() -> str:
    """The processor and the instruction set that torch uses: the last bits depend on them."""
    return f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}{os.environ.get('ATEN_CPU_CAPABILITY', '')}"
