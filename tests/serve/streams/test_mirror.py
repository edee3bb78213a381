"""The mirror shows what the terminal shows and nothing else; a viewer that is late or slow gets the whole picture."""

import asyncio
import re

import pytest
from support.hostile import PAYLOADS

from rolltrain_tui.serve.streams.mirror import Mirror, only_picture
from rolltrain_tui.serve.streams.outlet import MOST_WAITING, Outlet

FRAME = "\x1b[3;7H\x1b[38;2;1;2;3;48;5;9mHP ███ 28/36\x1b[0m\n\x1b[4;7H⣀⠤⠒"


def test_a_frame_passes_as_it_is() -> None:
    """Text, colours and places are what a picture is made of."""
    assert FRAME == only_picture(FRAME)


@pytest.mark.parametrize(
    "written",
    [
        "\x1b]52;c;c2VjcmV0\x07", "\x1b]52;c;c2VjcmV0\x1b\\", "\x1b]0;title\x07", "\x1b]8;;http://evil/\x1b\\",
        "\x1b[?1049h", "\x1b[?2026h", "\x1b[>1u",
        "\x1b[6n", "\x1b[c", "\x1b[?2048$p", "\x1bP+q544e\x1b\\", "\x1bc", "\x07", "\x1b[2 q", "\x1b]52;c;never-ended",
    ],
)  # fmt: skip
def test_what_is_no_picture_stays_at_the_terminal(written: str) -> None:
    """Modes, questions, titles, links, bells, and above all the clipboard of who plays."""
    assert FRAME + FRAME == only_picture(FRAME + written + FRAME) or only_picture(FRAME + written) == FRAME


def test_no_payload_gets_through() -> None:
    """Of two hundred ways to steer a terminal none is left after the mirror but colours and places."""
    assert len(PAYLOADS) >= 200
    for payload in PAYLOADS:
        rest = re.sub(r"\x1b\[[0-9;]*[mH]", "", only_picture(FRAME + payload + FRAME))
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in rest.replace("\n", "")), payload


def outlets(mirror: Mirror, number: int) -> list[Outlet]:
    made = [Outlet() for _ in range(number)]
    for outlet in made:
        mirror.join(outlet)
    return made


async def taken(outlet: Outlet) -> list[object]:
    """What a viewer gets until there is nothing more."""
    got: list[object] = []
    pieces = outlet.pieces()
    try:
        while True:
            got.append(await asyncio.wait_for(anext(pieces), 0.05))
    except TimeoutError:
        return got


async def shown(mirror: Mirror, *frames: str, size: tuple[int, int] = (80, 24)) -> None:
    for frame in frames:
        mirror.show(frame, size)
    await asyncio.sleep(0)


async def test_every_viewer_gets_the_same_and_a_late_one_the_whole_first() -> None:
    """Until it has the whole picture, a viewer gets no update: an update of what it has not seen would be a wrong picture."""
    mirror = Mirror()
    mirror.open(asyncio.get_running_loop())
    (first,) = outlets(mirror, 1)
    await shown(mirror, "not yet")
    mirror.show_whole("WHOLE", (80, 24))
    await shown(mirror, "one")
    (late,) = outlets(mirror, 1)
    await shown(mirror, "two")
    mirror.show_whole("WHOLE AGAIN", (80, 24))
    await shown(mirror, "three")
    assert await taken(first) == ['{"size": [80, 24]}', b"WHOLE", b"one", b"two", b"three"]
    assert await taken(late) == ['{"size": [80, 24]}', b"WHOLE AGAIN", b"three"]


async def test_a_slow_viewer_loses_what_waits_and_then_gets_the_whole() -> None:
    """Its queue is bounded, whatever it misses; the others notice nothing."""
    mirror = Mirror()
    mirror.open(asyncio.get_running_loop())
    slow, quick = outlets(mirror, 2)
    mirror.show_whole("WHOLE", (80, 24))
    await shown(mirror)
    assert len(await taken(quick)) == 2
    for number in range(MOST_WAITING * 3):
        await shown(mirror, f"{number}")
        if number % 10 == 9:
            assert len(await taken(quick)) == 10
        assert len(slow._waiting) <= MOST_WAITING
    assert await taken(slow) == [None]
    mirror.show_whole("WHOLE AGAIN", (80, 24))
    await shown(mirror)
    assert (await taken(slow))[1:] == [b"WHOLE AGAIN"]
    assert await taken(quick) == [b"190", b"191"]


async def test_a_terminal_of_another_size_is_painted_anew_for_all() -> None:
    """Updates for the new size wait for the picture that brings it."""
    mirror = Mirror()
    mirror.open(asyncio.get_running_loop())
    (viewer,) = outlets(mirror, 1)
    mirror.show_whole("SMALL", (80, 24))
    await shown(mirror)
    await taken(viewer)
    await shown(mirror, "of the new size", size=(120, 36))
    assert await taken(viewer) == [None]
    mirror.show_whole("LARGE", (120, 36))
    await shown(mirror, "more", size=(120, 36))
    assert await taken(viewer) == ['{"size": [120, 36]}', b"LARGE", b"more"]
