"""`rolltrain serve`: what it refuses, and what it says then."""

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.paths import CAMPAIGNS
from support.shell import Answer

Call = Callable[..., Answer]
TUTORIAL = CAMPAIGNS / "tutorial.yaml"


@pytest.mark.parametrize(
    ("missing", "are"),
    [({"aiohttp"}, "aiohttp, which is"), ({"segno"}, "segno, which is"), ({"aiohttp", "segno"}, "aiohttp and segno, which are")],
)
def test_without_its_extra_it_says_what_to_install(call: Call, monkeypatch: pytest.MonkeyPatch, missing: set[str], are: str) -> None:
    """The package and the command, and nothing has been opened."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in missing else found(name, *more))
    answer = call("serve", "tutorial")
    assert answer.code == 2
    assert f"serve needs {are} not installed: pip install 'rolltrain-tui[serve]'" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tutorial",), "With --headless it draws for its viewers alone."),
        (("tutorial", "--size", "120x36"), "belong to --headless"),
        (("tutorial", "--headless", "--size", "10000x10000"), "from 60x18 to 300x100"),
        (("tutorial", "--headless", "--port", "70000"), "70000"),
        (("nosuch", "--headless"), "nosuch"),
        (("nosuch", "--headless", "--go-on"), "there is no run"),
        (("tutorial", "--headless", "--name", "a b/c"), "--name 'a b/c' is no name of a machine"),
        (("tutorial", "--headless", "--name", "http://room.example"), "leave out http://, port and path"),
        (("tutorial", "--headless", "--host", "nosuch.invalid"), "--host nosuch.invalid is no address of this machine"),
        (("tutorial", "--headless", "--host", ""), "--host '' is no address of this machine"),
    ],
)
def test_a_mistake_is_named(call: Call, words: tuple[str, ...], said: str) -> None:
    """Code 2 and a sentence."""
    pytest.importorskip("aiohttp")
    answer = call("serve", *words)
    assert answer.code == 2
    assert said in answer.err


def test_a_taken_port_is_named(call: Call) -> None:
    """With the number, and the way out."""
    pytest.importorskip("aiohttp")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = call("serve", TUTORIAL, "--headless", "--port", port)
    assert answer.code == 2
    assert f"port {port} of 127.0.0.1 is taken by another program; name a free one with --port, or 0 for any" in answer.err


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_says_who_can_come_in(call: Call, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """The address with its token, and on the whole net the warning that everybody there can read along."""
    pytest.importorskip("aiohttp")
    from rolltrain_tui.serve import start

    made: dict[str, Any] = {}
    monkeypatch.setattr(start, "play", lambda launch, make_app: made.update(launch=launch, server=make_app.keywords["server"]) or 0)
    answer = call("serve", TUTORIAL, "--headless", "--port", 0, "--host", host)
    assert answer.code == 0
    assert f"Watch along: {made['server'].address}" in answer.out
    assert made["server"].address.endswith(f"#{made['server'].door.token}")
    assert ("Plain HTTP: everybody on this network" in answer.out) == (host == "0.0.0.0")
    assert made["launch"].campaign == TUTORIAL
    made["server"].close()


def test_a_run_is_followed_as_it_is(call: Call, tmp_path: Path) -> None:
    """Options that would change it are refused, and so is a save."""
    pytest.importorskip("aiohttp")
    (tmp_path / "run" / "saves" / "one").mkdir(parents=True)
    (tmp_path / "run" / "saves" / "one" / "manifest.json").touch()
    assert "a run is followed as it is" in call("serve", tmp_path / "run", "--headless", "--seed", 4).err
    assert "name the run folder" in call("serve", tmp_path / "run" / "saves" / "one", "--headless").err
