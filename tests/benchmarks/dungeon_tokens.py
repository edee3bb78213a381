"""How fast does the dungeon's player write and learn?

    python tests/benchmarks/dungeon_tokens.py [SECONDS]         CPU seconds for each comparison; needs the extra hf

On one thread, all in one run, the compared in turns: what else the machine does falls on both. Times are CPU time.

1. Words a second in rows of eight, beside `generate` of transformers with its cache, on GPT-2's of the same shape. Ours also notes the
   probability, entropy and value of every word, as learning needs them.
2. Samples a second of PPO, played and learned from once: the campaign's turns with the game on (dice, hero, monsters), beside the published
   loop, restated in `dungeon_original.py`: in batches, as it is described, and one sample at a time.
3. Steps a second of the built-in worlds.
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from dungeon_original import Original
from dungeon_speed import random_games
from timing import interleaved

from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.stops import StopRule
from rolltrain_tui.modes.dungeon.player.value_head import ValueHead
from rolltrain_tui.modes.dungeon.player.writer import Writer
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
ROWS, PROMPT, WORDS, VOCABULARY = 8, 8, 48, 96
SHAPES = {"1 layer of 32": (1, 2, 32), "2 layers of 64": (2, 4, 64), "4 layers of 128": (4, 4, 128)}
"""Layers, heads and width; the first is the campaign's."""
SAMPLES = 128


def borrowed(layers: int, heads: int, width: int, vocabulary: int, context: int) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=vocabulary, n_positions=context, n_embd=width, n_layer=layers, n_head=heads, resid_pdrop=0.0, embd_pdrop=0.0,
        attn_pdrop=0.0, bos_token_id=0, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    return GPT2LMHeadModel(config)


def writing(seconds: float) -> None:
    print(f"words a second, {ROWS} rows, {PROMPT} words read and {WORDS} written\n{'':>18}    ours/s  generate/s   ratio")
    for name, (layers, heads, width) in SHAPES.items():
        config = GPTConfig(vocab_size=VOCABULARY, n_layer=layers, n_head=heads, n_embd=width, context=64)
        endless = StopRule(["word"] * VOCABULARY, ends=())
        player = Writer(GPT(config, torch.Generator().manual_seed(0)), ValueHead(width, 1), endless, WORDS).eval()
        model = borrowed(layers, heads, width, VOCABULARY, 64).eval()
        text = torch.randint(VOCABULARY, (ROWS, PROMPT))
        nothing = torch.zeros(ROWS, 1, 1, dtype=torch.long)
        offers = Offers(text, torch.full((ROWS,), PROMPT), nothing, nothing[:, 0])
        chance = torch.rand(ROWS, WORDS, dtype=torch.float64)
        with torch.no_grad():
            ours, theirs = interleaved(
                seconds,
                partial(player.act, offers, chance),
                partial(
                    model.generate, text, attention_mask=torch.ones_like(text), max_new_tokens=WORDS, min_new_tokens=WORDS, do_sample=True,
                    top_k=0, use_cache=True,
                ),
            )  # fmt: skip
        print(f"{name:>18} {ROWS * WORDS / ours:>9.0f} {ROWS * WORDS / theirs:>11.0f} {theirs / ours:>7.1f}", flush=True)


def campaign(layers: int, heads: int, width: int) -> tuple[DungeonLearner, Iterator[object]]:
    """Dice, hero and monsters on; evaluations, twins and saves are put off, since the published loop has none."""
    settings = (
        "turns=1000000", "device.threads=1", f"model.n_layer={layers}", f"model.n_head={heads}", f"model.n_embd={width}",
        f"play={{games: 16, moves: {SAMPLES // 16}, every: 1, temperature: 1.0}}", f"batch.moves={SAMPLES}", "ppo.lam=0.95",
        "ppo.cliprange_value=0.2", "kl.loss={coefficient: 0.1, adaptive: false, target: 6.0, horizon: 10000}",
        "writing={form: open, words: 6, memory: 0, examples: 0.0, example_coef: 0.0}", "evaluation.every=1000000", "twin.mode=off",
        "camps={every: 1000000, short_rest_every: 1000000}", "speech.every=0", "gate.mode=off", "acts=[]",
    )  # fmt: skip
    config = load(CAMPAIGNS / "dungeon_first.yaml", settings)
    learner = build(config, base=CAMPAIGNS)
    assert isinstance(learner, DungeonLearner)
    return learner, iter(Campaign(config, learner).play(Inbox()))


def turn(events: Iterator[object]) -> None:
    """One turn of the game, up to its step."""
    for event in events:
        if isinstance(event, StepTaken):
            return


def learning(seconds: float) -> None:
    print(f"\nPPO on written commands, {SAMPLES} samples a step, each learned from once")
    print(f"{'':>18}  samples/s, ours   in batches  ratio   one by one  ratio")
    for name, (layers, heads, width) in SHAPES.items():
        learner, events = campaign(layers, heads, width)
        size = (layers, heads, width, len(learner.reading.vocabulary), learner.config.model.context)
        batched, single = Original(borrowed(*size), learner, 16, 8), Original(borrowed(*size), learner, 1, 1)
        few = SAMPLES // 8
        ours, theirs, slow = interleaved(seconds, partial(turn, events), partial(batched.turn, SAMPLES), partial(single.turn, few))
        own, many, one = SAMPLES / ours, SAMPLES / theirs, few / slow
        print(f"{name:>18} {own:>16.0f} {many:>12.0f} {own / many:>6.1f} {one:>12.0f} {own / one:>6.1f}", flush=True)


def main(seconds: float = 4.0) -> None:
    from transformers.utils import logging

    logging.set_verbosity_error()
    torch.set_num_threads(1)
    writing(seconds)
    learning(2 * seconds)
    worlds = [BuiltIn(WorldSettings(rooms=4, quest="coin"))(seed) for seed in range(500)]
    speed, _ = random_games(worlds, Random(0))
    print(f"\nbuilt-in worlds, 4 rooms: {speed:,.0f} steps/s with texts and commands")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
