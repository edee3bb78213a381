"""The files of the pages, read once: no path that a browser names is ever looked up on disk. And the headers that go with all of them."""

import gzip
import hashlib
import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

KINDS = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
KINDS |= {"mjs": KINDS["js"], "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8"}
FOR_ALL = {"/": "door.html", "/door.js": "door.js", "/style.css": "style.css", "/icon.svg": "icon.svg", "/favicon.ico": "icon.svg"}
"""Address -> file of what a browser needs before it has a cookie."""
FOR_GUESTS = {
    "/screen": "screen.html",
    "/screen.js": "screen.js",
    "/phone": "phone.html",
    "/phone.js": "phone.js",
    "/chart.js": "chart.js",
    "/terminal.js": "terminal.js",
    "/xterm/xterm.mjs": "xterm/xterm.mjs",
    "/xterm/xterm.css": "xterm/xterm.css",
    "/xterm/LICENSE": "xterm/LICENSE.txt",
}
FOR_PLAYERS = {"/play": "play.html", "/play.js": "play.js"}
"""Where guests may play games of their own."""
NUMBER = b"{{nonce}}"
"""In a page that holds a terminal: xterm.js writes style sheets of its own, which carry a number that is good for this answer only."""

LINK, LINKED = b"{{play}}", b'<a href="/play">Play yourself</a>'

_PLAIN = re.compile(r"[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True)
class Page:
    """What is sent for an address."""

    body: bytes
    kind: str
    etag: str = '""'
    keep: str = "no-cache"
    nonce: str = ""

    @cached_property
    def zipped(self) -> bytes:
        return gzip.compress(self.body, mtime=0)


class Pages:
    """All pages by their address."""

    def __init__(self, *, play: bool) -> None:
        """`play`: guests may play games of their own."""
        named = FOR_ALL | FOR_GUESTS | (FOR_PLAYERS if play else {})
        self._pages = {address: _read(name, play) for address, name in named.items()}

    def find(self, address: str) -> Page | None:
        page = self._pages.get(address)
        if page is None or NUMBER not in page.body:
            return page
        nonce = secrets.token_urlsafe(16)
        return Page(page.body.replace(NUMBER, nonce.encode()), page.kind, nonce=nonce, keep="no-store")

    def headers(self, nonce: str = "", host: str = "") -> dict[str, str]:
        """Nothing from elsewhere, nothing inside another page, no address told to others.

        `host` is the checked Host header of a request: for some browsers 'self' is no name of a socket.
        """
        styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
        sockets = f" ws://{host} wss://{host}" if _PLAIN.fullmatch(host) else ""
        policy = (
            f"default-src 'none'; script-src 'self'; style-src {styles}; connect-src 'self'{sockets}; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return {
            "Server": "rolltrain",
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }


def _read(name: str, play: bool) -> Page:
    body = files("rolltrain_tui.serve").joinpath("assets", *name.split("/")).read_bytes().replace(LINK, LINKED if play else b"")
    return Page(body, KINDS[name.rpartition(".")[2]], etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"')
