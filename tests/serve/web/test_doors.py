"""Who gets in, and what comes of everything else that can be sent."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from support.patience import PATIENCE
from support.serving import SIZE, origin_of, serving, until, visitor

aiohttp = pytest.importorskip("aiohttp", reason="the extra serve is not installed")

from rolltrain_tui.classroom.ballot import Option  # noqa: E402
from rolltrain_tui.serve.web import site  # noqa: E402
from rolltrain_tui.serve.web.limits import FEW_SEATS, MOST_SCREENS, Bucket, Buckets  # noqa: E402
from rolltrain_tui.serve.web.server import ServeError, Server, listen  # noqa: E402

GUARDED = ("/screen", "/phone", "/screen.js", "/xterm/xterm.mjs", "/mirror", "/feed")
FORGED = "abcdefghijklmnop." + "0" * 64


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    with serving() as started:
        yield started


async def status(request: Any) -> int:
    async with request as answer:
        return int(answer.status)


async def test_without_the_token_there_is_only_the_door(server: Server) -> None:
    """No cookie, a forged one and a wrong token: 401, whatever is asked for; the door itself is open and says nothing secret."""
    async with visitor(server, enter=False) as stranger:
        assert {await status(stranger.get(path)) for path in GUARDED} == {401}
        assert await status(stranger.post("/vote", json={"round": 1, "option": 0})) == 401
        assert await status(stranger.post("/enter", json={"token": server.door.token[:-1]})) == 401
        assert await status(stranger.post("/enter", json={"token": None})) == 401
        assert {await status(stranger.get(path, headers={"Cookie": f"{server.room.cookie}={FORGED}"})) for path in GUARDED} == {401}
        async with stranger.get("/") as door:
            assert door.status == 200
            page = await door.text()
            assert server.door.token not in page
        async with stranger.get("/phone", headers={"Accept": "text/html"}) as lost:
            assert (lost.status, await lost.text()) == (401, page), "who has lost the cookie is shown the door"


async def test_the_token_buys_a_cookie_that_scripts_and_other_sites_do_not_get(server: Server) -> None:
    """128 bits; HttpOnly and SameSite=Strict; a browser that comes again keeps its cookie."""
    assert len(server.door.token) == 22  # 16 bytes
    async with visitor(server, enter=False) as guest:
        async with guest.post("/enter", json={"token": server.door.token}) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert all(words in cookie for words in ("HttpOnly", "SameSite=Strict", "Path=/"))
        async with guest.post("/enter", json={"token": server.door.token}) as again:
            assert "Set-Cookie" not in again.headers
        assert await status(guest.get("/screen")) == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "192.0.2.7"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "localhost"}, 200),
    ],
)
async def test_foreign_names_and_pages_are_turned_away(server: Server, headers: dict[str, str], code: int) -> None:
    """A name that was pointed here, and a page of another site, get nothing, with the cookie too."""
    if "Host" in headers and "evil" not in headers["Host"]:
        headers = {**headers, "Origin": f"http://{headers['Host']}"}
    async with visitor(server) as guest:
        cookies = {cookie.key: cookie.value for cookie in guest.cookie_jar}
        assert await status(guest.get("/screen", headers=headers, cookies=cookies)) == code
        assert await status(guest.post("/enter", json={"token": server.door.token}, headers=headers)) == (204 if code == 200 else 403)


async def test_what_must_come_from_our_page_says_so(server: Server) -> None:
    """A socket and a vote without an Origin are refused."""
    async with visitor(server) as guest:
        cookies = {cookie.key: cookie.value for cookie in guest.cookie_jar}
        async with aiohttp.ClientSession(cookies=cookies) as bare:
            assert await status(bare.get(f"{server.base}mirror")) == 403
            assert await status(bare.post(f"{server.base}vote", json={"round": 1, "option": 0})) == 403
            assert await status(bare.get(f"{server.base}phone")) == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/xterm/", 403),
        ("/nothing", 404),
        ("/../pyproject.toml", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/xterm/../../server.py", 404),
        ("//etc/passwd", 404),
    ],
)
async def test_no_path_leads_out_and_none_is_listed(server: Server, path: str, code: int) -> None:
    """Files are found by name in a short list, never on disk."""
    async with visitor(server) as guest:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.base.split(":")[2].strip("/")))
        cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in guest.cookie_jar)
        host = origin_of(server).removeprefix("http://")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert answer.split()[1] == str(code).encode()
        assert b"root:" not in answer
        assert b"[project]" not in answer


async def test_pages_load_nothing_from_elsewhere(server: Server) -> None:
    """The policy of every answer; a page with a terminal carries a number for its style sheets, another one each time."""
    async with visitor(server) as guest:
        policies = []
        for path in ("/", "/phone", "/screen", "/screen", "/nothing", "/feed?", "/phone.js"):
            async with guest.get(path) as answer:
                policies.append(answer.headers["Content-Security-Policy"])
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                if answer.content_type in ("text/html", "text/javascript"):
                    text = await answer.text()
                    assert "://" not in text.replace("http://www.w3.org", "").replace("}://${location.host}", "")
        assert all("default-src 'none'; script-src 'self'" in policy and "unsafe" not in policy for policy in policies)
        assert policies[2] != policies[3]
        assert "frame-ancestors 'none'" in policies[0]
        assert f"connect-src 'self' ws://{server.base[7:-1]} wss://{server.base[7:-1]};" in policies[2]


async def test_the_room_has_so_many_seats(server: Server) -> None:
    """Of the 100 sockets of ten browsers 40 are let in and 60 are told that the room is full; a seat that is left is free again."""
    async with AsyncExitStack() as stack:
        guests = [await stack.enter_async_context(visitor(server)) for _ in range(10)]

        async def sit(number: int) -> Any:
            try:
                return await guests[number % 10].ws_connect("/mirror")
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status

        sockets = await asyncio.gather(*map(sit, range(100)))
        seated = [socket for socket in sockets if not isinstance(socket, int)]
        assert (len(seated), sockets.count(503)) == (MOST_SCREENS, 60)
        await seated.pop(0).close()
        await until(lambda: server.room.screens.taken < MOST_SCREENS)
        again = await sit(0)
        assert not isinstance(again, int)
        for socket in (*seated, again):
            await socket.close()


async def test_no_browser_takes_all_seats(server: Server) -> None:
    """One that opens 40 windows has 8 of them; another one on the same address, as behind the router of a school, sits down still."""
    async with visitor(server) as greedy, visitor(server) as late:

        async def sit(guest: aiohttp.ClientSession) -> Any:
            try:
                return await guest.ws_connect("/mirror")
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status

        sockets = await asyncio.gather(*(sit(greedy) for _ in range(MOST_SCREENS)))
        seated = [socket for socket in sockets if not isinstance(socket, int)]
        assert (len(seated), sockets.count(503)) == (FEW_SEATS, MOST_SCREENS - FEW_SEATS)
        own = await sit(late)
        assert not isinstance(own, int)
        taken = server.room.screens.taken
        await seated.pop().close()
        await until(lambda: server.room.screens.taken < taken)
        again = await sit(greedy)
        assert not isinstance(again, int)
        for socket in (*seated, own, again):
            await socket.close()


async def test_coming_and_going_leaves_nothing(server: Server, count: Callable[[int, int], int]) -> None:
    """Viewers that come, look or not, and leave in order or are gone at once: seats, viewers and descriptors are as before."""
    files = Path("/proc/self/fd")
    if not files.exists():
        pytest.skip("descriptors are counted in /proc")
    server.room.asking = Buckets(math.inf, 1)
    async with visitor(server) as guest:
        before = len(list(files.iterdir()))
        for number in range(count(150, 1000)):
            socket = await guest.ws_connect("/mirror")
            if number % 3 == 0:
                await socket.receive()
            if number % 2:
                await socket.close()
            else:
                socket._response.close()
        await until(lambda: (server.room.screens.taken, server.room.mirror.watched, server.room.sockets) == (0, False, set()))
        await until(lambda: len(list(files.iterdir())) <= before + 2)  # the session keeps a connection


async def test_a_viewer_that_reads_nothing_holds_nobody_up(server: Server) -> None:
    """What waits for it is bounded, whatever is shown; the others get every frame."""
    frame, soon = "x" * 60_000, aiohttp.ClientWSTimeout(ws_close=0.1)  # it reads no answer to its goodbye
    async with visitor(server) as guest, guest.ws_connect("/mirror", timeout=soon) as deaf, guest.ws_connect("/mirror") as calm:
        deaf._response.connection.transport.pause_reading()
        while not isinstance((await calm.receive()).data, bytes):
            pass
        after = 10  # frames that are shown once the other is lost, how ever much its line has taken before
        while after:
            server.room.mirror.show(frame, SIZE)
            assert len((await asyncio.wait_for(calm.receive(), PATIENCE)).data) == len(frame)
            after -= any(outlet.lost for outlet in server.room.mirror._outlets)
        held = [len(outlet._waiting) for outlet in server.room.mirror._outlets]
        assert sorted(held) == [0, 0]
        assert [outlet.lost for outlet in server.room.mirror._outlets].count(True) == 1


async def test_a_flood_is_stemmed(server: Server) -> None:
    """A browser that asks without end is told 429, and another one is not."""
    async with visitor(server) as loud, visitor(server) as calm:
        server.room.asking = Buckets(20, 0.001)
        assert [await status(loud.get("/icon.svg")) for _ in range(22)] == [200] * 20 + [429] * 2
        assert await status(calm.get("/phone")) == 200


async def test_the_token_cannot_be_guessed_in_a_flood(server: Server) -> None:
    """However many strangers guess: the room's door hears so many, and then not even the right one."""
    server.room.entries = Bucket(3, 0.001)
    async with visitor(server, enter=False) as one, visitor(server, enter=False) as another:
        guess = [await status(who.post("/enter", json={"token": "x" * 22})) for who in (one, another, one)]
        assert guess == [401] * 3
        assert await status(another.post("/enter", json={"token": server.door.token})) == 429


async def test_what_a_viewer_sends_is_never_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and sizes go nowhere; 100 kB close that socket only; a chatterer is sent off; the others go on seeing."""
    monkeypatch.setattr(site, "CHATTER", (20.0, 0.001))
    async with visitor(server) as guest:
        calm, loud, chatty = [await guest.ws_connect("/mirror") for _ in range(3)]
        await loud.send_str("x" * 100_000)
        for n in range(60):
            await chatty.send_str(json.dumps(["stdin", "q"] if n % 2 else ["resize", {"width": 100_000, "height": 100_000}]))
        for rude in (loud, chatty):
            while not rude.closed:
                await asyncio.wait_for(rude.receive(), PATIENCE)
        await calm.send_str(json.dumps(["stdin", "q"]))
        assert [(await calm.receive()).data for _ in range(2)] == ['{"size": [80, 24]}', b"\x1b[1;1Hthe whole picture"]
        server.room.mirror.show("more", (80, 24))
        assert (await asyncio.wait_for(calm.receive(), PATIENCE)).data == b"more"


async def test_a_vote_counts_once_and_every_wrong_one_has_its_answer(server: Server) -> None:
    """400, 409, 413 and 429 as they are due; a vote may be changed, and the page of every phone is told."""
    server.room.haste = Buckets(5, 0.001)
    asked = server.room.ballot.open_round("Rage?", [Option("Yes"), Option("No")])
    async with visitor(server) as guest:

        async def vote(*posted: object, **more: object) -> int:
            await asyncio.sleep(0)
            return await status(guest.post("/vote", **({"json": dict(zip(("round", "option"), posted, strict=True))} | more)))

        assert [await vote(asked.number, 0), await vote(asked.number, 1), await vote(asked.number, 99)] == [204, 204, 400]
        assert [await vote(asked.number, "<script>"), await vote(0, 0)] == [400, 409]
        assert await vote(asked.number, 0) == 429
    async with visitor(server) as other:
        assert await status(other.post("/vote", data=b"x" * 100_000)) == 413
        assert await status(other.post("/vote", data=b"[" * 2000)) == 400
        assert await status(other.post("/vote", json=[1])) == 400
        async with other.get("/feed") as feed:
            told = json.loads((await feed.content.readuntil(b"\n\n")).split(b"data: ")[1])
    assert told["votes"] == [0, 1]
    assert told["question"] == "Rage?"


async def test_thirty_votes_at_once_all_count_and_are_told_soon(server: Server) -> None:
    """Thirty browsers vote within two seconds; the last tally is with every phone within 200 ms of the last vote."""

    asked = server.room.ballot.open_round("Rage?", [Option("Yes"), Option("No")])
    async with visitor(server) as phone, phone.get("/feed") as feed:

        async def one(number: int) -> int:
            async with visitor(server) as voter:
                return await status(voter.post("/vote", json={"round": asked.number, "option": number % 2}))

        codes = await asyncio.gather(*map(one, range(30)))
        told: dict[str, Any] = {"total": 0}
        while told["total"] < 30:
            told = json.loads((await asyncio.wait_for(feed.content.readuntil(b"\n\n"), PATIENCE)).split(b"data: ")[1])
        assert codes == [204] * 30
        assert told["votes"] == [15, 15]


def test_a_taken_port_and_a_strange_address_are_named() -> None:
    """A sentence each, with what to do."""
    with serving() as server:
        port = int(server.base.split(":")[2].strip("/"))
        with pytest.raises(ServeError, match=rf"port {port} of 127\.0\.0\.1 is taken .* --port"):
            listen("127.0.0.1", port)
    with pytest.raises(ServeError, match=r"--host nosuch\.invalid is no address"):
        listen("nosuch.invalid", 0)


async def test_the_end_is_told_and_leaves_nothing_behind() -> None:
    """Sockets and phones hear that it is over; the port is free again."""
    with serving() as server:
        async with visitor(server) as guest, guest.get("/feed") as feed, guest.ws_connect("/mirror") as socket:
            while not isinstance((await socket.receive()).data, bytes):
                pass
            await asyncio.to_thread(server.stop)
            assert b"event: over" in await feed.content.read()
            closed = await socket.receive()
            assert (closed.type, closed.data, closed.extra) == (aiohttp.WSMsgType.CLOSE, 1001, "over")
        port = int(server.base.split(":")[2].strip("/"))

    def is_free() -> bool:
        with suppress(ServeError):
            listen("127.0.0.1", port).close()
            return True
        return False

    await until(is_free)  # the server's thread may outlive the wait for it
