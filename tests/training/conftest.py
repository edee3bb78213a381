"""A text and a learner small enough for hundreds of turns a second."""

from collections.abc import Callable

import pytest
import torch

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.learner import TextLearner

TEXT = "the goblin counts his gold, the wizard counts the stars.\n" * 20


@pytest.fixture
def small_corpus() -> Corpus:
    """A thousand characters of one sentence, over and over."""
    vocabulary = "".join(sorted(set(TEXT)))
    ids = torch.tensor([vocabulary.index(c) for c in TEXT])
    return Corpus(name="sentence", vocabulary=vocabulary, train=ids[:900], val=ids[900:], floor=None, sha256="")


@pytest.fixture
def make_learner(small_corpus: Corpus, tiny_config: Callable[..., CampaignConfig]) -> Callable[..., TextLearner]:
    """A learner on the small corpus; arguments are `path=value` overrides of the tiny campaign."""
    return lambda *overrides: TextLearner(tiny_config(*overrides), small_corpus)
