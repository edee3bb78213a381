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
    "speech={every: 6, characters: 4, temperature: 1.0, top_k: null}",
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
    "game={dimension: 3, points: 6, highest: 9, polytope: pareto, limit: 6}",
    "table.games=8",
    "table.every=3",
    "table.judges=[random, first]",
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
    "learning.double=false",  # the network of the turn has running statistics, which a step that is skipped moves as well
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
WRITING = ("writing={form: open, words: 4, memory: 1, examples: 0.5, example_coef: 1.0}",)
"""With DUNGEON: the player writes its commands."""
BY = {
    "reinforce": "reinforce={gamma_step: 0.97, whiten: all, vf_coef: 0.5, ent_coef: 0.02}",
    "grpo": "grpo={num_generations: 2, beta: 0.01, epsilon: 0.2, epsilon_high: 0.28, delta: 2.0, loss_type: dapo, scale_rewards: group, "
    "importance_sampling_level: token, entropy_coef: 0.02}",
    "rejection": "rejection={gamma_step: 0.9, keep_number: null, keep_fraction: 0.5, ent_coef: 0.02}",
    "decision": "decision={target: 2.0, gamma_step: 1.0, ent_coef: 0.0}",
    "actde": "actde={gamma: 1.0, gamma_step: 0.97, lam: 1.0, lam_step: 0.9, value_level: token, whiten: all, cliprange: 0.2, "
    "cliprange_value: null, vf_coef: 0.5, ent_coef: 0.02, importance: token, q_heads: 2, q_coef: 1.0, vf_loss_type: ilql, tau: 0.7}",
}
"""With DUNGEON: another algorithm, by the name of its section."""


def by(algorithm: str) -> tuple[str, ...]:
    """The overrides that choose another algorithm than PPO."""
    return ("ppo=null", BY[algorithm])
