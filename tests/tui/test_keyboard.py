"""What a terminal sends becomes keys, and nothing that it sends ends the game."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual.events import Key, MouseDown, Paste

from rolltrain_tui.tui.driver import GameDriver
from rolltrain_tui.tui.keyboard import Keyboard

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
