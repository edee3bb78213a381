"""A real browser beside a real terminal: one game, one Chromium, and what each shows."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import browser, missing_browser, wait_for
from support.paths import TESTS

pytest.importorskip("aiohttp", reason="the extra serve is not installed")
pyte = pytest.importorskip("pyte")
if why := missing_browser():
    pytest.skip(why, allow_module_level=True)
if sys.platform == "win32":
    pytest.skip("pseudo-terminals need a POSIX system", allow_module_level=True)

from support.terminal import Terminal  # noqa: E402

pytestmark = pytest.mark.slow
COLUMNS, ROWS = 120, 36
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


class Game:
    """A served game on a pseudo-terminal, and what that shows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.terminal = Terminal(
            [sys.executable, "-m", "support.served_game", str(folder)],
            rows=ROWS,
            columns=COLUMNS,
            folder=TESTS,
            PYTHONPATH=f"{TESTS}:{TESTS.parent}",
        )
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._read = 0

    @property
    def address(self) -> str:
        return wait_for(lambda: (self.folder / "address").exists() and (self.folder / "address").read_text())

    @property
    def lines(self) -> list[str]:
        """What the terminal shows now."""
        self.terminal.read(0.05)
        fresh, self._read = bytes(self.terminal.output[self._read :]), len(self.terminal.output)
        self._stream.feed(fresh)
        return [line.rstrip() for line in self._screen.display]

    @property
    def asked(self) -> str:
        return (self.folder / "asked").read_text(encoding="utf-8")

    def close_the_address(self) -> None:
        """By Enter; pressed while screens change, it may be heard by none."""

        def closed() -> bool:
            if "Watch along" not in (seen := "\n".join(self.lines)):
                return "loss " in seen
            self.terminal.send(b"\r")
            return False

        wait_for(closed)

    def pause(self) -> None:
        """By space, once the run is under way: it waits behind the address, and a key that comes too early would let it go on."""
        wait_for(lambda: "‖ paused" not in self.lines[0] and "turn    0/" not in self.lines[0])
        self.press(b" ", "‖ paused")

    def play_turns(self, keys: bytes) -> None:
        """Press keys that play turns of a run that is paused, and wait until it has played the last of them."""
        before = self.turn
        self.terminal.send(keys)
        wait_for(lambda: self.turn == before + len(keys))

    @property
    def turn(self) -> int:
        return int(self.lines[0].split("turn")[1].split("/")[0])

    def press(self, keys: bytes, sees: str) -> None:
        """Press keys at the terminal and wait until it shows these words."""
        self.terminal.send(keys)
        wait_for(lambda: sees in "\n".join(self.lines))


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Game]:
    """Paused after some turns, its address having been shown and closed."""
    served = Game(tmp_path_factory.mktemp("run"))
    try:
        wait_for(lambda: "Watch along" in "\n".join(served.lines))
        served.close_the_address()
        served.pause()
        yield served
    finally:
        served.terminal.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as driver:
        yield driver


def mirrored(chromium: Any) -> list[str]:
    return [line.rstrip() for line in chromium.execute_script("return window.mirrored ? window.mirrored() : []")]


def the_same(chromium: Any, game: Game) -> bool:
    seen, here = mirrored(chromium), game.lines
    return len(seen) == ROWS and seen == here


def what_stands_still(game: Game) -> list[str]:
    """All but the first line, in which a clock runs, and the number of those who watch."""
    return [re.sub(r"Watching \d+", "Watching", line) for line in game.lines[1:]]


def shown(chromium: Any) -> str:
    return str(chromium.execute_script("return document.body.innerText"))


def complaints(chromium: Any) -> list[str]:
    return [entry["message"] for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"]


def test_a_browser_shows_the_terminal_and_so_does_a_late_one(game: Game, chromium: Any) -> None:
    """The link leads to the screen, cell by cell that of the terminal; also after turns were played, and in a window opened later."""
    chromium.get(game.address)
    wait_for(lambda: the_same(chromium, game))
    assert chromium.current_url.endswith("/screen"), "the token has left the address bar"
    assert complaints(chromium) == []
    game.play_turns(b"...")
    wait_for(lambda: the_same(chromium, game))
    chromium.switch_to.new_window("tab")
    chromium.get(game.address.split("#")[0] + "screen")
    wait_for(lambda: the_same(chromium, game))
    across, down = chromium.execute_script(
        "const s = document.querySelector('.xterm-screen').getBoundingClientRect(); return [s.width / innerWidth, s.height / innerHeight]"
    )
    assert 0.85 < max(across, down) <= 1.0, "the letters are as large as the window allows"


def test_the_keyboard_of_a_viewer_changes_nothing(game: Game, chromium: Any) -> None:
    """Keys that would quit, pause and use an ability at the terminal: the picture, the run and what it was asked stay as they were."""
    from selenium.webdriver.common.action_chains import ActionChains

    chromium.get(game.address)
    wait_for(lambda: the_same(chromium, game))
    before = what_stands_still(game)
    for key in ("q", " ", ".", "1", "2", "r", "s"):
        ActionChains(chromium).send_keys(key).perform()
    game.terminal.read(0.5)
    assert what_stands_still(game) == before
    assert game.asked == ""
    wait_for(lambda: the_same(chromium, game))


def test_a_phone_has_a_page_of_its_own(game: Game, chromium: Any) -> None:
    """At 390x844: nothing is cut off sideways; the curve is drawn; last turns and proof are there; foreign text is text."""
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        game.press(b"v", "Speak")
        game.play_turns(b".")
        chromium.get(game.address)
        wait_for(lambda: chromium.current_url.endswith("/phone"))
        wait_for(lambda: all(words in shown(chromium) for words in (" loss ", "<b>bold</b> [red]x[/] & co")))
        text = shown(chromium)
        assert "The Tiny GPT" in text
        assert "Nothing to prove yet" in text
        width, drawn, bold = chromium.execute_script(
            "const c = document.getElementById('chart'), data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            "return [document.documentElement.scrollWidth, data.some((v) => v > 0), document.querySelectorAll('#says b').length]"
        )
        assert (width, drawn, bold) == (390, True, 0)
        assert complaints(chromium) == []
        _a_vote_by_click_changes_the_run(game, chromium)
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _a_vote_by_click_changes_the_run(game: Game, chromium: Any) -> None:
    """The room is asked which ability; a tap on the phone is counted on the terminal; what won is done in the next turn."""
    assert "UseAbility" not in game.asked
    game.press(b"e", "vote")
    if "What does the room vote on?" in "\n".join(game.lines):
        game.press(b"1", "Which ability")
    button = wait_for(lambda: next((b for b in chromium.find_elements("css selector", "#options button") if "Rage" in b.text), None))
    button.click()
    wait_for(lambda: "Your vote is in" in shown(chromium))
    wait_for(lambda: any("Rage" in line and "1" in line for line in game.lines))
    game.press(b"\r", "play it")
    wait_for(lambda: "✔ Rage" in shown(chromium))
    game.press(b"\r", "≡ ")
    game.terminal.send(b".")
    wait_for(lambda: game.lines and "UseAbility(ability='rage'" in game.asked)
