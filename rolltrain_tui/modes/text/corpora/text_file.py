"""Reads a player's text file, or says in one sentence what is wrong with it and what to do."""

import hashlib
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from rolltrain_tui.base.grammar import counted

LARGEST = 512 * 2**20
"""Bytes; a larger file is refused before it is opened."""

_MARKS = (
    # UTF-32's little-endian mark begins with UTF-16's, so it is looked for first.
    (b"\xff\xfe\x00\x00", "UTF-32LE"),
    (b"\x00\x00\xfe\xff", "UTF-32BE"),
    (b"\xff\xfe", "UTF-16LE"),
    (b"\xfe\xff", "UTF-16BE"),
)
_OTHER_FORMATS = (
    (b"\x1f\x8b", "packed with gzip", "unpack it first (gunzip)"),
    (b"BZh91AY&SY", "packed with bzip2", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\x00", "packed with xz", "unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard", "unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first, and name a text in it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first, and name a text in it"),
    (b"\xd0\xcf\x11\xe0", "a document of an older Office program", "save it as plain text in the program that reads it"),
    (b"PK\x03\x04", "a zip archive, as .docx, .odt and .epub files are", "save it as plain text in the program that reads it"),
    (b"%PDF-", "a PDF", "save its words as plain text (pdftotext)"),
    (b"{\\rtf", "RTF", "save it as plain text in the program that reads it"),
)
"""First bytes, what such a file is, what to do."""
_RARE_IN_TEXT = bytes(set(range(32)) - set(b"\b\t\n\v\f\r\x1b")) + b"\x7f"
_CONTROL_SHARE = 0.01
_SAMPLE = 1 << 16


class DataError(ValueError):
    """Something is wrong with the data that a campaign names; the message is for people: the file, what is wrong, what to do."""


def read_text(path: Path) -> str:
    """The file's text; a UTF-8 byte order mark is dropped and "\\r\\n" becomes "\\n". Raises DataError for all that is not UTF-8 text."""
    data = _read_bytes(path)
    _refuse_other_formats(path, data)
    _refuse_other_encodings(path, data)
    _refuse_binary(path, data)
    text = _decode(path, data).removeprefix("\ufeff")
    if not text or text.isspace():
        found = "holds nothing but white space" if text else "is empty"
        raise DataError(f"{shown(path)} {found}: choose a UTF-8 text file with something in it.")
    return text.replace("\r\n", "\n")


def shown(path: Path) -> str:
    """The path in quotes, safe to print: whatever is not printable is escaped."""
    return "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path)) + "'"


def sha256_of(path: Path) -> str:
    """SHA-256 of the file's bytes as they are. DataError where it cannot be read."""
    with _opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def beginning(path: Path) -> bytes:
    """The first bytes of the file, 65,536 at most. DataError where it cannot be read."""
    with _opened(path) as file:
        return file.read(_SAMPLE)


def _read_bytes(path: Path) -> bytes:
    with _opened(path) as file:
        data = file.read(LARGEST + 1)
    _refuse_large(path, len(data))
    return data


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """An ordinary file that is not too large, open for reading. What goes wrong with it is a DataError."""
    try:
        status = path.stat()  # follows links, opens nothing: a pipe or a tape drive is not even touched
        _refuse_irregular(path, status)
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{shown(path)} does not exist: check the file's name and its folder.") from None
    except PermissionError:
        raise DataError(f"{shown(path)} may not be read: give yourself permission (chmod u+r) or choose another file.") from None
    except DataError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{shown(path)} cannot be read ({reason}): check the file's name or choose another file.") from None


def _refuse_irregular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{shown(path)} is a folder: name one text file in it, or join its files into one first (cat).")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{shown(path)} is a pipe, socket or device, not an ordinary file: save its text to a file and name that.")
    _refuse_large(path, status.st_size)


def _refuse_large(path: Path, size: int) -> None:
    if size > LARGEST:
        raise DataError(f"{shown(path)} is larger than {LARGEST >> 20} MB: cut a piece out of it (head -c {LARGEST >> 20}M) and name that.")


def _refuse_other_formats(path: Path, data: bytes) -> None:
    for first, what, remedy in _OTHER_FORMATS:
        if data.startswith(first):
            raise DataError(f"{shown(path)} is {what}, not plain text: {remedy}.")


def _refuse_other_encodings(path: Path, data: bytes) -> None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            raise DataError(f"{shown(path)} is {encoding} text (by its byte order mark), not UTF-8: {_convert(path, encoding[:6])}")
    guess = _unmarked_encoding(data[:_SAMPLE])
    if guess is not None:
        raise DataError(f"{shown(path)} looks like {guess} text (by its zero bytes), not UTF-8: {_convert(path, guess)}")


def _unmarked_encoding(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 by its zero bytes: mostly Latin text has them at three places of four, or at every second one."""
    quarters = [sample[place::4] for place in range(4)]
    zeros = [quarter.count(0) / max(1, len(quarter)) for quarter in quarters]
    if min(zeros[1:]) > 0.7 and zeros[0] < 0.1:
        return "UTF-32LE"
    if min(zeros[:3]) > 0.7 and zeros[3] < 0.1:
        return "UTF-32BE"
    if min(zeros[1], zeros[3]) > 0.3 and max(zeros[0], zeros[2]) < 0.1:
        return "UTF-16LE"
    if min(zeros[0], zeros[2]) > 0.3 and max(zeros[1], zeros[3]) < 0.1:
        return "UTF-16BE"
    return None


def _refuse_binary(path: Path, data: bytes) -> None:
    zero = data.find(0)
    if zero >= 0:
        raise DataError(f"{shown(path)} is binary, not text (a zero byte at byte offset {zero}): choose a plain text file.")
    controls = len(data) - len(data.translate(None, _RARE_IN_TEXT))
    if controls > _CONTROL_SHARE * len(data):
        raise DataError(
            f"{shown(path)} is binary, not text ({counted(controls, 'control code')} in {counted(len(data), 'byte')}): "
            "choose a plain text file."
        )


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = f"byte 0x{data[error.start]:02x} at byte offset {error.start}, in line {line}, does not belong there"
        if error.reason == "unexpected end of data" and not data[: error.start].isascii():  # what is before it was UTF-8
            raise DataError(
                f"{shown(path)} ends in the middle of a character ({place}): its end is missing; copy the file again."
            ) from None
        raise DataError(
            f"{shown(path)} is not UTF-8 text: {place}. If it is Latin-1 or Windows-1252, {_convert(path, 'WINDOWS-1252')}"
            " (for another encoding write that: Cyrillic is often WINDOWS-1251 or KOI8-R, Japanese SHIFT_JIS, Chinese GB18030)"
        ) from None


def _convert(path: Path, encoding: str) -> str:
    name = shown(path)[1:-1]
    name = f"./{name}" if name.startswith("-") else name  # else it would be an option
    source, target = shlex.quote(name), shlex.quote(f"{name}.utf8.txt")
    return f"convert it with: iconv -f {encoding} -t UTF-8 {source} > {target}"
