"""The arena by its verbs and by its shell."""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rolltrain_tui.base.jobs import Died

if TYPE_CHECKING:
    from support.shell import Answer

Call = Callable[..., "Answer"]


@pytest.fixture
def two(call: Call) -> Call:
    for name, rate in (("Tiny", "0.01"), ("Wild", "10")):
        words = ["create", name, 8, 1, 2, "--context", 8, "--set", "batch=2", "--set", "warmup=2", "--set", f"learning_rate={rate}"]
        assert 0 == call("arena", *words).code
    return call


def test_without_a_terminal(call: Call) -> None:
    """The hall needs a terminal; without one the answer names the verbs."""
    answer = call("arena")
    assert (2, True) == (answer.code, "rolltrain arena --help" in answer.err)


@pytest.mark.parametrize("board", ["leaderboard", "ratings"])
def test_a_board_of_no_battle_says_so(board: str, call: Call) -> None:
    """The boards of an arena in which nobody fought say what fills them."""
    answer = call("arena", board)
    assert (0, "", True) == (answer.code, answer.out, "No battle has been fought yet" in answer.err)


def test_a_verb_of_the_current_agent_tells_how_to_name_another(two: Call) -> None:
    """`arena train Wild 10` is what one types first."""
    for words in (("train", "Wild", 10), ("generate", "Wild"), ("diagnose", "Wild")):
        answer = two("arena", *words)
        assert (2, True) == (answer.code, "--agent Wild" in answer.err)
    answer = two("arena", "train", "Wilder", 10)
    assert (2, False, True) == (answer.code, "--agent" in answer.err, "'Wilder' is not a valid integer." in answer.err)


def test_create_list_switch(call: Call) -> None:
    """The cost is shown at creation; the first agent is the current one until another is chosen; programs may read all of it."""
    made = call("arena", "create", "Tiny", 8, 1, 2)
    assert (0, True) == (made.code, "1,360 weights" in made.out and "1.12 MFLOP a step" in made.out)
    assert 16 == json.loads(call("arena", "create", "Micro", "--preset", "microgpt", "--json").out)["shape"]["n_embd"]
    assert "▸ Tiny" in call("arena", "list").out
    assert 0 == call("arena", "switch_agent", "Micro").code
    rows = json.loads(call("arena", "list", "--json").out)
    assert [("Micro", True), ("Tiny", False)] == [(row["name"], row["current"]) for row in rows]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["create", "Bad", "9", "1", "2"], "nearest width that can is 8"),
        (["create", "Bad", "8", "0", "2"], "layers: 0"),
        (["create", "Bad", "4096", "64", "2"], "weights are too many"),
        (["create", "a/b", "8", "1", "2"], "cannot be the name"),
        (["create", "Bad", "8"], "Give WIDTH, LAYERS and HEADS"),
        (["create", "tiny", "8", "1", "2"], "an agent Tiny already"),
        (["create", "Bad", "8", "1", "2", "--data", "/nowhere"], "does not exist"),
        (["switch", "Tine"], "did you mean Tiny"),
        (["switch", "200steps"], "there are Tiny"),
        (["load", "/dev/null"], "not a plain file"),
        (["battle", "Tiny", "Tiny"], "cannot battle itself"),
        (["battle", "Tiny"], "two agents or more"),
        (["config", "lerning_rate", "1"], "did you mean learning_rate"),
        (["tournament", "--resume", "Nope"], "no tournament Nope"),
        (["verify", "5"], "no match #5"),
        (["train", "0"], "STEPS"),
        (["conquer"], "No such command"),
    ],
)
def test_mistakes(two: Call, words: list[str], says: str) -> None:
    """Each is answered with a sentence and exit code 2."""
    answer = two("arena", *words)
    assert (2, True) == (answer.code, says in answer.err), answer.err


def test_a_tournament_with_a_lost_match_has_failed(two: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has interrupted it: the code is 1, and the sentence says what is missing and how to go on."""
    monkeypatch.setattr("rolltrain_tui.cli.arena.battles.executor", lambda *_: nullcontext(_losing))
    answer = two("arena", "tournament", "Tiny", "Wild", "--name", "Cup", "--workers", 1)
    assert answer.code == 1
    assert "Tiny against Wild: lost. its worker was killed 2 times" in answer.err
    assert "1 match was lost. Go on with what is missing: rolltrain arena tournament --resume Cup" in answer.err


def _losing(work: Any, jobs: Any, stopped: Any) -> Iterator[tuple[Any, Died]]:
    yield from ((job, Died("its worker was killed 2 times")) for job in jobs)


def test_from_training_to_champion(two: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train, generate, visualize, configure, diagnose, save, load: each says what it did, and as JSON."""
    trained = json.loads(two("arena", "train", 30, "--json").out)
    assert (30, False) == (trained["step"], trained["stopped"])
    assert trained["gflop"] > 0
    found = json.loads(two("arena", "generate", 6, "--temperature", 0.8, "--top-k", 10, "--json").out)
    assert 6 == len(found["lines"])
    assert found["novel"] + found["verbatim"] == found["distinct"]
    assert found == json.loads(two("arena", "generate", 6, "--temperature", 0.8, "--top-k", 10, "--json").out)
    written = two("arena", "generate", 2)
    assert "writes 2 lines; the score follows." in written.err
    assert "score" in written.out
    assert 30 == len(json.loads(two("arena", "visualize", "gradients", "--json").out)["values"])
    assert "loss (nats per character)" in two("arena", "visualize").out
    assert "from step 31 on" in two("arena", "config", "learning_rate", "0.003").out
    assert "learning_rate: -1 is not possible" in two("arena", "config", "learning_rate", "-1").err  # no option, but a number
    assert 0.003 == json.loads(two("arena", "config", "--json").out)["learning_rate"]
    assert two("arena", "diagnose").out.startswith("Tiny, step 30")
    assert 0 == two("arena", "save", tmp_path / "t.safetensors").code
    assert "--force" in two("arena", "save", tmp_path / "t.safetensors").err
    assert "30 steps trained" in two("arena", "load", tmp_path / "t.safetensors", "--as", "Tim").out
    assert 0 == two("arena", "rename", "Tim", "Tom").code
    assert 0 == two("arena", "copy", "Tom", "Tam").code
    monkeypatch.setattr("sys.stdin", io.StringIO())
    asked = two("arena", "delete", "Tam")
    assert (asked.code, "nobody answered, and nothing was removed; --yes" in asked.err) == (2, True)
    assert (2, True) == ((nobody := two("arena", "delete", "Tan")).code, "did you mean Tam?" in nobody.err)
    assert 0 == two("arena", "delete", "Tam", "--yes").code
    assert ["Tiny", "Tom", "Wild"] == [row["name"] for row in json.loads(two("arena", "list", "--json").out)]


def test_battle_boards_verify(two: Call) -> None:
    """A battle is told and recorded; the boards, the ratings and verify read it; a cheated ledger fails with exit code 1."""
    fought = json.loads(two("arena", "battle", "Tiny", "Wild", 30, "--seeds", 2, "--samples", 4, "--json").out)
    assert ("Tiny", 1) == (fought["winner"], fought["match"])
    boards = json.loads(two("arena", "leaderboard", "--json").out)
    assert ["quality", "efficiency"] == [board["by"] for board in boards]
    assert ["Tiny", "Wild"] == [place["name"] for place in boards[0]["places"]]
    assert "Wild" not in [place["name"] for place in boards[1]["places"]]
    assert "Best quality within the budget" in two("arena", "leaderboard").out
    assert ["Tiny", "Wild"] == [row["name"] for row in json.loads(two("arena", "ratings", "--json").out)[0]["ratings"]]
    assert "to the last bit" in two("arena", "verify").out
    assert "to the last bit" in two("arena", "verify", "--json").err  # match by match, for it takes a while
    assert all(text in two("arena", "replay", 1).out for text in ("Tiny wins", "The same as match #1"))
    import os

    ledger = Path(os.environ["ROLLTRAIN_SAVES"]) / "arena" / "matches.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"rank":2', b'"rank":1'))
    answer = two("arena", "verify")
    assert (1, True) == (answer.code, "✖ line 1" in answer.out)


def test_the_shell_takes_the_same_words(two: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of the shell's tradition works at the prompt; a mistake is told and the prompt comes back."""
    lines = iter(
        [
            "create_agent Shelly 8 1 2",
            "switch_agent Shelly",
            "train 5",
            "generate 2",
            "visualize loss",
            "diagnose",
            "config learning_rate 10.0",
            'switch "',
            "nonsense",
            "battle Tiny Wild 10 --seeds 2 --samples 2",
            "leaderboard",
            "help battle",
            "help",
            "",
            "quit",
        ]
    )
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    answer = two("arena", "shell")
    assert 0 == answer.code
    for text in ("Created Shelly", "Current agent: Shelly", "step 5", "score", "-> 10.0", "quotation mark", "Tiny wins", "Best quality"):
        assert text in answer.out
    assert "No such command 'nonsense'. help lists the verbs." in answer.err
    assert ["help VERB    Explain one of these.", "quit         Leave."] == answer.out.splitlines()[-2:]
    assert not [line for line in (answer.out + answer.err).splitlines() if "Usage:  " in line or "' --help'" in line]
    assert "Let agents" in answer.out or "Two agents or more train" in answer.out


@pytest.mark.slow
def test_help_loads_no_torch() -> None:
    """Help, list and create answer without torch."""
    import subprocess

    script = "import sys; sys.argv = ['rolltrain', 'arena', {}]\nfrom rolltrain_tui.cli.main import main\n"
    script += "try:\n    main()\nexcept SystemExit: pass\n"
    for words in ("'--help'", "'list'", "'create', 'T', '8', '1', '2'"):
        code = script.format(words) + "print('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "False" == done.stdout.strip().splitlines()[-1], done.stderr


@pytest.mark.slow
def test_completion(tmp_path: Path) -> None:
    """The prompt completes verbs, agents, choices and settings; a line's history is kept."""
    if sys.platform == "win32":
        pytest.skip("pseudo-terminals need a POSIX system")
    from support.terminal import Terminal

    terminal = Terminal([sys.executable, "-m", "rolltrain_tui", "arena", "shell"], ROLLTRAIN_SAVES=str(tmp_path), TERM="xterm")
    try:
        for keys, words in (
            (b"", rb"\(bandit\) "),
            (b"create_agent Tiny 8 1 2\r", rb"Created Tiny.*\(bandit\) "),
            (b"swi\tTi\t\r", rb"Current agent: Tiny.*\(bandit\) "),
            (b"config learning_ra\t0.5\r", rb"-> 0\.5.*\(bandit\) "),
        ):
            terminal.forget()
            terminal.send(keys)
            terminal.until(partial(re.search, words, terminal.output, re.DOTALL))
        terminal.send(b"quit\r")
        assert 0 == terminal.wait()
    finally:
        terminal.close()
    assert "config learning_rate 0.5" in (tmp_path / "arena" / "history").read_text(encoding="utf-8")
