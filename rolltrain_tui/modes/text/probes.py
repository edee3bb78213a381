"""Probes: what kind of place in weight space a finished run has come to, asked of copies, so that the run itself never notices.

Robustness is the rise of the validation loss, in nats per token, under a disturbance; less is more robust. Exploration is told by the
walk (how far, how crooked) and by what the model writes (how varied, how new).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.modes.text.corpora.built_in import built_in_text
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Learner, StepReport

WEIGHT_NOISE = (0.05, 0.1, 0.2)
"""theta += this x std(theta) x standard normal, per parameter tensor."""
DRAWS = 4
"""Draws of weight noise at each scale."""
TYPOS = 0.05
"""Part of the characters replaced by any of the vocabulary, each as likely."""
LABEL_NOISE = 0.2
"""Part of each batch's targets that are noise, all through a second run."""
CHARACTERS = 3000
"""Written by the model, at temperature 1."""
SKETCH = 1024
"""Numbers that stand for the weights: distances between runs are kept to about 2 %."""


class Trail:
    """The walk of a run's weights, a mark a turn. Costs one copy of the weights."""

    def __init__(self, learner: TextLearner) -> None:
        self._learner = learner
        self._start = self._here = _weights(learner)
        self.length = 0.0
        """Length of the path: the sum of the turns' moves."""

    def mark(self) -> None:
        """A turn is over."""
        here = _weights(self._learner)
        self.length += torch.dist(here, self._here).item()
        self._here = here

    def probe(self) -> dict[str, float]:
        displacement = torch.dist(self._here, self._start).item()
        return {"displacement": displacement, "crookedness": self.length / displacement if displacement else float("nan")}


class NoisyLabels:
    """A learner that is taught wrong: a part of every batch's targets is noise, on top of whatever the rules ask for."""

    def __init__(self, learner: Learner, share: float = LABEL_NOISE) -> None:
        self._learner, self._noise = learner, StepEffect(target_noise=share)

    def step(self, effect: StepEffect) -> StepReport:
        return self._learner.step(effect.combine(self._noise))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._learner, name)


def probe(learner: TextLearner) -> dict[str, float]:
    """Everything that can be asked of a finished run. Its own state and streams stay as they are; on one seed all runs meet the same
    noise but for what their weights make of it."""
    return disturbed(learner)[1] | _voice(learner)


def disturbed(learner: TextLearner) -> tuple[float, dict[str, float]]:
    """The validation loss, and its rise under each disturbance."""
    sequences = learner.config.evaluation.final_sequences
    plain = learner.evaluate(sequences).value
    found = {f"weight_noise_{scale:g}": _shaken(learner, scale, sequences) for scale in WEIGHT_NOISE}
    found["typos"] = _on_text(learner, typos(learner.corpus, learner.config.seed), sequences)
    found["other_text"] = _on_text(learner, other_text(learner.corpus), sequences)
    return plain, {name: loss - plain for name, loss in found.items()}


def sketch(learner: TextLearner) -> tuple[float, ...]:
    """The weights in 1024 numbers: each is added to one of them, at random but the same for all runs, with a random sign.

    E |sketch(a) - sketch(b)|^2 = |a - b|^2, with a relative standard deviation of about sqrt(2 / 1024) (Charikar, Chen and
    Farach-Colton 2002; Weinberger et al. 2009).
    """
    weights = _weights(learner).cpu()
    stream = torch.Generator().manual_seed(0x736B65746368)
    places = torch.randint(SKETCH, weights.shape, generator=stream)
    signs = torch.randint(2, weights.shape, generator=stream) * 2 - 1
    found: list[float] = torch.zeros(SKETCH).index_add_(0, places, weights * signs).tolist()
    return tuple(found)


def _weights(learner: TextLearner) -> Tensor:
    """(N,), a copy."""
    return torch.cat([p.detach().flatten() for p in learner.model.parameters()])


def _shaken(learner: TextLearner, scale: float, sequences: int) -> float:
    """Mean loss over draws of weight noise, each on a copy, with noise of the seed's own and not where the run's monsters left theirs."""
    losses = []
    for draw in range(DRAWS):
        copy = learner.fork()
        copy.streams["weight_noise"].manual_seed(DRAWS * learner.config.seed + draw)
        copy.step(StepEffect(update_scale=0.0, on_zero="skip", weight_noise=scale))
        losses.append(copy.evaluate(sequences).value)
    return sum(losses) / DRAWS


def _on_text(learner: TextLearner, text: Tensor, sequences: int) -> float:
    """The loss on another text, by a copy that is examined on it. NaN where the text is too short for one window."""
    if len(text) <= learner.config.model.context + 1:
        return float("nan")
    return learner.fork(replace(learner.corpus, val=text)).evaluate(sequences).value


def typos(corpus: Corpus, seed: int) -> Tensor:
    """The validation text with a part of its characters replaced."""
    stream = torch.Generator().manual_seed(seed)
    struck = torch.rand(corpus.val.shape, generator=stream) < TYPOS
    return torch.where(struck, torch.randint(len(corpus.vocabulary), corpus.val.shape, generator=stream), corpus.val)


def other_text(corpus: Corpus) -> Tensor:
    """The built-in corpus that the run did not learn from, without the characters that its vocabulary lacks."""
    known: Mapping[str, int] = {character: number for number, character in enumerate(corpus.vocabulary)}
    text = built_in_text("tales" if corpus.name == "names" else "names")[:200_000]
    return torch.tensor([known[character] for character in text if character in known], dtype=torch.int64)


def _voice(learner: TextLearner) -> dict[str, float]:
    """Shares of the words that the model writes: distinct ones, and those that its training text never shows."""
    written = learner.fork().sample(CHARACTERS, temperature=1.0, top_k=None).split()[:-1]  # the last may be cut off
    if not written:
        return {"distinct": float("nan"), "novel": float("nan")}
    lessons = set(learner.corpus.decode(learner.corpus.train.tolist()).split())
    distinct = set(written)
    return {"distinct": len(distinct) / len(written), "novel": sum(word not in lessons for word in written) / len(written)}
