"""An option that would be ignored beside another is refused in a sentence that names it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.shell import Answer

TERMS = "--steps 9", "--gflop 1", "--seeds 2", "--seed 3", "--samples 4", "--temperature 2", "--start trained", "--data names"
CUP = "--kind swiss", "--rounds 1", "--name x"
IDLE = {
    "compare --merge .": ("--classes rogue", "--rulebooks off", "--policies none", "--seeds 9", "--probes", "--steps 5", "--set seed=1",
                          "--workers 2"),
    "bench optimizers": ("--set seed=1", "--blocks 5", "--turns 9", "--profile"),
    "plot . --what dice": ("--rolled",),
    "plot . --what k": ("--rolled",),
    "export . --tensorboard x": ("--out y",),
    "evolve tutorial --method random,grid": ("--cut 0.5",),
    "class lesson tutorial --play 1": ("--json",),
    "duel tournament --resume x": ("--games 9", "--rounds 3", "--seed 4", "--dimension 4", "--points 5", "--name y"),
    "arena tournament --resume x": (*TERMS, *CUP),
    "dungeon --textworld cooking": ("--locks 0", "--rooms 3", "--sparse"),
    "train tutorial --json": ("--every 10",),
    "serve tutorial --headless": ("--vote", "--vote-at key", "--vote-at encounter"),
    "compare tutorial --steps 9 --ray there:1": ("--workers 2",),
}  # fmt: skip


WORK = (
    "rolltrain_tui.runs.run",
    "rolltrain_tui.serve.start",
    "rolltrain_tui.integrations.optimizer_table",
    "rolltrain_tui.experiment.evolution.table",
    "rolltrain_tui.cli.play",
)
"""What the verbs load to do what was asked for."""


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb that does not refuse fails at once: else it would train for minutes, or serve for ever."""
    for module in WORK:
        monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.parametrize(("words", "option"), [(words, option) for words, options in IDLE.items() for option in options])
def test_an_option_that_would_be_ignored_is_refused(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, option: str
) -> None:
    """Whatever else is wrong: the option is named, and nothing is read or written."""
    monkeypatch.chdir(tmp_path)
    answer = call(*words.split(), *option.split())
    assert (answer.code, answer.out) == (2, "")
    assert option.split()[0] in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["replay", "watch"])
def test_on_a_screen_every_turn_is_shown(call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str) -> None:
    """--every thins out sentences alone."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    answer = call(verb, tmp_path, "--every", "10")
    assert answer.code == 2
    assert "--every: it belongs to --plain" in answer.err


def test_options_before_a_verb_of_the_duel_are_refused(call: Callable[..., Answer]) -> None:
    """They belong to a game at the table; the verb has its own."""
    answer = call("duel", "--seed", "3", "tournament")
    assert answer.code == 2
    assert "The word tournament leaves nothing to say to --seed" in answer.err
