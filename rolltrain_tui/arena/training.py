"""A field taught: per-agent AdamW over weights that lie side by side. Read from top to bottom: the batch, the gradient, the update.

Each agent has its own seed, learning rate and optimiser settings inside the batch. The order of the data follows from a seed and the
number of the step alone, so that a training that is interrupted goes on bit for bit, and agents with one seed read the same windows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.arena.agents import Recipe, flops_per_token, learning_rate
from rolltrain_tui.arena.field import ModelBatch, views
from rolltrain_tui.arena.gradient import gradient
from rolltrain_tui.arena.pace import Pace
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.learner import probe_offsets
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.training.machine import available_cores
from rolltrain_tui.training.streams import random_stream

PAGE = 256
"""Steps whose windows are drawn at once."""
PROBE = 4096
"""Characters of validation text that an evaluation reads, in windows that are spread evenly over it."""
DIVIDED = 512
"""Characters a step, all agents together, from which on a second thread is worth its waiting."""
_EVALUATED_AT_ONCE = 1 << 16
"""Characters."""


class Readers:
    """The windows of steps 0, 1, ... for S seeds: (S, B, T + 1) each, cut out of the training text at random places of each seed's own."""

    def __init__(self, text: Tensor, context: int, batch: int, seeds: Sequence[int]) -> None:
        self.text, self.batch, self.seeds = text, batch, tuple(seeds)
        self.span = torch.arange(context + 1)
        self._page = -1
        self._places = torch.empty(0)

    def windows(self, step: int) -> Tensor:
        page, line = divmod(step, PAGE)
        if page != self._page:
            self._places, self._page = torch.stack([self._drawn(seed, page) for seed in self.seeds], dim=1), page
        return self.text[self._places[line] + self.span]

    def _drawn(self, seed: int, page: int) -> Tensor:
        """(PAGE, B, 1)"""
        stream = random_stream(seed, f"data/{page}")
        return torch.randint(len(self.text) - len(self.span) + 1, (PAGE, self.batch, 1), generator=stream)


@dataclass(frozen=True, slots=True)
class TrainJob:
    """What one agent of the field is taught with."""

    recipe: Recipe
    data_seed: int
    steps: int
    """The length that its schedule is drawn for."""


class Trainer:
    """Trains `field` on `corpus`, agent k by `lessons[k]`, on at most so many threads. All lessons have one batch size."""

    def __init__(self, field: ModelBatch, corpus: Corpus, lessons: Sequence[TrainJob], start: int = 0, threads: int = 2) -> None:
        assert len(lessons) == field.size
        assert len({lesson.recipe.batch for lesson in lessons}) == 1, "one batch size"
        self.field, self.corpus, self.step = field, corpus, start
        self.lessons = list(lessons)
        self.grad = torch.zeros_like(field.theta)
        self.first, self.second = torch.zeros_like(field.theta), torch.zeros_like(field.theta)  # the moments, (K, P)
        self.decayed = decayed(field)
        self._buffer = torch.empty_like(field.theta)
        self._into = views(field.shape, field.vocabulary, self.grad)
        self.pace = Pace(min(threads, threads_for(field, lessons[0].recipe.batch)))
        seeds = list(dict.fromkeys(lesson.data_seed for lesson in lessons))
        self.readers = Readers(corpus.train, field.shape.context, lessons[0].recipe.batch, seeds)
        self._reads = torch.tensor([seeds.index(lesson.data_seed) for lesson in lessons])
        self.losses: list[Tensor] = []
        """Of each step taken here: (K,), before the step."""
        self.grad_norms: list[Tensor] = []
        self.skipped = torch.zeros(field.size, dtype=torch.int64)
        """Steps of each agent that were not taken because loss or gradient was not finite."""
        self.set_lessons(lessons)

    def set_lessons(self, lessons: Sequence[TrainJob]) -> None:
        """From the next step on. Batch sizes and data seeds stay."""
        self.lessons = list(lessons)
        recipes = [lesson.recipe for lesson in lessons]
        self._beta1, self._beta2 = column([r.beta1 for r in recipes]), column([r.beta2 for r in recipes])
        self._eps, self._clip = column([r.eps for r in recipes]).float(), column([r.clip for r in recipes]).float()
        self._decay = column([r.weight_decay for r in recipes])
        self._decays, self._clips = bool(self._decay.any()), bool(self._clip.any())
        self._new1, self._new2 = (1 - self._beta1).float(), (1 - self._beta2).float()
        self._limit = torch.where(self._clip > 0, self._clip, math.inf)

    @property
    def flops_per_step(self) -> int:
        """Of one agent."""
        return self.lessons[0].recipe.batch * self.field.shape.context * flops_per_token(self.field.shape, self.field.vocabulary)

    @torch.no_grad()
    def take_step(self, effects: Sequence[StepEffect] = ()) -> None:
        """One step of every agent, each under its own effect where there are some. A neutral effect is plain training to the last bit."""
        with self.pace.of_a_step():
            # The batch: agents with one data seed read the same windows
            windows = self.readers.windows(self.step)  # (S, B, T + 1)

            # The gradient of every agent
            losses = gradient(self.field, windows[self._reads], self._into)  # (K,)

            # The update
            norms = torch.linalg.vector_norm(self.grad, dim=1)
            self._update(losses, norms, Scales(effects) if any(effect.levers() for effect in effects) else None)
        self.losses.append(losses)
        self.grad_norms.append(norms)
        self.step += 1

    def _update(self, losses: Tensor, norms: Tensor, scales: "Scales | None") -> None:
        """AdamW (Loshchilov & Hutter, 2019), with one learning rate, beta1, beta2, eps, decay and clip an agent, and one set of levers."""
        g, t = self.grad, self.step + 1
        finite = losses.isfinite() & norms.isfinite()  # (K,)
        still = ~finite if scales is None else ~finite | scales.skip
        lame = bool(still.any())
        if lame or scales is not None:
            self.skipped += ~finite
            before = self.field.theta.clone(), self.first.clone(), self.second.clone()
        limit, rate, decay = self._limit, column([learning_rate(le.recipe, self.step, le.steps) for le in self.lessons]), self._decay
        if scales is not None:
            plain = g.clone() if scales.masks else g
            g.mul_(scales.gradient)
            norms = norms * scales.gradient[:, 0].abs()
            limit, rate, decay = limit * scales.clip, rate * scales.rate, decay * scales.decay
        if self._clips:
            g.mul_((limit / norms.unsqueeze(1)).clamp_(max=1.0))
        if self._decays:
            self.field.theta.mul_(1 - (rate * decay).float() * self.decayed)
        buffer = self._buffer
        self.first.lerp_(g, self._new1)
        self.second.lerp_(torch.mul(g, g, out=buffer), self._new2)
        # theta - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps), with as few passes over the weights as can be
        root = (1 - self._beta2**t).sqrt()
        scale = (-rate / (1 - self._beta1**t) * root).float()
        torch.sqrt(self.second, out=buffer).add_((self._eps * root).float())
        self.field.theta.addcmul_(torch.div(self.first, buffer, out=buffer), scale)
        if scales is not None:
            scales.put_on(self.field.theta, before[0], plain)
        if lame:  # what is not finite is not applied; the neighbours go on
            for now, then in zip((self.field.theta, self.first, self.second), before, strict=True):
                now[still] = then[still]

    @torch.no_grad()
    def evaluate(self) -> Tensor:
        """The mean loss of each agent on the fixed validation windows, in nats per character: (K,)."""
        return evaluate(self.field, self.corpus.val)


class Scales:
    """The levers of K agents for one step, as columns (K, 1). What they can be is `dice.LEVERS`."""

    def __init__(self, effects: Sequence[StepEffect]) -> None:
        micro = [sum(e.micro_scales) / len(e.micro_scales) if e.micro_scales else 1.0 for e in effects]
        self.gradient = column([e.loss_scale * e.grad_scale * m for e, m in zip(effects, micro, strict=True)]).float()
        self.rate = column([e.lr_scale for e in effects])
        self.clip = column([e.clip_factor for e in effects]).float()
        self.decay = column([e.decay_factor for e in effects])
        self.update = column([e.update_scale for e in effects]).float()
        self.gain = column([e.agreeing_gain for e in effects]).float()
        self.skip = torch.tensor([e.on_zero == "skip" and e.k_requested == 0 for e in effects])
        """(K,): agents whose optimiser is not called at all."""
        self.masks = bool((self.gain != 1).any())

    def put_on(self, theta: Tensor, before: Tensor, gradient: Tensor) -> None:
        """theta <- before + k (theta - before), times the gain where that goes down the plain gradient. Neutral rows stay as they are."""
        move = theta - before
        factor = self.update.expand_as(move)
        if self.masks:
            factor = torch.where(move * gradient < 0, factor * self.gain, factor)
        theta.copy_(torch.where(factor == 1, theta, before + factor * move))


@torch.no_grad()
def evaluate(field: ModelBatch, text: Tensor, probe: int = PROBE) -> Tensor:
    """The mean loss of each agent on `probe` characters of a text, in windows of its context: (K,)."""
    T = field.shape.context
    places = torch.tensor(probe_offsets(max(1, probe // T), len(text) - T)).unsqueeze(1)
    windows = text[places + torch.arange(T + 1)]  # (n, T + 1)
    share = max(1, _EVALUATED_AT_ONCE // (T * field.size))
    losses = [field.losses(part.expand(field.size, -1, -1)) for part in torch.split(windows, share)]
    return torch.cat(losses, dim=1).mean(dim=1)


def column(numbers: Sequence[float]) -> Tensor:
    """One number an agent, as (K, 1)."""
    return torch.tensor(numbers, dtype=torch.float64).unsqueeze(1)


def threads_for(field: ModelBatch, batch: int) -> int:
    """Two where the work is large enough to be shared out by whole agents."""
    large = field.size >= 4 and field.size * batch * field.shape.context >= DIVIDED
    return min(2, available_cores()) if large else 1


def decayed(field: ModelBatch) -> Tensor:
    """(P,): 1 for the weights that weight decay pulls on, those of matrices."""
    return torch.cat([torch.full((p[0].numel(),), float(p.dim() == 3)) for p in field.parameters.values()])
