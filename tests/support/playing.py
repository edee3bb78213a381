"""The app on a scripted expedition, played by keys."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.patience import PATIENCE
from support.screens_host import shown, until

SIZE = (120, 36)


class Game:
    """An app under test with its expedition."""

    def __init__(self, app: RolltrainApp, pilot: Pilot[None], expedition: FakeExpedition) -> None:
        self.app, self.pilot, self.expedition = app, pilot, expedition

    @property
    def screen(self) -> ExpeditionScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, ExpeditionScreen))

    @property
    def inbox(self) -> Any:
        assert self.app.bridge is not None
        return self.app.bridge.inbox

    @property
    def text(self) -> str:
        return shown(self.app)

    async def until(self, wish: Callable[[], object]) -> None:
        await until(self.pilot, wish)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def play_to(self, turn: int) -> None:
        """Just so many turns, so that the scene stands exactly after this one."""
        for _ in range(turn - self.screen.scene.turn):
            self.inbox.step_once()
        await self.until(lambda: self._ticked().scene.turn >= turn)

    async def stand_still(self) -> int:
        """The turn at which a paused run stands, once every turn that it was still granted is played and shown."""
        bridge = self.app.bridge
        assert bridge is not None
        while self.inbox._single_steps:
            await asyncio.sleep(0)
        await asyncio.wrap_future(bridge.between_turns(lambda run: None))  # done when the last granted turn is over
        return self._ticked().scene.turn

    async def play_behind(self) -> None:
        """One turn, whatever screen lies over the expedition."""
        before = self.screen.scene.turn
        self.inbox.step_once()
        await self.until(lambda: self._ticked().scene.turn > before)

    def _ticked(self) -> ExpeditionScreen:
        """The screen after one tick, without waiting for its timer."""
        self.screen.tick()
        return self.screen

    async def see(self, *words: str) -> None:
        """Until the screen, drawn anew, shows all of these."""

        def visible() -> bool:
            self.screen.draw()
            return all(word in self.text for word in words)

        await self.until(visible)


def under_way(app: RolltrainApp) -> bool:
    """The expedition is open; a card may already lie upon it."""
    return any(isinstance(screen, ExpeditionScreen) for screen in app.screen_stack)


@asynccontextmanager
async def playing(
    tmp_path: Path,
    *overrides: str,
    size: tuple[int, int] = SIZE,
    paused: bool = True,
    explain: bool = False,
    boxes: bool = False,
    **how: Any,
) -> AsyncIterator[Game]:
    """The app on an expedition; `paused`: before its first turn; `explain`: with cards for the first of a kind; `boxes`: with notices."""
    expedition = FakeExpedition(tmp_path, fake_config(*overrides), **how)
    outfitter = FakeOutfitter(expedition)
    app = RolltrainApp(Launch(save=tmp_path, runs=tmp_path, explain=explain), outfitter)
    if paused:
        outfitter.before = lambda: app.bridge and app.bridge.inbox.pause()
    async with app.run_test(size=size, notifications=boxes) as pilot:
        await until(pilot, lambda: under_way(app))
        game = Game(app, pilot, expedition)
        await game.until(lambda: game.screen.scene.campaign)
        yield game
        if app.bridge is not None:
            app.bridge.stop()
            assert app.bridge.join(PATIENCE)
