"""A model's folder, looked at without loading anything: what is in it, and whether it can be fine-tuned here."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolltrain_tui.base.atomic_files import content_of
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.base.safe_text import shown as shown_value
from rolltrain_tui.modes.text.corpora.text_file import shown

SETTINGS, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model", "spm.model")
"""Files that hold a vocabulary."""
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
OTHERS = {".gguf": "GGUF", ".h5": "Keras", ".msgpack": "Flax", ".onnx": "ONNX"}
CONTEXT = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length")
"""Names under which models keep the longest sequence that they can read."""
FETCH = "nothing is fetched from a hub: download the model by hand, such as with `hf download NAME --local-dir DIR`, and name DIR"
LARGEST_HEADER = 100 * 2**20


class ModelFolderError(ValueError):
    """The folder holds no model that can be fine-tuned here. The message is for people: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder with config.json and safetensors, of a model that may be fine-tuned."""

    path: Path
    settings: Mapping[str, Any]
    """The content of config.json."""
    weights: tuple[Path, ...]

    @property
    def model_type(self) -> str:
        return str(self.settings["model_type"])

    @property
    def architectures(self) -> tuple[str, ...]:
        found = self.settings.get("architectures")
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def context(self) -> int | None:
        """Tokens that it can read at once, where config.json says so."""
        return next((value for name in CONTEXT if isinstance(value := self.settings.get(name), int) and value > 0), None)

    @property
    def labels(self) -> list[str] | None:
        """Names of the outputs of a classifier, where config.json has some."""
        names = self.settings.get("id2label")
        with suppress(ValueError, TypeError, AttributeError):
            return [str(name) for _, name in sorted(names.items(), key=lambda item: int(item[0]))] if names else None
        return None

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every tensor, read from the headers of the weights' files. ModelFolderError."""
        found: dict[str, tuple[int, ...]] = {}
        for path in self.weights:
            found |= {name: tuple(entry["shape"]) for name, entry in _header(path).items() if name != "__metadata__"}
        return found

    def sha256(self) -> str:
        """Hash of settings, weights and tokenizer: the same hash, the same model."""
        digest = hashlib.sha256()
        others = [self.path / name for name in (*TOKENIZER, "merges.txt", "added_tokens.json")]
        for path in (self.path / SETTINGS, *self.weights, *(path for path in others if path.is_file())):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()


def look(path: Path) -> ModelFolder:
    """Look at a folder. ModelFolderError says why nothing in it can be fine-tuned."""
    name = shown(path)
    try:
        if not path.exists():
            raise ModelFolderError(f"{name}: there is no such folder; {FETCH}")
        if not path.is_dir():
            raise ModelFolderError(f"{name} is a file; name the folder that holds config.json and {WEIGHTS}")
        there = sorted(entry.name for entry in path.iterdir())
    except PermissionError:
        raise ModelFolderError(f"{name} may not be read; give yourself permission (chmod u+rx) or choose another folder") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        if isinstance(error, ModelFolderError):
            raise
        raise ModelFolderError(f"{name} cannot be read ({reason}); check the folder's name") from None
    if SETTINGS not in there:
        raise ModelFolderError(_no_settings(path, there))
    settings = _settings(path / SETTINGS)
    if settings.get("is_encoder_decoder"):
        raise ModelFolderError(
            f"{name} holds an encoder-decoder ({settings['model_type']}); "
            "only causal language models and sequence classifiers are fine-tuned here"
        )
    if settings.get("quantization_config"):
        raise ModelFolderError(f"{name} holds quantised weights, which cannot learn; take the model in bfloat16 or float32")
    return ModelFolder(path, settings, _weights(path, there))


def has_tokenizer(path: Path) -> bool:
    return any((path / name).is_file() for name in TOKENIZER)


def _no_settings(path: Path, there: Sequence[str]) -> str:
    name = shown(path)
    if not there:
        return f"{name} is empty; name a folder with config.json, {WEIGHTS} and the tokenizer's files"
    if "adapter_config.json" in there:
        return f"{name} holds an adapter (LoRA), not a model; name the folder of its base model, or merge the two first"
    if "snapshots" in there:
        inside = sorted((path / "snapshots").glob(f"*/{SETTINGS}"))
        where = f": {shown(inside[0].parent)}" if inside else ""
        return f"{name} is a folder of a hub's cache; name the folder under snapshots{where}"
    if gguf := [entry for entry in there if entry.endswith(".gguf")]:
        return f"{name} has no config.json; {printable(gguf[0])} is a GGUF file, made to be run and not to be trained: take the safetensors"
    return f"{name} has no config.json; name a folder that model.save_pretrained or `hf download` wrote"


def _settings(path: Path) -> dict[str, Any]:
    found = _json(path)
    if not isinstance(found.get("model_type"), str):
        raise ModelFolderError(f"{shown(path)} names no model_type; name a folder that model.save_pretrained wrote")
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(content_of(path))
    except (OSError, ValueError, RecursionError):
        raise ModelFolderError(f"{shown(path)} cannot be read as JSON; copy the model again") from None
    if not isinstance(found, dict):
        raise ModelFolderError(f"{shown(path)} holds no JSON object (got {shown_value(found)}); copy the model again")
    return found


def _weights(path: Path, there: Sequence[str]) -> tuple[Path, ...]:
    name = shown(path)
    if WEIGHTS in there:
        return (path / WEIGHTS,)
    if INDEX in there:
        named = _json(path / INDEX).get("weight_map")
        parts = sorted(set(named.values())) if isinstance(named, dict) and named else []
        if not parts or not all(isinstance(part, str) and "/" not in part and "\\" not in part for part in parts):
            raise ModelFolderError(f"{shown(path / INDEX)} names no files of weights; copy the model again")
        if missing := [part for part in parts if part not in there]:
            raise ModelFolderError(
                f"{name} lacks {len(missing)} of {len(parts)} files of weights, such as {printable(missing[0])}; copy the model again"
            )
        return tuple(path / part for part in parts)
    if pickled := [entry for entry in there if entry.endswith(PICKLED)]:
        raise ModelFolderError(
            f"{name} has its weights as a pickle ({printable(pickled[0])}), which could run code; load it once with transformers where you "
            "trust it, and write safetensors with model.save_pretrained"
        )
    if other := next((kind for entry in there for ending, kind in OTHERS.items() if entry.endswith(ending)), None):
        raise ModelFolderError(f"{name} has its weights as {other}; only safetensors are read: take the model in that form")
    raise ModelFolderError(f"{name} has no weights: there is no {WEIGHTS}; copy the whole model")


def _header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: 8 bytes with its length, then JSON."""
    try:
        with path.open("rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            if length > LARGEST_HEADER:
                raise ValueError("too long")
            found: dict[str, Any] = json.loads(file.read(length))
        return found
    except (OSError, ValueError, struct.error, RecursionError):
        raise ModelFolderError(f"{shown(path)} is no whole safetensors file; copy the model again") from None
