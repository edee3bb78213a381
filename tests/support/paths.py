"""Where things are, and a campaign small enough for tests."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
CAMPAIGNS = ROOT / "campaigns"
TINY = (
    "turns=12",
    "data.corpus=names",
    "model.n_layer=1",
    "model.n_head=2",
    "model.n_embd=16",
    "model.context=8",
    "batch.sequences=4",
    "schedule.warmup_turns=2",
    "encounters.chance=0.3",
    "camps.every=5",
    "diagnosis.scouts=off",
    "evaluation={every: 4, sequences: 8, final_sequences: 16}",
    "twin={mode: off, turns: 3, sequences: 8}",
    "speech={every: 6, characters: 12, temperature: 1.0, top_k: null}",
    "save={autosave_every: 3, keep: 3}",
    "pace.turns_per_second=null",
    "device.threads=1",
)
MODE_EXAMPLE = TESTS / "mode_example"
CURVE = (
    "turns=12",
    "data.points=64",
    "model.width=8",
    "batch.points=8",
    "schedule.warmup_turns=2",
    "encounters.chance=0.3",
    "camps.every=5",
    "evaluation={every: 4, sequences: 8, final_sequences: 16}",
    "twin={mode: off, turns: 3, sequences: 8}",
    "speech.every=6",
    "save={autosave_every: 3, keep: 3}",
    "pace.turns_per_second=null",
)
