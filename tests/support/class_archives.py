"""Submissions as nobody honest would make them: built by hand, and mutated at random."""

import hashlib
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

FILES = ("submission.json", "campaign.yaml", "chronicle.jsonl")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as zipped:
        return {entry.filename: zipped.read(entry) for entry in zipped.infolist()}


def packed(files: Mapping[str, bytes], *, listed: Mapping[str, bytes] | None = None, version: int = 1) -> bytes:
    """An archive with these files and a manifest that fits them, or lists others."""
    records = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in (listed or files).items()
        if name != "run.json"
    ]
    contents = {"format_version": version, "rolltrain": "0", "run": "run", "latest": "", "files": records}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("run.json", json.dumps(contents))
        for name, data in files.items():
            if name != "run.json":
                zipped.writestr(name, data)
    return out.getvalue()


def hostile(good: Path) -> Iterator[tuple[str, bytes, str]]:
    """What it is, the file, and a word of the reason it is refused for."""
    files = {name: data for name, data in members(good).items() if name in FILES}
    whole = good.read_bytes()
    record = json.loads(files["submission.json"])
    yield "not a zip", b"a rar, perhaps", "not an archive"
    yield "empty", b"", "not an archive"
    yield "truncated", whole[: len(whole) * 2 // 3], "not an archive"
    yield "a newer archive", packed(files, version=9), "newer"
    yield "a newer submission", packed({**files, "submission.json": json.dumps({**record, "format_version": 9}).encode()}), "newer"
    yield (
        "another assignment",
        packed({**files, "submission.json": json.dumps({**record, "assignment": "0" * 32}).encode()}),
        "another assignment",
    )
    yield "no name", packed({**files, "submission.json": json.dumps({**record, "name": "\x1b\u202e"}).encode()}), "holds no letter or digit"
    yield "an absolute path", packed({**files, "/tmp/evil": b"x"}), "no submission does"
    yield "a path upwards", packed({**files, "../evil": b"x"}), "no submission does"
    yield "nested", packed({**files, "inner.zip": whole}), "no submission does"
    yield "a bomb", packed({**files, "chronicle.jsonl": bytes((1 << 26) + 1)}), "said to have"
    yield "a bomb that lies", _lying_bomb(files), "is"
    yield "weights", packed({**files, "saves/turn-000001/weights.safetensors": b"x"}), "no submission does"
    yield "no chronicle", packed({name: files[name] for name in FILES[:2]}), "no submission"
    yield "other bytes than listed", packed(files, listed={**files, "campaign.yaml": files["campaign.yaml"][::-1]}), "checksum"
    yield "a link", _with_entry(files, "chronicle.jsonl", lambda entry: setattr(entry, "external_attr", 0o120777 << 16)), "plain file"
    yield "a file twice", _twice(files), "twice"
    yield "a hostile campaign", packed({**files, "campaign.yaml": b"a: &a [1]\n" + b"b: [*a, *a]\n" * 50}), "campaign"


def packed_anew(data: bytes) -> bytes:
    """Unpacked and packed again as macOS does it: in a folder that has an entry of its own, with what the system adds."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sink:
        sink.writestr("anna (1)/", b"")
        sink.writestr("anna (1)/.DS_Store", b"x")
        for entry in source.infolist():
            copy = zipfile.ZipInfo(f"anna (1)/{entry.filename}")
            copy.create_system, copy.external_attr, copy.compress_type = entry.create_system, entry.external_attr, zipfile.ZIP_DEFLATED
            sink.writestr(copy, source.read(entry))
            sink.writestr(f"__MACOSX/anna (1)/._{entry.filename}", b"x")
    return out.getvalue()


def _with_entry(files: Mapping[str, bytes], name: str, change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    out, data = io.BytesIO(), packed(files)
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sink:
        for entry in source.infolist():
            copy = zipfile.ZipInfo(entry.filename)
            copy.create_system = 3
            if entry.filename == name:
                change(copy)
            sink.writestr(copy, source.read(entry))
    return out.getvalue()


def _twice(files: Mapping[str, bytes]) -> bytes:
    """Two members of one name: written under another of the same length, then renamed in the bytes."""
    return packed({**files, "Chronicle.jsonl": b"x"}).replace(b"Chronicle.jsonl", b"chronicle.jsonl")


def _lying_bomb(files: Mapping[str, bytes]) -> bytes:
    """A member that inflates to more than its header and the manifest say."""
    data = bytearray(packed({**files, "chronicle.jsonl": bytes(1 << 22)}, listed={**files, "chronicle.jsonl": bytes(10)}))
    size = struct.pack("<L", 1 << 22)
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = struct.pack("<L", 10)
    return bytes(data)


def mutated(good: bytes, number: int) -> bytes:
    """The archive with one to eight random changes; the same number gives the same file."""
    chance, data = random.Random(number), bytearray(good)
    for _ in range(chance.randint(1, 8)):
        at = _place(data, chance)
        match chance.randrange(6):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + 4] = struct.pack("<L", chance.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, chance.getrandbits(32))))
            case 2:
                del data[at : at + chance.randint(1, 64)]
            case 3:
                data[at:at] = chance.randbytes(chance.randint(1, 64))
            case 4:
                other = _place(data, chance)
                data[at : at + 30] = data[other : other + 30]
            case 5:
                data[at : at + 2] = struct.pack("<H", chance.choice((0, 1, 8, 9, 12, 14, 93, 95, 99, 0xFFFF)))
        if not data:
            data = bytearray(good[:1])
    return bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    """Half of the time in a header of the zip, where it hurts."""
    marks = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04"]
    if chance.random() < 0.5 and (found := data.rfind(chance.choice(marks))) >= 0:
        return min(len(data) - 1, found + chance.randrange(60))
    return chance.randrange(len(data))
