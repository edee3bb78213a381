"""Under which names browsers may come, and from which pages."""

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rolltrain_tui.serve.web.door import Door, HostNameError, address_for_others, is_loopback

OURS = socket.gethostname().lower()
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}(\.[A-Za-z0-9_-]{1,20}){0,3}", fullmatch=True) | st.ip_addresses(v=4).map(str)


@pytest.mark.parametrize(
    ("host", "names", "header", "arrived", "known"),
    [
        ("127.0.0.1", (), "127.0.0.1:8765", "127.0.0.1", True),
        ("127.0.0.1", (), "localhost:9999", "127.0.0.1", True),
        ("127.0.0.1", (), "[::1]:8765", "127.0.0.1", True),
        ("127.0.0.1", (), "192.168.1.5:8765", "127.0.0.1", False),
        ("127.0.0.1", (), "evil.example", "127.0.0.1", False),
        ("127.0.0.1", (), "", "127.0.0.1", False),
        ("127.0.0.1", (), "[", "127.0.0.1", False),
        ("127.0.0.1", ("Room.Example",), "room.example", "127.0.0.1", True),
        ("0.0.0.0", (), "192.168.1.5:8765", "192.168.1.5", True),
        ("0.0.0.0", (), "192.168.1.6:8765", "192.168.1.5", False),
        ("0.0.0.0", (), f"{OURS}:8765", "192.168.1.5", True),
        ("0.0.0.0", (), "192.168.1.5.evil.example", "192.168.1.5", False),
        ("::", (), "[2001:db8::7]:8765", "2001:db8::7", True),
        ("::", (), "[2001:DB8:0::7]:8765", "2001:db8::7", True),
        ("::", (), "192.168.1.5:8765", "::ffff:192.168.1.5", True),
        ("::", (), "192.168.1.6:8765", "::ffff:192.168.1.5", False),
    ],
)
def test_a_host_is_known_by_its_name(host: str, names: tuple[str, ...], header: str, arrived: str, known: bool) -> None:
    """Loopback's names always; on the net the address that the visitor has reached; other names only where they were given."""
    assert Door(host, names).knows_host(header, arrived) == known


@given(NAMES | st.text(max_size=20))
@example("a b/c")
@example("room.example:8765")
@example("[::1]")
@example("2001:DB8:0::7")
def test_a_further_name_is_one_that_a_browser_can_send(name: str) -> None:
    """Either it is refused, or the header of a browser that comes under it is known, with a port and without."""
    try:
        door = Door("127.0.0.1", [name])
    except HostNameError:
        return
    header = f"[{ipaddress.ip_address(name)}]" if ":" in name else name
    assert door.knows_host(header, "127.0.0.1")
    assert door.knows_host(f"{header}:8765", "127.0.0.1")


@given(NAMES)
def test_names_of_machines_are_taken(name: str) -> None:
    """Letters, digits, hyphens, underscores and dots between them, and addresses."""
    assert Door("127.0.0.1", [name]).knows_host(name, "127.0.0.1")


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        ("http://127.0.0.1:8765", True),
        ("https://127.0.0.1:8765", True),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:8765.evil.example", False),
        ("http://user@127.0.0.1:8765", False),
        ("file://127.0.0.1:8765", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_a_page_is_known_by_its_origin(origin: str | None, known: bool) -> None:
    """Scheme, name and port are those of the request; a proxy may speak https."""
    assert Door("127.0.0.1").knows_origin(origin, "127.0.0.1:8765") == known


@pytest.mark.parametrize("cookie", [None, "", ".", "a.b", "é.ü", "x" * 5000, "abcdefghijklmnop." + "0" * 64])
def test_a_cookie_that_was_not_signed_here_is_nobodys(cookie: str | None) -> None:
    """Neither one that was made up, nor one of another server."""
    door = Door("127.0.0.1")
    assert door.browser_of(cookie) is None
    assert door.browser_of(Door("127.0.0.1").sign()) is None
    assert door.browser_of(door.sign()) is not None
    assert door.opens(door.token)
    assert not door.opens("é")


def test_an_address_is_one_that_can_be_told() -> None:
    """The one that was named; for all of them, one of this machine."""
    assert address_for_others("127.0.0.1") == "127.0.0.1"
    assert address_for_others("0.0.0.0") != "0.0.0.0"
    assert [is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "LOCALHOST", "0.0.0.0", "10.0.0.1", "example.org")] == [
        True, True, True, True, False, False, False,
    ]  # fmt: skip
