"""A served game without a terminal: what viewers and phones get of it, from the first picture to the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.hostile import MARKUP, PAYLOADS, foreign_bytes, is_dangerous
from support.hostile_game import Hostile
from support.patience import PATIENCE
from support.serving import until, visitor

pytest.importorskip("aiohttp", reason="the extra serve is not installed")
pyte = pytest.importorskip("pyte")

from rolltrain_tui.serve.app import PAINT_SECONDS, ServedApp  # noqa: E402
from rolltrain_tui.serve.serving import Serving  # noqa: E402
from rolltrain_tui.serve.start import make_server  # noqa: E402
from rolltrain_tui.tui.launch import Launch  # noqa: E402
from rolltrain_tui.tui.terminal import ending_signals  # noqa: E402

pytestmark = pytest.mark.slow
SIZE = (120, 36)


@asynccontextmanager
async def served(expedition: FakeExpedition, *, speed: float = 100, paused: bool = False, once: bool = False) -> AsyncIterator[ServedApp]:
    """Playing for its viewers alone; `paused`: it waits before its first turn."""
    server = make_server(Serving(port=0))
    launch = Launch(save=expedition.folder, runs=expedition.folder.parent, turns_per_second=speed, alone=True)
    app = ServedApp(launch, outfitter := FakeOutfitter(expedition), server=server, size=SIZE, once=once)
    if paused:
        outfitter.before = lambda: app.bridge and app.bridge.inbox.pause()
    running = asyncio.create_task(app.run_async())
    try:
        while not server._ready.is_set():
            await asyncio.sleep(0.02)
        yield app
    finally:
        app.exit()
        await running


@pytest.fixture(autouse=True)
def _no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the test run's own."""
    monkeypatch.setattr(ending_signals, "ENDING", ())


class Phone:
    """What a phone was told."""

    def __init__(self) -> None:
        self.parts: dict[str, Any] = {}
        self.told = ""

    async def listen(self, session: Any) -> None:
        async with session.get("/feed") as feed:
            async for line in feed.content:
                text = line.decode()
                self.told += text
                if text.startswith("event: "):
                    name = text.split()[1]
                elif text.startswith("data: "):
                    self.parts[name] = json.loads(text[6:])


class Laptop:
    """What a laptop's terminal shows, and every byte that came."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self.screen)

    async def watch(self, session: Any) -> None:
        async with session.ws_connect("/mirror") as socket:
            async for message in socket:
                if isinstance(message.data, bytes):
                    self.bytes += message.data
                    self._stream.feed(message.data)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]


def shown(app: ServedApp) -> list[str]:
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips(app.size)]


async def test_viewers_see_the_screen_and_phones_its_parts_until_the_end(tmp_path: Path) -> None:
    """An early and a late viewer hold the app's own picture; the phone's parts follow the run; the end comes by itself and is told."""
    expedition = FakeExpedition(tmp_path, fake_config("turns=60"), said="hello")
    async with served(expedition, paused=True, once=True) as app, visitor(app.server) as session:
        early, late, phone = Laptop(), Laptop(), Phone()
        tasks = [asyncio.create_task(early.watch(session)), asyncio.create_task(phone.listen(session))]
        await until(lambda: app.bridge is not None and app.bridge.opened)
        for _ in range(6):
            app.bridge.inbox.step_once()
        await until(lambda: phone.parts.get("status", {}).get("turn", 0) == 6)
        tasks.append(asyncio.create_task(late.watch(session)))
        await until(lambda: "paused" in shown(app)[0] and early.lines == late.lines == shown(app))
        await until(lambda: phone.parts["status"]["pace"] == "‖ paused")
        assert phone.parts["status"]["campaign"] == "The Tiny GPT"
        assert any("loss" in "".join(text for text, _ in line) for line in phone.parts["log"])
        await until(lambda: phone.parts["chart"]["mean"] and phone.parts["chart"]["mean"][-1][0] >= 5)
        assert phone.parts["vote"] is None
        app.bridge.inbox.set_speed(None)
        app.bridge.inbox.resume()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
        assert "event: over" in phone.told
    assert app.return_code == 0
    assert expedition.left


async def test_whole_pictures_are_painted_seldom_however_many_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room of slow viewers asks again and again; each gets the next one."""
    painted: list[float] = []
    asked, rounds = 100, 3
    async with served(FakeExpedition(tmp_path, fake_config("turns=60")), speed=1) as app, visitor(app.server) as session:
        whole = app.picture
        monkeypatch.setattr(app, "picture", lambda: painted.append(app._painted_at) or whole())
        async with session.ws_connect("/mirror") as first:
            await first.receive()
            for _ in range(rounds):
                before = len(painted)
                for _ in range(asked):
                    app.server.room.mirror.paint()
                await until(lambda before=before: len(painted) > before)
    gaps = [later - earlier for earlier, later in pairwise(painted)]
    assert rounds <= len(painted) < asked
    assert min(gaps) >= 0.9 * PAINT_SECONDS


async def test_no_payload_of_any_name_reaches_a_browser(tmp_path: Path) -> None:
    """Everything that others could have written is hostile, in more than 200 ways: laptops get colours and places, phones clean text."""
    assert len(PAYLOADS) >= 200
    expedition = Hostile(tmp_path, fake_config("turns=1000"))
    expedition.note = "\x1b]0;owned\x07[/]"
    async with served(expedition, speed=300) as app, visitor(app.server) as session:
        laptop, phone = Laptop(), Phone()
        tasks = [asyncio.create_task(laptop.watch(session)), asyncio.create_task(phone.listen(session))]
        await until(lambda: (tmp_path / "said").exists() or expedition.left)
        await until(lambda: len(texts_of(phone)) > 10 and len(laptop.bytes) > 5_000)
        app.exit()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)
    assert int((tmp_path / "said").read_text()) >= len(PAYLOADS) + len(MARKUP)
    assert foreign_bytes(bytes(laptop.bytes)) == b""
    assert not any(is_dangerous(char) for text in [*texts_of(phone), json.dumps(phone.parts, ensure_ascii=False)] for char in text)


def texts_of(phone: Phone) -> list[str]:
    """All that its page writes."""
    texts = [text for name in ("log", "proof") for line in phone.parts.get(name, ()) for text, _ in line]
    return texts + [value for value in phone.parts.get("status", {}).values() if isinstance(value, str)]
