"""Does the campaign's training learn what a plain PyTorch loop learns? Validation loss of both after as many turns.

    python tests/benchmarks/turn_learning.py [SEED [TURNS]]         two minutes for 2000 turns on two quiet cores

Both have the tiny GPT's sizes, text, rates and schedule, and are measured on the same windows of the validation text. Their first
weights and their batches differ, so one seed shows little: compare the means of three.
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from rolltrain_tui.bench.bare import GPT
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import find, load
from rolltrain_tui.modes.text.config import TextConfig
from rolltrain_tui.modes.text.learner import TextLearner, probe_offsets
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.training.optimizers.schedules import learning_rate

WINDOWS = 1024


def windows(text: Tensor, places: Tensor, context: int) -> tuple[Tensor, Tensor]:
    """(n,) places -> what is read, and the same one token on: each (n, context)."""
    found = text[places[:, None] + torch.arange(context + 1)].long()
    return found[:, :-1].contiguous(), found[:, 1:].contiguous()


def plain(config: TextConfig, train: Tensor, val: Tensor, vocabulary: int, turns: int) -> float:
    """nanoGPT's loop: the validation loss after `turns`."""
    torch.manual_seed(config.seed)
    sizes, context = config.model, config.model.context
    model = GPT(vocabulary, sizes.n_layer, sizes.n_head, sizes.n_embd, context, sizes.bias)
    optimizer = torch.optim.AdamW(model.parameters(), betas=(config.optimizer.beta1, config.optimizer.beta2), weight_decay=0.1)
    for turn in range(turns):
        optimizer.param_groups[0]["lr"] = learning_rate(turn, config.turns, config.optimizer.learning_rate, config.schedule)
        loss = model(*windows(train, torch.randint(len(train) - context, (config.batch.sequences,)), context))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        chunks = torch.tensor(probe_offsets(WINDOWS, len(val) - context)).split(32)
        return sum(model(*windows(val, chunk, context)).item() * len(chunk) for chunk in chunks) / WINDOWS


def main(seed: int, turns: int) -> None:
    path: Path = find("tiny_gpt")
    for dtype in ("float32", "auto"):
        config = load(path, (f"seed={seed}", f"turns={turns}", f"device.dtype={dtype}"))
        learner = build(config, base=path.parent)
        assert isinstance(config, TextConfig)
        assert isinstance(learner, TextLearner)
        if dtype == "auto" and learner.info().dtype == "float32":
            print(f"seed {seed}: auto is float32 here")
            return
        if dtype == "float32":
            corpus = learner.corpus
            print(f"seed {seed}: plain loop {plain(config, corpus.train, corpus.val, len(corpus.vocabulary), turns):.4f}", flush=True)
        for _ in range(turns):
            learner.step(NEUTRAL)
        found = learner.evaluate(WINDOWS)
        print(f"seed {seed}: campaign in {dtype} {found.value:.4f} ± {found.standard_error:.4f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
