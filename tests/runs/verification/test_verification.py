"""Verification: a run that was left alone verifies to the last bit, and whatever was changed in its record is named."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Command, SaveGame, SetAuto, Speak, UseAbility
from rolltrain_tui.protocol.events import DiceRolled, Event, SettingsChanged, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_save, from_the_beginning
from rolltrain_tui.runs.verification.verification import Findings, Verification

pytestmark = pytest.mark.slow

MOVES: list[tuple[int, Command]] = [
    (2, UseAbility("rage")),
    (4, UseAbility("reckless_attack")),
    (5, Speak()),
    (6, SaveGame("before the ooze")),
    (7, SetAuto("rage", True)),
    (8, UseAbility("no_such_ability")),
]
HARD = ("batch.accumulation=2", "model.dropout=0.1", "encounters.chance=1.0", "twin.mode=on_use")
Configure = Callable[..., CampaignConfig]


@pytest.fixture
def run(tiny_config: Configure, tmp_path: Path, once: Callable[..., Path]) -> Path:
    """A run of twelve turns with accumulation, dropout, monsters and twins, stopped and resumed once on the way; a copy for each test."""

    def make(folder: Path) -> Path:
        first = Run.begin(tiny_config(*HARD), base=CAMPAIGNS, runs=folder)
        inbox = ScriptedInbox(MOVES)
        for event in first.play(inbox):
            if isinstance(event, StepTaken) and event.turn == 5:
                inbox.stop()
        second = Run.resume(first.folder)
        list(second.play(ScriptedInbox([move for move in MOVES if move[0] > 5])))
        return first.folder

    made = once("run", make)
    return shutil.copytree(made, tmp_path / "runs" / made.name)


def verified(path: Path, *, heavy: bool = False, until: int | None = None, tolerance: float | None = None) -> Findings:
    start = from_the_beginning(path) if (path / "chronicle.jsonl").exists() else from_save(path)
    return Verification(start, tolerance=tolerance, strict=tolerance is None, heavy=heavy, until=until, watch=lambda event: None).run()


def test_a_run_of_the_first_rolltrain_is_not_accused(run: Path, call: Callable[..., Answer]) -> None:
    """Its turns were played in another way: no verdict, a sentence that says why, and what can be verified instead."""
    path = run / "campaign.yaml"
    text = re.sub(r"^(diagnosis|adventure|acts|endings|gate|twin):.*\n(?:[ -].*\n)*", "", path.read_text("utf-8"), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    for words in (["verify", run], ["branch", run, "--at", 1]):
        answer = call(*words)
        assert (answer.code, answer.out) == (2, ""), answer.err
        assert "was recorded by the first rolltrain" in answer.err
        assert "and branch from its saves, such as" in answer.err
    path.write_text("seed: 1\n", encoding="utf-8")
    assert "first rolltrain" not in call("verify", run).err


def rewrite(run: Path, change: Callable[[Event], Event]) -> None:
    """Forge the chronicle: every line good, its contents changed."""
    events = [change(event) for event in event_log.read(run / "chronicle.jsonl")]
    (run / "chronicle.jsonl").unlink()
    with Chronicle(run / "chronicle.jsonl") as forged:
        for event in events:
            forged.append(event)


def test_a_run_verifies(run: Path) -> None:
    """Dice, story and the weights, moments, streams and game of every save are met again."""
    found = verified(run)
    assert found.difference is None
    assert (found.last_turn, found.saves) == (12, len(saves.describe(run).slots))
    assert found.events == sum(1 for _ in event_log.read(run / "chronicle.jsonl"))
    assert found.rolls >= 12


@pytest.mark.parametrize("turn", [1, 7])
def test_the_last_good_turn(run: Path, turn: int) -> None:
    """The turn before the first difference; the start where nothing held."""
    rewrite(run, lambda event: replace(event, lr=event.lr * 2) if isinstance(event, StepTaken) and event.turn == turn else event)
    found = verified(run)
    assert found.difference is not None
    assert (found.difference.turn, found.first_turn, found.last_turn) == (turn, 0, turn - 1)


def test_every_bit_counts_unless_another_machine_is_told(run: Path) -> None:
    """Also where a tolerance is known: a number that differs in its last places contradicts the record."""
    rewrite(run, lambda event: replace(event, loss=event.loss * (1 + 1e-12)) if isinstance(event, StepTaken) and event.turn == 5 else event)
    found = Verification(from_the_beginning(run), tolerance=1e-3, watch=lambda event: None).run()
    assert (found.verdict, found.last_turn) == ("contradicted", 4)


def test_heavy(run: Path) -> None:
    """Saved, loaded and compared after every turn but the last, the run is still the same."""
    found = verified(run, heavy=True)
    assert (found.difference, found.last_turn, found.reloads) == (None, 12, 11)


def test_a_save_that_vanishes_meanwhile_is_not_expected(run: Path) -> None:
    """A game that goes on lets older saves go while its run is verified; the rest is compared, and the verdict is exact."""
    whole = verified(run)
    gone = sorted((run / "saves").iterdir())[1]

    def watch(event: Event) -> None:
        if isinstance(event, StepTaken) and event.turn == 1:
            shutil.rmtree(gone)

    found = Verification(from_the_beginning(run), watch=watch).run()
    assert not gone.exists()
    assert (found.verdict, found.saves) == ("exact", whole.saves - 1)


def test_from_a_save(run: Path) -> None:
    """From any save on, only what follows is compared."""
    for slot in saves.describe(run).slots:
        found = verified(slot.folder)
        assert slot.summary is not None
        assert (found.difference, found.first_turn, found.last_turn) == (None, slot.summary.turn, 12)


def with_other_settings(config: CampaignConfig, runs: Path, stop_at: type[Event]) -> Path:
    """A run that was resumed twice, with other settings each time."""
    first = Run.begin(config, base=CAMPAIGNS, runs=runs)
    inbox = ScriptedInbox(MOVES)
    for event in first.play(inbox):
        if isinstance(event, stop_at) and event.turn == 5:
            inbox.stop()
    settings = ("turns=16", "optimizer.learning_rate=1e-3", "dice.dc=8", "device.threads=1")
    second = Run.resume(first.folder, settings)
    inbox = ScriptedInbox([move for move in MOVES if move[0] > 5])
    for event in second.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 9:
            inbox.stop()
    third = Run.resume(first.folder, ("optimizer.learning_rate=1e-4",))
    list(third.play(Inbox()))
    return first.folder


@pytest.mark.parametrize(
    ("stop_at", "start"),
    [(StepTaken, "beginning"), (StepTaken, "saves"), (DiceRolled, "beginning, heavy"), (DiceRolled, "saves")],
)
def test_a_run_that_went_on_with_other_settings(
    tiny_config: Configure, once: Callable[..., Path], stop_at: type[Event], start: str
) -> None:
    """The story tells of them, and the run verifies from its beginning and from each of its saves."""
    config = tiny_config(*HARD, "save={autosave_every: 8, keep: 20}")
    run = once(stop_at.__name__, lambda folder: with_other_settings(config, folder, stop_at))
    slots = [slot for slot in saves.describe(run).slots if slot.name != "turn-000000"]
    if start == "saves":
        assert [verified(slot.folder).difference for slot in slots] == [None] * len(slots)
        return
    story = list(event_log.read(run / "chronicle.jsonl"))
    told = [event for event in story if isinstance(event, SettingsChanged)]
    assert [(event.turn, [path for path, _, _ in event.changes], event.turns) for event in told] == [
        (5, ["turns", "optimizer.learning_rate", "dice.dc"], 16),
        (9, ["optimizer.learning_rate"], 16),
    ]
    assert [event.lr for event in story if isinstance(event, StepTaken)][9] < 1.01e-4
    found = verified(run, heavy=start == "beginning, heavy")
    assert (found.difference, found.last_turn, found.saves) == (None, 16, len(slots))


def test_other_settings_that_do_not_fit(run: Path, tiny_config: Configure, tmp_path: Path) -> None:
    """A larger model cannot go on with a smaller one's weights: refused, and neither story nor saves have changed."""
    expedition = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path / "others")
    before = {path: path.read_bytes() for path in expedition.folder.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match="save"):
        Run.resume(expedition.folder, ("model.n_embd=48",))
    assert {path: path.read_bytes() for path in expedition.folder.rglob("*") if path.is_file() and path.name != "lock"} == before


def test_a_damaged_save_is_told_past_a_turn_that_is_finished_first(tiny_config: Configure, tmp_path: Path) -> None:
    """What the player must know of the newest save is not lost when the one before it was left half-way."""
    run = Run.begin(tiny_config(*HARD), base=CAMPAIGNS, runs=tmp_path / "runs")
    for turn in (4, 5):
        inbox = Inbox()
        for event in run.play(inbox):
            if isinstance(event, DiceRolled) and event.turn == turn:
                inbox.stop()
        run = Run.resume(run.folder)
    newest = max(saves.describe(run.folder).slots, key=lambda slot: slot.saved_at or 0.0)
    (newest.folder / "state.json").write_bytes(b"{}")
    changed = Run.resume(run.folder, ("turns=16",))
    assert newest.name in changed.note
    assert changed.config.turns == 16


def test_an_ended_run_says_so(run: Path) -> None:
    """Other settings change nothing in it; the note tells how to go on from an earlier turn."""
    story = (run / "chronicle.jsonl").read_bytes()
    ended = Run.resume(run, ("turns=20",))
    assert list(ended.play(Inbox())) == []
    assert "has ended" in ended.note
    assert f"rolltrain branch {shlex.quote(str(run))} --at TURN" in ended.note  # from wherever it is typed
    assert (run / "chronicle.jsonl").read_bytes() == story


def test_until(run: Path) -> None:
    found = verified(run, until=4)
    assert (found.difference, found.last_turn) == (None, 4)


@pytest.mark.parametrize(
    ("kind", "change", "where", "field"),
    [
        (StepTaken, {"loss": 1.2345}, "story", "StepTaken.loss"),
        (StepTaken, {"finite": False}, "story", "StepTaken.finite"),
        (DiceRolled, {"natural": 21}, "dice", "DiceRolled.natural"),
    ],
)
def test_a_forged_event_is_named(run: Path, kind: type, change: dict[str, object], where: str, field: str) -> None:
    """The first difference is told by turn and field, to the last digit of a number."""
    rewrite(run, lambda event: replace(event, **change) if isinstance(event, kind) and event.turn == 9 else event)  # type: ignore[type-var]
    for heavy in (False, True):
        found = verified(run, heavy=heavy).difference
        assert found is not None
        assert (found.turn, found.where, found.field) == (9, where, field)


def test_the_last_bit_counts(run: Path) -> None:
    """A loss that was changed in its last bit is found; with a tolerance it passes."""
    nudge = torch.nextafter(torch.tensor(1.0, dtype=torch.float64), torch.tensor(2.0)).item()
    rewrite(run, lambda event: replace(event, loss=event.loss * nudge) if isinstance(event, StepTaken) and event.turn == 3 else event)
    difference = verified(run).difference
    assert difference is not None
    assert (difference.turn, difference.field) == (3, "StepTaken.loss")
    assert verified(run, tolerance=1e-9).difference is None


def test_a_missing_and_an_invented_event_are_named(run: Path) -> None:
    """Where an event was taken away, the story parts there."""
    rewrite(run, lambda event: event)
    events = list(event_log.read(run / "chronicle.jsonl"))
    gone = next(n for n, event in enumerate(events) if isinstance(event, DiceRolled) and event.turn == 6)
    (run / "chronicle.jsonl").unlink()
    with Chronicle(run / "chronicle.jsonl") as forged:
        for event in events[:gone] + events[gone + 1 :]:
            forged.append(event)
    difference = verified(run).difference
    assert difference is not None
    assert (difference.turn, difference.where) == (6, "story")


def test_forged_weights_are_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save whose manifest is good but whose weights were never trained by this run is named by its first tensor."""
    slot = next(slot for slot in saves.describe(run).slots if slot.name == "turn-000009")
    snapshot = saves.read(slot.folder)
    name = next(name for name, tensor in snapshot.tensors.items() if tensor.is_floating_point() and tensor.numel() > 1)
    snapshot.tensors[name].view(-1)[0] += 1e-6
    saves.write(run, snapshot, name="", keep=None)
    difference = verified(run).difference
    assert difference is not None
    assert (difference.turn, difference.where, difference.field) == (9, "weights", name)


def test_a_save_of_a_program_that_did_not_write_a_name_yet_is_the_same(run: Path) -> None:
    """What the save tells must hold; what it does not tell is not held against the run."""
    slot = next(slot for slot in saves.describe(run).slots if slot.name == "turn-000009")
    snapshot = saves.read(slot.folder)
    del snapshot.state["campaign"]["learner"]["optimizer"]
    saves.write(run, snapshot, name="", keep=None)
    assert verified(run).difference is None
    snapshot.state["campaign"]["learner"]["snapshot_turn"] += 1
    saves.write(run, snapshot, name="", keep=None)
    difference = verified(run).difference
    assert difference is not None
    assert (difference.turn, difference.where, difference.field) == (9, "state", "learner.snapshot_turn")


def test_another_learning_rate_is_found_in_its_first_turn(run: Path) -> None:
    """A campaign that was changed afterwards does not verify."""
    path = run / "campaign.yaml"
    path.write_text(path.read_text().replace("learning_rate: ", "learning_rate: 1.5e-0 #"))
    difference = verified(run).difference
    assert difference is not None
    assert difference.turn <= 1


def test_a_run_that_was_left_half_way(tiny_config: Configure, tmp_path: Path) -> None:
    """The record ends where the player left, and so does the verification; a turn that was cut short is no difference."""
    expedition = Run.begin(tiny_config(*HARD), base=CAMPAIGNS, runs=tmp_path)
    inbox = Inbox()
    for event in expedition.play(inbox):
        if isinstance(event, DiceRolled) and event.turn == 7:
            inbox.stop()
    found = verified(expedition.folder)
    assert (found.difference, found.last_turn) == (None, 6)
    assert found.saves == len(saves.describe(expedition.folder).slots)


def test_the_verb(run: Path, call: Callable[..., Answer]) -> None:
    """Exit code 0 and a sentence, 1 and the first difference, 2 for what is no run; JSON for programs."""
    good = call("verify", run)
    assert (good.code, "✔ Exact: the same to the last bit." in good.out and "turns 1 to 12" in good.out) == (0, True)
    as_json = json.loads(call("verify", run, "--json").out)
    assert (as_json["identical"], as_json["verdict"], as_json["difference"], as_json["last_turn"]) == (True, "exact", None, 12)
    assert call("verify", run.parent / "nothing").code == 2
    assert call("verify", run, "--exact", "--tolerance", "1").code == 2
    rewrite(run, lambda event: replace(event, loss=9.0) if isinstance(event, StepTaken) and event.turn == 9 else event)
    bad = call("verify", run)
    assert "The record was changed, or another version of rolltrain made it." in bad.out
    assert (bad.code, "✖ Contradicted" in bad.out and "Turn 9, story StepTaken.loss: recorded 9.0," in bad.out) == (1, True)
    assert json.loads(call("verify", run, "--json").out)["difference"]["field"] == "StepTaken.loss"


@pytest.mark.parametrize("verb", [("verify",), ("branch", "--at", "2")])
def test_without_a_story_there_is_nothing_to_compare(run: Path, call: Callable[..., Answer], verb: tuple[str, ...]) -> None:
    """A chronicle that is missing or empty is neither exact nor a crash: whoever took it away must not have the run approved."""
    (run / "chronicle.jsonl").unlink()
    for _ in range(2):
        answer = call(verb[0], run, *verb[1:])
        assert 2 == answer.code
        assert "has no story" in answer.err
        assert "Exact" not in answer.out
        (run / "chronicle.jsonl").touch()
