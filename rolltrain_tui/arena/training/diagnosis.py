"""The diagnosis of an agent: the signals of `rules.health.signals`, from its history and a look at its weights. The agent is not changed.

Signals of the history (loss, gradient norm) come from the campaign's SignalMonitor, which reads the agent's file step by step.
Signals of the weights are measured by training/diagnosis.py, as in a campaign. Three signals are left out, because the file of an agent
does not hold what they need: weight_growth (older weights), temperature (a running average), val_rise (several evaluations).

    update_ratio  mean of |update| / |theta| over the LOOKS steps that would come next; a campaign measures the last LOOKS steps
    gap           loss on validation text - loss on training text, on PROBE characters each
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.arena.agents.agent_file import GRADIENTS, LOSSES, Champion
from rolltrain_tui.arena.training.dice import StepResult
from rolltrain_tui.arena.training.model_batch import ModelBatch, Tape, gradient, views
from rolltrain_tui.arena.training.trainer import Trainer, evaluate
from rolltrain_tui.arena.training.training import corpus_for, trainer_of
from rolltrain_tui.modes.text.diagnosis import HALF, layers_named
from rolltrain_tui.modes.text.learner import probe_offsets
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.training.diagnosis import TrainingProbe, measure
from rolltrain_tui.training.state.layer_history import LOOKS, LayerHistory
from rolltrain_tui.training.tensors.measures import ALIVE, Layer, lengths

SCOUTING = 60
"""First steps, in which bounds adapt to the run: as in the campaign of the tiny GPT."""
TOLD = tuple(name for name in SIGNALS.everywhere if name not in ("weight_growth", "temperature", "val_rise"))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    readings: tuple[Reading, ...]
    layers: tuple[LayerReading, ...]
    val_loss: float
    verdict: str
    """One sentence for the player."""

    @property
    def sick(self) -> list[Reading]:
        return [reading for reading in self.readings if reading.condition == "sick"]


def examine(champion: Champion) -> Diagnosis:
    """Read the history, evaluate, compute two gradients, and take LOOKS steps on a copy. AgentError when the agent's text has changed."""
    agent = champion.agent
    corpus = corpus_for(agent)
    trainer = trainer_of(champion, corpus)
    models = trainer.models
    layers = layers_named(models.parameters)
    value, probe = evaluate(models, corpus.val)[0].item(), _probe(trainer)
    # Copies, because measuring the next moves trains `models`
    weights, moments = _parts(models, models.theta.clone()), _parts(models, trainer.first.clone())
    history = _next_moves(trainer, layers) if agent.step else None
    values, found = measure(
        probe, layers, weights, moments if agent.step else None, history, gap=value - probe.loss, batch=agent.recipe.batch
    )

    losses, norms = _history(champion, LOSSES), _history(champion, GRADIENTS)
    monitor = heard(losses, norms, agent.vocabulary)
    monitor.examined(agent.step, values)
    readings = tuple(monitor.reading(name) for name in TOLD)
    return Diagnosis(readings, found, value, verdict(readings, losses, champion))


def heard(losses: Sequence[float], norms: Sequence[float], vocabulary: int) -> SignalMonitor:
    """The campaign's monitor after it has heard every step of a history."""
    monitor = SignalMonitor(SCOUTING, Objective(chance=math.log(vocabulary)))
    for turn, (loss, norm) in enumerate(zip(losses, norms, strict=True), start=1):
        monitor.hear(turn, StepResult(loss, norm, math.isfinite(loss) and math.isfinite(norm)))
    return monitor


def verdict(readings: Sequence[Reading], losses: Sequence[float], champion: Champion) -> str:
    """One sentence: exploding, dead, another illness, or healthy."""
    agent = champion.agent
    sick = {reading.signal for reading in readings if reading.condition == "sick"}
    if agent.step == 0:
        return f"{agent.name} has not been trained yet: there is little to tell."
    if sick & {"above_chance", "non_finite"} and sick & {"loss_rise", "update_ratio", "non_finite", "gradient_spike"}:
        return (
            f"{agent.name} is exploding: its loss of {losses[-1]:.2f} is worse than the {math.log(agent.vocabulary):.2f} of guessing "
            f"blindly, and a step moves the weights by {_share(readings)} of their size. "
            f"Lower the learning rate of {agent.recipe.learning_rate:g} (0.01 is usual here) and start again with a new agent."
        )
    if "dead_units" in sick:
        return f"{agent.name} has dead neurons: some hidden units never activate. Lower the learning rate and start again with a new agent."
    if sick:
        return f"{agent.name} is not well: {', '.join(SIGNALS[name].title.lower() for name in SIGNALS if name in sick)}."
    return f"{agent.name} is healthy."


def _share(readings: Sequence[Reading]) -> str:
    ratio = next((reading.value for reading in readings if reading.signal == "update_ratio"), math.nan)
    return f"{ratio:.1%}" if math.isfinite(ratio) else "an unknown part"


def _history(champion: Champion, name: str) -> list[float]:
    return champion.blobs[name].numbers() if name in champion.blobs else []


def _parts(models: ModelBatch, flat: Tensor) -> list[Tensor]:
    """The parts of `flat` (1, P) that belong to each parameter."""
    return [view[0] for view in views(models.shape, models.vocabulary, flat).values()]


def _probe(trainer: Trainer) -> TrainingProbe:
    """The loss on training text, and the gradients and dead units of two pieces of it, HALF windows each."""
    models, text = trainer.models, trainer.corpus.train
    T = models.shape.context
    starts = torch.tensor(probe_offsets(2 * HALF, len(text) - T)).unsqueeze(1)
    windows = text[starts + torch.arange(T + 1)].unsqueeze(0)  # (1, 2 HALF, T + 1)
    gradients = [torch.zeros_like(models.theta) for _ in range(2)]
    for half, out in zip(torch.split(windows, HALF, dim=1), gradients, strict=True):
        gradient(models, half, views(models.shape, models.vocabulary, out))
    tape = Tape()
    models.logits(windows[:, :, :-1], tape=tape)
    return TrainingProbe(
        loss=evaluate(models, text)[0].item(),
        first=_parts(models, gradients[0]),
        second=_parts(models, gradients[1]),
        half=HALF,
        dead=[block.hidden[0].amax(dim=0) <= ALIVE for block in tape.blocks],  # hidden: (1, BT, 4C)
    )


@torch.no_grad()
def _next_moves(trainer: Trainer, layers: Sequence[Layer]) -> LayerHistory:
    """|update| of each layer in the next LOOKS steps. Trains the copy of the agent that `trainer` holds."""
    history = LayerHistory()
    for _ in range(LOOKS):
        before = trainer.models.theta.clone()
        trainer.take_step()
        history = history.walked(lengths(layers, _parts(trainer.models, trainer.models.theta - before)))
    return history
