"""Watching somebody else's run: the same panels, live, and no key that commands does anything but say so."""

from pathlib import Path

from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.screens_host import shown, until

from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.follow import Standing
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.saves import Lock
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.watch import COMMANDING, WatchScreen
from rolltrain_tui.tui.launch import Launch

STORY = [event for event in FakeExpedition(Path("nowhere"), fake_config("turns=12")).play(Inbox()) if event.in_story]
KEYS = [key for key in COMMANDING.split(",") if key not in ("plus", "equals_sign")]


async def test_a_watcher_sees_the_run_and_changes_nothing(tmp_path: Path) -> None:
    """The run appears when it begins, moves when it is written, ends with a sentence; its folder holds what its player wrote."""
    app = RolltrainApp(Launch(followed=tmp_path, runs=tmp_path.parent), FakeOutfitter(error=ValueError("no torch here")))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WatchScreen) and "has not begun yet" in shown(app))
        screen = app.screen
        assert isinstance(screen, WatchScreen)
        with Lock(tmp_path), Chronicle(tmp_path / "chronicle.jsonl") as chronicle:
            for event in STORY[:20]:
                chronicle.append(event)
            await until(pilot, lambda: screen.scene.turn == 8 and "● live" in shown(app))
            for key in KEYS:
                await pilot.press(key)
                await until(pilot, lambda: "You are watching" in screen.notice)
                assert app.screen is screen
                screen._notice.clear()
            assert app.bridge is not None
            assert app.bridge.inbox.pending() == []
            await pilot.press("tab", "tab", "tab", "tab")
            await until(pilot, lambda: "Nothing yet." in shown(app))
            assert "asks it to speak" not in shown(app)
            for event in STORY[20:]:
                chronicle.append(event)
            await until(pilot, lambda: "■ the end" in shown(app) and "The run is over after turn 12." in shown(app))
        assert {path.name for path in tmp_path.iterdir()} == {"chronicle.jsonl", "lock"}
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)


async def test_that_the_player_has_left_is_told_once(tmp_path: Path) -> None:
    """However often it is looked up: its box would pile up."""
    with Lock(tmp_path), Chronicle(tmp_path / "chronicle.jsonl") as chronicle:
        for event in STORY[:20]:
            chronicle.append(event)
    app = RolltrainApp(Launch(followed=tmp_path, runs=tmp_path.parent), FakeOutfitter(error=ValueError("no torch here")))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, WatchScreen) and "8/12" in shown(app))
        screen = app.screen
        assert isinstance(screen, WatchScreen)
        for _ in range(3):
            screen.followed.standing = Standing("left", words := "More than the line above the keys can hold. " * 4)
            screen.tick()
        await until(pilot, lambda: any(told.message == words for told in app._notifications))
        await pilot.pause()
        assert 1 == len([told for told in app._notifications if told.message == words])
