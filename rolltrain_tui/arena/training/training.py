"""Training of one agent outside of battles: any number of steps, settings that change between steps, a stop that keeps what was learnt."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from rolltrain_tui.arena.agents.agent_file import FIRST, GRADIENTS, LOSSES, SECOND, WEIGHTS, Champion, TensorBlob
from rolltrain_tui.arena.agents.agents import Agent, AgentError, configure, flops_per_step
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.training.events import Progressed, SettingChanged, SettingRefused, Trained, TrainingEvent
from rolltrain_tui.arena.training.model_batch import ModelBatch, places
from rolltrain_tui.arena.training.trainer import Trainer, TrainJob
from rolltrain_tui.modes.text.corpora.corpus import Corpus

REPORTS, LONGEST = 100, 20
"""Most reports of a short training; most steps between two reports of a long one."""
PARTS = (WEIGHTS, FIRST, SECOND)


def train(
    champion: Champion,
    steps: int,
    *,
    settings: deque[tuple[str, str]] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[TrainingEvent]:
    """Train `champion` for `steps` more steps. The last event, `Trained`, holds the result.

    `settings` holds (name, value) pairs from the player; it is emptied between steps. AgentError when the agent's text has changed.
    The same steps give the same bits, also when they are split into several calls.
    """
    agent, settings = champion.agent, settings if settings is not None else deque()
    corpus = corpus_for(agent)
    trainer = trainer_of(champion, corpus)
    every = max(1, min(LONGEST, steps // REPORTS))
    losses, norms = [torch.empty(0)], [torch.empty(0)]
    reported = 0  # losses of the current trainer that a report has covered
    taken = 0
    while taken < steps and not stopped():
        while settings:
            name, text = settings.popleft()
            try:
                changed = configure(agent, name, text)
            except AgentError as error:
                yield SettingRefused(str(error))
                continue
            change = changed.changes[-1]
            agent = changed
            _move_history(trainer, losses, norms)
            trainer, reported = _with_recipe(trainer, agent, corpus), 0
            yield SettingChanged(agent.name, change.name, change.before, change.after, change.step)
        trainer.take_step()
        taken += 1
        agent = replace(agent, step=trainer.step, gflop=agent.gflop + flops_per_step(agent) / 1e9)
        if taken % every == 0 or taken == steps:
            loss, norm = (torch.stack(kept[reported:]).mean(0).item() for kept in (trainer.losses, trainer.grad_norms))
            reported = len(trainer.losses)
            yield Progressed(trainer.step, taken / steps, loss, norm)
    _move_history(trainer, losses, norms)
    agent = replace(agent, val_loss=trainer.evaluate()[0].item())
    yield Trained(_champion(agent, champion, trainer, torch.cat(losses), torch.cat(norms)), stopped=taken < steps)


def corpus_for(agent: Agent) -> Corpus:
    """The agent's text. AgentError when its characters are not those the agent was made for."""
    corpus = corpus_of(agent.corpus, agent.shape.context)
    if corpus.sha256 != agent.text_sha256:
        raise AgentError(f"{agent.name} learnt from another text than {agent.corpus} holds now: its characters would mean other things")
    return corpus


def models_of(champions: Sequence[Champion]) -> ModelBatch:
    """The agents' current weights as one batch. They must have one shape and vocabulary."""
    first = champions[0].agent
    assert all((c.agent.shape, c.agent.vocabulary) == (first.shape, first.vocabulary) for c in champions)
    models = ModelBatch.fresh(first.shape, first.vocabulary, [c.agent.recipe.seed for c in champions])
    for k, champion in enumerate(champions):
        _read(champion, WEIGHTS, models.theta[k])
    return models


def trainer_of(champion: Champion, corpus: Corpus) -> Trainer:
    """A trainer in the state after the agent's last step."""
    trainer = Trainer(models_of([champion]), corpus, [_job(champion.agent)], start=champion.agent.step)
    _read(champion, FIRST, trainer.first[0])
    _read(champion, SECOND, trainer.second[0])
    return trainer


def _job(agent: Agent) -> TrainJob:
    return TrainJob(agent.recipe, agent.recipe.seed, agent.recipe.horizon)


def _with_recipe(trainer: Trainer, agent: Agent, corpus: Corpus) -> Trainer:
    """A trainer for the changed recipe, with the weights and moments of the old one."""
    fresh = Trainer(trainer.models, corpus, [_job(agent)], start=trainer.step)
    fresh.first.copy_(trainer.first)
    fresh.second.copy_(trainer.second)
    return fresh


def _move_history(trainer: Trainer, losses: list[Tensor], norms: list[Tensor]) -> None:
    """Append the trainer's losses and gradient norms to the history, and clear them."""
    if trainer.losses:
        losses.append(torch.stack(trainer.losses)[:, 0])
        norms.append(torch.stack(trainer.grad_norms)[:, 0])
        trainer.losses.clear()
        trainer.grad_norms.clear()


def _champion(agent: Agent, before: Champion, trainer: Trainer, losses: Tensor, norms: Tensor) -> Champion:
    if agent.step == 0:
        return Champion(agent, {})
    rows = dict(zip(PARTS, (trainer.models.theta, trainer.first, trainer.second), strict=True))
    blobs = {
        part + name: blob(rows[part][0, start:end].detach().reshape(dims))
        for name, (start, end, dims) in places(agent.shape, agent.vocabulary).items()
        for part in PARTS
    }
    for name, fresh in ((LOSSES, losses), (GRADIENTS, norms)):
        whole = torch.cat([tensor(before.blobs[name]), fresh]) if name in before.blobs else fresh
        blobs[name] = blob(whole)
    return Champion(agent, blobs)


@torch.no_grad()
def _read(champion: Champion, part: str, row: Tensor) -> None:
    """Copy one part of a champion (weights or a moment) to its row (P,). An untrained agent has no such part."""
    for name, (start, end, _) in places(champion.agent.shape, champion.agent.vocabulary).items():
        if part + name in champion.blobs:
            row[start:end] = tensor(champion.blobs[part + name]).flatten()


def tensor(found: TensorBlob) -> Tensor:
    return torch.frombuffer(bytearray(found.data), dtype=torch.float32).view(found.shape) if found.data else torch.empty(found.shape)


def blob(values: Tensor) -> TensorBlob:
    """The bytes of a tensor, without NumPy, which the arena does not need otherwise."""
    values = values.detach().contiguous().float()
    data = bytearray(values.numel() * 4)
    if data:
        torch.frombuffer(data, dtype=torch.float32).copy_(values.flatten())
    return TensorBlob("F32", tuple(values.shape), bytes(data))
