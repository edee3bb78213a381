"""What a person can get wrong about a duel: each is a sentence that names it and says what to do."""

from importlib import import_module
from typing import Any

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL

from rolltrain_tui.base.blame import ForeignError, told
from rolltrain_tui.base.registry import PLUGINS
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.game import GameError
from rolltrain_tui.modes.duel.replay import Replay, ReplayError
from rolltrain_tui.modes.duel.rewards import REWARDS, Reward


def duel(*overrides: str) -> Any:
    return load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *overrides))


def test_games_that_are_over_before_they_begin_are_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many low points one undercuts all others. A run that can draw hardly any other start is refused, with the numbers to change."""
    monkeypatch.setattr("rolltrain_tui.modes.duel.game.HOPELESS", 500)
    with pytest.raises(GameError, match=r"64 points with 2 coordinates up to 1 are over .* fewer points \(points\), or for higher ones"):
        build(duel("game.dimension=2", "game.highest=1", "game.points=64"), base=CAMPAIGNS)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("game.dimension=1", r"dimension=1: must be a whole number from 2 to 8"),
        ("game.points=1", r"points=1: must be a whole number from 2 to 64"),
        ("game.dimension=40", r"dimension=40: must be a whole number from 2 to 8"),
        ("game.limit=0", r"limit=0: must be a whole number from 2"),
        ("table.opponents=[]", r"names nobody .*; name at least one player"),
        ("table.judges=[]", r"names nobody .*; name at least one player"),
        ("table.opponents=[random, ghost]", r"is no opponent of a host .*; name an agent: random"),
        ("table.judges=['saved:there']", r"is no opponent of a host"),
        ("table.opponents=['saved: ']", r"is no opponent of a host"),
        ("table.opponents=[zeillinger]", r"is no opponent of a host .*; name an agent: random or first or last"),
        ("table.hero=agent", r"is no opponent of an agent .*; name a host"),
        ("table.judges=[rival]", r"is no opponent of a host"),
        ("table.opponents=[random, rival]", r"names rival .*; describe a rival"),
        ("table.buffer=4", r"must be more than games, which is 8"),
        ("batch.transitions=65", r"is more than table.buffer, which keeps 64 .*; make the buffer larger"),
        ("table.initial=65", r"is more than buffer, which keeps 64"),
        ("learning.gamma=1.5", r"must be a number from 0 to 1"),
        ("learning.target_every=0", r"must be a whole number of at least 1"),
        ("network.width=null", r"a network of kind moves needs it .*; write a number such as 64"),
        ("network.layers=[64]", r"a network of kind moves has no list of layers"),
        ("network.kind=layers", r"a network of kind layers"),
        ("exploration={mode: exponential, rate: 2.0, final: 0.1, initial: 0.5}", r"grow without end"),
        ("exploration.initial=2.0", r"must be a number from 0 to 1"),
        (
            "rival={learning_rate: 1e-3, opponents: [random, first], copy_every: 3, copies: 2}",
            r"is no opponent of the rival .*; name a host",
        ),
        ("device.compile=true", r"write false"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_words(setting: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        duel(setting)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("network={kind: layers, width: null, layers: [64, x], relu_first: false}", "a layer must be a width such as 64"),
        ("network={kind: layers, width: null, layers: [64, 0], relu_first: false}", "a layer must be a width such as 64"),
        ("network={kind: layers, width: null, layers: [8, r9], relu_first: false}", "write r8"),
        ("network={kind: layers, width: null, layers: [{repeat: 2}], relu_first: false}", "repeated part"),
        ("network={kind: layers, width: null, layers: [{repeat: 9999, net_arch: [8]}], relu_first: false}", "more than 256"),
        ("learning.reward=gold", "no reward is called 'gold'; there are ending, stall"),
    ],
)
def test_a_network_or_a_reward_that_is_none_is_refused_in_words(setting: str, words: str) -> None:
    """What a file alone cannot tell is told before the first turn."""
    with pytest.raises(ValueError, match=words):
        build(duel(setting), base=CAMPAIGNS)


def nothing(role: str, before: torch.Tensor, after: torch.Tensor, over: torch.Tensor) -> torch.Tensor:
    return torch.full((len(over),), torch.nan)


def too_few(role: str, before: torch.Tensor, after: torch.Tensor, over: torch.Tensor) -> torch.Tensor:
    return torch.zeros(1)


def a_word(role: str, before: torch.Tensor, after: torch.Tensor, over: torch.Tensor) -> str:
    return "much"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (nothing, "reward 'gold': its rule gave a value that is not a finite number"),
        (too_few, "reward 'gold': its rule gave (1,) for 8 games, not one number for each"),
        (a_word, "reward 'gold': its rule gave a str, not one number for each game"),
    ],
)
def test_a_reward_of_another_package_that_is_none_is_named(rule: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first turn, with the package's name for it; nothing is trained on a value that is no number."""
    monkeypatch.setattr(REWARDS, "_from_plugins", {"gold": Reward(name="gold", rule=rule)})
    monkeypatch.setitem(PLUGINS.packages, "gold", "rolltrain-gold 1.0")
    with pytest.raises(ForeignError) as caught:
        build(duel("learning.reward=gold"), base=CAMPAIGNS)
    assert told(caught.value) == f"Plug-in rolltrain-gold 1.0, {words}"


def test_a_reward_of_another_package_is_what_is_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of one's own: a point for each point that fell."""

    def falls(role: str, before: torch.Tensor, after: torch.Tensor, over: torch.Tensor) -> torch.Tensor:
        return (before[:, :, 0] >= 0).sum(dim=1) - (after[:, :, 0] >= 0).sum(dim=1)

    monkeypatch.setattr(REWARDS, "_from_plugins", {"falls": Reward(name="falls", rule=falls)})
    learner: Any = build(duel("learning.reward=falls"), base=CAMPAIGNS)
    rows = learner.side.replay.first(16)
    counts = [(rows[name][:, :, 0] >= 0).sum(dim=1) for name in ("before", "after")]
    assert rows["reward"].tolist() == (counts[0] - counts[1]).tolist()


def test_more_than_the_buffer_holds_is_refused() -> None:
    ring = Replay(4, {"id": ((), torch.float32)})
    with pytest.raises(ReplayError, match="holds 4; make it larger"):
        ring.add({"id": torch.zeros(4)})


def test_the_mode_names_what_it_cannot_do() -> None:
    """Its first lines say it."""
    assert "Not possible" in str(import_module("rolltrain_tui.modes.duel").__doc__)
