"""What a person can get wrong about a dungeon: each is a sentence that names it and says what to do."""

from importlib import import_module

import pytest
from support.paths import BY, CAMPAIGNS, DUNGEON

from rolltrain_tui.modes.campaign_file import load


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("world.rooms=0", r"rooms=0: must be a whole number from 1 to 16"),
        ("world.rooms=17", r"rooms=17: must be a whole number from 1 to 16"),
        ("world.quest=dragon", r"must be 'coin' or 'cook'|must be one of coin"),
        ("world.theme=forest", r"must be"),
        ("world.locks=-1", r"from 0 to 6"),
        ("world.limit=1", r"must be a whole number from 2"),
        ("world.count=0", r"must be a whole number from 1"),
        ("world.marks=maybe", r"must be"),
        ("rewards.win=.nan", r"must be"),
        ("rewards.letters=e3", r"letters=e3"),
        ("rewards.game=1000", r"must be a number from -100 to 100"),
        ("model.n_embd=9", r"must be a multiple of n_head, which is 2 .*; 8 or 10 would do"),
        ("model.context=4", r"must be a whole number from 8"),
        ("model.score=median", r"must be"),
        ("model.value_layers=3", r"must be"),
        ("play.temperature=0", r"must be"),
        ("play.every=0", r"must be a whole number from 1"),
        ("ppo.gamma_step=1.01", r"must be a number from 0 to 1"),
        ("ppo.whiten=some", r"must be"),
        ("ppo.cliprange=0", r"must be"),
        ("ppo.value_level=word", r"must be"),
        ("ppo.importance=game", r"must be"),
        ("kl.loss={coefficient: 0.0, adaptive: true, target: 6.0, horizon: 100}", r"stays 0; begin with|it stays 0.*begin with"),
        ("kl.reward.target=0", r"must be"),
        ("ppo=null", r"are null, and a campaign learns by one algorithm .*; fill one"),
        ("rejection={gamma_step: 0.9, keep_number: 4, keep_fraction: null, ent_coef: 0.0}", r"ppo and rejection are filled"),
        ("rejection={gamma_step: 0.9, keep_number: 4, keep_fraction: 0.5, ent_coef: 0.0}", r"stands beside keep_number .*; fill one"),
        ("rejection={gamma_step: 0.9, keep_number: null, keep_fraction: null, ent_coef: 0.0}", r"is null, and so is keep_number"),
        (BY["grpo"].replace("num_generations: 2", "num_generations: 3"), r"does not divide play.games, which is 4"),
        ("exam.measure=fun", r"must be"),
        ("textworld={game: coin_collector, level: null}", r"is missing: games of coin_collector have levels .*; write a whole number"),
        ("textworld={game: cooking, level: 3}", r"belongs to no game of cooking .*; write null"),
        ("textworld={game: treasure_hunter, level: 31}", r"more than treasure_hunter has .*; write a whole number from 1 to 30"),
        ("textworld={game: chess, level: 3}", r"must be"),
        ("record={best_game: true, trajectories: 0}", r"must be"),
        ("batch.moves=25", r"is more than is played: play.games x play.moves is 24 .*; play more"),
        ("schedule.warmup_turns=12", r"must be less than turns, which is 12 .*; shorten"),
        ("device.compile=true", r"write false"),
        ("ppo.lambda=0.9", r"lambda.*did you mean 'lam'|unknown"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words(setting: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, setting))


def test_the_mode_names_what_it_cannot_do() -> None:
    """Its first lines say it."""
    assert "Not possible" in str(import_module("rolltrain_tui.modes.dungeon").__doc__)
