"""What a campaign file says about fine-tuning a Hugging Face model that lies in a folder."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from rolltrain_tui.base.installed import installed
from rolltrain_tui.base.safe_text import flat, shown
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.section import Section, wrong, wrong_in
from rolltrain_tui.config.training_sections import DeviceConfig, OptimizerConfig, Schedule, uncompiled
from rolltrain_tui.config.yaml_marks import Where
from rolltrain_tui.modes.text.config import BatchConfig
from rolltrain_tui.protocol.objective import Objective

LONGEST_PATH = 1000
LONGEST_NAME = 200

Place = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


def _checked(path: str | None) -> str | None:
    if path is not None and (not path.isprintable() or path != path.strip()):
        raise wrong("has characters that cannot be printed, or spaces at an end", "use a plain name")
    return path


def _expanded(path: str) -> str:
    with suppress(RuntimeError):  # there is no such user
        return str(Path(path).expanduser())
    return path


def lacking(package: str, extra: str) -> str:
    """A sentence where the package is not installed."""
    return f"a campaign of this kind needs {package}, which is not installed: pip install 'rolltrain-tui[{extra}]'"


class ModelConfig(Section):
    """The model to begin with."""

    path: Place
    """Folder with config.json, safetensors and the tokenizer's files; relative to the campaign file's folder, or anywhere."""
    task: Literal["causal_lm", "classifier"]
    """causal_lm: writes on, token by token; classifier: gives each text one of some labels."""
    length: Annotated[int, Field(ge=2, le=1_000_000)]
    """Tokens of a training sequence. Longer texts are cut for a classifier, and go on in the next sequence for a language model."""
    freeze: list[Name]
    """Parts of the model that do not learn, by the beginning of their parameters' names; [] trains everything."""

    _path = field_validator("path")(_checked)


class LoraConfig(Section):
    """Low-rank adapters (LoRA): only they learn, and for a classifier its new head."""

    r: Annotated[int, Field(ge=1, le=1024)]
    """Rank of each adapter."""
    alpha: Annotated[float, Field(gt=0)]
    """The adapters' output is multiplied by alpha / r."""
    dropout: Annotated[float, Field(ge=0, lt=1)]
    """Part of the adapters' inputs dropped while training."""
    target_modules: Annotated[list[Name], Field(min_length=1)]
    """Names of the layers that get an adapter, such as q_proj; all-linear: all of them."""


class DataConfig(Section):
    """What the model reads."""

    path: Place
    """The file to train on; relative to the campaign file's folder, or anywhere."""
    format: Literal["text", "jsonl", "csv"]
    """text: UTF-8 text as it stands; jsonl: one JSON object a line; csv: a header, and values between commas, semicolons or tabs."""
    text: Name | None
    """Column of the texts; null for format text."""
    label: Name | None
    """Column of the labels; null for a language model."""
    labels: list[Name] | None
    """All labels, in the order of the model's outputs; null for a language model. Whole numbers from 0 on stand for their places."""
    validation: Place | None
    """A file of the same form to validate on; null: a part of `path` is kept for it."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)]
    """That part: the end of a text, or rows spread evenly over the labels. Not used with a validation file."""

    _paths = field_validator("path", "validation")(_checked)

    @field_validator("text")
    @classmethod
    def _columns_go_with_the_format(cls, text: str | None, info: ValidationInfo) -> str | None:
        form = info.data.get("format")
        if form in ("jsonl", "csv") and text is None:
            raise wrong(f"names no column, and format {form} has some", "give the name of the column with the texts")
        if form == "text" and text is not None:
            raise wrong("format text has no columns", "write null here, or format: csv or jsonl")
        return text

    @field_validator("labels")
    @classmethod
    def _labels_differ(cls, labels: list[str] | None) -> list[str] | None:
        if labels is None:
            return labels
        if len(labels) < 2:
            raise wrong("names fewer than two labels", "a classifier chooses among at least two")
        faults = [((i,), name, wrong("is named twice", "name each label once")) for i, name in enumerate(labels) if name in labels[:i]]
        if faults:
            raise wrong_in(*faults)
        return labels


class FinetuneConfig(CampaignConfig):
    """One adventure in which a ready model learns on."""

    stays_in_its_folder: ClassVar[bool] = False
    lasting = (*CampaignConfig.lasting, "data.validation_fraction")  # what was learned must not become what is validated on
    kind: Literal["finetune"]
    """What is trained; finetune: a Hugging Face model from a folder."""
    model: ModelConfig
    lora: LoraConfig | None
    """Train adapters and leave the model's own weights as they are; null: train the weights."""
    data: DataConfig
    optimizer: OptimizerConfig
    schedule: Schedule
    batch: BatchConfig
    device: DeviceConfig

    @property
    def objective(self) -> Objective:
        return Objective(unit="nats per token" if self.model.task == "causal_lm" else "nats per example")

    @field_validator("lora")
    @classmethod
    def _lora_freezes_by_itself(cls, lora: LoraConfig | None, info: ValidationInfo) -> LoraConfig | None:
        model = info.data.get("model")
        if lora is not None and model is not None and model.freeze:
            raise wrong("trains adapters only, and model.freeze names parts to freeze", "write freeze: [], or lora: null")
        return lora

    @field_validator("data")
    @classmethod
    def _labels_go_with_the_task(cls, data: DataConfig, info: ValidationInfo) -> DataConfig:
        if (model := info.data.get("model")) is None:
            return data
        faults: list[tuple[tuple[str], Any, PydanticCustomError]] = []
        if model.task == "classifier" and data.format == "text":
            faults.append((("format",), data.format, wrong("a classifier needs labels, and plain text has none", "use csv or jsonl")))
        for name in ("label", "labels") if not faults else ():
            value = getattr(data, name)
            if model.task == "classifier" and value is None:
                what = "the column of the labels" if name == "label" else "all labels, such as [no, yes]"
                faults.append(((name,), value, wrong("a classifier needs it", f"give {what}")))
            if model.task == "causal_lm" and value is not None:
                faults.append(((name,), value, wrong("a language model has no labels", "write null here, or task: classifier")))
        if faults:
            raise wrong_in(*faults)
        return data

    _nothing_is_compiled = field_validator("device")(uncompiled("is not served for models from a folder"))

    @property
    def micro_batches(self) -> int:
        return self.batch.accumulation

    @property
    def heavy(self) -> tuple[str, ...]:
        return "batch.sequences", "model.length"

    @property
    def data_path(self) -> str | None:
        return self.sources[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """The data first, the model last."""
        found = (self.data.path, self.data.validation, self.model.path)
        return tuple(_expanded(path) for path in found if path is not None)

    @property
    def warnings(self) -> tuple[str, ...]:
        alike: dict[str, list[str]] = {}
        for name in self.data.labels or ():
            alike.setdefault(" ".join(name.split()).casefold(), []).append(name)
        return tuple(
            f"data.labels: {', '.join(map(shown, names))} differ in capitals or blanks alone, and each is a class of its own; if they mean "
            "the same, write them alike in the data and name the label once."
            for names in alike.values()
            if len(names) > 1
        )

    def file_faults(self, base: Path) -> Iterator[tuple[Where, str]]:
        from rolltrain_tui.modes.finetune.folder import ModelFolderError, look
        from rolltrain_tui.modes.finetune.rows import check

        try:
            look(base / self.sources[-1])
        except ModelFolderError as error:
            yield ("model", "path"), str(error)
        data = self.data
        for name in ("path", "validation"):
            if (path := getattr(data, name)) is None:
                continue
            try:
                check(base / _expanded(path), data.format, data.text, data.label, data.labels)
            except ValueError as error:
                yield ("data", name), str(error)

    def refuse_data(self, base: Path) -> None:
        from rolltrain_tui.modes.text.corpora.other_forms import refuse_other_forms

        if self.data.format == "text":
            refuse_other_forms(base / _expanded(self.data.path))

    @classmethod
    def with_data(cls, name: str) -> Mapping[Where, Any]:
        if name in ("", ".", ".."):
            raise ValueError("this is a folder; name a file")
        return {("data", "path"): name}

    def shortened(self, turns: int) -> Mapping[str, Any]:
        return self.schedule.shortened(turns, self.turns)

    def recipe(self, data_sha256: str) -> Mapping[str, Any]:
        """The hash is of model and data, so their names have no part in it."""
        values = dict(super().recipe(data_sha256))
        values["device"] = {"dtype": self.device.dtype}
        values["model"] = {name: value for name, value in values["model"].items() if name != "path"}
        values["data"] = {name: value for name, value in values["data"].items() if name not in ("path", "validation")}
        return values

    @property
    def missing(self) -> str:
        wanted = (("transformers", "hf"), *([("peft", "lora")] if self.lora is not None else []))
        return next((lacking(package, extra) for package, extra in wanted if not installed(package)), "")

    def card(self) -> Mapping[str, str]:
        lora, freeze = self.lora, self.model.freeze
        learns = "all of its weights" if not freeze else f"all but {', '.join(map(flat, freeze))}"
        if lora is not None:
            learns = f"LoRA of rank {lora.r} on {', '.join(map(flat, lora.target_modules))}"
        return {
            "Model": f"{flat(Path(self.model.path).name)}, {'language model' if self.model.task == 'causal_lm' else 'classifier'}",
            "Learns": learns,
            "Data": flat(Path(self.data.path).name),
            "Optimiser": f"{self.optimizer.name}, learning rate {self.optimizer.learning_rate:g}",
        }
