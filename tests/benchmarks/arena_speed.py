"""What a field costs: K agents as one computation, against K lone ones after each other, and against scalar Python.

    python tests/benchmarks/arena_speed.py [rounds]

All contestants take turns in one run, so that a busy machine is busy for all of them; figures are medians of ratios within a round.
"alone" is the arena's own trainer with one agent; "torch" the house's GPT with torch's fused AdamW. Both have the same shape and batch.
The scalar GPT trains on one sequence a step, and so do the agents it is compared with.
"""

import json
import os
import statistics
import sys
from collections.abc import Callable
from time import perf_counter

os.environ.setdefault("GOMP_SPINCOUNT", "50000")  # as the game has it; read when torch is loaded

import torch
from scalar_gpt import ScalarGPT

from rolltrain_tui.arena.agents.agents import Recipe, Shape
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.training.model_batch import ModelBatch
from rolltrain_tui.arena.training.trainer import Trainer, TrainJob
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig
from rolltrain_tui.training.machine.machine import available_cores

SHAPE = Shape(n_embd=16, n_layer=1, n_head=4, context=16)
MICRO = Shape(n_embd=16, n_layer=1, n_head=4, context=16, style="microgpt")


def field(size: int, shape: Shape, batch: int) -> Callable[[], None]:
    corpus = corpus_of("names", shape.context)
    fresh = ModelBatch.fresh(shape, len(corpus.vocabulary), range(size))
    return Trainer(fresh, corpus, [TrainJob(Recipe(batch=batch), seed, 1000) for seed in range(size)]).take_step


def torch_alone(batch: int) -> Callable[[], None]:
    corpus = corpus_of("names", SHAPE.context)
    config = GPTConfig(vocab_size=len(corpus.vocabulary), n_layer=1, n_head=4, n_embd=16, context=16)
    model = GPT(config, torch.Generator().manual_seed(0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    stream, span = torch.Generator().manual_seed(0), torch.arange(17)

    def step() -> None:
        window = corpus.train[torch.randint(len(corpus.train) - 17, (batch, 1), generator=stream) + span]
        loss = model.loss(window[:, :-1], window[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def seconds(step: Callable[[], object], times: int) -> float:
    """Of one call, on average."""
    started = perf_counter()
    for _ in range(times):
        step()
    return (perf_counter() - started) / times


def measure(rounds: int = 30) -> dict[str, float]:
    """Ratios of time, by name, and seconds of a step where the name says so."""
    corpus = corpus_of("names", 16)
    tokens = corpus.train[:17].tolist()
    scalar = ScalarGPT(len(corpus.vocabulary))
    contestants = {
        "alone": field(1, SHAPE, 8),
        "torch": torch_alone(8),
        "K=8": field(8, SHAPE, 8),
        "K=32": field(32, SHAPE, 8),
        "scalar field": field(32, MICRO, 1),
    }
    for step in contestants.values():
        seconds(step, 10)  # a field tries how many threads serve it best
    taken: dict[str, list[float]] = {name: [] for name in [*contestants, "scalar"]}
    for round_ in range(rounds):
        for name, step in contestants.items():
            torch.set_num_threads(1)
            taken[name].append(seconds(step, 10))
        taken["scalar"].append(seconds(lambda: scalar.step(tokens), 1) if round_ < max(2, rounds // 6) else taken["scalar"][-1])

    def ratio(above: str, below: str, times: int) -> float:
        return statistics.median(times * a / b for a, b in zip(taken[above], taken[below], strict=True))

    return {
        "cores": float(available_cores()),
        "K=8 over 8 alone": ratio("alone", "K=8", 8),
        "K=32 over 32 alone": ratio("alone", "K=32", 32),
        "K=8 over 8 of torch": ratio("torch", "K=8", 8),
        "K=32 over 32 of torch": ratio("torch", "K=32", 32),
        "K x steps/s over scalar Python, K=32": ratio("scalar", "scalar field", 32),
        "ms a step of K=32": 1e3 * statistics.median(taken["K=32"]),
        "ms a step of one alone": 1e3 * statistics.median(taken["alone"]),
        "ms a step of scalar Python": 1e3 * statistics.median(taken["scalar"]),
    }


if __name__ == "__main__":
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
    print(json.dumps({name: round(value, 2) for name, value in found.items()}, indent=2))
