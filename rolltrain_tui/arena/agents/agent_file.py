"""The file of an agent: safetensors, with the agent's record as JSON in the header, and a SHA-256 over both. Does not import torch.

    8 bytes     length of the header
    header      JSON: names and positions of the tensors; __metadata__ holds the record and the checksum
    the rest    bytes of the tensors

Nothing in the file is executed. An untrained agent has no tensors: its initial weights follow from its seed.
"""

import hashlib
import json
import math
import os
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.arena.agents.agents import Agent, AgentError, check_name, check_recipe, check_shape, layout
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable

FORMAT_VERSION = 1
SUFFIX = ".safetensors"
MAX_BYTES = 1 << 27
WIDTHS = {"F32": 4, "I64": 8, "U8": 1}
WEIGHTS, FIRST, SECOND = "theta.", "first_moment.", "second_moment."
LOSSES, GRADIENTS = "history.loss", "history.grad_norm"
"""One number for each step: the loss of the batch before the update, and the gradient norm."""


@dataclass(frozen=True, slots=True)
class TensorBlob:
    """A tensor as bytes: row-major, little-endian."""

    dtype: str
    """A key of WIDTHS."""
    shape: tuple[int, ...]
    data: bytes

    def numbers(self) -> list[float]:
        values = array({"F32": "f", "I64": "q", "U8": "B"}[self.dtype], self.data)
        if sys.byteorder == "big":
            values.byteswap()
        return [float(value) for value in values]


@dataclass(frozen=True, slots=True)
class Champion:
    """An agent with its weights, optimiser moments and history."""

    agent: Agent
    blobs: Mapping[str, TensorBlob]


def dump(champion: Champion) -> bytes:
    """The bytes of the file. Equal champions give equal bytes."""
    record = dump_json(codec(Agent).dump(champion.agent))
    names = sorted(champion.blobs)
    digest = hashlib.sha256(record.encode("ascii"))
    header: dict[str, object] = {}
    end = 0
    for name in names:
        blob = champion.blobs[name]
        assert len(blob.data) == WIDTHS[blob.dtype] * math.prod(blob.shape), name
        start, end = end, end + len(blob.data)
        header[name] = {"dtype": blob.dtype, "shape": list(blob.shape), "data_offsets": [start, end]}
        digest.update(f"\n{name} {blob.dtype} {blob.shape}\n".encode("ascii") + blob.data)
    about = {"format": str(FORMAT_VERSION), "rolltrain_agent": record, "sha256": digest.hexdigest()}
    text = json.dumps({"__metadata__": about, **header}, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *(champion.blobs[name].data for name in names)])


def parse(data: bytes, where: str) -> Champion:
    """Exact inverse of dump. AgentError for any bytes that dump would not write; its sentence begins with `where`."""
    header = _header(data, where)
    about = header.pop("__metadata__", None)
    if not isinstance(about, dict) or "rolltrain_agent" not in about:
        raise AgentError(f"{where} holds tensors, and no agent of the arena")
    if str(about.get("format")) != str(FORMAT_VERSION):
        raise AgentError(f"{where} was saved in format {str(about.get('format'))[:20]!r}; this rolltrain reads format {FORMAT_VERSION}")
    try:
        agent = codec(Agent).load(parse_json(str(about["rolltrain_agent"])))
    except RecordError as error:
        raise AgentError(f"{where}: its record cannot be read: {error}") from None
    start = 8 + int.from_bytes(data[:8], "little")
    champion = Champion(agent, {name: _blob(entry, memoryview(data)[start:], where) for name, entry in header.items()})
    if dump(champion) != data:
        raise AgentError(f"{where} is damaged: its checksum is wrong")
    check(champion, where)
    return champion


def check(champion: Champion, where: str) -> None:
    """Check that the agent is possible and that its tensors have the right names and shapes. AgentError."""
    agent = champion.agent
    try:
        check_name(agent.name)
        if not 2 <= agent.vocabulary <= 4096:
            raise AgentError(f"vocabulary: {agent.vocabulary} is not possible; choose 2 to 4096")
        check_shape(agent.shape, agent.vocabulary)
        check_recipe(agent.recipe)
    except AgentError as error:
        raise AgentError(f"{where}: {error}") from None
    found = {name: (blob.dtype, blob.shape) for name, blob in champion.blobs.items()}
    if found != expected(agent):
        wrong = sorted({name for name, _ in found.items() ^ expected(agent).items()})
        raise AgentError(f"{where}: {', '.join(map(ascii, wrong[:3]))} is not as an agent of this shape has it after {agent.step} steps")


def expected(agent: Agent) -> dict[str, tuple[str, tuple[int, ...]]]:
    """The tensors of an agent after agent.step steps: name -> (dtype, shape)."""
    if agent.step == 0:
        return {}
    parts = {
        part + name: ("F32", shape) for name, shape in layout(agent.shape, agent.vocabulary).items() for part in (WEIGHTS, FIRST, SECOND)
    }
    return {**parts, LOSSES: ("F32", (agent.step,)), GRADIENTS: ("F32", (agent.step,))}


def read(path: Path) -> Champion:
    """Read an agent. AgentError."""
    where = printable(path.name)
    try:
        fd = atomic_files.open_plain(path)
        try:
            size = os.fstat(fd).st_size
            if size > MAX_BYTES:
                raise AgentError(f"{where} is far too large for an agent ({size:,} bytes)")
            with os.fdopen(fd, "rb", closefd=False) as file:
                data = file.read()
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise AgentError(f"there is no file {printable(path)}") from None
    except atomic_files.NotPlainFile as error:
        raise AgentError(str(error)) from None
    except OSError as error:
        raise AgentError(f"{printable(path)} cannot be read: {error.strerror or error}") from None
    return parse(data, where)


def write(path: Path, champion: Champion) -> None:
    """Write an agent atomically: a crash leaves the old file or the new one. AgentError on disk errors."""
    data = dump(champion)
    with atomic_files.saying(AgentError, f"{printable(path)} cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.replace(path, data)


def sha256(champion: Champion) -> str:
    return hashlib.sha256(dump(champion)).hexdigest()


def _header(data: bytes, where: str) -> dict[str, object]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(1 << 24, len(data) - 8):
        raise AgentError(f"{where} is not a safetensors file, or was cut short")
    try:
        header = parse_json(data[8 : 8 + length])
    except RecordError as error:
        raise AgentError(f"{where} is not a safetensors file: {error}") from None
    if not isinstance(header, dict):
        raise AgentError(f"{where} is not a safetensors file")
    return header


def _blob(entry: object, body: memoryview, where: str) -> TensorBlob:
    """One tensor, with bounds checked. `parse` checks the rest: it dumps the result and compares bytes."""
    try:
        assert isinstance(entry, dict)
        (start, end), shape = entry["data_offsets"], tuple(entry["shape"])
        if not (all(type(n) is int and n >= 0 for n in (start, end, *shape)) and end - start == WIDTHS[entry["dtype"]] * math.prod(shape)):
            raise ValueError
        if not start <= end <= len(body):
            raise ValueError
    except (AssertionError, KeyError, TypeError, ValueError):
        raise AgentError(f"{where} is damaged: its table of tensors makes no sense") from None
    return TensorBlob(entry["dtype"], shape, bytes(body[start:end]))
