"""The thread between the expedition and the screen."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.patience import PATIENCE

from rolltrain_tui.base import allocator
from rolltrain_tui.protocol.events import (
    CampaignEnded,
    CampaignStopped,
    DiceRolled,
    Event,
    HeroFell,
    LevelGained,
    MonsterAppeared,
    Rested,
    Saved,
    ScoutsSetOut,
    StepTaken,
    TrainingFailed,
    XPGained,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.sheet import BLANK
from rolltrain_tui.runs.playable import PlayableRun, Sought
from rolltrain_tui.runs.verification.differences import same
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.threads import bridge as bridge_module
from rolltrain_tui.tui.threads.bridge import Bridge, pause_reason
from rolltrain_tui.tui.threads.messages import AutoPaused, Failed, Left, Message, Opened


def crossed(bridge: Bridge) -> list[Message]:
    """Everything a bridge says until its thread is gone."""
    bridge.start()
    assert bridge.join(PATIENCE)
    messages: list[Message] = []
    while taken := bridge.take():
        messages += taken
    return messages


def bridge_of(expedition: FakeExpedition, inbox: Inbox | None = None) -> Bridge:
    return Bridge(lambda: cast(PlayableRun, expedition), inbox or Inbox())


def rolled(outcome: str) -> DiceRolled:
    return DiceRolled(3, 20, (1,), 1, 2, 3, 12, outcome, 0.0)  # type: ignore[arg-type]


def not_finite() -> StepTaken:
    return StepTaken(3, float("nan"), 2.0, 0.5, 1e-3, 1.0, 0.0, 0.0, 0.0, 768, 1.0, False, ())


def test_every_event_crosses_in_order(tmp_path: Path) -> None:
    """Opened first, then exactly the expedition's own events, then Left."""
    expected = list(FakeExpedition(tmp_path, fake_config("turns=40")).play(Inbox()))
    messages = crossed(bridge_of(FakeExpedition(tmp_path, fake_config("turns=40"))))
    assert same([Opened(""), *expected, Left()], messages)


def test_the_story_so_far_is_in_the_scene_before_it_opens(tmp_path: Path) -> None:
    """A run that goes on shows its past: the thread folds it before the first turn."""
    past = list(FakeExpedition(tmp_path, fake_config("turns=30")).play(Inbox()))[:20]
    expedition = FakeExpedition(tmp_path, fake_config("turns=1"))
    expedition.story = past
    bridge = bridge_of(expedition)
    crossed(bridge)
    assert same(Scene.of(past), bridge.scene)


RULES: list[tuple[str, Event]] = [
    ("encounter", MonsterAppeared(3, "loss_dragon", "5", 100, 15, "x")),
    ("fumble", rolled("fumble")),
    ("crit", rolled("crit")),
    ("level", LevelGained(3, (), BLANK)),
    ("camp", Rested(3, "long", BLANK)),
    ("fallen", HeroFell(3, 0, BLANK)),
    ("nan", not_finite()),
]


@pytest.mark.parametrize(("rule", "event"), RULES)
def test_each_rule_knows_its_event(rule: str, event: Event) -> None:
    """An event meets its own rule, and no rule when that one is not asked for."""
    assert rule == pause_reason(event, [name for name, _ in RULES])
    assert pause_reason(event, [name for name, _ in RULES if name != rule]) is None


@pytest.mark.parametrize("event", [rolled("hit"), rolled("miss"), Rested(3, "short", BLANK), XPGained(3, 1, 1, "x")])
def test_other_events_meet_no_rule(event: Event) -> None:
    """Ordinary turns never pause."""
    assert pause_reason(event, [name for name, _ in RULES]) is None


def test_a_rule_pauses_before_the_next_turn(tmp_path: Path) -> None:
    """At full speed the run stands still directly after the turn in which the monster came, and says why."""
    expedition = FakeExpedition(tmp_path, fake_config("pace.pause_on=[encounter]"))
    inbox = WatchedInbox()
    bridge = bridge_of(expedition, inbox)
    bridge.start()
    assert inbox.waits_paused.wait(PATIENCE)
    messages = bridge.take()
    assert AutoPaused(30, "encounter") in messages
    assert 30 == max(message.turn for message in messages if isinstance(message, StepTaken))
    bridge.stop()
    assert bridge.join(PATIENCE)


class WatchedInbox(Inbox):
    """Tells when a traveller is about to wait in a pause."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_paused = threading.Event()

    def wait_for_turn(self) -> bool:
        if self.paused:
            self.turn_over()
            self.waits_paused.set()
        return super().wait_for_turn()


def test_the_turn_is_seen_while_its_scouts_are_out(tmp_path: Path) -> None:
    """What happened before they set out, and that they did, can be taken before they are back."""
    out, back = threading.Event(), threading.Event()

    class Scouting(FakeExpedition):
        def play(self, inbox: Inbox) -> Iterator[Event]:
            yield XPGained(1, 1, 1, "x")
            yield ScoutsSetOut(1)
            out.set()
            assert back.wait(PATIENCE)

    bridge = bridge_of(Scouting(tmp_path, fake_config()))
    bridge.start()
    assert out.wait(PATIENCE)
    assert [Opened(""), XPGained(1, 1, 1, "x"), ScoutsSetOut(1)] == bridge.take()
    back.set()
    assert bridge.join(PATIENCE)


def test_stopping_lets_the_expedition_save_and_leave(tmp_path: Path) -> None:
    """The thread ends by itself, after the save, also when the run was paused."""
    inbox = WatchedInbox()
    inbox.pause()
    bridge = bridge_of(FakeExpedition(tmp_path, fake_config()), inbox)
    bridge.start()
    assert inbox.waits_paused.wait(PATIENCE)
    bridge.stop()
    assert bridge.join(PATIENCE)
    assert not bridge.playing
    *_, saved, stopped, left = bridge.take()
    assert (Saved, CampaignStopped, Left) == (type(saved), type(stopped), type(left))


def test_the_thread_that_trains_asks_for_its_memory_before_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does the one that loads what it needs: the next thread inherits its memory."""
    deeds: list[str] = []
    monkeypatch.setattr(bridge_module, "tune_allocator", lambda: deeds.append(f"memory of {threading.current_thread().name}"))

    def opened() -> PlayableRun:
        deeds.append("opened")
        return cast(PlayableRun, FakeExpedition(tmp_path))

    crossed(Bridge(opened, Inbox()))
    assert deeds == ["memory of run", "opened"]

    class Loader(FakeOutfitter):
        def preload(self) -> str:
            deeds.append("loaded")
            return ""

    monkeypatch.setattr(allocator, "tune_allocator", lambda: deeds.append("memory"))
    deeds.clear()
    RolltrainApp(Launch(runs=tmp_path), Loader())._preload()
    assert deeds == ["memory", "loaded"]


def test_what_is_revealed_during_the_last_turn_is_shown(tmp_path: Path) -> None:
    """No turn follows before which the scene could be folded anew: it is done when the run has ended."""

    class Ending(FakeExpedition):
        def play(self, inbox: Inbox) -> Iterator[Event]:
            yield from super().play(inbox)
            bridge.reveal(frozenset({"ghost"}))

    expedition = Ending(tmp_path, fake_config("turns=2"))
    bridge = Bridge(lambda: cast(PlayableRun, expedition), Inbox(), hidden=frozenset({"ghost", "floor"}))
    *_, sought, left = crossed(bridge)
    assert isinstance(sought, Sought)
    assert ({"floor"}, {"floor"}, Left()) == (sought.scene.hidden, bridge.hidden, left)
    bridge.reveal(frozenset({"floor"}))
    (later,) = bridge.take()
    assert isinstance(later, Sought)
    assert later.scene.hidden == frozenset()


def test_a_mistake_of_the_player_is_told_as_such() -> None:
    """A campaign that cannot be opened gives its sentence, without the type of the error."""

    def broken() -> PlayableRun:
        raise ValueError("tiny.yaml:3:1: turns: must be positive")

    assert [Failed("tiny.yaml:3:1: turns: must be positive"), Left()] == crossed(Bridge(broken, Inbox()))


def test_a_thread_never_dies_unheard(tmp_path: Path) -> None:
    """Whatever is raised on the way ends as a message with its type, and the events before it have crossed."""

    class Collapsing(FakeExpedition):
        def play(self, inbox: Inbox) -> Iterator[Event]:
            yield XPGained(1, 1, 1, "x")
            raise RuntimeError("no room")

    messages = crossed(bridge_of(Collapsing(tmp_path, fake_config())))
    assert [Opened(""), XPGained(1, 1, 1, "x"), Failed("RuntimeError: no room"), Left()] == messages


def test_a_training_error_comes_as_an_event(tmp_path: Path) -> None:
    """The run tells its own failure; the bridge adds nothing."""
    *_, failed, left = crossed(bridge_of(FakeExpedition(tmp_path, fake_config(), fail_at=5)))
    assert isinstance(failed, TrainingFailed)
    assert Left() == left


def test_ready_is_called_in_the_thread_before_the_first_turn(tmp_path: Path) -> None:
    """Tempo and memory can be set up when everything is loaded and nothing has happened."""
    seen: list[tuple[str, int]] = []
    expedition = FakeExpedition(tmp_path, fake_config("turns=2"))
    bridge = Bridge(
        lambda: cast(PlayableRun, expedition), Inbox(), lambda traveller: seen.append((threading.current_thread().name, len(bridge.buffer)))
    )
    messages = crossed(bridge)
    assert [("run", 0)] == seen
    assert any(isinstance(message, CampaignEnded) for message in messages)


@pytest.mark.parametrize("paused", [False, True])
def test_a_look_between_two_turns_is_taken_by_the_runs_thread(tmp_path: Path, paused: bool) -> None:
    """Paused or not; what it raises is told to the one who asked, and the run goes on."""
    expedition = FakeExpedition(tmp_path, fake_config("turns=1000000"))
    bridge = bridge_of(expedition)
    if paused:
        bridge.inbox.pause()
    bridge.start()
    found = bridge.between_turns(lambda run: (threading.current_thread().name, run.folder))
    assert found.result(PATIENCE) == ("run", tmp_path)
    broken = bridge.between_turns(lambda run: 1 // 0)
    assert isinstance(broken.exception(PATIENCE), ZeroDivisionError)
    assert bridge.playing
    bridge.stop()
    assert bridge.join(PATIENCE)
