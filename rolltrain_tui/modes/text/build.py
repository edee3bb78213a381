"""From a campaign to the learner it describes."""

from pathlib import Path

from rolltrain_tui.base.allocator import tune_allocator
from rolltrain_tui.modes.text.config import TextConfig
from rolltrain_tui.modes.text.corpora.corpus import load_corpus
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.training.machine import ranks
from rolltrain_tui.training.machine.machine import pick_device


class ModelShapeError(ValueError):
    """The campaign describes a model that cannot be built."""


def build(config: TextConfig, *, base: Path) -> TextLearner:
    """The learner of a campaign whose file is in the folder `base`; data.path is relative to it.

    Changes two settings of the process: the number of torch threads, and how glibc keeps freed memory. Raises ValueError, with the
    place in the campaign, for a model that cannot be built, a missing device, or a text that cannot be read.
    """
    model = config.model
    if model.n_embd % model.n_head:
        raise ModelShapeError(
            f"model.n_embd: {model.n_embd} channels cannot be shared evenly by {model.n_head} heads; "
            f"the nearest width that can is {max(1, round(model.n_embd / model.n_head)) * model.n_head}"
        )
    pick_device(config.device.device)  # a missing device is reported before the text is read, which may take a while
    corpus = load_corpus(config.data, base=base, context=model.context)
    tune_allocator()
    return TextLearner(config, corpus, ranks.ours())


def why_not_on_ranks(config: TextConfig, count: int, *, shards: bool) -> str:
    """Why `count` processes cannot train this campaign together; "" where they can."""
    if config.batch.sequences < count:
        return (
            f"batch.sequences: {config.batch.sequences} cannot be dealt to {count} ranks; set it to {count} or more, or start fewer ranks"
        )
    if shards and config.device.compile:
        return "device.compile: weights that are sharded are not compiled; set it to false"
    return ""
