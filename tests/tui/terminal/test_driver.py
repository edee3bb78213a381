"""What a terminal sends becomes keys, and nothing that it sends ends the game."""

import asyncio
import os
import pty
import signal
import sys
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from support.patience import PATIENCE

if sys.platform == "win32":
    pytest.skip("pseudo-terminals need a POSIX system", allow_module_level=True)

from hypothesis import example, given
from hypothesis import strategies as st
from textual.events import Key, MouseDown, Paste

from rolltrain_tui.tui.terminal import driver as game_driver
from rolltrain_tui.tui.terminal.driver import GameDriver
from rolltrain_tui.tui.terminal.keyboard import Keyboard

NO_KEYS = [
    b"\xe9",  # é of a Latin-1 terminal
    b"\xff\xfe\x80",
    b"\x1b[97;5:1u",  # a key with the kind of its event, as another program may have left the terminal
    b"\x1b[97;1:3u",
    b"\x1b[1114112u",  # behind the last character
    b"\x1b[99999999999999999999u",
    b"\x1b[48;24;80;0;0t\x1b[<0;5;5M",  # a terminal that is no pixels wide, and a click
]
PARTS = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"\x1b[", b"\x1b[<", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b[?", b"\x1b[48;", b"\x1b[200~", b";", b":", b"u", b"M", b"t", b"R"]
    ),
    st.integers(0, 10**12).map(lambda number: str(number).encode()),
)


@pytest.mark.parametrize("junk", NO_KEYS)
def test_the_key_after_junk_is_read(junk: bytes) -> None:
    """Junk is let go, and the key that is typed next acts."""
    *others, last = Keyboard().read(junk + b"d")
    assert isinstance(last, Key)
    assert last.key == "d"
    assert not any(isinstance(event, Key) and event.is_printable and event.character != "\N{REPLACEMENT CHARACTER}" for event in others)


@given(st.lists(PARTS))
@example([b"\x1b[", b"9", b";", b":", b"u"])
def test_nothing_ends_the_reader(parts: list[bytes]) -> None:
    """Any bytes, in any pieces."""
    keyboard = Keyboard()
    for part in parts:
        list(keyboard.read(part))


def test_a_paste_is_whole_whatever_is_in_it() -> None:
    """A byte that is no UTF-8 neither ends a paste nor lets the rest of it act as keys, and a letter may come in two pieces."""
    keyboard = Keyboard()
    (pasted,) = (*keyboard.read(b"\x1b[200~caf\xe9 \xc3"), *keyboard.read(b"\xa9 q\x1b[201~"), *keyboard.read(b""))[:1]
    assert isinstance(pasted, Paste)
    assert pasted.text == "caf\N{REPLACEMENT CHARACTER} é q"


def test_a_click_is_where_it_was_after_junk() -> None:
    """The reader still knows how many pixels a cell has."""
    keyboard = Keyboard()
    list(keyboard.read(b"\x1b[48;24;80;480;800t\x1b[97;5:1u\xff"))
    (click,) = keyboard.read(b"\x1b[<0;101;41M")
    assert isinstance(click, MouseDown)
    assert (click.x, click.y) == (10, 2)


def test_a_game_that_is_leaving_does_not_take_the_terminal_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was stopped on its way out: when it goes on, the terminal is the shell's."""
    taken: list[Any] = []
    monkeypatch.setattr("textual.drivers.linux_driver.LinuxDriver.start_application_mode", taken.append)
    driver = object.__new__(GameDriver)
    vars(driver).update(_app=SimpleNamespace(is_running=False), _key_thread=None, attrs_before=None, _watching=True, fileno=-1)
    driver.start_application_mode()
    assert not taken


def test_a_key_that_the_shell_has_taken_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The game was stopped between the news of a key and its reading, and finds a terminal that keeps keys until the line is whole."""
    monkeypatch.setattr(game_driver.select, "select", lambda *streams: streams)  # the news
    master, terminal = pty.openpty()  # in the mode that a shell leaves to its programs
    os.write(master, b"q")
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(game_driver._typed(game_driver._never_waiting(terminal))), daemon=True)
    reader.start()
    reader.join(PATIENCE)
    os.write(master, b"\n")  # who waits nevertheless may go
    assert read == [b""]


@pytest.mark.parametrize("name", ["_sigtstp_application", "_sigcont_application"])
async def test_a_stop_and_its_end_wait_for_the_write_that_they_come_into(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python calls a handler in the middle of anything, such as a write that holds the lock which the handler's own would wait for."""
    done: list[Any] = []
    monkeypatch.setattr(f"textual.drivers.linux_driver.LinuxDriver.{name}", lambda driver, *how: done.append(name))
    getattr(object.__new__(GameDriver), name)(0, None)
    assert not done
    await asyncio.sleep(0)
    assert done == [name]


def test_a_stop_when_the_game_has_left_is_only_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal is the shell's already: nothing is written to it, neither then nor when the process goes on."""
    done: list[Any] = []
    monkeypatch.setattr(os, "kill", lambda process, number: done.append(number))
    driver = object.__new__(GameDriver)
    driver._sigtstp_application()
    driver._sigcont_application()
    assert done == [signal.SIGSTOP]
