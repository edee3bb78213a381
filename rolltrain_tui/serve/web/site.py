"""The pages: what is asked for, who may have it, and what is answered. Nothing that a viewer sends reaches the game but votes.

The page at the door and its script are for everybody, since a browser needs them to hand in its token. All else wants the cookie.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from rolltrain_tui.classroom.ballot import Ballot
from rolltrain_tui.serve.streams.feed import OVER, Feed
from rolltrain_tui.serve.streams.mirror import Mirror
from rolltrain_tui.serve.streams.outlet import Outlet
from rolltrain_tui.serve.web import votes
from rolltrain_tui.serve.web.door import Door
from rolltrain_tui.serve.web.limits import FEW_SEATS, MESSAGE_BYTES, MOST_BYTES, MOST_PHONES, MOST_SCREENS, Bucket, Buckets, Seats
from rolltrain_tui.serve.web.pages import FOR_ALL, Page, Pages

if TYPE_CHECKING:
    from rolltrain_tui.serve.web.guests import Guests

HEARTBEAT = 30.0
"""Seconds. A viewer that does not answer in half of it has gone."""
BREATH = 15.0
"""Seconds without news after which a phone gets an empty line, so that who has gone is noticed."""
CHATTER = (20.0, 2.0)
"""Messages of a viewer that are dropped before it is sent off: at once, and a second."""
WORDS = {
    401: "This page needs the address with the code. Open the link or the QR code of the room again.",
    403: "This request does not come from the room's own page.",
    404: "There is nothing here.",
    413: "That is too much.",
    429: "Not so fast.",
    503: "The room is full, or this browser has windows enough. Try again when one of them is closed.",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Room:
    """Everything that the pages lead to."""

    door: Door
    mirror: Mirror
    feed: Feed
    cookie: str
    """The cookie's name: browsers keep cookies by host, not by port."""
    screens: Seats = field(default_factory=lambda: Seats(MOST_SCREENS, FEW_SEATS))
    phones: Seats = field(default_factory=lambda: Seats(MOST_PHONES, FEW_SEATS))
    entries: Bucket = field(default_factory=lambda: Bucket(200, 40))
    asking: Buckets = field(default_factory=lambda: Buckets(120, 30))
    """How often a browser may ask for anything; strangers of one address, behind which a whole room may be, five times that."""
    strangers: Buckets = field(default_factory=lambda: Buckets(600, 150))
    ballot: Ballot = field(default_factory=Ballot)
    haste: Buckets = field(default_factory=lambda: Buckets(5, 1))
    """How often a browser may vote: five times at once, then once a second."""
    guests: "Guests | None" = None
    """Where everybody may play a game of their own."""
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    known: dict[asyncio.BaseProtocol, str] = field(default_factory=dict)
    """The connections that have shown a cookie of ours, with its browser."""

    @property
    def watching(self) -> int:
        return self.screens.taken + self.phones.taken


class Site:
    """The pages of one room."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.pages = Pages(play=room.guests is not None)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=MOST_BYTES)
        app.router.add_post("/enter", self._enter)
        app.router.add_post("/vote", self._vote)
        app.router.add_get("/mirror", self._mirror, allow_head=False)
        app.router.add_get("/feed", self._feed, allow_head=False)
        if self.room.guests is not None:
            app.router.add_get("/play/socket", self._play, allow_head=False)
        app.router.add_get("/{name:.*}", self._page)
        app.on_shutdown.append(self._close)
        return app

    # Who may come in.

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check(request)
            answer = await handler(request)
        except web.HTTPException as refused:
            answer = self._refusal(request, refused.status)
        if not answer.prepared:
            for name, value in self.pages.headers().items():
                answer.headers.setdefault(name, value)
        return answer

    def _refusal(self, request: web.Request, code: int) -> web.Response:
        """A sentence; who only has to come in by the door gets the page of the door."""
        door = self.pages.find("/")
        if code == 401 and request.method == "GET" and "text/html" in request.headers.get("Accept", "") and door is not None:
            return web.Response(status=401, body=door.body, headers={"Content-Type": door.kind, "Cache-Control": "no-store"})
        return _told(code)

    def _check(self, request: web.Request) -> None:
        """HTTPForbidden for a foreign host or page, HTTPTooManyRequests in a flood, HTTPUnauthorized without a cookie of ours."""
        door, host, origin = self.room.door, request.headers.get("Host", ""), request.headers.get("Origin")
        at = request.transport.get_extra_info("sockname") if request.transport is not None else None
        if not door.knows_host(host, at[0] if at else ""):
            raise web.HTTPForbidden
        must_tell = request.method != "GET" or request.path in ("/mirror", "/play/socket")
        if (must_tell or origin is not None) and not door.knows_origin(origin, host):
            raise web.HTTPForbidden
        browser = self._browser(request)
        calm = self.room.asking.take(browser) if browser is not None else self.room.strangers.take(request.remote or "")
        if not calm:
            raise web.HTTPTooManyRequests
        if browser is None and not self._is_open(request):
            raise web.HTTPUnauthorized
        if browser is not None:
            self.room.known[request.protocol] = browser

    def _is_open(self, request: web.Request) -> bool:
        return request.path == "/enter" or (request.method == "GET" and request.path in FOR_ALL)

    def _browser(self, request: web.Request) -> str | None:
        return self.room.door.browser_of(request.cookies.get(self.room.cookie))

    def _visitor(self, request: web.Request) -> str:
        browser = self._browser(request)
        assert browser is not None, "the guard lets nobody in without"
        return browser

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """Trade the token for a cookie; a browser that has one keeps it, and with it its vote."""
        if not self.room.entries.take():
            raise web.HTTPTooManyRequests
        if not self.room.door.opens((await said(request)).get("token")):
            raise web.HTTPUnauthorized
        answer = web.Response(status=204)
        if self._browser(request) is None:
            answer.set_cookie(self.room.cookie, self.room.door.sign(), httponly=True, samesite="Strict", path="/")
        return answer

    async def _vote(self, request: web.Request) -> web.StreamResponse:
        browser = self._visitor(request)
        if not self.room.haste.take(browser):
            raise web.HTTPTooManyRequests
        try:
            votes.cast(self.room.ballot, browser, await said(request))
        except votes.RefusedError as refused:
            return _told(refused.code, str(refused))
        return web.Response(status=204)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        page = self.pages.find(request.path)
        if page is None:
            raise web.HTTPForbidden if request.path.endswith("/") else web.HTTPNotFound
        return self._answer(page, request)

    def _answer(self, page: Page, request: web.Request) -> web.Response:
        headers = {
            **self.pages.headers(page.nonce, request.headers.get("Host", "")),
            "Content-Type": page.kind,
            "Cache-Control": page.keep,
            "ETag": page.etag,
        }
        if page.keep != "no-store" and request.headers.get("If-None-Match") == page.etag:
            return web.Response(status=304, headers={"ETag": page.etag})
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        return web.Response(body=page.zipped if zipped else page.body, headers=headers | ({"Content-Encoding": "gzip"} if zipped else {}))

    # What is seen.

    async def _play(self, request: web.Request) -> web.StreamResponse:
        assert self.room.guests is not None
        return await self.room.guests.play(request, self._visitor(request))

    async def _mirror(self, request: web.Request) -> web.StreamResponse:
        browser = self._visitor(request)
        if not self.room.screens.take(browser):
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, compress=False, max_msg_size=MESSAGE_BYTES, timeout=2.0)
        outlet = Outlet()
        sending: asyncio.Task[None] | None = None
        try:
            await socket.prepare(request)
            self.room.sockets.add(socket)
            self.room.mirror.join(outlet)
            sending = asyncio.create_task(self._send_frames(outlet, socket))
            await _turn_a_deaf_ear(socket)
        finally:
            self.room.screens.leave(browser)
            self.room.sockets.discard(socket)
            self.room.mirror.leave(outlet)
            if sending is not None:
                sending.cancel()
        return socket

    async def _send_frames(self, outlet: Outlet, socket: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            async for piece in outlet.pieces():
                if piece is None:
                    self.room.mirror.paint()
                elif isinstance(piece, bytes):
                    await socket.send_bytes(piece)
                else:
                    await socket.send_str(piece)

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        browser = self._visitor(request)
        if not self.room.phones.take(browser):
            raise web.HTTPServiceUnavailable
        outlet, stream = Outlet(), web.StreamResponse(headers={"Content-Type": "text/event-stream", **self.pages.headers()})
        stream.headers["Cache-Control"] = "no-store"
        try:
            await stream.prepare(request)
            self.room.feed.join(outlet)
            await self._send_parts(outlet, stream)
        except ConnectionError:
            pass
        finally:
            self.room.phones.leave(browser)
            self.room.feed.leave(outlet)
        return stream

    async def _send_parts(self, outlet: Outlet, stream: web.StreamResponse) -> None:
        pieces = outlet.pieces()
        while True:
            try:
                piece = await asyncio.wait_for(anext(pieces), BREATH)
            except TimeoutError:  # the generator was cancelled with it
                pieces, piece = outlet.pieces(), ":\n\n"
            if piece is None:
                self.room.feed.send_whole(outlet)
            elif isinstance(piece, str):
                await stream.write(piece.encode())
            if piece == OVER:
                return

    async def _close(self, app: web.Application) -> None:
        """Tell those who look that it is over."""
        self.room.feed.end()
        if self.room.guests is not None:
            await self.room.guests.end()
        for socket in tuple(self.room.sockets):
            with suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(socket.close(code=WSCloseCode.GOING_AWAY, message=b"over"), 1.0)


async def _turn_a_deaf_ear(socket: web.WebSocketResponse) -> None:
    """Until the viewer leaves: what it sends is thrown away unread, and a viewer that sends much is sent off."""
    chatter = Bucket(*CHATTER)
    async for message in socket:
        if message.type == WSMsgType.ERROR or not chatter.take():
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)
            return


async def said(request: web.Request) -> Mapping[str, object]:
    """What a browser has posted. HTTPRequestEntityTooLarge, HTTPBadRequest."""
    if (request.content_length or 0) > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, request.content_length or 0)
    try:
        posted = json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):  # the last: a charset that nobody knows
        raise web.HTTPBadRequest from None
    if not isinstance(posted, dict):
        raise web.HTTPBadRequest
    return posted


def _told(code: int, words: str | None = None) -> web.Response:
    return web.json_response({"error": words or WORDS.get(code, "That was not understood.")}, status=code)
