"""The address on the game's screen: its code fits, the run waits behind it, and it comes back by its key."""

from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.screens_host import ScreensHost, shown, until
from textual.pilot import Pilot

pytest.importorskip("aiohttp", reason="the extra serve is not installed")

from rolltrain_tui.serve.address import AddressScreen, qr_lines, words_for_the_terminal
from rolltrain_tui.serve.app import ServedApp
from rolltrain_tui.serve.serving import Serving
from rolltrain_tui.serve.start import make_server
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8765/", "http://192.168.100.100:65535/", "http://[2001:db8:85a3::8a2e:370:7334]:65535/"]
)
def test_the_code_fits_the_smallest_screen(base: str) -> None:
    """Of any address, in 80x24, beside its words; a pipe gets the address alone."""
    lines = qr_lines(f"{base}#{'x' * 22}")
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 41
    assert len(lines) <= 21
    assert words_for_the_terminal(f"{base}#x", public=True, code=False)[0] == f"Watch along: {base}#x"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)])
@pytest.mark.parametrize("base", ["http://127.0.0.1:8765/", "http://[2001:db8:85a3::8a2e:370:7334]:65535/"])
@pytest.mark.parametrize("public", [True, False])
async def test_the_whole_address_can_be_read(size: tuple[int, int], base: str, public: bool) -> None:
    """On every screen that the game takes, and the way on; the code stays in one line where the address is an ordinary one."""
    address = f"{base}#{'x' * 21}y"
    app = ScreensHost(lambda: AddressScreen(address, public, lambda: 3))

    def letters() -> str:
        text = "".join(shown(app).split())
        return "".join(char for char in text if char not in "▀▄█│╭╮╰╯─")

    async with app.run_test(size=size) as pilot:
        # The width of the screen chooses its styles, and so comes before the last layout
        await until(pilot, lambda: "browsers" in letters() and "wshowsthisagain." in letters())
        words = app.screen.query_one("#address-words")
        assert app.screen.region.contains_region(words.region)
        assert address in letters().replace("Watchalong", "")
        assert "[" in base or address.partition("#")[2] in shown(app)


async def test_the_run_waits_behind_the_address(tmp_path: Path) -> None:
    """It is shown at the start; Enter goes on; w brings it back, and a run that was paused stays so."""
    server = make_server(Serving(port=0))
    launch = Launch(save=tmp_path, runs=tmp_path, explain=False, turns_per_second=20)
    app = ServedApp(launch, FakeOutfitter(FakeExpedition(tmp_path, fake_config())), server=server)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: any(isinstance(screen, ExpeditionScreen) for screen in app.screen_stack))
        await _sees_the_address(pilot, app)
        assert app.bridge is not None
        assert app.bridge.inbox.paused
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ExpeditionScreen) and app.screen.scene.turn > 1)
        assert not app.bridge.inbox.paused
        assert "w Watching 0" in shown(app)
        await pilot.press("space")
        await pilot.press("w")
        await _sees_the_address(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ExpeditionScreen))
        assert app.bridge.inbox.paused


async def _sees_the_address(pilot: Pilot[None], app: ServedApp) -> None:
    base, token = app.server.address.split("#")
    await until(pilot, lambda: isinstance(app.screen, AddressScreen) and base in shown(app) and f"#{token}" in shown(app))
    assert "Nobody watches yet." in shown(app)
