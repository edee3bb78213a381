"""What agents write: lines of text, all agents of a field and all lines at once."""

import math
from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.arena.corpora import corpus_of
from rolltrain_tui.arena.field import Cache, ModelBatch
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.gpt import window_start
from rolltrain_tui.training.streams import random_stream

LONGEST = 64
"""Characters of a line; a longer one is cut."""
_AT_ONCE = 4096
"""Lines of the whole field that are written side by side."""


@torch.no_grad()
def write(
    field: ModelBatch, corpus: Corpus, n: int, seeds: Sequence[int], *, temperature: float = 1.0, top_k: int | None = None
) -> list[list[str]]:
    """n lines of each agent, up to the first newline or LONGEST characters.

    The chances are drawn from each agent's seed alone: agents with one seed meet the same luck, and neighbours change nothing.
    """
    luck = torch.stack([torch.rand(n, LONGEST, generator=random_stream(seed, "sample"), dtype=torch.float64) for seed in seeds])
    written: list[list[str]] = [[] for _ in seeds]
    for part in torch.split(luck, max(1, _AT_ONCE // field.size), dim=1):
        for lines, agent in zip(_write(field, corpus, part, temperature, top_k), written, strict=True):
            agent += lines
    return written


def _write(field: ModelBatch, corpus: Corpus, luck: Tensor, temperature: float, top_k: int | None) -> list[list[str]]:
    """One line for each of luck's (K, n) rows of chances."""
    K, n, L = luck.shape
    T = field.shape.context
    lined = "\n" in corpus.vocabulary
    start = corpus.vocabulary.index("\n") if lined else 0
    text = torch.full((K, n, L + 1), start)
    ended = torch.zeros(K, n, dtype=torch.bool)
    cache: Cache | None = None
    for t in range(1, L + 1):
        if cache is not None and cache.length < T:
            logits = field.logits(text[:, :, t - 1 : t], cache)
        else:  # the window is full: it slides on by a quarter, and is read anew
            cache = Cache(field.shape, K * n)
            logits = field.logits(text[:, :, window_start(t, T, max(1, T // 4)) : t], cache)
        text[:, :, t] = draw(logits, luck[:, :, t - 1], temperature, top_k)
        if lined:
            ended |= text[:, :, t] == start
            if bool(ended.all()):
                break
    return [["".join(corpus.vocabulary[i] for i in line).split("\n", 1)[0] for line in agent] for agent in text[:, :, 1 : t + 1].tolist()]


def draw(logits: Tensor, luck: Tensor, temperature: float, top_k: int | None) -> Tensor:
    """The character at which the running sum of probabilities passes the chance: logits (K, n, V), luck (K, n) -> (K, n)."""
    logits = logits.double().nan_to_num_() / temperature  # a network that has burst babbles
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.shape[-1])).values[..., -1:]
        logits = logits.masked_fill(logits < kth, -math.inf)
    reached = F.softmax(logits, dim=-1).cumsum(dim=-1)
    return (reached < luck.unsqueeze(-1) * reached[..., -1:]).sum(dim=-1).clamp_(max=logits.shape[-1] - 1)


@cache
def training_text(name: str, context: int) -> str:
    """The part of a corpus that agents learn from."""
    corpus = corpus_of(name, context)
    return corpus.decode(corpus.train.tolist())
