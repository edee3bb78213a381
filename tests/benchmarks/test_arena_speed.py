"""The yardstick measures what it says: the scalar GPT and the arena's field compute the same thing, and the benchmark runs."""

import pytest
import torch
from arena_battles import battles
from arena_speed import MICRO, measure
from scalar_gpt import ScalarGPT

from rolltrain_tui.arena.agents.agents import Recipe
from rolltrain_tui.arena.training.model_batch import ModelBatch

pytestmark = pytest.mark.slow


def test_the_scalar_gpt_is_the_fields_microgpt() -> None:
    """With the same weights both have the same loss, before and after a step of Adam."""
    from rolltrain_tui.arena.agents.corpora import corpus_of
    from rolltrain_tui.arena.training.trainer import Trainer, TrainJob

    corpus = corpus_of("names", 16)
    V = len(corpus.vocabulary)
    field, scalar = ModelBatch.fresh(MICRO, V, [4]), ScalarGPT(V)
    names = {"wte": "wte", "wpe": "wpe", "head": "head", "qkv0": "blocks.0.attn.qkv", "proj0": "blocks.0.attn.proj"}
    names |= {"fc0": "blocks.0.mlp.fc", "out0": "blocks.0.mlp.proj"}
    for ours, theirs in names.items():
        for row, numbers in zip(scalar.weights[ours], field.parameters[f"{theirs}.weight"][0].tolist(), strict=True):
            for value, number in zip(row, numbers, strict=True):
                value.data = number
    recipe = Recipe(batch=1, warmup=0, clip=0.0, decay="constant")
    trainer = Trainer(field, corpus, [TrainJob(recipe, 0, 10)])
    for step in range(2):
        tokens = trainer.sampler.windows(step)[0, 0].tolist()
        trainer.take_step()
        assert scalar.step(tokens) == pytest.approx(trainer.losses[-1].item(), rel=1e-4)


def test_the_benchmarks_run() -> None:
    """Every ratio is there and positive; a clearly better recipe does not lose."""
    threads = torch.get_num_threads()
    assert all(value > 0 for value in measure(1).values())
    torch.set_num_threads(threads)
    won, _, lost = battles(2, Recipe(), Recipe(learning_rate=1e-4), steps=30)
    assert (2, 0) == (won, lost)
