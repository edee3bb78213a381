"""What does the reference of a borrowed model cost in memory?

    python tests/benchmarks/dungeon_memory.py [WIDTH] [LAYERS]         needs the extra hf

A GPT-2 from a config learns the dungeon by PPO near its reference for some turns, each time in a process of its own: without a reference,
with the reference as it is (only weights that learn are kept twice) while all weights learn or only the upper part does, and with a whole
second model. Printed are the bytes of weights and moments, and the peak of the process's memory, both also less the run without one.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
MB = 1e6
NEAR = "kl.loss={coefficient: 0.1, adaptive: false, target: 6.0, horizon: 10000}"


def make(folder: Path, width: int, layers: int) -> None:
    """A model and a tokenizer of words, as files."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    from rolltrain_tui.modes.dungeon.worlds.words import vocabulary

    words = ["<end>", "<unknown>", *vocabulary(), ".", ",", ":"]
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unknown>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unknown>", eos_token="<end>", bos_token="<end>").save_pretrained(folder)
    config = GPT2Config(vocab_size=len(words), n_positions=128, n_embd=width, n_layer=layers, n_head=max(1, width // 64))
    GPT2LMHeadModel(config).save_pretrained(folder)


def bytes_of(tensors: Iterable[Any]) -> int:
    """Of the storages behind these tensors, each counted once."""
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors if torch.is_tensor(tensor)}
    return sum(storages.values())


def train(folder: Path, case: str, layers: int) -> None:
    """One case in this process; prints its figures as JSON."""
    import copy

    from rolltrain_tui.modes import build
    from rolltrain_tui.modes.campaign_file import load
    from rolltrain_tui.modes.dungeon.learner import DungeonLearner
    from rolltrain_tui.protocol.effects import NEUTRAL

    freeze = ["transformer.wte", "transformer.wpe", *(f"transformer.h.{n}" for n in range(layers // 2))] if "upper" in case else []
    hf = json.dumps({"path": str(folder), "freeze": freeze})
    small = ("turns=20", "play={games: 4, moves: 4, every: 4, temperature: 1.0}", "batch.moves=8", "device.threads=1")
    learner = build(load(CAMPAIGNS / "dungeon_first.yaml", (*small, f"hf={hf}", *([] if "none" in case else [NEAR]))), base=CAMPAIGNS)
    assert isinstance(learner, DungeonLearner)
    more: list[Any] = []
    if "second model" in case:
        assert learner.reference is not None
        whole = copy.deepcopy(learner.player).requires_grad_(False)
        learner.reference.player = whole
        learner.reference.weights = {}
        more = [*whole.parameters()]
    for _ in range(8):
        learner.step(NEUTRAL)
    kept = [] if learner.reference is None else list(learner.reference.weights.values())
    moments = [tensor for state in learner.optimizer.state.values() for tensor in state.values()]
    told = {
        "held": bytes_of([*learner.player.parameters(), *learner.player.buffers(), *moments, *kept, *more]),
        "reference": bytes_of([*kept, *more]),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(told))


CASES = (
    "none, all learn",
    "shared, all learn",
    "second model, all learn",
    "none, upper half learns",
    "shared, upper half learns",
    "second model, upper half learns",
)


def main(width: int = 512, layers: int = 8) -> None:
    with TemporaryDirectory() as folder:
        make(Path(folder), width, layers)
        size = (Path(folder) / "model.safetensors").stat().st_size / MB
        print(f"GPT-2 of {layers} layers of {width}: {size:.0f} MB of weights; MB each")
        print(f"{'reference':>32} {'held':>8} {'of it the reference':>20} {'peak':>8} {'less none':>10}")
        before = 0.0
        for case in CASES:
            command = [sys.executable, __file__, "--case", case, folder, str(layers)]
            told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
            before = told["peak"] if "none" in case else before
            held, own, peak = (told[name] / MB for name in ("held", "reference", "peak"))
            print(f"{case:>32} {held:>8.0f} {own:>20.0f} {peak:>8.0f} {peak - before / MB:>10.0f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        train(Path(sys.argv[3]), sys.argv[2], int(sys.argv[4]))
    else:
        main(*map(int, sys.argv[1:]))
