"""Guests with games of their own: keys reach only their own process, sizes are kept in bounds, and each process ends with its visit."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.paths import TESTS
from support.patience import PATIENCE
from support.serving import serving, until, visitor

aiohttp = pytest.importorskip("aiohttp", reason="the extra serve is not installed")
pytest.importorskip("textual_serve", reason="the extra serve is not installed")

from rolltrain_tui.serve.web import guests  # noqa: E402
from rolltrain_tui.serve.web.server import Server  # noqa: E402

pytestmark = pytest.mark.slow


async def served(monkeypatch: pytest.MonkeyPatch, runs: Path, *words: str) -> AsyncIterator[Server]:
    monkeypatch.setenv("PYTHONPATH", f"{TESTS}:{TESTS.parent}")
    with serving(guests=1, guest_command=(sys.executable, "-m", "support.guest_app", *words), runs=runs) as server:
        yield server


async def seen(socket: Any, pattern: str) -> re.Match[str]:
    """The first picture that shows this."""
    text = ""
    while (found := re.search(pattern, text)) is None:
        message = await asyncio.wait_for(socket.receive(), PATIENCE)
        text += message.data.decode() if isinstance(message.data, bytes) else ""
    return found


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_guest_has_a_game_that_ends_with_the_visit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys arrive, the saves are the guests', a terminal of a million cells becomes one that can be drawn; the next guest has to wait."""
    async for server in served(monkeypatch, tmp_path):
        async with visitor(server) as guest:
            socket = await guest.ws_connect("/play/socket?width=100000&height=100000")
            pid = int((await seen(socket, r"<size 300x100 pid (\d+)>"))[1])
            async with guest.get("/play/socket", headers={"Connection": "Upgrade", "Upgrade": "websocket"}) as answer:
                assert answer.status == 503
            await socket.send_str("no JSON at all")
            await socket.send_str(json.dumps(["quit", {}]))
            await socket.send_str(json.dumps(["resize", {"width": 1e9, "height": -5}]))
            await socket.send_str(json.dumps(["resize", {"width": 90, "height": 30}]))
            await seen(socket, r"<size 90x30 ")
            await socket.send_str(json.dumps(["stdin", "x"]))
            await seen(socket, r"<key x saves guests>")
            await socket.close()
            seats = server.room.guests.seats
            await until(lambda seats=seats: seats.taken == 0)
            assert not is_there(pid)


async def test_a_game_that_will_not_quit_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Asked first; then its whole session goes, also when the server stops."""
    monkeypatch.setattr(guests, "QUIT_SECONDS", 0.3)
    monkeypatch.setattr(guests, "TERM_SECONDS", 0.3)
    async for server in served(monkeypatch, tmp_path, "stubborn"):
        async with visitor(server) as guest, guest.ws_connect("/play/socket") as socket:
            pid = int((await seen(socket, r"<size 80x24 pid (\d+)>"))[1])
            await asyncio.to_thread(server.stop)
            assert not is_there(pid)


async def test_a_flood_of_keys_is_dropped_and_ends_no_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after more than a guest may send at once is not heard; the guest is."""
    most = int(guests.KEYS[0])
    monkeypatch.setattr(guests, "KEYS", (guests.KEYS[0], 0.001))
    heard: list[bytes] = []
    message, sent = SimpleNamespace(type=aiohttp.WSMsgType.TEXT, data=json.dumps(["stdin", "x"])), 0

    async def flood() -> AsyncIterator[SimpleNamespace]:
        nonlocal sent
        for sent in range(1, 2001):  # noqa: B007 - counted outside
            yield message

    async def send(keys: bytes) -> None:
        heard.append(keys)

    await guests._hear(flood(), SimpleNamespace(send_bytes=send))  # type: ignore[arg-type]
    assert sent == 2000
    assert len(heard) == most


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((100_000, 100_000), (300, 100)),
        (("1e9", None), (80, 24)),
        ((-5, 0), (80, 24)),
        ((1, 1), (20, 8)),
        (("9" * 5000, "²"), (80, 24)),
        (("120", "36"), (120, 36)),
        ((True, []), (80, 24)),
    ],
)
def test_sizes_are_kept_in_bounds(asked: tuple[object, object], given: tuple[int, int]) -> None:
    """20 to 300 columns and 8 to 100 rows; what is no number is 80x24."""
    assert guests.clamped(*asked) == given
