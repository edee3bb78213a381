"""Training of K models at once, with AdamW and one recipe for each model. Read from top to bottom: data, gradient, update.

The data of a step depend only on a seed and the step's number. So an interrupted training continues bit for bit, and models with
one data seed read the same windows.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from rolltrain_tui.arena.agents.agents import Recipe, learning_rate
from rolltrain_tui.arena.training.model_batch import ModelBatch, gradient, views
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.learner import probe_offsets
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.training.machine.machine import available_cores
from rolltrain_tui.training.state.streams import random_stream

PAGE = 256
"""Steps whose windows are drawn at once: one random stream for each step would cost as much as a small model's step."""
PROBE = 4096
"""Characters that an evaluation reads, in windows spread evenly over the text."""
DIVIDED = 512
"""Characters of one step, all models together. With fewer, two threads are slower than one."""
_EVALUATED_AT_ONCE = 1 << 16
"""Characters in one forward pass of an evaluation: bounds the memory for logits."""

# ---------------------------------------------------------------------------------------------------------------------
# Data


class WindowSampler:
    """Windows of the training text for steps 0, 1, ... and S data seeds: (S, B, T + 1) for each step, at random positions."""

    def __init__(self, text: Tensor, context: int, batch: int, seeds: Sequence[int]) -> None:
        self.text, self.batch, self.seeds = text, batch, tuple(seeds)
        self.span = torch.arange(context + 1)
        self._page = -1
        self._starts = torch.empty(0)

    def windows(self, step: int) -> Tensor:
        page, line = divmod(step, PAGE)
        if page != self._page:
            self._starts, self._page = torch.stack([self._draw(seed, page) for seed in self.seeds], dim=1), page
        return self.text[self._starts[line] + self.span]

    def _draw(self, seed: int, page: int) -> Tensor:
        """(PAGE, B, 1)"""
        stream = random_stream(seed, f"data/{page}")
        return torch.randint(len(self.text) - len(self.span) + 1, (PAGE, self.batch, 1), generator=stream)


@dataclass(frozen=True, slots=True)
class TrainJob:
    """How one model is trained."""

    recipe: Recipe
    data_seed: int
    steps: int
    """Length of the learning rate schedule; 0: the rate stays constant after the warm-up."""


# ---------------------------------------------------------------------------------------------------------------------
# Steps


class Trainer:
    """Trains `models` on `corpus`, model k by `jobs[k]`, with at most `threads` threads. All jobs must have one batch size."""

    def __init__(self, models: ModelBatch, corpus: Corpus, jobs: Sequence[TrainJob], start: int = 0, threads: int = 2) -> None:
        assert len(jobs) == models.size
        assert len({job.recipe.batch for job in jobs}) == 1, "one batch size"
        self.models, self.corpus, self.step = models, corpus, start
        self.jobs = list(jobs)
        self.grad = torch.zeros_like(models.theta)
        self.first, self.second = torch.zeros_like(models.theta), torch.zeros_like(models.theta)  # moments of the gradient, (K, P)
        self.decayed = decayed(models)
        self._buffer = torch.empty_like(models.theta)
        self._into = views(models.shape, models.vocabulary, self.grad)
        self.threads = ThreadChoice(min(threads, threads_for(models, jobs[0].recipe.batch)))
        seeds = list(dict.fromkeys(job.data_seed for job in jobs))
        self.sampler = WindowSampler(corpus.train, models.shape.context, jobs[0].recipe.batch, seeds)
        self._data_rows = torch.tensor([seeds.index(job.data_seed) for job in jobs])
        self.losses: list[Tensor] = []
        """(K,) for each step taken here: the loss of the batch before the update."""
        self.grad_norms: list[Tensor] = []
        self.skipped = torch.zeros(models.size, dtype=torch.int64)
        """Steps of each model that were left out because its loss or gradient was not finite."""
        recipes = [job.recipe for job in jobs]
        self._beta1, self._beta2 = column([r.beta1 for r in recipes]), column([r.beta2 for r in recipes])
        self._eps, self._clip = column([r.eps for r in recipes]).float(), column([r.clip for r in recipes]).float()
        self._decay = column([r.weight_decay for r in recipes])
        self._decays, self._clips = bool(self._decay.any()), bool(self._clip.any())
        self._new1, self._new2 = (1 - self._beta1).float(), (1 - self._beta2).float()
        self._limit = torch.where(self._clip > 0, self._clip, math.inf)

    @torch.no_grad()
    def take_step(self, effects: Sequence[StepEffect] = ()) -> None:
        """One step of every model, each with its own effect if there are any. A neutral effect is plain training, bit for bit."""
        with self.threads.around_step():
            # The batch: models with one data seed read the same windows
            windows = self.sampler.windows(self.step)  # (S, B, T + 1)

            # The gradient of every model
            losses = gradient(self.models, windows[self._data_rows], self._into)  # (K,)

            # The update
            norms = torch.linalg.vector_norm(self.grad, dim=1)
            self._update(losses, norms, BatchLevers(effects) if any(effect.levers() for effect in effects) else None)
        self.losses.append(losses)
        self.grad_norms.append(norms)
        self.step += 1

    def _update(self, losses: Tensor, norms: Tensor, levers: "BatchLevers | None") -> None:
        """AdamW (Loshchilov & Hutter, 2019). Each model has its own learning rate, betas, eps, decay, clip and levers."""
        g, t = self.grad, self.step + 1
        finite = losses.isfinite() & norms.isfinite()  # (K,)
        held = ~finite if levers is None else ~finite | levers.skip
        any_held = bool(held.any())
        if any_held or levers is not None:
            self.skipped += ~finite
            before = self.models.theta.clone(), self.first.clone(), self.second.clone()
        limit, rate, decay = self._limit, column([learning_rate(job.recipe, self.step, job.steps) for job in self.jobs]), self._decay
        if levers is not None:
            plain = g.clone() if levers.masks else g
            g.mul_(levers.gradient)
            norms = norms * levers.gradient[:, 0].abs()
            limit, rate, decay = limit * levers.clip, rate * levers.rate, decay * levers.decay
        if self._clips:
            g.mul_((limit / norms.unsqueeze(1)).clamp_(max=1.0))
        if self._decays:
            self.models.theta.mul_(1 - (rate * decay).float() * self.decayed)
        buffer = self._buffer
        self.first.lerp_(g, self._new1)
        self.second.lerp_(torch.mul(g, g, out=buffer), self._new2)
        # theta - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps), rearranged to save passes over the weights
        root = (1 - self._beta2**t).sqrt()
        scale = (-rate / (1 - self._beta1**t) * root).float()
        torch.sqrt(self.second, out=buffer).add_((self._eps * root).float())
        self.models.theta.addcmul_(torch.div(self.first, buffer, out=buffer), scale)
        if levers is not None:
            levers.apply(self.models.theta, before[0], plain)
        if any_held:  # restore the models that make no step; the others keep theirs
            for now, then in zip((self.models.theta, self.first, self.second), before, strict=True):
                now[held] = then[held]

    @torch.no_grad()
    def evaluate(self) -> Tensor:
        """Mean loss of each model on the fixed validation windows, in nats per character: (K,)."""
        return evaluate(self.models, self.corpus.val)


class BatchLevers:
    """The levers of K models for one step, as columns (K, 1). `dice.LEVERS` lists the ones that are possible here."""

    def __init__(self, effects: Sequence[StepEffect]) -> None:
        micro = [sum(e.micro_scales) / len(e.micro_scales) if e.micro_scales else 1.0 for e in effects]
        self.gradient = column([e.loss_scale * e.grad_scale * m for e, m in zip(effects, micro, strict=True)]).float()
        self.rate = column([e.lr_scale for e in effects])
        self.clip = column([e.clip_factor for e in effects]).float()
        self.decay = column([e.decay_factor for e in effects])
        self.update = column([e.update_scale for e in effects]).float()
        self.gain = column([e.agreeing_gain for e in effects]).float()
        self.skip = torch.tensor([e.on_zero == "skip" and e.k_requested == 0 for e in effects])
        """(K,): models whose optimiser is not called in this step."""
        self.masks = bool((self.gain != 1).any())

    def apply(self, theta: Tensor, before: Tensor, gradient: Tensor) -> None:
        """theta <- before + k (theta - before). Coordinates that descend the plain gradient are multiplied by the gain too.

        Rows with k = 1 and no gain are not recomputed, so that rounding cannot change them.
        """
        move = theta - before
        factor = self.update.expand_as(move)
        if self.masks:
            factor = torch.where(move * gradient < 0, factor * self.gain, factor)
        theta.copy_(torch.where(factor == 1, theta, before + factor * move))


@torch.no_grad()
def evaluate(models: ModelBatch, text: Tensor) -> Tensor:
    """Mean loss of each model on PROBE characters of a text, in windows of its context: (K,)."""
    T = models.shape.context
    starts = torch.tensor(probe_offsets(max(1, PROBE // T), len(text) - T)).unsqueeze(1)
    windows = text[starts + torch.arange(T + 1)]  # (n, T + 1)
    share = max(1, _EVALUATED_AT_ONCE // (T * models.size))
    losses = [models.losses(part.expand(models.size, -1, -1)) for part in torch.split(windows, share)]
    return torch.cat(losses, dim=1).mean(dim=1)


def column(numbers: Sequence[float]) -> Tensor:
    """One number for each model, as (K, 1)."""
    return torch.tensor(numbers, dtype=torch.float64).unsqueeze(1)


def threads_for(models: ModelBatch, batch: int) -> int:
    """Two if there are models enough to share out and each step is long enough; else one."""
    large = models.size >= 4 and models.size * batch * models.shape.context >= DIVIDED
    return min(2, available_cores()) if large else 1


def decayed(models: ModelBatch) -> Tensor:
    """(P,): 1 for weights of matrices, which weight decay applies to; 0 for gains."""
    return torch.cat([torch.full((p[0].numel(),), float(p.dim() == 3)) for p in models.parameters.values()])


# ---------------------------------------------------------------------------------------------------------------------
# Threads

TRIAL = 4
"""Steps that each number of threads is timed for."""
ROUND = 128
"""Steps from one trial to the next."""


class ThreadChoice:
    """One thread or two: times both now and then and keeps the faster.

    Two threads gain a third on an idle machine. Beside another busy program they can lose a factor of eight, because they wait for
    each other after each small operation. The threads share out whole models, so the numbers do not depend on the choice.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._step = 0
        self._taken = {1: 0.0, most: 0.0}

    @contextmanager
    def around_step(self) -> Iterator[None]:
        """Run one step inside: sets the number of threads."""
        at = self._step % ROUND
        if at == 0:
            self._taken = dict.fromkeys(self._taken, 0.0)
        trying = at < TRIAL * len(self._taken)
        threads = list(self._taken)[at // TRIAL] if trying else min(self._taken, key=self._taken.__getitem__)
        torch.set_num_threads(threads)
        started = perf_counter()
        yield
        self._taken[threads] += perf_counter() - started if trying else 0.0
        self._step += 1
