"""Branches: any turn of a run is the beginning of another, and two runs can be laid side by side."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Command, Speak, UseAbility
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.branching import BranchError, branch_at
from rolltrain_tui.runs.log import event_codec, event_log
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.compare_runs import lay_side_by_side
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification

pytestmark = pytest.mark.slow

MOVES: list[tuple[int, Command]] = [(2, UseAbility("reckless_attack")), (5, Speak()), (9, UseAbility("rage"))]
HARD = ("batch.accumulation=2", "model.dropout=0.1", "encounters.chance=1.0", "twin.mode=on_use")
Configure = Callable[..., CampaignConfig]


@pytest.fixture
def run(tiny_config: Configure, tmp_path: Path) -> Path:
    """Twelve turns; the player raged in the ninth. Autosaves of turns 9, 10 (a camp) and 12 are left."""
    expedition = Run.begin(tiny_config(*HARD), base=CAMPAIGNS, runs=tmp_path / "runs")
    list(expedition.play(ScriptedInbox(MOVES)))
    return expedition.folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("turn", [0, 1, 4, 8, 9, 11])
def test_a_branch_has_the_same_past(run: Path, turn: int) -> None:
    """Up to its turn a branch is the run, event by event; played on with the same moves it becomes the run; the run is untouched."""
    before = contents(run)
    folder, note = branch_at(run, turn)
    assert note == ""
    past = [event_codec.encode(event) for event in event_log.read(folder / "chronicle.jsonl")]
    whole = [event_codec.encode(event) for event in event_log.read(run / "chronicle.jsonl")]
    assert past == whole[: len(past)]
    assert saves.read(folder).summary.turn == turn
    again = Run.resume(folder)
    assert again.folder == folder
    list(again.play(ScriptedInbox([move for move in MOVES if move[0] > turn])))
    assert story_sha256(folder / "chronicle.jsonl") == story_sha256(run / "chronicle.jsonl")
    assert contents(run) == before


@pytest.mark.parametrize("verb", [("verify",), ("branch", "--at", "4")])
def test_a_run_without_a_campaign_is_sent_to_what_can_be_done(verb: tuple[str, ...], run: Path, call: Callable[..., Answer]) -> None:
    """As a loop of one's own leaves it: a chronicle alone. It is no error of the program's."""
    (run / "campaign.yaml").unlink()
    shutil.rmtree(run / "saves")
    answer = call(verb[0], run, *verb[1:])
    assert answer.code == 2
    assert "holds no campaign.yaml, so only the program that trained it can train it again; replay and plot show it" in answer.err


def test_a_past_that_this_machine_does_not_reach_again_is_told(run: Path) -> None:
    """The branch has a past of its own from the first turn on that came out otherwise than it was recorded."""
    events = list(event_log.read(run / "chronicle.jsonl"))
    (run / "chronicle.jsonl").unlink()
    with event_log.Chronicle(run / "chronicle.jsonl") as forged:
        for event in events:
            forged.append(replace(event, lr=event.lr * 2) if isinstance(event, StepTaken) and event.turn in (3, 4) else event)
    _, note = branch_at(run, 6)
    assert "did not come here bit for bit: from turn 3 on (StepTaken.lr)" in note


def test_what_if_i_had_not_raged(run: Path, call: Callable[..., Answer]) -> None:
    """The branch goes its own way from the turn of the rage, verifies by itself, and diff says where they part and what came of it."""
    branched = call("branch", run, "--at", "8")
    assert branched.code == 0
    folder = Path(branched.out.strip())
    list(Run.resume(folder).play(Inbox()))
    assert Verification(from_the_beginning(folder), tolerance=None, watch=lambda event: None).run().difference is None
    told = call("diff", run, folder)
    assert told.code == 0
    assert "They part at turn 9" in told.out
    assert "A  turn 9: " in told.out
    assert "B  nothing" in told.out
    assert told.out.count("played to the end: ") == 2
    assert "victory" not in told.out  # which is the judgement's to say
    found = json.loads(call("diff", run, folder, "--json").out)
    assert {twin["ability"] for twin in found["a"]["twins"] if twin["turn"] < 9} == {"reckless_attack"}
    _, title, twins = told.out.partition("Twin verdicts from there on")
    assert (bool(title), "rage" in twins, "reckless_attack" in twins) == (True, True, False)
    assert (found["same"], found["parted"]["turn"], len(found["a"]["asked"]), len(found["b"]["asked"])) == (False, 9, 3, 2)
    assert found["a"]["val"].keys() == found["b"]["val"].keys() == {"0", "4", "8", "12"}
    assert found["a"]["val"]["8"] == found["b"]["val"]["8"]
    assert found["a"]["val"]["12"] != found["b"]["val"]["12"]
    assert [twin["ability"] for twin in found["a"]["twins"]][-1:] == ["rage"]


def test_what_if_the_learning_rate_had_been_another(run: Path, call: Callable[..., Answer]) -> None:
    """A branch with other settings says so in its story, verifies, can be branched from again, and diff tells the change."""
    branched = call("branch", run, "--at", "6", "--set", "optimizer.learning_rate=1e-4", "--set", "turns=14")
    assert branched.code == 0, branched.err
    folder = Path(branched.out.strip())
    list(Run.resume(folder).play(Inbox()))
    again, note = branch_at(folder, 9)
    assert note == ""
    list(Run.resume(again).play(Inbox()))
    assert story_sha256(again / "chronicle.jsonl") == story_sha256(folder / "chronicle.jsonl")
    for path in (folder, again):
        found = Verification(from_the_beginning(path), tolerance=None, watch=lambda event: None).run()
        assert (found.difference, found.last_turn) == (None, 14)
    told = call("diff", run, folder)
    assert "They part at turn 7" in told.out
    assert "turn 6: optimizer.learning_rate" in told.out
    assert "(refused)" not in told.out


def test_a_branch_with_settings_that_are_none(run: Path, call: Callable[..., Answer]) -> None:
    """The value is named, and no folder is left."""
    answer = call("branch", run, "--at", "6", "--set", "optimizer.learning_rate=fast")
    assert answer.code == 2
    assert "optimizer.learning_rate" in answer.err
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_a_run_beside_itself(run: Path) -> None:
    assert lay_side_by_side(run, run).parted is None


def test_a_turn_that_never_was(run: Path) -> None:
    """Nothing can be branched from beyond the end."""
    with pytest.raises(BranchError, match="ends with turn 12"):
        branch_at(run, 40)
    assert [folder.name for folder in run.parent.iterdir()] == [run.name]


@pytest.mark.parametrize(
    ("turn", "overrides", "words"),
    [
        (12, [], "turn 12 is the last"),
        (12, ["turns=20"], "turn 12 is the last"),
        (6, ["turns=6"], "needs more turns than that, and turns is 6"),
        (6, ["seed=99"], "seed: a run keeps the value that it began with"),
    ],
)
def test_a_branch_that_cannot_be(run: Path, turn: int, overrides: list[str], words: str) -> None:
    """Neither the last turn of a run, nor fewer turns than it has had, nor what a run keeps from its first turn on make a branch."""
    with pytest.raises(ValueError, match=words):
        branch_at(run, turn, overrides=overrides)
    assert [folder.name for folder in run.parent.iterdir()] == [run.name]


@pytest.mark.parametrize("junk", [b"\xd0\xff", b'"type"'])
def test_a_damaged_chronicle_is_named_with_its_line(run: Path, call: Callable[..., Answer], junk: bytes) -> None:
    """For a branch as for a verification, whatever stands in the line."""
    path = run / "chronicle.jsonl"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:8], lines[8].replace(b'"type"', junk[::-1]), *lines[9:]]))
    for words in (("branch", run, "--at", "6"), ("verify", run)):
        answer = call(*words)
        assert (answer.code, "chronicle.jsonl: line 9 is damaged" in answer.err) == (2, True), answer.err


def test_without_any_save(run: Path) -> None:
    """Damaged saves cost time, not the branch: it is reached from the first turn."""
    for path in run.glob("saves/*/state.json"):
        path.write_bytes(b"")
    folder, note = branch_at(run, 11)
    assert (saves.read(folder).summary.turn, note) == (11, "")


@pytest.mark.parametrize("words", [("branch", "nothing", "--at", "3"), ("diff", "nothing", "nothing"), ("branch", "x")])
def test_wrong_use(call: Callable[..., Answer], words: tuple[str, ...]) -> None:
    assert call(*words).code == 2
