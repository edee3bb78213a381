"""Verdicts: what differs on the same kind of machine is a contradiction; on another kind rounding is no fault, and dice still are."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Command, TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import (
    AbilityUsed,
    CampaignBegan,
    CommandAccepted,
    DiceRolled,
    Evaluated,
    Event,
    MachineChanged,
    MonsterAppeared,
    StepTaken,
    XPGained,
)
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves import slots
from rolltrain_tui.runs.saves.manifest import load as manifest_of
from rolltrain_tui.runs.verification.dice_ledger import forged_roll
from rolltrain_tui.runs.verification.differences import Difference
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.rounding import could_cause, gap
from rolltrain_tui.runs.verification.verification import Verdict, Verification
from rolltrain_tui.runs.verification.whereabouts import whereabouts
from rolltrain_tui.training.machine.machine_kind import this_machine

Configure = Callable[..., CampaignConfig]
MOVES: list[tuple[int, Command]] = [(2, UseAbility("rage"))]
TURNS = 6
OLDER = {"capability": "DEFAULT"}


@pytest.fixture(scope="module")
def finished(tiny_config: Configure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a few turns, which tells the kind of this machine."""
    settings = (f"turns={TURNS}", "verification.tolerance=1e-3", "evaluation.every=3", "speech.every=0")
    begun = Run.begin(tiny_config(*settings), base=CAMPAIGNS, runs=tmp_path_factory.mktemp("runs"))
    list(begun.play(ScriptedInbox(MOVES)))
    return begun.folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to forge."""
    return shutil.copytree(finished, tmp_path / finished.name)


def rewrite(run: Path, change: Callable[[Event], Event | None]) -> None:
    """Forge the chronicle: every line good, its contents changed, those for which `change` gives None left out."""
    events = [changed for event in event_log.read(run / "chronicle.jsonl") if (changed := change(event)) is not None]
    (run / "chronicle.jsonl").unlink()
    with Chronicle(run / "chronicle.jsonl") as forged:
        for event in events:
            forged.append(event)


def claim(machine: Machine | None) -> Callable[[Event], Event]:
    """The run says that it was begun on this machine."""
    return lambda event: replace(event, machine=machine) if isinstance(event, CampaignBegan) else event


def told(run: Path) -> Machine:
    began = next(event_log.read(run / "chronicle.jsonl"))
    assert isinstance(began, CampaignBegan)
    assert began.machine is not None
    return began.machine


def verdict(run: Path, *, tolerance: float | None = 1e-3) -> Verdict:
    start = from_the_beginning(run)
    strict = whereabouts(start).same_kind
    return Verification(start, strict=strict, tolerance=tolerance, watch=lambda event: None).run().verdict


def at(turn: int, kind: type[Event], **changes: object) -> Callable[[Event], Event]:
    return lambda event: replace(event, **changes) if isinstance(event, kind) and event.turn == turn else event  # type: ignore[arg-type]


def test_the_opening_and_every_save_tell_the_kind_of_machine(run: Path) -> None:
    """Architecture, processor, instructions, system, torch and threads, as this process would tell them."""
    here = this_machine(threads=1)
    assert told(run) == here
    assert all((here.architecture, here.capability, here.system, here.torch, here.torch_build))
    assert [manifest_of(slot.folder).machine for slot in saves.describe(run).slots] == [here] * len(saves.describe(run).slots)


FORGED: dict[str, tuple[Callable[[Event], Event | None], Verdict, Verdict]] = {
    "nothing": (lambda event: event, "exact", "exact"),
    "the last bits of a loss": (at(4, StepTaken, lr=0.0009765), "contradicted", "consistent"),
    "a better loss": (at(4, StepTaken, loss=0.5), "contradicted", "undecided"),
    "a roll": (at(4, DiceRolled, naturals=(20,), natural=20, total=22, k=2.0), "contradicted", "contradicted"),
    "a roll's k": (at(4, DiceRolled, outcome="fumble"), "contradicted", "contradicted"),
    "no roll": (lambda event: None if isinstance(event, DiceRolled) and event.turn == 4 else event, "contradicted", "contradicted"),
    "a seed": (at(0, CampaignBegan, seed=99), "contradicted", "contradicted"),
    "an ability": (at(2, AbilityUsed, ability="reckless_attack"), "contradicted", "contradicted"),
    "an order": (at(2, CommandAccepted, command=TakeShortRest()), "contradicted", "contradicted"),
    "no evaluation": (lambda event: None if isinstance(event, Evaluated) and event.turn == 3 else event, "contradicted", "undecided"),
}


HERE = ("nothing", "the last bits of a loss", "no evaluation", "a roll")


@pytest.mark.parametrize(("name", "elsewhere"), [*((name, True) for name in FORGED), *((name, False) for name in HERE)])
def test_verdicts(run: Path, name: str, elsewhere: bool) -> None:
    """Here every bit counts. On another kind of machine numbers may drift, which is no proof; dice, orders and the opening may not."""
    change, here, there = FORGED[name]
    if elsewhere:
        rewrite(run, claim(replace(told(run), **OLDER)))
    rewrite(run, change)
    assert verdict(run) == (there if elsewhere else here)


def test_a_roll_forged_after_the_story_has_parted_is_found(run: Path) -> None:
    """The dice follow from the seed alone, so they are cast to the end of the record."""
    rewrite(run, claim(replace(told(run), **OLDER)))
    rewrite(run, FORGED["no evaluation"][0])
    assert verdict(run) == "undecided"
    rewrite(run, at(TURNS, DiceRolled, naturals=(20,), natural=20, total=22))
    assert verdict(run) == "contradicted"


def test_no_tolerance_is_claimed_where_none_is_known(run: Path) -> None:
    """A drift in the last bits is undecided there, and the same bits are exact all the same."""
    rewrite(run, claim(replace(told(run), **OLDER)))
    assert verdict(run, tolerance=None) == "exact"
    rewrite(run, FORGED["the last bits of a loss"][0])
    assert verdict(run, tolerance=None) == "undecided"


@pytest.mark.slow
def test_the_verb_has_a_sentence_and_an_exit_code_for_each_verdict(run: Path, call: Callable[..., Answer]) -> None:
    """0 exact, 1 contradicted, 3 consistent, 4 undecided; what differs between the machines is named."""
    assert (call("verify", run).code, json.loads(call("verify", run, "--json").out)["verdict"]) == (0, "exact")
    rewrite(run, claim(replace(told(run), **OLDER)))
    rewrite(run, FORGED["the last bits of a loss"][0])
    answer = call("verify", run)
    assert (answer.code, "capability DEFAULT there" in answer.out, "✔ Consistent" in answer.out) == (3, True, True)
    assert call("verify", run, "--exact").code == 1
    rewrite(run, FORGED["a better loss"][0])
    answer = call("verify", run)
    assert (answer.code, "? Undecided" in answer.out, "StepTaken.loss: recorded 0.5" in answer.out) == (4, True, True)


def test_an_older_run_says_so(run: Path, call: Callable[..., Answer]) -> None:
    """Without the kind of machine in its record a run that differs is undecided, and one that does not is exact."""
    rewrite(run, claim(None))
    answer = call("verify", run)
    assert (answer.code, "before runs told their kind of machine" in answer.out) == (0, True)
    assert answer.err.splitlines() == [f"Training {run} again; the verdict follows."]  # in a pipe, where there is no bar
    rewrite(run, FORGED["a better loss"][0])
    assert call("verify", run).code == 4


def test_a_run_that_went_on_elsewhere_is_not_held_to_the_bits(
    tiny_config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its story tells that the machine changed, and training it again passes over that."""
    begun = Run.begin(tiny_config(f"turns={TURNS}", "speech.every=0"), base=CAMPAIGNS, runs=tmp_path / "runs")
    inbox = Inbox()
    for event in begun.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 3:
            inbox.stop()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("MKL_CBWR", "COMPATIBLE")  # read when libraries are loaded, so it changes no number here
        list(Run.resume(begun.folder).play(Inbox()))
    story = list(event_log.read(begun.folder / "chronicle.jsonl"))
    assert [event.turn for event in story if isinstance(event, MachineChanged)] == [3]
    assert not whereabouts(from_the_beginning(begun.folder)).same_kind
    assert verdict(begun.folder) == "exact"
    shutil.rmtree(begun.folder / "saves")
    found = whereabouts(from_the_beginning(begun.folder))  # by the story alone
    assert (found.told, found.same_kind) == (True, False)
    assert "COMPATIBLE" in found.differences


def test_the_first_roll_that_the_dice_did_not_show_is_named() -> None:
    """With what was recorded and what the dice show."""
    shown = SeededDice(5).roll(20)
    good = DiceRolled(3, 20, (shown,), shown, 2, shown + 2, 12, "miss", 0.5)
    other = shown % 20 + 1
    for forged, field, recorded, found in (
        (replace(good, die=12), "die", "1 d12", "one or two d20"),
        (replace(good, naturals=(other,)), "naturals", f"({other},)", f"({shown},)"),
        (replace(good, total=99), "natural", f"{shown}, 99", f"one of ({shown},), and the modifier 2"),
    ):
        assert forged_roll(SeededDice(5).state_dict(), 20, [forged]) == Difference(3, "dice", f"DiceRolled.{field}", recorded, found)
    assert forged_roll(SeededDice(5).state_dict(), 20, [good]) is None


@pytest.mark.parametrize(("began", "first"), [(True, None), (True, 1), (False, 2)])
def test_a_step_that_no_roll_precedes_is_named(began: bool, first: int | None) -> None:
    """From the first turn of a record on; but a record that begins within a run may begin with a turn that was rolled before."""
    opening, *rest = FakeExpedition(Path("nowhere"), fake_config()).play(Inbox())
    step = next(event for event in rest if isinstance(event, StepTaken))
    dice, story = SeededDice(5), [opening] if began else []
    for turn in (1, 2):
        if turn != first and (began or turn != 1):
            shown = dice.roll(20)
            story.append(DiceRolled(turn, 20, (shown,), shown, 2, shown + 2, 12, "miss", 0.5))
        story.append(replace(step, turn=turn))
    named = None if first is None else Difference(first, "dice", "DiceRolled", "no roll", "a roll before the step")
    assert forged_roll(SeededDice(5).state_dict(), 20, story) == named


def test_of_two_dice_either_may_count_and_no_face_below_both() -> None:
    """With advantage the higher one counts, with disadvantage the lower one; what raises a roll may lift it, nothing lowers it."""
    dice = SeededDice(5)
    shown = (dice.roll(20), dice.roll(20))
    low, high = sorted(shown)
    assert 1 < low < high < 20

    def forged(natural: int) -> bool:
        roll = DiceRolled(3, 20, shown, natural, 2, natural + 2, 12, "miss", 0.5)
        return forged_roll(SeededDice(5).state_dict(), 20, [roll]) is not None

    assert [forged(natural) for natural in (low - 1, low, high, 20, 21)] == [True, False, False, False, True]


def test_rounding_can_part_a_story_where_a_sum_decides() -> None:
    """A monster that comes a turn later, a number in a sentence, a point of experience: rounding. A die: not."""
    roll = DiceRolled(4, 20, (7,), 7, 2, 9, 12, "miss", 0.5)
    monster = MonsterAppeared(4, "gradient_ooze", "1/2", 20, 8, "the loss is 2.30, bound 2.25")
    assert could_cause(roll, monster)
    assert not could_cause(roll, replace(roll, naturals=(20,)))
    assert gap(monster, replace(monster, signal="the loss is 2.31, bound 2.25")).size == 0
    assert math.isinf(gap(monster, replace(monster, signal="the loss is 2.40, bound 2.25")).size)
    assert not gap(monster, replace(monster, signal="the loss is 2.31, bound 2.25")).same_bits
    assert gap(XPGained(4, 30, 130, "learning"), XPGained(4, 31, 131, "learning")).size == 0
    assert math.isinf(gap(XPGained(4, 30, 130, "learning"), XPGained(4, 60, 160, "learning")).size)


def test_rounding_uses_no_ability_by_key() -> None:
    """By itself an ability answers a loss, which rounding can change; by key it answers the player."""
    by_itself = AbilityUsed(4, "rage", "", False, 1.5, 3, 2)
    by_key = replace(by_itself, live=True)
    assert could_cause(by_itself, replace(by_itself, k=1.6))
    for recorded, found in ((by_key, replace(by_key, k=1.6)), (by_key, by_itself), (by_itself, by_key)):
        assert not could_cause(recorded, found)


def test_a_save_that_does_not_tell_its_machine_tells_torch_and_threads(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As programs of before wrote them: nobody knows whether it was the same kind of machine, but two differences are known."""
    rewrite(run, claim(None))
    older = [
        (folder, replace(told, machine=None, torch="1.2.3", threads=9)) for folder, told in slots.newest_first(run) if told is not None
    ]
    monkeypatch.setattr(slots, "newest_first", lambda folder: older)
    found = whereabouts(from_the_beginning(run))
    assert (found.told, found.same_kind) == (False, False)
    assert found.differences == f"torch 1.2.3 there, {this_machine(threads=1).torch} here, threads 9 there, 1 here"
