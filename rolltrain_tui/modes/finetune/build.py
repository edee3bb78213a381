"""From a campaign to the learner it describes."""

from pathlib import Path

from rolltrain_tui.base.allocator import tune_allocator
from rolltrain_tui.modes.finetune.config import FinetuneConfig
from rolltrain_tui.modes.finetune.folder import look
from rolltrain_tui.modes.finetune.learner import FinetuneLearner, Material
from rolltrain_tui.modes.finetune.loading import load
from rolltrain_tui.modes.finetune.tokens import read
from rolltrain_tui.training.machine.machine import pick_device


def build(config: FinetuneConfig, *, base: Path) -> FinetuneLearner:
    """The learner of a campaign; its paths are relative to the folder `base`, or lead anywhere.

    Changes two settings of the process: the number of torch threads, and how glibc keeps freed memory. Raises ValueError, in words, for
    a folder without a model, a missing package or device, and data that cannot be learned from.
    """
    device = pick_device(config.device.device)  # a missing device is reported before the model is read, which may take a while
    folder = look(base / config.sources[-1])
    loaded = load(config, folder)
    told = read(config, base, loaded.tokenizer, loaded.vocabulary, device)
    tune_allocator()
    return FinetuneLearner(config, Material.of(config, loaded, told, folder.sha256(), device))
