"""A player's text file is read, or refused with a sentence that names it, the trouble and the remedy."""

import bz2
import gzip
import lzma
import os
import shutil
import socket
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.modes.text.corpora import text_file
from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown

TALE = "Die Kröte fraß zwölf Käse.\nNiemand lachte.\n" * 20


@pytest.fixture
def tale(tmp_path):
    return tmp_path / "tale.txt"


def refusal(path) -> str:
    with pytest.raises(DataError) as caught:
        read_text(path)
    message = str(caught.value)
    assert shown(path) in message
    assert "\n" not in message
    return message


def test_a_byte_order_mark_is_dropped_and_line_ends_are_mended(tale):
    """A UTF-8 file from another system reads like one from here."""
    tale.write_bytes(b"\xef\xbb\xbf" + TALE.replace("\n", "\r\n").encode())
    assert read_text(tale) == TALE


@pytest.mark.parametrize("text", ["plain\n", "\x1b[31mred\x1b[0m\tand\fform feed", "日本語のテキスト", "a lone \r stays", "🐉" * 10])
def test_utf8_text_of_any_kind_is_kept_as_it_is(tale, text):
    """Scripts, tabs, colour codes and emoji are text."""
    tale.write_bytes(text.encode())
    assert text == read_text(tale)


def test_a_link_to_a_text_is_followed(tale, tmp_path):
    """A symbolic link is as good as its file."""
    tale.write_text(TALE, encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(tale)
    assert read_text(link) == TALE


def test_a_missing_file_is_named(tale, tmp_path):
    """Not there, a broken link, or a file where a folder should be: name and folder are to be checked."""
    assert "does not exist: check the file's name and its folder" in refusal(tale)
    tale.write_text("x")
    assert "does not exist" in refusal(tale / "deeper")
    link = tmp_path / "broken"
    link.symlink_to(tmp_path / "gone")
    assert "does not exist" in refusal(link)


def test_a_folder_is_named(tmp_path):
    """A folder is not a text; the remedy is one file."""
    assert "is a folder: name one text file in it" in refusal(tmp_path)


def test_pipes_sockets_and_devices_are_refused_without_being_opened(tmp_path):
    """Opening a pipe without a writer would wait for ever; the refusal comes at once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not an ordinary file: save its text to a file" in refusal(pipe)
    assert "not an ordinary file" in refusal(type(pipe)("/dev/zero"))
    with socket.socket(socket.AF_UNIX) as door:
        place = os.path.relpath(tmp_path / "s")
        door.bind(place)
        assert "not an ordinary file" in refusal(type(pipe)(place))


def test_a_denied_open_is_told_apart_from_a_missing_file(tale, monkeypatch):
    """The system's denial becomes a sentence about permission, other trouble one with the system's reason."""
    tale.write_text("x")
    for trouble, words in (
        (PermissionError(13, "denied"), "may not be read"),
        (OSError(5, "device error"), "cannot be read (device error)"),
    ):
        monkeypatch.setattr(type(tale), "open", Mock(side_effect=trouble))
        assert words in refusal(tale)


def test_an_impossible_path_is_refused(tmp_path):
    """A NUL in the path or an endless name is a user's mistake like any other, and is shown escaped."""
    assert "cannot be read" in refusal(tmp_path / "a\0b")
    assert "cannot be read" in refusal(tmp_path / ("x" * 300))
    assert "\\x00" in shown(tmp_path / "a\0b")


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b" \n\t\r\n ", "holds nothing but white space")]
)
def test_a_file_with_nothing_to_read_is_refused(tale, data, words):
    """Nothing or a bare mark is empty; white space alone is called that."""
    tale.write_bytes(data)
    assert f"{words}: choose a UTF-8 text file" in refusal(tale)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_recognised_with_and_without_their_mark(tale, encoding):
    """UTF-16 and UTF-32 are called by name, and the iconv command converts them."""
    tale.write_bytes(TALE.encode(encoding))
    name = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
    message = refusal(tale)
    assert f"{name}" in message
    assert f"iconv -f {name} -t UTF-8 " in message
    assert "tale.txt.utf8.txt" in message


def test_big_endian_marks_are_recognised(tale):
    """The marks of the other byte order too."""
    for mark, name in ((b"\xfe\xff", "UTF-16BE"), (b"\x00\x00\xfe\xff", "UTF-32BE"), (b"\xff\xfe\x00\x00", "UTF-32LE")):
        tale.write_bytes(mark + TALE.encode(name))
        assert f"is {name} text (by its byte order mark)" in refusal(tale)


def test_other_encodings_name_the_first_bad_byte_and_its_line(tale):
    """Latin-1: byte offset and line of the first umlaut, and a command."""
    tale.write_bytes("first line\nsecond line\nDie Kröte\n".encode("latin-1"))
    message = refusal(tale)
    assert "byte 0xf6 at byte offset 29, in line 3" in message
    assert "iconv -f WINDOWS-1252 -t UTF-8 " in message


def test_the_command_survives_a_name_with_spaces_and_quotes(tmp_path):
    """File names are quoted for the shell."""
    path = tmp_path / "it's a tale.txt"
    path.write_bytes(b"caf\xe9 au lait")
    assert "it'\"'\"'s a tale.txt.utf8.txt'" in refusal(path)


def test_a_text_cut_off_inside_a_character_is_called_that(tale):
    """The last character's missing bytes are not mistaken for another encoding."""
    tale.write_bytes("zwei Käse und ein ä".encode()[:-1])
    message = refusal(tale)
    assert "ends in the middle of a character" in message
    assert "iconv" not in message


def test_a_text_whose_only_umlaut_is_its_last_letter_may_be_of_another_encoding(tale):
    """Nothing before it was UTF-8, so nothing says that its end is missing."""
    tale.write_bytes("a cup of café".encode("latin-1"))
    assert "If it is Latin-1 or Windows-1252, convert it" in refusal(tale)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF\x02\x01\x01" + b"text " * 30 + b"\x00\x00", "a zero byte at byte offset 157"),
        (b"text\x01\x02\x03\x04" * 9, "36 control codes in 72 bytes"),
    ],
)
def test_binary_files_are_refused(tale, data, reason):
    """A zero byte or many control codes make a file binary, even if it decodes."""
    tale.write_bytes(data)
    assert f"is binary, not text ({reason})" in refusal(tale)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(b"a tale " * 100, mtime=0), "packed with gzip, not plain text: unpack it first"),
        (bz2.compress(b"a tale " * 100), "packed with bzip2, not plain text: unpack it first"),
        (lzma.compress(b"a tale " * 100), "packed with xz, not plain text: unpack it first"),
        (b"\x28\xb5\x2f\xfd" + bytes(range(200, 250)) * 9, "packed with Zstandard, not plain text"),
        (b"7z\xbc\xaf\x27\x1c" + b"tale" * 9, "a 7-Zip archive, not plain text"),
        (b"Rar!\x1a\x07\x01\x00" + b"tale" * 9, "a RAR archive, not plain text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"tale" * 9, "a document of an older Office program, not plain text"),
        (b"PK\x03\x04\x14\x00" + b"word/document.xml" * 9, "a zip archive, as .docx, .odt and .epub files are"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"stream " * 90, "a PDF, not plain text"),
        (b"{\\rtf1\\ansi a tale}" * 9, "RTF, not plain text"),
    ],
)
def test_a_text_in_another_programs_format_is_called_that(tale, data, words):
    """Some of them look like text in another encoding, or like text; none is to be learned from, nor converted by iconv."""
    tale.write_bytes(data)
    assert words in refusal(tale)
    assert "iconv" not in refusal(tale)


def test_a_file_above_the_limit_is_refused_before_it_is_read(tale):
    """513 MB, almost all of it a hole, is refused by its size."""
    with tale.open("wb") as file:
        file.truncate(513 * 2**20)
    assert "is larger than 512 MB: cut a piece out of it" in refusal(tale)


def test_a_file_that_grows_while_it_is_read_is_refused_too(tale, monkeypatch):
    """The limit holds for what was read, not only for what the folder said."""
    tale.write_text("x" * 100)
    monkeypatch.setattr(text_file, "LARGEST", 50)
    monkeypatch.setattr(text_file, "_refuse_irregular", lambda *_: None)
    refusal(tale)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(tmp_path_factory, data):
    """Whatever a file holds, the answer is its text or a DataError."""
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(data)
    try:
        text = read_text(path)
    except DataError:
        refusal(path)
        return
    assert data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n") == text.encode()


def test_other_alphabets_are_told_of_their_encodings(tale):
    """Windows-1252 decodes Cyrillic bytes too, into nonsense: the sentence names the encodings of other alphabets."""
    tale.write_bytes("Гоблин поёт о золоте. ".encode("cp1251") * 20)
    assert "for another encoding write that: Cyrillic is often WINDOWS-1251" in refusal(tale)


@pytest.mark.skipif(shutil.which("iconv") is None, reason="without iconv")
@pytest.mark.parametrize("name", ["-t.txt", "two words.txt", "it's.txt"])
def test_the_command_that_is_told_converts_the_file(tmp_path, monkeypatch, name):
    """Whatever it is called, also where the name looks like an option."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(TALE.encode("cp1252"))
    command = refusal(Path(name)).partition("convert it with: ")[2].partition(" (for another")[0]
    subprocess.run(command, shell=True, check=True)
    assert read_text(Path(f"{name}.utf8.txt")) == TALE
