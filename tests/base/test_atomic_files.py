"""What is opened: ordinary files, and nothing that a stranger could have put in their place; what is written is closed."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rolltrain_tui.base.atomic_files import NotPlainFile, content_of, open_plain, replace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and sockets as on POSIX")


def socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(str(path))


OTHERS: dict[str, Callable[[Path], None]] = {
    "a link": lambda path: path.symlink_to(__file__),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a pipe": os.mkfifo,
    "a socket": socket_at,
}


def test_the_content_of_a_file_is_that_of_an_ordinary_one(tmp_path: Path) -> None:
    """A link to one is followed. A folder, or a pipe that nobody writes to, is told at once."""
    (tmp_path / "file").write_bytes(b"words")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert content_of(tmp_path / "file") == content_of(tmp_path / "link") == b"words"
    with pytest.raises(IsADirectoryError, match="Is a directory"):
        content_of(tmp_path / "folder")
    with pytest.raises(OSError, match="it is a pipe or a device, not a file"):
        content_of(tmp_path / "pipe")


def test_a_file_that_was_replaced_is_closed(tmp_path: Path) -> None:
    """However often: the system numbers the next one as before."""

    def next_number() -> int:
        with (tmp_path / "file").open("rb") as file:
            return file.fileno()

    replace(tmp_path / "file", b"0")
    before = next_number()
    for number in range(64):
        replace(tmp_path / "file", b"%d" % number)
    assert next_number() < before + 32
    assert (tmp_path / "file").read_bytes() == b"63"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_CREAT])
@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_ordinary_file_is_called_so(kind: str, flags: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links, pipes and sockets are refused at once, for reading and for writing; an ordinary file is opened."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    plain, other = Path("plain"), Path("other")
    plain.touch()
    os.close(open_plain(plain, flags))
    OTHERS[kind](other)
    with pytest.raises(NotPlainFile):
        open_plain(other, flags)
