"""The ending: the judgement, what decided it, and the ways on."""

import errno
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest
from support.endings import ENDED, FOLDER, HELPED, HERO, MIDDLE, PATH, events_of, ghost, story
from support.patience import PATIENCE
from support.screens_host import ScreensHost, shown, until
from textual.pilot import Pilot
from textual.widgets import Digits, Sparkline

from rolltrain_tui.exports import export
from rolltrain_tui.exports.writers import ExportError
from rolltrain_tui.protocol.events import CampaignEnded, Evaluated
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.results import Record, Result, Setup
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.screens.run_log import RunLogScreen
from rolltrain_tui.tui.wording.run_story import RunStory, drawable, facts_of, figure, figure_words, headline, subtitle

SCORE = Objective(name="R²", unit="", better="higher", step=0.1, chance=0.0, limit=1.0, of_loss=False)
SIZES = [(80, 24), (120, 36), (200, 60)]


def host(ended: CampaignEnded = ENDED, **how: Any) -> ScreensHost:
    return ScreensHost(lambda: EndingScreen(story(ended, **how)))


async def opened(pilot: Pilot[None]) -> None:
    """The ending is drawn, its line of keys too, and what a thread has looked up."""
    await until(pilot, lambda: "Quit" in shown(pilot.app))
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
async def test_the_judgement_stands_first_and_the_difference_is_the_largest_number(size: tuple[int, int]) -> None:
    app = host()
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        screen = shown(app)
        for text in ("VICTORY", "Better than plain training.", "Brakka␛ has seen The [/] GPT through", "± 0.016 nats", "▼ better"):
            assert text in screen
        assert "-0.108" == app.screen.query_one(Digits).value


@pytest.mark.parametrize("size", SIZES[1:])
async def test_everything_that_decided_is_told(size: tuple[int, int]) -> None:
    app = host()
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        screen = shown(app)
        for text in (
            "1.520 ± 0.012 → 1.412 ± 0.010 nats",
            "1.4123 ± 0.0042 nats",
            "1.4021 nats (small probe set)",
            "0.102 nats above the floor of 1.3100",
            "4.2000 nats, for guessing blindly",
            "1 of 2 opened",
            "1 helped, 0 no effect, 1 hurt",
            "Rage, turn 120: −0.0253 ± 0.0003",
            "Rage, turn 280: +0.0311 ± 0.0041",
            "2310.5 GFLOP + 88.75 for twins",
            "5, 6510 XP, 1 death",
            "qx [b]zz",
            "the old ranger",
            "the-tiny-gpt-seed7",
        ):
            assert text in screen, text


async def test_small_screens_read_by_scrolling() -> None:
    """At 80x24 judgement and numbers come first, and the arrows lead down to the samples and the folder."""
    app = host()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert all(text in shown(app) for text in ("VICTORY", "1.4123", "Worst move", "Again", "Replay", "Branch", "Export", "Log", "Quit"))
        await pilot.press("end")
        await pilot.pause()
        assert all(text in shown(app) for text in ("the old ranger", "the-tiny-gpt-seed7"))


OUTCOMES: dict[str, tuple[RunStory, str]] = {
    "won": (story(), "VICTORY"),
    "held": (story(plain=ghost(1.42)), "HELD"),
    "lost": (story(plain=ghost(1.2)), "DEFEAT"),
    "nan": (story(replace(ENDED, value=float("nan"))), "DEFEAT"),
    "fallen": (story(replace(ENDED, ending="fallen")), "FALLEN"),
    "down": (story(replace(ENDED, sheet=replace(HERO, hp=0))), "FALLEN"),
    "alone": (story(plain=None), "THE END"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_only_a_run_that_beat_plain_training_reads_victory(name: str) -> None:
    """Whatever it was called while it was played."""
    told, words = OUTCOMES[name]
    everything = " ".join([headline(told), subtitle(told), *figure_words(told), *told.lines, *(" ".join(row) for row in facts_of(told))])
    assert headline(told).startswith(words)
    assert ("victory" in everything.lower()) == (name == "won")


@pytest.mark.parametrize(("name", "colour"), [("won", "success"), ("lost", "error")])
async def test_an_outcome_has_its_colour(name: str, colour: str) -> None:
    app = ScreensHost(lambda: EndingScreen(OUTCOMES[name][0]))
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        assert app.theme_variables[colour].lower() == app.screen.query_one("#ending-title").styles.color.hex.lower()


def test_without_plain_training_the_final_value_is_the_figure_and_nothing_is_claimed() -> None:
    alone = story(plain=None)
    assert ("1.412", "± 0.004 nats") == (figure(alone), figure_words(alone)[0])
    assert "nothing was won or lost" in headline(alone)
    assert not {"Plain → you"} & {name for name, _ in facts_of(alone)}


@pytest.mark.parametrize(
    ("par", "short"), [("plain training", "plain"), ("Zeillinger", "Zeillinger"), ("the agent that chooses first", "the bar")]
)
def test_the_difference_is_named_by_what_the_ghost_is(par: str, short: str) -> None:
    """Where the bar is an expert, nobody reads of plain training."""
    told = story(plain=ghost(), objective=replace(SCORE, par=par))
    assert f"you minus {short}; " in figure_words(told)[1]
    assert f"{short[0].upper()}{short[1:]} → you" in dict(facts_of(told))


@pytest.mark.parametrize("ending", ["victory", "fallen"])
def test_a_difference_within_the_error_is_called_neither_better_nor_worse(ending: str) -> None:
    """In either direction, and whatever became of the hero."""
    for plain in (1.43, 1.39):
        held = " ".join(figure_words(story(replace(ENDED, ending=ending), plain=ghost(plain))))
        assert "within two errors" in held
        assert not {"▼ better", "▲ worse"} & set(held.split("  "))


def test_where_higher_is_better_a_rise_is_better_and_the_ceiling_is_above() -> None:
    ended = replace(ENDED, value=0.93, best=0.93)
    risen = story(ended, plain=ghost(0.80), objective=SCORE)
    assert ("+0.130", "▲ better") == (figure(risen), figure_words(risen)[0].split("  ")[1])
    assert ("Ceiling", "0.070 below the ceiling of 1.0000") in facts_of(risen)
    fallen_short = story(replace(ENDED, value=0.70), plain=ghost(0.80), objective=SCORE)
    assert ("DEFEAT", "▼ worse") == (headline(fallen_short).split()[0], figure_words(fallen_short)[0].split("  ")[1])


@pytest.mark.parametrize(("ending", "words"), [("victory", "has seen"), ("spent", "The energy for"), ("fallen", "fell in turn 2000")])
def test_how_the_run_ended_is_only_the_second_line(ending: Any, words: str) -> None:
    assert words in subtitle(story(replace(ENDED, ending=ending)))


WAYS: dict[str, list[tuple[object, ...]]] = {
    "p": [("start", PATH, ("hero.name=Brakka",))],
    "n": [("start", PATH, ("hero.name=Brakka", "dice.rulebook=off"))],
    "w": [("watch", FOLDER)],
    "b b": [("branch", FOLDER, 279, "rage")],
    "b s": [],
    "escape": [("title",)],
    "t": [("title",)],
    "q": [("quit",)],
}


async def test_every_way_on_has_a_key() -> None:
    """The branch begins before the worst move, without its ability."""
    app = host()
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        for keys, calls in WAYS.items():
            app.calls.clear()
            await pilot.press(*keys.split())
            await pilot.pause()
            assert (keys, calls) == (keys, app.calls)


@pytest.mark.parametrize("key", ["l", "x"])
async def test_the_log_and_the_chart_are_whole_at_their_first_frame(key: str) -> None:
    """Nothing is drawn later than the screen itself."""
    app = host()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        frames: list[str] = []
        paint = app._display

        def watched(screen: Any, renderable: Any) -> None:
            if not isinstance(screen, EndingScreen):
                frames.append(shown(app))
            paint(screen, renderable)

        app._display = watched  # type: ignore[method-assign]
        await pilot.press(key)
        await until(pilot, lambda: frames)
        assert ("Played to the end" if key == "l" else "Turn 0") in frames[0]


async def test_the_log_opens_and_closes() -> None:
    """Story first; v shows every turn."""
    app = host()
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, RunLogScreen) and "Played to the end" in shown(app))
        await pilot.press("home", "pagedown", "up", "v", "end", "escape")
        await until(pilot, lambda: isinstance(app.screen, EndingScreen))


async def test_the_export_lies_in_the_folder_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Table and report card, without matplotlib a note instead of a picture."""
    with Chronicle(tmp_path / "chronicle.jsonl") as chronicle:
        for event in events_of(plain=ghost(), middle=MIDDLE):
            chronicle.append(event)
    app = host(folder=tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: "report.md" in shown(app))
        assert "matplotlib" in shown(app)
        assert {"turns.csv", "report.md"} <= {path.name for path in (tmp_path / "export").iterdir()}
        assert "won: −0.1077 ± 0.0156" in (tmp_path / "export" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; make room"),
        (PermissionError(errno.EACCES, "Permission denied", "here/export"), "here/export: Permission denied"),
        (ExportError("here has no story"), "here has no story"),
        (RuntimeError("a broken matplotlib"), "RuntimeError: a broken matplotlib"),
        (ImportError("a library of another version"), "ImportError: a library of another version"),
    ],
)
async def test_an_export_that_fails_ends_no_game(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, a folder that may not be written, no story, a package that is broken: it is said, and the keys still work."""
    monkeypatch.setattr(export, "chronicle_of", Mock(side_effect=error))
    app = host()
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("e")
        await until(pilot, lambda: words in shown(app))
        assert "It failed: to export the run" in shown(app)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, RunLogScreen))


async def test_the_best_of_all_finished_runs_is_named(tmp_path: Path) -> None:
    for name, value in (("first", 1.3), ("second", 1.5)):
        (tmp_path / name).mkdir()
        with Chronicle(tmp_path / name / "chronicle.jsonl") as chronicle:
            for event in events_of(replace(ENDED, value=value), plain=ghost()):
                chronicle.append(event)
    app = host(replace(ENDED, value=1.5), folder=tmp_path / "second")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "1.3000 in first, of 2 finished runs" in shown(app))


async def test_ways_that_lead_nowhere_keep_their_place() -> None:
    """Without the campaign's file and without a move that hurt."""
    app = host(path=None, middle=(HELPED,))
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("p", "n", "b")
        assert all(label in shown(app) for label in ("Again", "Branch"))
        assert [] == app.calls


def test_an_outcome_is_told_in_words_that_say_something() -> None:
    """A run that nothing is recorded for is finished, here as in the lists; a record of one run compares with nothing."""
    told = story(plain=None)
    only = Record(Result(told.folder, Setup("The Tiny GPT", 2000, "", Objective()), ENDED, told.judgement), 1)
    rows = dict(facts_of(told, only))
    assert rows["Ending"] == "· finished, turn 2000"
    assert rows["Your best"] == "this run, the first finished one"
    assert dict(facts_of(told, replace(only, attempts=2)))["Your best"] == "this run, of 2 finished runs"


def test_a_run_whose_loss_is_no_number_says_so_once_and_in_words() -> None:
    told = story(replace(ENDED, ending="fallen", turn=29, value=float("nan"), standard_error=float("nan")), plain=None)
    assert (
        "Brakka␛ fell in turn 29 of The [/] GPT. Its validation loss is no number any more: what was trained cannot be used."
        == subtitle(told)
    )
    facts = dict(facts_of(told))
    assert ("not finite", "1.3100") == (facts["Validation"], facts["Floor"])
    assert not any("nan" in line.split() for line in told.lines)
    assert any("validation not a number (floor 1.310)" in line for line in told.lines)


async def test_one_number_is_no_curve() -> None:
    """The sparkline stays away."""
    app = host(replace(ENDED, value=float("nan")), last=float("nan"))
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        assert not app.screen.query_one("#ending-way").display


async def test_the_way_says_what_it_shows() -> None:
    app = host(middle=[Evaluated(turn, 3.0, 0.02, 3.0, 3.0, True) for turn in (500, 1000, 1500)])
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        assert app.screen.query_one(Sparkline).region.height == 2
        assert "Validation loss, first evaluation to last" in shown(app)


def test_drawable() -> None:
    """What is no number is left out; the lowest point still stands above nothing and the order of heights is kept."""
    heights = drawable([4.0, float("nan"), 2.0, float("-inf"), 3.0])
    assert [0, 2, 1] == [sorted(heights, reverse=True).index(height) for height in heights]
    assert min(heights) > 0
    assert [] == drawable([])


async def test_a_reveal_reads_the_run_aside_and_waits_for_the_screen_above() -> None:
    """The keys go on while the whole run is read, and what is revealed stands there on the way back."""
    read = Event()

    def events() -> list[Any]:
        assert read.wait(PATIENCE)
        return list(events_of(ENDED, plain=ghost(), middle=MIDDLE))

    kept = replace(story(), scene=Scene.of(events_of(ENDED, plain=ghost(), middle=MIDDLE), hidden=frozenset({"verdict"})), events=events)
    app = ScreensHost(lambda: EndingScreen(kept))
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        assert "VICTORY" not in shown(app)
        await pilot.press("h", "l")
        await until(pilot, lambda: isinstance(app.screen, RunLogScreen))
        read.set()
        await app.workers.wait_for_complete()
        await pilot.press("escape")
        await until(pilot, lambda: "VICTORY" in shown(app))


async def test_a_run_that_cannot_be_read_again_says_so() -> None:
    """What is kept back stays so, and nothing breaks."""

    def events() -> list[Any]:
        raise OSError(2, "No such file or directory")

    kept = replace(story(), scene=Scene.of(events_of(ENDED, plain=ghost(), middle=MIDDLE), hidden=frozenset({"verdict"})), events=events)
    app = ScreensHost(lambda: EndingScreen(kept))
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("h")
        await until(pilot, lambda: any(told.title == "It failed: to read the whole run" for told in app._notifications))
        assert any("No such file" in told.message for told in app._notifications)
