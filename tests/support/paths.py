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
DUEL = (
    "turns=12",
    "game={dimension: 3, points: 6, highest: 9, polytope: pareto, limit: 12}",
    "table.games=8",
    "table.every=3",
    "table.initial=16",
    "table.buffer=64",
    "network.width=8",
    "learning.target_every=3",
    "batch.transitions=8",
    "encounters.chance=0.3",
    "camps.every=5",
    "evaluation={every: 4, sequences: 9, final_sequences: 18}",
    "twin={mode: off, turns: 3, sequences: 9}",
    "speech.every=6",
    "save={autosave_every: 3, keep: 3}",
)
RIVALS = (
    "table.hero=agent",
    "table.opponents=[zeillinger, rival, older]",
    "table.judges=[random, zeillinger]",
    "rival={learning_rate: 1e-3, opponents: [first, rival, older], copy_every: 3, copies: 2}",
    "network={kind: layers, width: null, layers: [8, b, r8], relu_first: false}",
)
"""With DUEL: an agent that learns beside a host, with older selves and batch norms."""
OLDER_SELVES = (
    "table.opponents=[first, rival, older]",
    "rival={learning_rate: 1e-3, opponents: [random, older], copy_every: 3, copies: 2}",
)
"""With DUEL: a host whose pool has the agent that learns beside it, as it is and as it was."""
DUNGEON = (
    "turns=12",
    "world.rooms=2",
    "world.count=20",
    "world.limit=8",
    "model.n_head=2",
    "model.n_embd=8",
    "play={games: 4, moves: 6, every: 3, temperature: 1.0}",
    "batch.moves=8",
    "encounters.chance=0.3",
    "camps.every=5",
    "evaluation={every: 4, sequences: 9, final_sequences: 18}",
    "twin={mode: off, turns: 3, sequences: 9}",
    "speech.every=6",
    "save={autosave_every: 3, keep: 3}",
)
HELD = (
    "kl.loss={coefficient: 0.1, adaptive: true, target: 0.1, horizon: 100}",
    "kl.reward={coefficient: 0.1, adaptive: true, target: 0.1, horizon: 100}",
    "ppo.whiten=batch",
    "ppo.cliprange_value=0.2",
    "ppo.value_level=actionAvg",
    "model.dropout=0.1",
)
"""With DUNGEON: both coefficients of the distance adapt."""
