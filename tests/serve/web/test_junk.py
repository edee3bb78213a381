"""Callers that speak no HTTP, or never finish: the server goes on to serve its guests, and tells the player nothing."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from random import Random

import pytest
from support.patience import PATIENCE
from support.serving import origin_of, serving, visitor

pytest.importorskip("aiohttp", reason="the extra serve is not installed")

from rolltrain_tui.serve.web.limits import FEW_CONNECTIONS, MOST_CONNECTIONS
from rolltrain_tui.serve.web.server import Server

pytestmark = pytest.mark.slow


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with serving() as started:
        yield started


def port_of(server: Server) -> int:
    return int(server.base.rstrip("/").rpartition(":")[2])


async def call(server: Server, sent: bytes) -> bytes:
    """The first bytes of the answer to whatever is sent; none where the line is cut or nothing comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(100), 2)
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.close()


async def is_served(server: Server) -> bool:
    """Whether somebody who comes now with the token is let in, and shown the screen."""
    async with visitor(server) as guest, guest.get("/screen") as page:
        return bool(page.status == 200)


def get(*lines: str) -> bytes:
    return "\r\n".join(["GET /phone HTTP/1.1", *lines, "", ""]).encode("utf-8", "surrogateescape")


def post(server: Server, body: bytes, *lines: str) -> bytes:
    head = ["POST /enter HTTP/1.1", f"Host: 127.0.0.1:{port_of(server)}", f"Origin: {origin_of(server)}", *lines]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def test_no_words_of_strangers_are_an_error_of_ours(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """Each is refused or left alone, and nothing is printed."""
    dice = Random(1)
    host = f"Host: 127.0.0.1:{port_of(server)}"
    junk = [
        b"SSH-2.0-x\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + dice.randbytes(500),
        *(dice.randbytes(dice.randrange(1, 3000)) for _ in range(20)),
        get(),
        get("Host: [::1"),
        get(host, "Host: evil.example"),
        get(host, "X: " + "a" * 1_000_000),
        get(host, *(f"X{n}: a" for n in range(10_000))),
        get(host, "Origin: http://["),
        get(host, f"Cookie: {server.room.cookie}=a.\udcff"),
        get(host, f"Cookie: {server.room.cookie}=\udcff.é"),
        b"GET //[ HTTP/1.1\r\n" + get(host).partition(b"\r\n")[2],
        b"GET /%2e%2e/%2e%2e/etc/passwd%00 HTTP/1.1\r\n" + get(host).partition(b"\r\n")[2],
        post(server, b"{}", "Content-Type: text/plain; charset=nonsense"),
        post(server, b'{"token": "\\ud800"}'),
        post(server, b"\xff\xfe"),
        post(server, b"[" * 2000),
        post(server, gzip.compress(bytes(1_000_000)), "Content-Encoding: gzip"),
    ]
    answers = [await call(server, sent) for sent in junk]
    assert [] == [sent[:80] for sent, answer in zip(junk, answers, strict=True) if b" 200 " in answer or b" 500 " in answer]
    assert await is_served(server)
    server.stop()
    assert ("", "") == tuple(capfd.readouterr())


async def test_half_requests_keep_nobody_out(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """More of them are held open than there are connections: whoever is in stays, and whoever comes is let in."""
    async with visitor(server) as guest, guest.ws_connect("/mirror") as looking:
        held = []
        for n in range(MOST_CONNECTIONS + 100):
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            writer.write(post(server, b"{" * 99)[:-1] if n % 2 else b"GET / HTTP/1.1\r\nHost: ")
            held.append(writer)
        for _ in range(3):
            assert await is_served(server)
        server.room.mirror.show("a frame", (80, 24))
        while "a frame" not in str((await asyncio.wait_for(looking.receive(), PATIENCE)).data):
            pass
        for writer in held:
            writer.close()
    server.stop()
    assert ("", "") == tuple(capfd.readouterr())


async def test_a_browser_with_too_many_connections_gives_way(server: Server) -> None:
    """It has shown the cookie on all of them; a guest with few of them keeps those."""
    async with visitor(server) as calm, calm.ws_connect("/mirror") as looking, visitor(server) as greedy:
        cookie = "; ".join(f"{crumb.key}={crumb.value}" for crumb in greedy.cookie_jar)
        held = []
        for _ in range(MOST_CONNECTIONS + 20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
            writer.write(get(f"Host: 127.0.0.1:{port_of(server)}", f"Cookie: {cookie}"))
            await reader.read(100)
            held.append(writer)
        assert len(set(server.room.known.values())) == 2
        assert await is_served(server)
        assert len(held) > FEW_CONNECTIONS
        assert not looking.closed
        for writer in held:
            writer.close()
