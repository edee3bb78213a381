"""Sampling: agents write lines of text, all models of a batch and all lines at once. A report counts and scores the lines."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.arena.agents.agent_file import Champion
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.training.model_batch import AttentionCache, ModelBatch
from rolltrain_tui.arena.training.scores import Originality, Score, originality, perplexity, score_of
from rolltrain_tui.arena.training.trainer import evaluate
from rolltrain_tui.arena.training.training import corpus_for, models_of
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.gpt import window_start
from rolltrain_tui.training.state.streams import random_stream

LONGEST = 64
"""Most characters of a line."""
_AT_ONCE = 4096
"""Most lines, of all models together, that are written at once: bounds the memory for keys and values."""


@torch.no_grad()
def write(
    models: ModelBatch, corpus: Corpus, n: int, seeds: Sequence[int], *, temperature: float = 1.0, top_k: int | None = None
) -> list[list[str]]:
    """n lines of each model, up to the first newline or LONGEST characters.

    Random numbers depend only on the model's seed. So models with one seed draw the same numbers, and other models change nothing.
    """
    uniform = torch.stack([torch.rand(n, LONGEST, generator=random_stream(seed, "sample"), dtype=torch.float64) for seed in seeds])
    written: list[list[str]] = [[] for _ in seeds]
    for part in torch.split(uniform, max(1, _AT_ONCE // models.size), dim=1):
        for lines, agent in zip(_write(models, corpus, part, temperature, top_k), written, strict=True):
            agent += lines
    return written


def _write(models: ModelBatch, corpus: Corpus, uniform: Tensor, temperature: float, top_k: int | None) -> list[list[str]]:
    """One line for each row of `uniform` (K, n, L): uniform random numbers, one for each character."""
    K, n, L = uniform.shape
    T = models.shape.context
    lined = "\n" in corpus.vocabulary
    start = corpus.vocabulary.index("\n") if lined else 0
    text = torch.full((K, n, L + 1), start)
    ended = torch.zeros(K, n, dtype=torch.bool)
    cache: AttentionCache | None = None
    for t in range(1, L + 1):
        if cache is not None and cache.length < T:
            logits = models.logits(text[:, :, t - 1 : t], cache)
        else:  # no cache yet, or it is full: move the window by a quarter of the context and read it again
            cache = AttentionCache(models.shape, K * n)
            logits = models.logits(text[:, :, window_start(t, T, max(1, T // 4)) : t], cache)
        text[:, :, t] = draw(logits, uniform[:, :, t - 1], temperature, top_k)
        if lined:
            ended |= text[:, :, t] == start
            if bool(ended.all()):
                break
    return [["".join(corpus.vocabulary[i] for i in line).split("\n", 1)[0] for line in agent] for agent in text[:, :, 1 : t + 1].tolist()]


def draw(logits: Tensor, uniform: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """Sample by inverting the cumulative distribution: logits (K, n, V), uniform (K, n) in [0, 1) -> characters (K, n)."""
    logits = logits.double().nan_to_num_() / temperature  # a diverged model has NaN logits
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.shape[-1])).values[..., -1:]
        logits = logits.masked_fill(logits < kth, -math.inf)
    reached = F.softmax(logits, dim=-1).cumsum(dim=-1)
    return (reached < uniform.unsqueeze(-1) * reached[..., -1:]).sum(dim=-1).clamp_(max=logits.shape[-1] - 1)


@cache
def training_text(name: str, context: int) -> str:
    """The training part of a corpus."""
    corpus = corpus_of(name, context)
    return corpus.decode(corpus.train.tolist())


# ---------------------------------------------------------------------------------------------------------------------
# The report


@dataclass(frozen=True, slots=True)
class SampleReport:
    """Lines of one agent and their score."""

    lines: tuple[str, ...]
    """As the agent wrote them: untrusted text."""
    originality: Originality
    score: Score

    def summary(self) -> Iterator[str]:
        own, score = self.originality, self.score
        yield (
            f"{own.distinct} distinct, {own.novel} novel, {own.verbatim} verbatim of {own.asked}; "
            f"perplexity {perplexity(score.loss):.2f}, validation loss {score.loss:.3f}"
        )
        yield f"score {score.score:.1f} = sqrt(quality {score.quality:.1f} x uniqueness {100 * own.uniqueness:.0f} %)"


def sample_report(champion: Champion, n: int, temperature: float = 1.0, top_k: int | None = None, seed: int = 0) -> SampleReport:
    """Let the agent write n lines, and score them with its current validation loss. AgentError when its text has changed."""
    corpus, models, agent = corpus_for(champion.agent), models_of([champion]), champion.agent
    lines = write(models, corpus, n, [seed], temperature=temperature, top_k=top_k)[0]
    own = originality(lines, training_text(agent.corpus, agent.shape.context), LONGEST)
    return SampleReport(tuple(lines), own, score_of(evaluate(models, corpus.val)[0].item(), agent.vocabulary, own.uniqueness))
