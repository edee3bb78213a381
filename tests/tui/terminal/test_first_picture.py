"""The picture that the terminal shows before Textual is loaded."""

import asyncio
import re
import signal
import sys
import termios
from pathlib import Path

import pyte
import pytest
from rich.style import Style
from support.frames import FrameApp
from support.terminal import Terminal

from rolltrain_tui.tui import opening
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.loading import LoadingScreen
from rolltrain_tui.tui.settings import remember
from rolltrain_tui.tui.terminal.first_picture import painted

pytestmark = pytest.mark.slow

Cell = tuple[str, str, str, bool, bool]


def cells(terminal: pyte.Screen) -> list[list[Cell]]:
    """Character, colours, bold and italic of each cell; of a blank one only what is behind it."""
    rows = []
    for y in range(terminal.lines):
        row = (terminal.buffer[y][x] for x in range(terminal.columns))
        rows.append([(c.data, "" if c.data == " " else c.fg, c.bg, c.bold and c.data != " ", c.italics and c.data != " ") for c in row])
    return rows


def on_a_terminal(lines: list[opening.Line] | None, theme: str, columns: int, rows: int) -> list[list[Cell]]:
    assert lines is not None
    terminal = pyte.Screen(columns, rows)
    pyte.Stream(terminal).feed(painted(lines, opening.THEMES[theme], columns))
    return cells(terminal)


async def first_frame(runs: Path, columns: int, rows: int, words: str = "") -> list[list[Cell]]:
    """Of the title, or of a loading screen that says `words`, as Textual draws it in true colours."""
    app = FrameApp(Launch(runs=runs, screen=(lambda: LoadingScreen(words, still=True)) if words else None))
    async with app.run_test(size=(columns, rows)) as pilot:
        while (words or "Quit") not in "".join(app._terminal.display):
            await pilot.pause(0.01)
        await pilot.pause()  # the footer may have its last colours a moment later
        return cells(app._terminal)


@pytest.fixture(autouse=True)
def true_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("rolltrain_tui.tui.app.PRELOAD_AFTER", 1000)
    Style._add.cache_clear()  # rich keeps with a style how another test's app, of fewer colours, has written it


@pytest.mark.parametrize(
    ("theme", "columns", "rows"), [("tavern", 80, 24), ("parchment", 86, 31), ("high-contrast", 120, 36), ("blue-orange", 201, 60)]
)
def test_it_is_the_frame_that_textual_draws_first(theme: str, columns: int, rows: int, tmp_path: Path) -> None:
    """Every character and colour of the title, in every theme and at odd sizes."""
    remember("theme", theme)
    frame = asyncio.run(first_frame(tmp_path, columns, rows))
    face = next(int(number[1]) for row in frame if (number := re.search(r"⢠⠏ *(\d+) *⠹", "".join(cell[0] for cell in row))))
    picture = on_a_terminal(opening.title(columns, rows, face), theme, columns, rows)
    assert ["".join(c[0] for c in row) for row in frame] == ["".join(c[0] for c in row) for row in picture]
    assert [] == [(x, y, mine, theirs) for y in range(rows) for x in range(columns) if (mine := picture[y][x]) != (theirs := frame[y][x])]


def test_that_of_a_campaign_is_the_loading_screen_without_its_keys(tmp_path: Path) -> None:
    frame = asyncio.run(first_frame(tmp_path, 101, 35, opening.READING))
    picture = on_a_terminal(opening.loading(opening.READING, 101, 35), "tavern", 101, 35)
    assert ["".join(c[0] for c in row).replace(opening.LOADING_HINT, "").rstrip() for row in frame] == [
        "".join(c[0] for c in row).rstrip() for row in picture
    ]


@pytest.mark.parametrize(("columns", "rows"), [(79, 40), (80, 22), (120, 19)])
def test_where_the_title_does_not_fit_there_is_no_picture(columns: int, rows: int) -> None:
    assert opening.title(columns, rows) is None


LOOKING = """
import os, signal, sys
from rolltrain_tui.tui import opening
from rolltrain_tui.tui.terminal.first_picture import FirstPicture
with FirstPicture() as picture:
    picture.show(opening.title)
    print("said meanwhile", file=sys.stderr)
    assert picture.shown
    {then}
print("after")
"""
THEN = "\x1b[?1049l"
"""The end of the picture."""


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("pass", 0),
        ("raise KeyboardInterrupt", 1),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_whatever_happens_behind_it_the_terminal_is_put_back(then: str, code: int) -> None:
    """By an error, an interrupt or a signal; what was said meanwhile stands on the normal screen."""
    terminal = Terminal([sys.executable, "-c", LOOKING.format(then=then)])
    try:
        assert terminal.wait() in (code, -signal.SIGINT if code == 1 else code)
        output = terminal.output.decode()
        picture, _, after = output.partition(THEN)
        assert "Choose an adventure" in picture
        assert "said meanwhile" not in picture
        assert "said meanwhile" in after
        assert termios.tcgetattr(terminal._slave) == terminal.modes
    finally:
        terminal.close()


WITHOUT_TEXTUAL = """
import sys
sys.modules["textual"] = None
sys.argv = {words}
from rolltrain_tui.cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (("play",), "Choose an adventure"),
        (("play", "tutorial"), opening.READING),
        (("replay", "run"), opening.REWINDING),
        (("watch", "run"), opening.SEEKING),
        (("arena",), "Choose an adventure"),
        (("duel", "--against", "first"), opening.LAYING),
        (("dungeon",), opening.DIGGING),
        (("serve", "tutorial", "--port", "0"), opening.SERVING),
        (("evolve", "tutorial", "--mutate", "optimizer.learning_rate"), opening.MUSTERING),
    ],
)
def test_every_verb_with_a_screen_shows_it_before_textual_is_loaded(verb: tuple[str, ...], words: str, tmp_path: Path) -> None:
    """And where the rest cannot be loaded, the terminal is put back."""
    pytest.importorskip("aiohttp")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "chronicle.jsonl").touch()
    terminal = Terminal([sys.executable, "-c", WITHOUT_TEXTUAL.format(words=["rolltrain", *verb])], folder=tmp_path)
    try:
        assert terminal.wait() != 0
        picture, _, after = terminal.output.decode().partition(THEN)
        assert words in picture
        assert "textual" in after
        assert termios.tcgetattr(terminal._slave) == terminal.modes
    finally:
        terminal.close()


def test_a_served_game_takes_the_picture_over(tmp_path: Path) -> None:
    """It draws where the picture stands: the terminal is asked for its other screen once."""
    pytest.importorskip("aiohttp")
    command = [sys.executable, "-m", "rolltrain_tui", "serve", "tutorial", "--port", "0"]
    terminal = Terminal(command, ROLLTRAIN_SAVES=str(tmp_path), ROLLTRAIN_CONFIG=str(tmp_path))
    try:
        terminal.see("127.0.0.1")
        terminal.send(b"\x11")
        assert terminal.wait() == 0
        assert terminal.output.count(b"\x1b[?1049h") == 1
    finally:
        terminal.close()


def test_keys_that_are_typed_while_it_is_shown_wait_for_the_game() -> None:
    """They are not echoed, and Enter arrives as Enter."""
    then = "print(b''.join(iter(lambda: os.read(0, 1), b'\\r')))"
    terminal = Terminal([sys.executable, "-c", LOOKING.format(then=then)])
    try:
        terminal.see("palette")
        terminal.send(b"jj\r")
        assert terminal.wait() == 0
        assert b"b'jj'" in terminal.output
        assert terminal.output.count(b"jj") == 1
    finally:
        terminal.close()


@pytest.mark.parametrize(("variable", "value"), [("TERM", "xterm"), ("NO_COLOR", "1"), ("TEXTUAL_DRIVER", "a:b")])
def test_a_terminal_whose_frame_is_not_known_gets_none(variable: str, value: str) -> None:
    terminal = Terminal(
        [sys.executable, "-c", LOOKING.format(then="pass").replace("assert picture", "assert not picture")],
        COLORTERM="",
        **{variable: value},
    )
    try:
        assert terminal.wait() == 0, terminal.output
        assert b"said meanwhile" in terminal.output
        assert b"Choose an adventure" not in terminal.output
    finally:
        terminal.close()


def test_a_campaign_with_mistakes_is_told_on_the_normal_screen(tmp_path: Path) -> None:
    """The picture comes first, for reading a campaign takes long; the sentence stays when it has gone."""
    campaign = tmp_path / "mine.yaml"
    campaign.write_text("kind: supervised\nname: Mine\n")
    terminal = Terminal([sys.executable, "-m", "rolltrain_tui", "play", str(campaign), "--out", str(tmp_path)])
    try:
        assert terminal.wait() == 2
        picture, _, after = terminal.output.decode().partition(THEN)
        assert opening.READING in picture
        assert "seed: missing" in after
    finally:
        terminal.close()


def test_256_colours_are_the_nearest() -> None:
    terminal = pyte.Screen(80, 24)
    pyte.Stream(terminal).feed(painted(opening.title(80, 24) or [], opening.THEMES["high-contrast"], 80, 8))
    cell = terminal.buffer[14][4]
    assert (cell.data, cell.fg, cell.bg) == ("N", "ffd75f", "000000")
