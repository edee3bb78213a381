"""Runs that are kept: real training, real files, real saves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.stories import lines

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Command, SaveGame, SetAuto, Speak, UseAbility
from rolltrain_tui.protocol.events import CampaignEnded, CampaignResumed, Event, Saved, SaveFailed, SettingsChanged, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.layout import CHRONICLE
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.training import dtype_trial

Configure = Callable[..., CampaignConfig]

MOVES: list[tuple[int, Command]] = [(2, UseAbility("rage")), (4, UseAbility("reckless_attack")), (5, Speak()), (7, SetAuto("rage", True))]
HARD = ("batch.accumulation=2", "model.dropout=0.1", "encounters.chance=1.0")


def begin(config: CampaignConfig, runs: Path) -> Run:
    return Run.begin(config, base=CAMPAIGNS, runs=runs)


def play(expedition: Run, inbox: Inbox | None = None, stop_after: int | None = None) -> list[Event]:
    inbox = inbox or Inbox()
    events = []
    for event in expedition.play(inbox):
        events.append(event)
        if isinstance(event, StepTaken) and event.turn == stop_after:
            inbox.stop()
    return events


def fingerprint(expedition: Run) -> tuple[str, str]:
    return expedition.campaign.learner.weights_sha256(), story_sha256(expedition.folder / CHRONICLE)


def saved(events: list[Event]) -> list[Path]:
    return [Path(event.path) for event in events if isinstance(event, Saved)]


@pytest.mark.slow
@pytest.mark.parametrize("stop_after", [1, 4, 5, 11])
@pytest.mark.parametrize(
    "extra", [(), ("optimizer.name=sgd",), ("device.dtype=bfloat16", "dice.rulebook=source")], ids=["adamw", "sgd", "source"]
)
def test_resumed_equals_uninterrupted(
    tiny_config: Configure,
    tmp_path: Path,
    once: Callable[[str, Callable[[Path], tuple[str, str]]], tuple[str, str]],
    stop_after: int,
    extra: tuple[str, ...],
) -> None:
    """Stopped after any turn, saved, opened again and played to the end: same weights, same story, to the last bit."""
    config = tiny_config(*HARD, *extra)

    def uninterrupted(folder: Path) -> tuple[str, str]:
        straight = begin(config, folder)
        play(straight, ScriptedInbox(MOVES))
        return fingerprint(straight)

    expected = once(f"uninterrupted {extra}", uninterrupted)
    first = begin(config, tmp_path)
    play(first, ScriptedInbox(MOVES), stop_after)
    second = Run.resume(first.folder)
    events = play(second, ScriptedInbox([move for move in MOVES if move[0] > stop_after]))
    assert CampaignResumed(stop_after, "The Tiny GPT") == events[0]
    assert first.folder == second.folder
    assert expected == fingerprint(second)


def test_another_machine_does_not_choose_the_dtype_again(tiny_config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of `dtype: auto` that began in bfloat16 goes on, and is played again, in bfloat16 where float32 is faster."""
    monkeypatch.setattr(dtype_trial, "trial", lambda learner: dtype_trial.DtypeTrial(2.0, 1.0))
    first = begin(tiny_config("device.dtype=auto"), tmp_path)
    play(first, stop_after=2)
    monkeypatch.setattr(dtype_trial, "trial", lambda learner: dtype_trial.DtypeTrial(1.0, 2.0))
    again = Run.resume(first.folder)
    assert ["bfloat16"] * 3 == [
        found.info().dtype for found in (first.learner, again.learner, from_the_beginning(first.folder).campaign.learner)
    ]
    assert begin(tiny_config("device.dtype=auto"), tmp_path).learner.info().dtype == "float32"


def test_commands_not_drained_yet_are_saved(tiny_config: Configure, tmp_path: Path) -> None:
    """A key pressed just before quitting acts on the first turn after resuming."""
    first = begin(tiny_config(), tmp_path)
    inbox = Inbox()
    for event in first.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 3:
            inbox.put(UseAbility("rage"))
            inbox.stop()
    events = play(Run.resume(first.folder))
    assert 4 in [event.turn for event in events if getattr(event, "command", None) == UseAbility("rage")]


def test_the_chronicle_holds_the_story(tiny_config: Configure, tmp_path: Path) -> None:
    """Every story event that was yielded can be read back, equal and in order; notices are not in it."""
    expedition = begin(tiny_config(), tmp_path)
    assert lines(play(expedition, ScriptedInbox(MOVES))) == lines(expedition.story)


def test_an_older_save_starts_a_branch(tiny_config: Configure, tmp_path: Path) -> None:
    """Going back to a save that is not the latest leaves the old run untouched and shares its story up to that save."""
    config = tiny_config("save.keep=10")
    old = begin(config, tmp_path)
    events = play(old)
    before = fingerprint(old)
    new = Run.resume(saved(events)[0])
    assert new.folder != old.folder
    play(new)
    assert before == fingerprint(old)
    assert before == fingerprint(new)


def test_a_new_seed_is_a_new_run(tiny_config: Configure, tmp_path: Path) -> None:
    """The seed decides dice and weights."""
    one, two = begin(tiny_config("seed=1"), tmp_path), begin(tiny_config("seed=2"), tmp_path)
    play(one)
    play(two)
    assert all(a != b for a, b in zip(fingerprint(one), fingerprint(two), strict=True))


def test_autosaves_are_pruned_and_named_saves_stay(tiny_config: Configure, tmp_path: Path) -> None:
    """Only the newest autosaves are kept; the player's own stay."""
    expedition = begin(tiny_config("save.keep=2"), tmp_path)
    events = play(expedition, ScriptedInbox([(1, SaveGame("first steps"))]))
    paths = saved(events)
    assert len(paths) > 4
    assert paths[0].exists()
    assert [path.exists() for path in dict.fromkeys(paths[1:])][-2:] == [True, True]
    assert sum(path.exists() for path in dict.fromkeys(paths[1:])) == 2


def test_a_disk_that_cannot_be_written_is_told_and_training_goes_on(
    tiny_config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a save fails, the player is told why, and the campaign still ends well."""
    expedition = begin(tiny_config(), tmp_path)

    def full(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saves, "write", full)
    events = play(expedition)
    failures = [event for event in events if isinstance(event, SaveFailed)]
    assert "No space left on device" == failures[0].error
    assert [event.ending for event in events if isinstance(event, CampaignEnded)] == ["victory"]


def test_two_travellers_on_one_run(tiny_config: Configure, tmp_path: Path) -> None:
    """A run that is being played cannot be played a second time at once."""
    expedition = begin(tiny_config(), tmp_path)
    walking = expedition.play(Inbox())
    next(walking)
    with pytest.raises(saves.SaveError):
        next(Run(expedition.campaign, expedition.folder, expedition.base).play(Inbox()))
    walking.close()


def test_an_error_in_training_is_logged(tiny_config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The traceback of a failed turn is kept in the run folder, the screen gets one event."""
    expedition = begin(tiny_config(), tmp_path)

    def broken(_: object) -> None:
        raise RuntimeError("the forge went cold")

    monkeypatch.setattr(expedition.campaign.learner, "step", broken)
    events = play(expedition)
    assert "the forge went cold" in events[-1].error  # type: ignore[union-attr]
    assert "Traceback" in (expedition.folder / "error.log").read_text()


def test_a_turn_that_cannot_be_finished_keeps_other_settings_out(
    tiny_config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run was stopped inside a turn, which fails again before the settings may change: the error says which, and no run goes on."""
    expedition = begin(tiny_config(), tmp_path)
    learner = type(expedition.campaign.learner)

    def left(self: object, effect: object) -> None:
        raise StepAbandoned

    def broken(self: object, effect: object) -> None:
        raise RuntimeError("the forge went cold")

    monkeypatch.setattr(learner, "step", left)
    play(expedition)
    monkeypatch.setattr(learner, "step", broken)
    with pytest.raises(saves.SaveError, match=r"turn 1 could not be finished: .*the forge went cold"):
        Run.resume(expedition.folder, ["optimizer.learning_rate=1e-4"])


def test_fewer_turns_than_were_played_are_refused(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    """Turns are counted from the beginning of the run, and the sentence says what to write for so many more."""
    run, inbox = Run.begin(tiny_config("turns=12"), base=CAMPAIGNS, runs=tmp_path), Inbox()
    for event in run.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 8:
            inbox.stop()
    for turns, more in ((8, 16), (3, 11)):
        with pytest.raises(ValueError, match=rf"turns: {turns} are over, .* at turn 8 .*--set turns={more}"):
            Run.resume(run.folder, [f"turns={turns}"])
    assert 9 == Run.resume(run.folder, ["turns=9"]).config.turns


def test_what_a_run_keeps_from_its_first_turn_on_is_not_changed_in_words_alone(tiny_config: Configure, tmp_path: Path) -> None:
    """The hero, the dice and the split of the text: the value is refused, with what to do, and the story tells of no change."""
    run, inbox = Run.begin(tiny_config("turns=12"), base=CAMPAIGNS, runs=tmp_path), Inbox()
    play(run, inbox, stop_after=4)
    for path, value in (("seed", "99"), ("hero.level", "5"), ("hero.stats.STR", "19"), ("hero.name", "Zed"), ("hero.auto", "[rage]")):
        with pytest.raises(ValueError, match=rf"{path}: a run keeps the value .*; leave it as it is, or begin a new run"):
            Run.resume(run.folder, [f"{path}={value}"])
    with pytest.raises(ValueError, match=r"data\.validation_fraction: a run keeps"):
        Run.resume(run.folder, ["data.validation_fraction=0.3"])
    assert not any(isinstance(event, SettingsChanged) for event in Run.resume(run.folder).story)
