"""Agents taught outside of battle: any number of steps, with settings that change on the way, and nothing lost when it is interrupted."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from rolltrain_tui.arena.agents import Agent, AgentError, configure, flops_per_step
from rolltrain_tui.arena.champions import FIRST, GRADIENTS, LOSSES, SECOND, WEIGHTS, Champion, TensorBlob
from rolltrain_tui.arena.corpora import corpus_of
from rolltrain_tui.arena.events import Event, Progressed, SettingChanged, SettingRefused, Trained
from rolltrain_tui.arena.field import ModelBatch, places
from rolltrain_tui.arena.training import Trainer, TrainJob
from rolltrain_tui.modes.text.corpora.corpus import Corpus

REPORTS, LONGEST = 100, 20
"""Progress reports of a short training, at most; steps between two reports of a long one."""
PARTS = (WEIGHTS, FIRST, SECOND)


def train(
    champion: Champion,
    steps: int,
    *,
    settings: "deque[tuple[str, str]] | None" = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Teach one agent `steps` more steps. `settings` is drained between two steps; the last event holds what became of it.

    AgentError when its text is not the one it has learnt from. Interrupted or not, the same steps give the same bits.
    """
    agent, settings = champion.agent, settings if settings is not None else deque()
    corpus = corpus_for(agent)
    trainer = trainer_of(champion, corpus)
    every = max(1, min(LONGEST, steps // REPORTS))
    losses, norms = [torch.empty(0)], [torch.empty(0)]
    before = 0  # index of the trainer's losses that were reported
    taken = 0
    while taken < steps and not stopped():
        while settings:
            name, text = settings.popleft()
            try:
                changed = configure(agent, name, text)
            except AgentError as error:
                yield SettingRefused(agent.name, str(error))
                continue
            change = changed.changes[-1]
            agent = changed
            _keep(trainer, losses, norms)
            trainer, before = _retaught(trainer, agent, corpus), 0
            yield SettingChanged(agent.name, change.name, change.before, change.after, change.step)
        trainer.take_step()
        taken += 1
        agent = replace(agent, step=trainer.step, gflop=agent.gflop + flops_per_step(agent) / 1e9)
        if taken % every == 0 or taken == steps:
            recent = torch.stack(trainer.losses[before:]), torch.stack(trainer.grad_norms[before:])
            before = len(trainer.losses)
            yield Progressed(trainer.step, taken / steps, tuple(recent[0].mean(0).tolist()), tuple(recent[1].mean(0).tolist()))
    _keep(trainer, losses, norms)
    agent = replace(agent, val_loss=trainer.evaluate()[0].item())
    yield Trained((_champion(agent, champion, trainer, torch.cat(losses), torch.cat(norms)),), stopped=taken < steps)


def corpus_for(agent: Agent) -> Corpus:
    """The text it reads, checked. AgentError."""
    corpus = corpus_of(agent.corpus, agent.shape.context)
    if corpus.sha256 != agent.text_sha256:
        raise AgentError(f"{agent.name} learnt from another text than {agent.corpus} holds now: its characters would mean other things")
    return corpus


def field_of(champions: Sequence[Champion]) -> ModelBatch:
    """Agents of one shape and vocabulary with the weights they have come to."""
    first = champions[0].agent
    assert all((c.agent.shape, c.agent.vocabulary) == (first.shape, first.vocabulary) for c in champions)
    field = ModelBatch.fresh(first.shape, first.vocabulary, [c.agent.recipe.seed for c in champions])
    for k, champion in enumerate(champions):
        _read(champion, WEIGHTS, field.theta[k])
    return field


def trainer_of(champion: Champion, corpus: Corpus) -> Trainer:
    """As it stood after its last step."""
    trainer = Trainer(field_of([champion]), corpus, [_lesson(champion.agent)], start=champion.agent.step)
    _read(champion, FIRST, trainer.first[0])
    _read(champion, SECOND, trainer.second[0])
    return trainer


def _lesson(agent: Agent) -> TrainJob:
    return TrainJob(agent.recipe, agent.recipe.seed, agent.recipe.horizon)


def _retaught(trainer: Trainer, agent: Agent, corpus: Corpus) -> Trainer:
    """Another trainer for a changed recipe, with the weights and moments of the old one."""
    fresh = Trainer(trainer.field, corpus, [_lesson(agent)], start=trainer.step)
    fresh.first.copy_(trainer.first)
    fresh.second.copy_(trainer.second)
    return fresh


def _keep(trainer: Trainer, losses: list[Tensor], norms: list[Tensor]) -> None:
    """Move what the trainer has noted to the history."""
    if trainer.losses:
        losses.append(torch.stack(trainer.losses)[:, 0])
        norms.append(torch.stack(trainer.grad_norms)[:, 0])
        trainer.losses.clear()
        trainer.grad_norms.clear()


def _champion(agent: Agent, before: Champion, trainer: Trainer, losses: Tensor, norms: Tensor) -> Champion:
    if agent.step == 0:
        return Champion(agent, {})
    rows = dict(zip(PARTS, (trainer.field.theta, trainer.first, trainer.second), strict=True))
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
    """Put a part of a champion, if it has one, into its row (P,)."""
    for name, (start, end, _) in places(champion.agent.shape, champion.agent.vocabulary).items():
        if part + name in champion.blobs:
            row[start:end] = tensor(champion.blobs[part + name]).flatten()


def tensor(found: TensorBlob) -> Tensor:
    return torch.frombuffer(bytearray(found.data), dtype=torch.float32).view(found.shape) if found.data else torch.empty(found.shape)


def blob(values: Tensor) -> TensorBlob:
    """Its bytes, without NumPy."""
    values = values.detach().contiguous().float()
    data = bytearray(values.numel() * 4)
    if data:
        torch.frombuffer(data, dtype=torch.float32).copy_(values.flatten())
    return TensorBlob("F32", tuple(values.shape), bytes(data))
