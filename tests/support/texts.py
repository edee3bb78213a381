"""A text small enough for hundreds of turns a second."""

import torch

from rolltrain_tui.modes.text.corpora.corpus import Corpus

TEXT = "the goblin counts his gold, the wizard counts the stars.\n" * 20


def sentence() -> Corpus:
    """A thousand characters of one sentence, over and over."""
    vocabulary = "".join(sorted(set(TEXT)))
    ids = torch.tensor([vocabulary.index(c) for c in TEXT])
    return Corpus(name="sentence", vocabulary=vocabulary, train=ids[:900], val=ids[900:], floor=None, sha256="")
