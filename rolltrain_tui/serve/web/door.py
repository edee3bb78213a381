"""Who may come in: a token of 128 bits traded for a signed cookie, and only under the names and from the pages of this server.

The token stands in the fragment of the address, which browsers keep to themselves: it is in no request line, no log and no referrer.
The cookie carries a random number for the browser and its signature, and says nothing about the person.
"""

import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

from rolltrain_tui.base.safe_text import printable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TOKEN_BYTES = 16
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.ASCII)


class HostNameError(ValueError):
    """No browser could reach this machine under that name; the message says what a name is."""


class Door:
    """The names under which browsers reach this server, its token, and the cookies that it has signed."""

    def __init__(self, host: str, names: Collection[str] = ()) -> None:
        """`host` is the address that is listened on; `names` are further ones under which browsers may reach it. HostNameError."""
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.public = not is_loopback(host)
        self._secret = secrets.token_bytes(32)
        self._names = frozenset({host.lower(), *map(host_name, names)}) | LOOPBACK
        if self.public:
            self._names |= {socket.gethostname().lower(), f"{socket.gethostname().lower()}.local"}

    def opens(self, token: object) -> bool:
        """Whether it is the token."""
        return isinstance(token, str) and hmac.compare_digest(_bytes(token), self.token.encode())

    def sign(self) -> str:
        """A cookie for another browser."""
        browser = secrets.token_urlsafe(12)
        return f"{browser}.{self._signature(browser)}"

    def browser_of(self, cookie: str | None) -> str | None:
        """The browser that a cookie stands for; None where this server has not signed it."""
        browser, _, signature = (cookie or "").partition(".")
        return browser if hmac.compare_digest(_bytes(signature), self._signature(browser).encode()) else None

    def knows_host(self, header: str, arrived_at: str) -> bool:
        """Whether a Host header is one of ours, so that no foreign name was pointed here. `arrived_at`: our end of the connection."""
        name = _name_of(header)
        return name in self._names or (self.public and _address(name) == _address(arrived_at))

    def knows_origin(self, origin: str | None, host: str) -> bool:
        """Whether a request comes from a page of this server. `host` is its Host header, which was checked."""
        with suppress(ValueError):
            parts = urlsplit(origin or "")
            return parts.scheme in ("http", "https") and bool(parts.netloc) and parts.netloc.lower() == host.lower()
        return False

    def _signature(self, browser: str) -> str:
        return hmac.digest(self._secret, _bytes(browser), "sha256").hex()


def host_name(name: str) -> str:
    """A name or an address of a machine, the way a Host header has it. HostNameError."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(name))
    if not _HOST.fullmatch(name.lower()):
        raise HostNameError(
            f"--name {printable(name)!r} is no name of a machine, such as room.example.org or 192.0.2.7; leave out http://, port and path"
        )
    return name.lower()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


def _bytes(sent: str) -> bytes:
    """What a browser has sent, as bytes, even where it is not valid text."""
    return sent.encode(errors="surrogatepass")


def _name_of(header: str) -> str:
    """A Host header without its port and its brackets."""
    with suppress(ValueError):
        return urlsplit(f"//{header}").hostname or ""
    return ""


def _address(name: str) -> str:
    """An address as browsers write it: where a socket hears IPv6, those of IPv4 arrive there as ::ffff:192.0.2.7."""
    with suppress(ValueError):
        address = ipaddress.ip_address(name)
        return str(getattr(address, "ipv4_mapped", None) or address)
    return name.lower()


def address_for_others(host: str) -> str:
    """The address to tell people: `host`, or where that stands for all of them, the one that leads to the network. Sends nothing."""
    if host not in ("0.0.0.0", "::"):
        return host
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return "127.0.0.1"
