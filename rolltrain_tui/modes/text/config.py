"""What a campaign file says about training a GPT on text."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.config.schema import CampaignConfig, Header
from rolltrain_tui.config.section import Section, wrong
from rolltrain_tui.config.training_sections import DeviceConfig, OptimizerConfig, Schedule
from rolltrain_tui.config.yaml_marks import Where

_DRIVE = re.compile(r"[A-Za-z]:")
_ON_WINDOWS = os.name == "nt"
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
"""Windows opens a device by these names, whatever the folder."""
LONGEST_NAME = 240


class DataConfig(Section):
    """What the model reads."""

    older: ClassVar = {"overlap": "ignored"}
    corpus: Literal["tales", "names", "file"]
    """tales: tavern tales, about 1 MB; names: fantasy names; file: the UTF-8 text at `path`."""
    path: Annotated[str, Field(min_length=1)] | None
    """The text file, relative to the campaign file's folder; null for a built-in corpus."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)]
    """The last part of the text, kept for validation."""
    overlap: Literal["counted", "ignored"]
    """Pieces of a short validation text overlap. counted: the standard error counts what they share once, so it does not get smaller than
    so much text allows; ignored: it counts each piece as new text."""

    @field_validator("path")
    @classmethod
    def _path_goes_with_the_corpus(cls, path: str | None, info: ValidationInfo) -> str | None:
        corpus = info.data.get("corpus")
        if corpus == "file" and path is None:
            raise wrong("names no text", "corpus file needs the name of a UTF-8 text beside the campaign")
        if corpus not in ("file", None) and path is not None:
            raise wrong(f"corpus {corpus} reads no file", "write null here, or corpus: file")
        return path

    @field_validator("path")
    @classmethod
    def _path_stays_under_the_campaign(cls, path: str | None) -> str | None:
        if path is None:
            return path
        parts = path.split("/")
        if path.startswith(("/", "~/")) or _DRIVE.match(path) or ".." in parts:
            raise wrong("leads out of the campaign's folder", "name a file in that folder, or use --data on the command line")
        if (reason := unusable(path)) or parts[-1] in ("", "."):
            raise wrong(reason or "names a folder", "use a short plain name such as texts/book.txt")
        return path


def unusable(path: str) -> str:
    """Why no campaign can name this file, as half a sentence; "" where it can."""
    if not path.isprintable():
        return "holds characters that cannot be printed"
    if "\\" in path:
        return "holds a backslash"
    if len(path) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if _ON_WINDOWS and any(_DEVICE.fullmatch(part) for part in path.split("/")):
        return "is the name of a device"
    return ""


class ModelConfig(Section):
    """The GPT."""

    n_layer: Annotated[int, Field(ge=1, le=96)]
    """Transformer blocks, one above the other."""
    n_head: Annotated[int, Field(ge=1, le=128)]
    """Attention heads in each block."""
    n_embd: Annotated[int, Field(ge=1, le=16384)]
    """Width; a multiple of n_head."""
    context: Annotated[int, Field(ge=2, le=65536)]
    """Tokens the model looks back, and the length of a training sequence."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Part of the activations dropped while training; 0: none."""
    bias: StrictBool
    """Biases in the linear layers and layer norms."""
    tie_weights: StrictBool
    """Input embedding and output layer share their weights."""

    @field_validator("n_embd")
    @classmethod
    def _heads_share_the_width(cls, n_embd: int, info: ValidationInfo) -> int:
        n_head = info.data.get("n_head", 1)
        if n_embd % n_head:
            below = n_embd - n_embd % n_head
            near = f"{below} or {below + n_head}" if below else f"{n_head}"
            raise wrong(f"must be a multiple of n_head, which is {n_head}", f"{near} would do")
        return n_embd


class BatchConfig(Section):
    """How much text one turn reads."""

    sequences: Annotated[int, Field(ge=1)]
    """Per micro-batch."""
    accumulation: Annotated[int, Field(ge=1, le=4096)]
    """Micro-batches per turn; their mean gradient makes one optimiser step."""


class TextTraining(Header):
    """How a GPT is trained on text."""

    data: DataConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    schedule: Schedule
    batch: BatchConfig
    device: DeviceConfig


class TextConfig(CampaignConfig, TextTraining):
    """One adventure, which is one training run."""

    lasting = (*CampaignConfig.lasting, "data.validation_fraction")  # what was learned must not become what is validated on
    kind: Literal["supervised"]
    """What is trained; supervised: a GPT on text."""

    @property
    def micro_batches(self) -> int:
        return self.batch.accumulation

    @property
    def heavy(self) -> tuple[str, ...]:
        return "batch.sequences", "model.context", "model.n_embd", "model.n_layer"

    @property
    def data_path(self) -> str | None:
        return self.data.path

    def file_faults(self, base: Path) -> Iterator[tuple[Where, str]]:
        from rolltrain_tui.modes.text.corpora.built_in import built_in_text
        from rolltrain_tui.modes.text.corpora.parts import refuse_short
        from rolltrain_tui.modes.text.corpora.text_file import DataError, read_text, shown

        data = self.data
        try:
            if data.path is None:
                title, text = f"The built-in corpus {data.corpus}", built_in_text(data.corpus)
            else:
                title, text = shown(base / data.path), read_text(base / data.path)
            refuse_short(title, len(text), data.validation_fraction, self.model.context)
        except DataError as error:
            yield ("data", "corpus" if data.path is None else "path"), str(error)

    def refuse_data(self, base: Path) -> None:
        from rolltrain_tui.modes.text.corpora.other_forms import refuse_other_forms

        if self.data.path is not None:
            refuse_other_forms(base / self.data.path)

    @classmethod
    def with_data(cls, name: str) -> Mapping[Where, Any]:
        if name in ("", ".", ".."):
            raise ValueError("this is a folder; name a text file")
        if reason := "begins like a drive" if _DRIVE.match(name) else unusable(name):
            raise ValueError(f"the file's name {reason}; copy it to a plain name such as book.txt")
        return {("data", "corpus"): "file", ("data", "path"): name}

    def shortened(self, turns: int) -> Mapping[str, Any]:
        return self.schedule.shortened(turns, self.turns)

    def recipe(self, data_sha256: str) -> Mapping[str, Any]:
        values: dict[str, Any] = {
            "kind": self.kind,
            "turns": self.turns,
            "data.corpus": self.data.corpus,
            "data.validation_fraction": self.data.validation_fraction,
            "data.sha256": data_sha256,
            "device.dtype": self.device.dtype,
            "evaluation.sequences": self.evaluation.sequences,
        }
        for name in ("model", "optimizer", "schedule", "batch"):
            values |= {f"{name}.{key}": value for key, value in getattr(self, name).model_dump().items()}
        return values

    def card(self) -> Mapping[str, str]:
        model, optimizer = self.model, self.optimizer
        return {
            "Model": f"{counted(model.n_layer, 'layer')}, {model.n_embd} wide, about {self.size}",
            "Text": self.data.corpus if self.data.path is None else flat(self.data.path),
            "Optimiser": f"{optimizer.name}, learning rate {optimizer.learning_rate:g}",
        }

    @property
    def size(self) -> str:
        """Without its vocabulary: 12 layers x width^2 for the blocks, and context x width for the positions."""
        model = self.model
        return f"{short(12 * model.n_layer * model.n_embd**2 + model.context * model.n_embd)} weights"


def short(count: float) -> str:
    """A large number in few characters: 795k."""
    if count >= 1e9:
        return f"{count / 1e9:.1f}B"
    if count >= 1e6:
        return f"{count / 1e6:.1f}M"
    return f"{round(count / 1e3)}k"
