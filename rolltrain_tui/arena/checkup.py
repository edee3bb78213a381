"""What ails an agent: the signals of `rules.signals` that its history and a look inside it can tell. Nothing is changed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.arena.agents import learning_rate
from rolltrain_tui.arena.champions import GRADIENTS, LOSSES, Champion
from rolltrain_tui.arena.coaching import corpus_for, trainer_of
from rolltrain_tui.arena.field import Tape, places, views
from rolltrain_tui.arena.gradient import gradient
from rolltrain_tui.arena.training import Trainer, evaluate
from rolltrain_tui.modes.text.diagnosis import HALF, layer_name
from rolltrain_tui.modes.text.learner import probe_offsets
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.rules.signals import SIGNALS
from rolltrain_tui.training.measures import ALIVE, HIGHEST, LOWEST, agree_fraction, noise_scale

LOOK_BACK = 20
"""Steps that count as recent."""
SMOOTHING = 2 / 21


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, and in one sentence what it comes to."""

    readings: tuple[Reading, ...]
    layers: tuple[LayerReading, ...]
    val_loss: float
    verdict: str

    @property
    def sick(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.condition == "sick"]


def examine(champion: Champion) -> Findings:
    """Two gradients on training text, one evaluation, and the history of its steps."""
    corpus = corpus_for(champion.agent)
    trainer = trainer_of(champion, corpus)
    losses, norms = _history(champion, LOSSES), _history(champion, GRADIENTS)
    val, train = evaluate(trainer.field, corpus.val)[0].item(), evaluate(trainer.field, corpus.train)[0].item()
    first, second, dead = _look(trainer)
    mean = (first + second) / 2
    update = _next_update(trainer)
    moments = None if champion.agent.step == 0 else [trainer.first[0]]
    values = {
        **from_history(losses, norms, champion.agent.vocabulary),
        "update_ratio": (update.norm() / trainer.field.theta[0].norm()).item() if champion.agent.step else math.nan,
        "gap": val - train,
        "dead_units": sum(dead) / len(dead),
        "agree_fraction": agree_fraction([mean], moments),
        "noise_scale": noise_scale([first], [second], HALF) / champion.agent.recipe.batch,
    }
    readings = tuple(
        Reading(name, value if math.isfinite(value) else math.nan, SIGNALS[name].low, SIGNALS[name].high) for name, value in values.items()
    )
    return Findings(readings, tuple(_layers(trainer, mean, update, dead)), val, verdict(readings, losses, norms, champion))


def from_history(losses: Sequence[float], norms: Sequence[float], vocabulary: int) -> dict[str, float]:
    """The signals that are heard every step; see rules/watch.py. NaN before there are steps enough."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    bad = sum(not (math.isfinite(a) and math.isfinite(b)) for a, b in zip(losses[-LOOK_BACK:], norms[-LOOK_BACK:], strict=True))
    if not finite:
        return {"loss_rise": math.nan, "above_chance": math.nan, "gradient_spike": math.nan, "non_finite": float(bad)}
    ema = lowest = finite[0]
    for loss in finite[1:]:
        ema += SMOOTHING * (loss - ema)
        lowest = min(lowest, ema)
    before = [norm for norm in norms[:-LOOK_BACK] if math.isfinite(norm)][-200:]
    recent = [norm for norm in norms[-LOOK_BACK:] if math.isfinite(norm)]
    spike = max(recent) / (sum(before) / len(before)) if before and recent and sum(before) > 0 else math.nan
    return {"loss_rise": ema / lowest, "above_chance": ema - math.log(vocabulary), "gradient_spike": spike, "non_finite": float(bad)}


def verdict(readings: Sequence[Reading], losses: Sequence[float], norms: Sequence[float], champion: Champion) -> str:
    """One sentence: exploding, dead, or what else is wrong."""
    agent = champion.agent
    sick = {reading.signal for reading in readings if reading.condition == "sick"}
    if agent.step == 0:
        return f"{agent.name} has not been trained yet: there is little to tell."
    if sick & {"above_chance", "non_finite"} and sick & {"loss_rise", "update_ratio", "non_finite", "gradient_spike"}:
        return (
            f"{agent.name} is exploding: its loss of {losses[-1]:.2f} is worse than the {math.log(agent.vocabulary):.2f} of guessing "
            f"blindly, and a step moves the weights by {_share(readings)} of their size. "
            f"Lower the learning rate of {agent.recipe.learning_rate:g} (0.01 is usual here) and begin anew."
        )
    if "dead_units" in sick:
        return f"{agent.name} has dead neurons: part of its hidden units answers to nothing. Lower the learning rate and begin anew."
    if sick:
        return f"{agent.name} is not well: {', '.join(SIGNALS[name].title.lower() for name in SIGNALS if name in sick)}."
    return f"{agent.name} is healthy."


def _share(readings: Sequence[Reading]) -> str:
    ratio = next((reading.value for reading in readings if reading.signal == "update_ratio"), math.nan)
    return f"{ratio:.1%}" if math.isfinite(ratio) else "an unknown part"


def _history(champion: Champion, name: str) -> list[float]:
    return champion.blobs[name].numbers() if name in champion.blobs else []


def _look(trainer: Trainer) -> tuple[Tensor, Tensor, list[float]]:
    """The gradients (P,) of two pieces of training text, HALF windows each, and the dead part of every MLP's units."""
    field, text = trainer.field, trainer.corpus.train
    T = field.shape.context
    places = torch.tensor(probe_offsets(2 * HALF, len(text) - T)).unsqueeze(1)
    windows = text[places + torch.arange(T + 1)].unsqueeze(0)  # (1, 2 HALF, T + 1)
    gradients = [torch.zeros_like(field.theta) for _ in range(2)]
    for half, out in zip(torch.split(windows, HALF, dim=1), gradients, strict=True):
        gradient(field, half, views(field.shape, field.vocabulary, out))
    tape = Tape()
    field.logits(windows[:, :, :-1], tape=tape)
    dead = [(block.hidden[0].amax(dim=0) <= ALIVE).double().mean().item() for block in tape.blocks]
    return gradients[0][0], gradients[1][0], dead


@torch.no_grad()
def _next_update(trainer: Trainer) -> Tensor:
    """What the optimiser's memory alone would move the weights by: (P,)."""
    lesson, t = trainer.lessons[0], max(1, trainer.step)
    recipe = lesson.recipe
    m = trainer.first[0] / (1 - recipe.beta1**t)
    v = trainer.second[0] / (1 - recipe.beta2**t)
    return learning_rate(recipe, trainer.step, lesson.steps) * m / (v.sqrt() + recipe.eps)


@torch.no_grad()
def _layers(trainer: Trainer, gradient: Tensor, update: Tensor, dead: Sequence[float]) -> list[LayerReading]:
    """Embeddings, attention and MLP of each block, what follows them."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for name, (start, end, _) in places(trainer.field.shape, trainer.field.vocabulary).items():
        spans.setdefault(layer_name(name), []).append((start, end))
    found = []
    for name, own in spans.items():
        w, g, u = (torch.cat([row[start:end] for start, end in own]) for row in (trainer.field.theta[0], gradient, update))
        exponents = g.abs().log10_().floor_().sub_(LOWEST).nan_to_num_(HIGHEST - LOWEST).clamp_(0, HIGHEST - LOWEST)
        counts = torch.bincount(exponents.long(), minlength=HIGHEST - LOWEST + 1).tolist()
        own_dead = dead[int(name.split()[1]) - 1] if name.endswith("MLP") else math.nan
        norm = w.norm().item()
        ratio = u.norm().item() / norm if norm > 0 else math.nan
        found.append(
            LayerReading(
                name=name,
                weights=len(w),
                weight_norm=norm,
                gradient_norm=g.norm().item(),
                update_ratio=ratio,
                histogram=tuple(counts),
                dead=own_dead,
            )
        )
    return found
