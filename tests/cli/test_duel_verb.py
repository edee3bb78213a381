"""`rolltrain duel`: who can be asked to the table, and what is said about those who cannot."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS, DUEL
from support.shell import Answer

from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.runs.run import Run

Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def run_of_a_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has not trained yet; its network reads up to six points in a row."""
    config = load(CAMPAIGNS / "duel_first.yaml", (*DUEL, "network={kind: layers, width: null, layers: [8], relu_first: false}"))
    return Run.begin(config, base=CAMPAIGNS, runs=tmp_path_factory.mktemp("runs"), name="host").folder


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Whom do you want to play?"),
        (("--against", ""), "--against is empty"),
        (("--against", "nobody"), "there is no run or player 'nobody'"),
        (("--against", "zeillinger", "--as", "host"), "sit down as agent, or against one of random, first, last"),
        (("--against", "first", "--as", "agent"), "sit down as host"),
        (("--against", "first", "--dimension", "1"), "needs at least 2 coordinates"),
        (("--against", "first", "--points", "0"), "points 0 is not possible; choose 1 to 64"),
        (("--against", "first", "--best-of", "4"), "an odd number of games"),
        (("--against", "first", "--start", "1,2 3"), "point (3) has 1 coordinate"),
        (("--against", "first", "--start", "1,x"), "point 1 of the start, '1,x'"),
        (("--against", "first", "--start", "1,2", "--points", "3"), "give one of them"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(call: Call, words: tuple[str, ...], told: str) -> None:
    answer = call("duel", *words, "--plain")
    assert answer.code == 2
    assert told in answer.err


def test_a_saved_network_sits_down(call: Call, run_of_a_host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By path or by name; its values are told; a game that it cannot play is refused."""
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n1\n"))
    answer = call("duel", "--against", run_of_a_host.name, "--runs", run_of_a_host.parent, "--seed", "1", "--plain")
    assert answer.code == 0, answer.err
    assert "you are the agent against the network of The First Duel, turn 0" in answer.out
    assert "As host, the network of The First Duel, turn 0 rates:" in answer.out
    for words, told in (
        (("--dimension", "4"), "was trained with 3 coordinates"),
        (("--points", "9"), "reads at most 6 points"),
        (("--as", "host"), "plays the host, so that seat is taken"),
    ):
        refused = call("duel", "--against", run_of_a_host, *words, "--plain")
        assert (refused.code, told in refused.err) == (2, True), refused.err


def test_a_run_of_another_kind_is_no_player(call: Call, tiny_config: Callable[..., object], tmp_path: Path) -> None:
    run = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path)  # type: ignore[arg-type]
    refused = call("duel", "--against", run.folder, "--plain")
    assert refused.code == 2
    assert "a run of kind supervised, which plays no duel" in refused.err
    folder = tmp_path / "empty"
    folder.mkdir()
    assert "holds no run that can be read" in call("duel", "--against", folder, "--plain").err
