"""The replay: the expedition's screen over a recording, with time in the viewer's hands."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.screens_host import shown, until
from support.shell import Answer
from textual.pilot import Pilot
from textual.widgets import Static

from rolltrain_tui.modes.campaign_file import dump
from rolltrain_tui.protocol.commands import SaveGame, UseAbility
from rolltrain_tui.protocol.events import ScoutReport, ScoutsReturned, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs.log.event_log import Chronicle, read
from rolltrain_tui.runs.log.recording import Recording
from rolltrain_tui.runs.verification.differences import same
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.reel import ReplaySource
from rolltrain_tui.tui.expedition.replay import ReplayScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.chart import ChartScreen

pytestmark = pytest.mark.slow

TURNS = 400
Watching = Pilot[None]


@pytest.fixture
def run(tmp_path: Path, once: Callable[[str, Callable[[Path], Path]], Path]) -> Path:
    """A recorded run in which the player raged in turn 40; a copy for each test."""

    def recorded(folder: Path) -> Path:
        inbox: Inbox = ScriptedInbox([(40, UseAbility("rage")), (41, SaveGame())])
        with Chronicle(folder / "chronicle.jsonl") as chronicle:
            for event in FakeExpedition(folder, fake_config(f"turns={TURNS}")).play(inbox):
                if event.in_story:
                    chronicle.append(event)
        return folder

    return shutil.copytree(once("run", recorded), tmp_path, dirs_exist_ok=True)


def app_for(run: Path, start: int | None = None, tempo: int | None = None) -> RolltrainApp:
    return RolltrainApp(Launch(recording=run, start=start, tempo=tempo, runs=run.parent), FakeOutfitter(error=ValueError("no torch here")))


async def opened(pilot: Watching) -> ReplayScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen) and pilot.app.screen.scene.campaign)
    assert isinstance(pilot.app.screen, ReplayScreen)
    return pilot.app.screen


async def stand_still(screen: ReplayScreen) -> int:
    """The turn at which a paused replay stands, once every turn that it was still granted is shown."""
    while screen.spool._single_steps:
        await asyncio.sleep(0)
    await asyncio.wrap_future(screen.bridge.between_turns(lambda run: None))
    screen.tick()
    return screen.scene.turn


async def test_it_plays_pauses_and_steps(run: Path) -> None:
    """Turns pass by themselves; space stops them, the full stop lets one pass."""
    async with app_for(run, tempo=8).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.scene.turn >= 3)
        await pilot.press("space")
        turn = await stand_still(screen)
        await pilot.press(".")
        await until(pilot, lambda: screen.scene.turn > turn)
        assert await stand_still(screen) == turn + 1
        assert screen.spool.paused


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_it_goes_anywhere(run: Path, size: tuple[int, int]) -> None:
    """Arrows, home, end, digits and a typed turn lead there, and the scene is what it was then."""
    events = list(read(run / "chronicle.jsonl"))
    async with app_for(run, start=100, tempo=1).run_test(size=size) as pilot:
        screen = await opened(pilot)
        await pilot.press("space")
        for keys, turn in (
            (["5"], 200),
            (["left"], 190),
            (["shift+right"], 290),
            (["end"], 400),
            (["right"], 400),
            (["home"], 0),
            (["left"], 0),
            (["g", *"123", "enter"], 123),
            (["g", *"25%", "enter"], 100),
            (["g", *"nonsense", "enter"], 100),
        ):
            await pilot.press(*keys)
            await until(pilot, lambda turn=turn: screen.scene.turn == turn and not len(screen.bridge.buffer))
            assert same(screen.scene, Scene.of(event for event in events if event.turn <= turn))
            assert f"{turn}/{TURNS}" in "".join(line.text for line in screen._status.render_lines(screen._status.region.reset_offset))


async def test_at_the_end_it_waits_and_begins_again(run: Path) -> None:
    """The last turn stays on screen; space plays from the beginning."""
    async with app_for(run, start=TURNS - 2, tempo=1).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.scene.turn == TURNS and screen.spool.paused)
        assert screen.scene.ending is not None
        await pilot.press("space")
        await until(pilot, lambda: 0 < screen.scene.turn < TURNS)
        assert not screen.spool.paused


async def test_the_tempo_goes_from_1x_to_64x(run: Path) -> None:
    """Plus and minus double and halve it, within these bounds."""
    async with app_for(run).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert screen.spool.turns_per_second == 8
        await pilot.press(*["plus"] * 9)
        assert screen.spool.turns_per_second == 64
        await pilot.press(*["minus"] * 9)
        assert screen.spool.turns_per_second == 1


async def test_nothing_can_be_asked_of_it(run: Path) -> None:
    """Keys of the game do nothing here, and watching leaves no trace in the run."""
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    app = app_for(run, start=39, tempo=64)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.scene.turn >= 45)
        assert screen.scene.proof is not None  # the rage was told
        await pilot.press("r", "v", "s", "i", "p", "u", "a")
        assert screen.spool.pending() == []
        assert app.screen is screen
        await pilot.press("q")
        await until(pilot, lambda: app.return_code is not None or not app.is_running)
    assert app.return_code == 0
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


async def test_a_branch_from_where_it_stands(run: Path) -> None:
    """b asks, and then a new run begins after the turn that is shown. The replay is over, so that nothing waits for it."""
    (run / "campaign.yaml").write_text(dump(fake_config(f"turns={TURNS}")), encoding="utf-8")
    outfitter = FakeOutfitter(FakeExpedition(run / "new", fake_config("turns=3")))
    app = RolltrainApp(Launch(recording=run, start=39, tempo=1, runs=run.parent), outfitter)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("space", "g", *"120", "enter")
        await until(pilot, lambda: screen.scene.turn == 120)
        replay = app.bridge
        await pilot.press("b")
        await until(pilot, lambda: app.screen is not screen)
        await pilot.press("b")
        await until(pilot, lambda: outfitter.asked)
        assert outfitter.asked == [("branch", run, ("120",))]
        assert replay is not None
        assert not replay.playing


async def test_its_hint_names_no_key(tmp_path: Path) -> None:
    """No key acts on a recorded run: the line says what would have helped."""
    found = ScoutsReturned(120, "slow", 9.0, 3.2, 20.0, (ScoutReport(3.0, -0.1, 0.007, False),), 7.0)
    with Chronicle(tmp_path / "chronicle.jsonl") as chronicle:
        for event in FakeExpedition(tmp_path, fake_config("turns=130")).play(Inbox()):
            if event.turn > 121:
                break  # so the replay stands still where the hint is of use
            if event.in_story:
                chronicle.append(event)
            if isinstance(event, StepTaken) and event.turn == 120:
                chronicle.append(found)
    app = app_for(tmp_path, start=121, tempo=1)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "Reckless Attack helps: the steps are too small" in shown(app))


async def test_at_the_last_turn_there_is_nothing_to_branch(run: Path) -> None:
    """b says so and how to go back; nothing is asked, and no run begins."""
    (run / "campaign.yaml").write_text(dump(fake_config(f"turns={TURNS}")), encoding="utf-8")
    app = app_for(run, start=TURNS)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.scene.turn == TURNS and screen.spool.paused)
        await pilot.press("b")
        await until(pilot, lambda: "The run ends here" in screen.notice)
        assert app.screen is screen
        await pilot.press("left")
        await until(pilot, lambda: screen.scene.turn == TURNS - 10)
        await pilot.press("b")
        await until(pilot, lambda: app.screen is not screen)


async def test_help_and_palette_offer_its_keys(run: Path) -> None:
    """The help tells of seeking and of nothing that cannot be done."""
    async with app_for(run).run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        await pilot.press("question_mark")

        def words() -> str:
            return " ".join(str(widget.render()) for widget in pilot.app.screen.query(".fact-name, .fact-value"))

        await until(pilot, lambda: "To the beginning" in words())
        assert "short rest" not in words()


async def test_what_cannot_be_watched_is_explained(tmp_path: Path) -> None:
    """A folder without a chronicle leads to the title and a sentence."""
    async with app_for(tmp_path).run_test(size=(80, 24)) as pilot:
        await until(
            pilot, lambda: any("chronicle" in str(text.render()) for text in pilot.app.screen.query("#dialog-text").results(Static))
        )


async def test_the_full_chart_shows_no_more_than_the_replay_has_reached(run: Path) -> None:
    """x opens it; its newest turn is the replay's, and going back in time goes back there too."""
    async with app_for(run, start=60).run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        screen.spool.pause()
        await until(pilot, lambda: screen.scene.turn >= 60)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChartScreen) and f"Turn {screen.scene.turn} " in shown(pilot.app))
        screen.seek(41)
        await until(pilot, lambda: "Turn 41 " in shown(pilot.app))


def test_the_recording_is_read_once(run: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where --from names a turn, which is compared with its end before the screen opens."""
    read = list[Recording]()
    whole = Recording._read
    monkeypatch.setattr(Recording, "_read", lambda recording: (read.append(recording), whole(recording)))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("rolltrain_tui.cli.replay.need_screen", lambda *_: None)

    def opens(_: object, launch: Callable[[], Launch]) -> int:
        asked = launch()
        assert asked.recording is not None
        source = ReplaySource(asked.recording)
        assert (run, 3) == (source.folder, asked.start)
        return 0

    monkeypatch.setattr("rolltrain_tui.cli.replay.open_screen", opens)
    assert call("replay", run, "--from", 3).code == 0
    assert len(read) == 1
