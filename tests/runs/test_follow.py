"""A follower tells what another process writes: all of it, in order, whole turns at a time, and how it stands with the run."""

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import follow
from rolltrain_tui.runs.follow import Followed, FollowError
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.playable import Sought
from rolltrain_tui.runs.saves import Lock
from rolltrain_tui.runs.verification.differences import same
from rolltrain_tui.story.scene import Scene

Deed = Callable[[], object]
STORY = [event for event in FakeExpedition(Path("nowhere"), fake_config("turns=40")).play(Inbox()) if event.in_story]


class Looks(Inbox):
    """One look after each deed; then the watcher leaves."""

    def __init__(self, *deeds: Deed) -> None:
        super().__init__()
        self._todo = iter(deeds)

    def wait_for_turn(self) -> bool:
        if (deed := next(self._todo, None)) is not None:
            deed()
        return deed is not None


def nothing() -> None:
    """The writer is silent."""


def heard(run: Followed, *deeds: Deed) -> list[Event | Sought]:
    return [*run.story, *run.play(Looks(*deeds))]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SILENT_SECONDS", -1.0)


@pytest.fixture
def chronicle(tmp_path: Path) -> Chronicle:
    return Chronicle(tmp_path / "chronicle.jsonl")


def writes(chronicle: Chronicle, first: int, last: int) -> Deed:
    return lambda: [chronicle.append(event) for event in STORY[first:last]]


@pytest.mark.parametrize("volume", [event_log.VOLUME, 900], ids=["one file", "many volumes"])
def test_a_run_is_told_as_it_is_written(tmp_path: Path, chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch, volume: int) -> None:
    """Begun before the run, while the chronicle turns over and whatever the pieces it comes in: every event once, in order."""
    monkeypatch.setattr(event_log, "VOLUME", volume)
    cuts = [0, 1, 2, 9, 10, 31, 90, len(STORY)]
    pieces = [writes(chronicle, *piece) for piece in pairwise(cuts)]
    assert same(STORY, heard(Followed(tmp_path), nothing, *pieces, nothing))


def test_a_turn_is_told_when_it_is_over_or_stands_still(tmp_path: Path, chronicle: Chronicle) -> None:
    """The newest turn is held back until the next event, or until the writer pauses in it."""
    middle = next(number for number, event in enumerate(STORY) if event.turn == 7) + 1
    run = Followed(tmp_path)
    told = run.play(Looks(writes(chronicle, 0, middle), nothing))
    until_silence = [next(told) for _ in range(middle - 1)]
    assert same(until_silence, STORY[: middle - 1])
    assert run.turn == 7
    assert same(list(told), [STORY[middle - 1]])


def test_a_run_that_was_taken_back_is_shown_from_there(tmp_path: Path, chronicle: Chronicle) -> None:
    """Somebody went on from an earlier save: the scene is that of the shorter story, even where the file is longer again."""

    def goes_back() -> None:
        chronicle.truncate_to(60)
        for event in FakeExpedition(Path("nowhere"), fake_config("turns=12", "seed=9")).play(Inbox()):
            if event.in_story:
                chronicle.append(event)

    run = Followed(tmp_path)
    *_, last = heard(run, writes(chronicle, 0, 80), nothing, goes_back)
    assert isinstance(last, Sought)
    assert same(last.scene, Scene.of(event_log.read(chronicle.path)))
    assert "taken back" in run.standing.words


def test_a_run_that_was_over_and_taken_back_is_live_again(tmp_path: Path, chronicle: Chronicle) -> None:
    """Somebody plays on from a save before its end."""

    def goes_back() -> None:
        chronicle.truncate_to(60)
        writes(chronicle, 60, 64)()

    run = Followed(tmp_path)
    heard(run, writes(chronicle, 0, len(STORY)), nothing)
    assert run.standing.state == "ended"
    heard(run, goes_back, writes(chronicle, 64, 70))
    assert run.standing.state == "live"


def test_the_story_can_be_told_again_on_the_way(tmp_path: Path, chronicle: Chronicle) -> None:
    """As when something is revealed: all of it from the beginning, in the middle of a turn too, and then what follows, each once."""
    middle = next(number for number, event in enumerate(STORY) if event.turn == 7) + 1
    run, again = Followed(tmp_path), list[Event]()
    told = heard(run, writes(chronicle, 0, middle), lambda: again.extend(run.story), writes(chronicle, middle, 60), nothing)
    assert same(again, STORY[:middle])
    assert same(told, [*STORY[: middle - 1], *STORY[middle:60]])


def test_what_is_hidden_stays_hidden_when_a_run_was_taken_back(tmp_path: Path, chronicle: Chronicle) -> None:
    """The scene that is folded anew is veiled as the events are."""
    run = Followed(tmp_path, frozenset({"floor"}))
    *_, last = heard(run, writes(chronicle, 0, 80), nothing, lambda: chronicle.truncate_to(40))
    assert isinstance(last, Sought)
    assert last.scene.objective.limit is None
    assert Scene.of(event_log.read(chronicle.path)).objective.limit is not None


@pytest.mark.parametrize(
    ("state", "words"),
    [("awaited", "not begun"), ("live", ""), ("abandoned", "no save"), ("ended", "over after turn 40"), ("gone", "removed")],
)
def test_it_says_how_it_stands_with_the_run(tmp_path: Path, state: str, words: str) -> None:
    """Not begun, live while somebody holds it, abandoned by a kill, at its end, and removed: a sentence each."""
    folder = tmp_path / "run"
    folder.mkdir()
    with Lock(folder) if state == "live" else Chronicle(tmp_path / "other.jsonl"), Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in STORY[: {"awaited": 0, "ended": len(STORY)}.get(state, 50)]:
            chronicle.append(event)
        run = Followed(folder)
        heard(run, (lambda: shutil.rmtree(folder)) if state == "gone" else nothing, nothing)
    assert run.standing.state == state
    assert words in run.standing.words


def test_damage_is_told_once_it_is_sure(tmp_path: Path, chronicle: Chronicle) -> None:
    """A line that stays bad is damage; one that the writer had half written is not."""
    writes(chronicle, 0, 50)()

    def spoil() -> None:
        with chronicle.path.open("ab") as log:
            log.write(b'{"crc":"00000000","n":50}\n{"crc":')

    run = Followed(tmp_path)
    assert same(STORY[:50], heard(run, spoil))
    assert run.standing.state != "damaged"
    heard(run, *[nothing] * follow.PATIENCE)
    assert run.standing.state == "damaged"
    assert "line 51 is damaged" in run.standing.words


@pytest.mark.parametrize(("name", "words"), [("nosuch", "there is no run"), ("save", "name the run folder")])
def test_what_is_no_run_is_refused(tmp_path: Path, name: str, words: str) -> None:
    """A folder that is not there, and a save."""
    (tmp_path / "save").mkdir()
    (tmp_path / "save" / "manifest.json").touch()
    with pytest.raises(FollowError, match=words):
        Followed(tmp_path / name)


def test_a_story_of_something_else_is_refused(tmp_path: Path, chronicle: Chronicle) -> None:
    """A chronicle that does not begin with a campaign's beginning is no run's."""
    writes(chronicle, 5, 9)()
    with pytest.raises(FollowError, match="does not begin"):
        heard(Followed(tmp_path), nothing)
