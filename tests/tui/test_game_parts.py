"""The small parts around the expedition: launch, tuning, the run's highlights, the ways out."""

import gc
import sys
import threading
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.paths import ROOT
from support.patience import PATIENCE
from support.screens_host import shown, until

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.events import CampaignEnded, GateFaced, HeroFell, LevelGained, MonsterFell
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.loading import LoadingScreen
from rolltrain_tui.tui.threads.tuning import SWITCH_INTERVAL, THRESHOLDS, Tuning
from rolltrain_tui.tui.wording.highlights import LINES, highlights


def test_the_players_text_becomes_two_overrides(tmp_path: Path) -> None:
    """A data file on the command line replaces the campaign's corpus, by its full path, unless an override names one already."""
    text = tmp_path / "my text.txt"
    assert ("seed=1", "data.corpus=file", f'data.path="{text}"') == Launch(data=text, overrides=("seed=1",)).all_overrides()
    assert ("data.path=x",) == Launch(data=text, overrides=("data.path=x",)).all_overrides()
    assert ("seed=1",) == Launch(overrides=("seed=1",)).all_overrides()


@pytest.mark.parametrize("frozen", [375, 50_000])
def test_tuning_is_taken_back(frozen: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter is as it was after the game, with what others froze; in it, threads switch often and garbage is collected seldom."""
    asked: list[str] = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: frozen)
    monkeypatch.setattr(gc, "freeze", lambda: asked.append("freeze"))
    monkeypatch.setattr(gc, "unfreeze", lambda: asked.append("unfreeze"))
    before = (sys.getswitchinterval(), gc.get_threshold())
    tuning = Tuning()
    tuning.begin()
    tuning.settle()
    tuning.settle()
    during = (sys.getswitchinterval(), gc.get_threshold())
    tuning.end()
    assert (pytest.approx(SWITCH_INTERVAL), THRESHOLDS) == during
    assert before == (sys.getswitchinterval(), gc.get_threshold())
    assert ([] if frozen > 1_000 else ["freeze", "unfreeze"]) == asked


def test_highlights_keep_the_beginning_the_end_and_what_weighs_most() -> None:
    """Ten lines in order: the frame of the story first, then levels before monsters."""
    events = list(FakeExpedition(Path("nowhere"), fake_config("turns=40")).play(Inbox([UseAbility("rage")])))
    scene = Scene.of(events[:1])
    for turn in range(1, 20):
        scene.apply(MonsterFell(turn, "loss_dragon", 1800))
    scene.apply(LevelGained(20, (), Sheet(level=2)))
    for event in events[1:]:
        scene.apply(event)
    lines = highlights(scene)
    assert LINES == len(lines)
    assert lines[0].startswith("Turn 0: The Tiny GPT begins")
    assert lines[-1].startswith("Turn 40: Played to the end")
    assert any("Level 2" in line for line in lines)


def test_of_many_falls_the_last_one_alone_is_a_highlight() -> None:
    """It tells how many there were, and leaves room for what else happened."""
    scene = Scene.of([LevelGained(1, (), Sheet(level=2)), *(HeroFell(turn, 1, Sheet(deaths=turn - 1)) for turn in range(2, 48))])
    for turn in range(48, 60):
        scene.apply(MonsterFell(turn, "loss_dragon", 1800))
    lines = highlights(scene)
    assert ["Turn 47"] == [line.partition(":")[0] for line in lines if "death save" in line]
    assert "46 deaths" in lines[1]
    assert lines[0].startswith("Turn 1: Level 2")


def test_a_foe_that_fell_often_is_told_once() -> None:
    """The other lines are for what else happened, such as gates."""
    gates = [GateFaced(turn, 2.0, ghost=2.1, bar=2.2, opened=True, xp=100) for turn in range(1, 9)]
    falls = [MonsterFell(turn, monster, 100) for turn in range(60, 80) for monster in ("loss_dragon", "gradient_ooze")]
    lines = highlights(Scene.of([*gates, *falls]))
    assert [8, 2] == [sum(word in line for line in lines) for word in ("Gate opens", " falls.")]
    assert ["Turn 79", "Turn 79"] == [line.partition(":")[0] for line in lines[-2:]]


def test_the_tale_of_an_ending_is_left_to_the_head_of_its_page() -> None:
    """The last line tells the numbers, and not the tale once more."""
    ended = CampaignEnded(9, "victory", 1.4, 1.4, 0.1, 1.4, Sheet(), 3.0, title="A mind with a name", text="It makes up names.")
    (line,) = highlights(Scene.of([ended]))
    assert line.startswith("Turn 9: Played to the end")
    assert "names" not in line


@pytest.mark.parametrize("most", [0, 1, 5])
def test_highlights_never_tell_more_than_asked(most: int) -> None:
    """Short screens get short stories."""
    assert len(highlights(Scene.of(FakeExpedition(Path("nowhere"), fake_config("turns=3")).play(Inbox())), most)) <= most


class Stubborn(FakeExpedition):
    """An expedition that does not leave when it is asked to, until it is let go."""

    remove = False

    def play(self, inbox: Inbox):  # type: ignore[no-untyped-def]
        deaf = Inbox()
        deaf.turn_over = inbox.turn_over
        events = super().play(deaf)
        yield next(events)
        while not self.remove:
            inbox.resume()
            yield next(events)


@pytest.mark.slow
async def test_a_second_ctrl_q_does_not_wait(tmp_path: Path) -> None:
    """The first asks for the save and says so; the second goes at once, with code 1 and a word about the last autosave."""
    expedition = Stubborn(tmp_path, fake_config("turns=1000000"))
    app = RolltrainApp(Launch(save=tmp_path, runs=tmp_path, explain=False), FakeOutfitter(expedition))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ExpeditionScreen) and app.screen.scene.turn)
        await pilot.press("ctrl+q")
        screen = next(screen for screen in app.screen_stack if isinstance(screen, ExpeditionScreen))
        assert "Saving" in screen.notice
        assert app.return_code is None
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app.return_code is not None)
        expedition.remove = True
    assert app.bridge is not None
    assert app.bridge.join(PATIENCE)
    assert (1, True) == (app.return_code, app.impatient)
    assert "autosave" in app.farewell


async def test_leaving_while_a_run_is_being_opened_is_answered(tmp_path: Path) -> None:
    """The screen turns back at once, and a second ctrl+q speaks of no save."""
    ready = threading.Event()
    outfitter = FakeOutfitter(FakeExpedition(tmp_path, fake_config("turns=5")))
    outfitter.before = ready.wait
    app = RolltrainApp(Launch(save=tmp_path, runs=tmp_path, explain=False), outfitter)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, LoadingScreen) and app.screen.is_mounted)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: "Turning back" in shown(app))
            assert "Escape goes back" not in shown(app)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: app.return_code is not None)
        assert "nothing is lost" in app.farewell
    finally:
        ready.set()
        assert app.bridge is not None
        assert app.bridge.join(PATIENCE)


async def test_the_title_learns_when_torch_is_ready(tmp_path: Path) -> None:
    """The line at the bottom comes from the thread that loads it."""
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.torch_ready and "torch 2.13 · cpu, 2 threads · ready" in shown(app))


@pytest.mark.slow
async def test_escape_turns_back_while_an_expedition_is_readied(tmp_path: Path) -> None:
    """The title opens again as soon as the worker can be left; nothing is played."""
    outfitter = FakeOutfitter(FakeExpedition(tmp_path, fake_config()))
    app = RolltrainApp(Launch(save=tmp_path, runs=tmp_path), outfitter)
    outfitter.before = lambda: app.call_from_thread(app.leave, "title")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "New campaign" in shown(app))
        assert outfitter.expedition is not None
        assert outfitter.expedition.left
        assert app.bridge is None


def test_a_text_of_the_players_own_may_lie_anywhere(tmp_path: Path) -> None:
    """A campaign begun with a text outside its folder trains on that text, and its run can be opened again."""
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.runs import saves
    from rolltrain_tui.runs.run import Run
    from rolltrain_tui.tui.threads.outfitter import TorchOutfitter

    text = tmp_path / "my own: book.txt"
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 200, encoding="utf-8")
    launch = Launch(data=text, runs=tmp_path / "runs", overrides=("turns=2", "schedule.warmup_turns=1", "device.threads=1"))
    expedition = TorchOutfitter(launch).begin(Path("campaigns/tutorial.yaml").resolve(), launch.all_overrides())
    assert expedition.config.data.path == "my own: book.txt"
    for _ in expedition.play(Inbox()):
        pass
    assert [run.damage for run in saves.list_runs(tmp_path / "runs")] == [""]
    assert Run.resume(expedition.folder).config == expedition.config


def test_no_style_leaks_out_of_its_screen() -> None:
    """Every rule of a screen's style sheet is below that screen: what is open elsewhere cannot change how a screen looks."""
    import re

    for sheet in (ROOT / "rolltrain_tui/tui").rglob("*.tcss"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
        depth, selector = 0, ""
        for part in re.split(r"([{}])", text):
            if part == "{":
                if depth == 0:
                    assert all(one.strip()[:1].isupper() for one in selector.split(",")), (sheet.name, selector)
                depth += 1
            elif part == "}":
                depth -= 1
            else:
                selector = part
