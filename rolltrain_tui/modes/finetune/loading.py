"""A model and its tokenizer from a folder, ready to be trained. Only transformers' own code runs, and nothing is fetched.

Everything in this file that another library raises becomes one sentence: a folder may be broken in more ways than can be foreseen.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rolltrain_tui.base.installed import installed
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.base.safe_text import shown as shown_value
from rolltrain_tui.modes.finetune.config import FinetuneConfig, LoraConfig, lacking
from rolltrain_tui.modes.finetune.folder import SETTINGS, ModelFolder, ModelFolderError, has_tokenizer
from rolltrain_tui.modes.text.corpora.text_file import shown
from rolltrain_tui.training.state.streams import random_stream

ALL_LINEAR = "all-linear"
MOST_TOLD = 12


class MissingPackageError(ValueError):
    """A package that only fine-tuning needs is not installed; the message has the command."""


def need(package: str, extra: str) -> None:
    """MissingPackageError where the package is not installed."""
    if not installed(package):
        raise MissingPackageError(lacking(package, extra))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to be trained."""

    model: nn.Module
    tokenizer: Any
    vocabulary: int
    """Token ids that the model knows."""
    note: str
    """For the player: what of the model is new."""


def load_tokenizer(folder: ModelFolder) -> Any:
    """The folder's tokenizer. ModelFolderError, MissingPackageError."""
    need("transformers", "hf")
    if not has_tokenizer(folder.path):
        raise ModelFolderError(
            f"{shown(folder.path)} has no tokenizer (tokenizer.json or vocabulary files); copy it from where the model came from, "
            "or write it with tokenizer.save_pretrained"
        )
    from transformers import AutoTokenizer

    with _in_silence():
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(folder.path, local_files_only=True, trust_remote_code=False)
            if not tokenizer("a b", add_special_tokens=False)["input_ids"]:
                raise ValueError("it makes no tokens of a text")
        except Exception as error:
            reason = _reason(error)
            raise ModelFolderError(f"the tokenizer in {shown(folder.path)} cannot be read ({reason}); copy its files again") from None
    return tokenizer


def load(config: FinetuneConfig, folder: ModelFolder) -> Loaded:
    """The model that the campaign trains, on the CPU in float32. ModelFolderError, MissingPackageError.

    A classifier's new head and new adapters are drawn from the campaign's seed.
    """
    tokenizer = load_tokenizer(folder)
    if config.lora is not None:
        need("peft", "lora")
    with _in_silence(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(random_stream(config.seed, "init").initial_seed())
        model, note = _model(config.model.task, config.data.labels or [], folder, tokenizer)
        _refuse_longer(config, folder, model)
        vocabulary = model.get_input_embeddings().weight.shape[0]
        if config.lora is not None:
            model = _with_adapters(model, config.lora, config.model.task)
        else:
            _freeze(model, config.model.freeze)
    return Loaded(model.train(), tokenizer, vocabulary, note)


def load_writer(folder: ModelFolder, freeze: Sequence[str]) -> Loaded:
    """A language model that writes on, without the parts that do not learn. ModelFolderError, MissingPackageError."""
    tokenizer = load_tokenizer(folder)
    with _in_silence(), torch.random.fork_rng(devices=[]):
        model, note = _model("causal_lm", [], folder, tokenizer)
        _freeze(model, freeze)
    return Loaded(model.train(), tokenizer, model.get_input_embeddings().weight.shape[0], note)


def _model(task: str, labels: Sequence[str], folder: ModelFolder, tokenizer: Any) -> tuple[Any, str]:
    from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

    name, kind = shown(folder.path), folder.model_type
    if kind not in CONFIG_MAPPING:
        own = "; it brings code of its own, which is not run here" if folder.settings.get("auto_map") else ""
        raise ModelFolderError(
            f"{name}: transformers does not know the model type {shown_value(kind)}{own}; take another model, or a newer transformers"
        )
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        settings = AutoConfig.from_pretrained(folder.path, **local)
    except Exception as error:
        raise ModelFolderError(f"{shown(folder.path / SETTINGS)} cannot be used ({_reason(error)}); copy it again") from None
    causal = task == "causal_lm"
    doors: dict[str, Any] = {"causal_lm": AutoModelForCausalLM, "classifier": AutoModelForSequenceClassification}
    able = [task for task, door in doors.items() if type(settings) in door._model_mapping]
    if task not in able:
        what = "write text" if causal else "classify texts"
        remedy = f"set model.task to {able[0]}, or take another model" if able else "take another model"
        raise ModelFolderError(f"{name}: a model of type {shown_value(kind)} cannot {what}; {remedy}")
    if not causal:
        settings.num_labels = len(labels)
        settings.id2label, settings.label2id = dict(enumerate(labels)), {label: i for i, label in enumerate(labels)}
        settings.problem_type = "single_label_classification"
        settings.pad_token_id = _pad_token(folder, tokenizer)
    elif hasattr(settings, "is_decoder") and folder.model_type in _NEED_DECODER:
        settings.is_decoder = True
    settings.use_cache = False
    try:
        model, found = doors[task].from_pretrained(
            folder.path,
            config=settings,
            dtype=torch.float32,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told in our words, and a classifier may get another number of labels
            **local,
        )
    except Exception as error:
        raise ModelFolderError(f"the model in {name} cannot be loaded ({_reason(error)}); copy its files again") from None
    return model, _refuse_holes(folder, model, found, causal)


_NEED_DECODER = ("bert", "roberta", "xlm-roberta", "electra", "camembert")
"""Kinds that look in both directions unless told that they write."""


def _pad_token(folder: ModelFolder, tokenizer: Any) -> int:
    """The token that fills up shorter texts: the tokenizer's own, else the one that ends a text."""
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise ModelFolderError(
                f"the tokenizer in {shown(folder.path)} has no token to fill up shorter texts with; set its pad_token and save it again"
            )
        tokenizer.pad_token = tokenizer.eos_token
    found: int = tokenizer.pad_token_id
    return found


def _refuse_holes(folder: ModelFolder, model: Any, found: Mapping[str, Any], causal: bool) -> str:
    """ModelFolderError where weights of the model's body are missing; else a note about a head that is new."""
    body = model.base_model_prefix

    def needed(name: str) -> bool:
        return causal or (name.startswith(f"{body}.") and ".pooler." not in name)

    other = {entry[0]: entry[1:] for entry in found.get("mismatched_keys", ())}
    for name, (there, wanted) in other.items():
        if needed(name):
            raise ModelFolderError(
                f"{shown(folder.path)}: {name} is {list(there)} in the weights and {list(wanted)} by config.json; copy both from one place"
            )
    new = sorted({*found.get("missing_keys", ()), *other})
    if lacking := [name for name in new if needed(name)]:
        what = "a language model's weights" if causal else "the weights of this kind of model"
        raise ModelFolderError(
            f"{shown(folder.path)} lacks {len(lacking)} of {what}, such as {lacking[0]}; take a model that was trained for this task"
        )
    parts = dict.fromkeys(name.rpartition(".")[0] for name in new)
    return f"New weights, drawn from the seed: {', '.join(parts)}." if new else ""


def _refuse_longer(config: FinetuneConfig, folder: ModelFolder, model: Any) -> None:
    limit = context_of(model)
    if limit is not None and config.model.length > limit:
        raise ModelFolderError(
            f"model.length: {config.model.length} tokens are more than the {limit} that the model in {shown(folder.path)} can read; "
            f"set it to at most {limit}"
        )


def context_of(model: Any) -> int | None:
    """Tokens that a model can read at once; None where it has no limit."""
    settings = model.config
    limit = getattr(settings, "max_position_embeddings", None)
    if not isinstance(limit, int) or limit <= 0:
        return None
    # RoBERTa and its kin count positions from behind the padding token's
    table = next((m for name, m in model.named_modules() if name.endswith("position_embeddings") and isinstance(m, nn.Embedding)), None)
    return limit - table.padding_idx - 1 if table is not None and table.padding_idx is not None else limit


# ---------------------------------------------------------------------------------------------------------------------
# What learns


def linear_layers(model: Any) -> dict[str, list[str]]:
    """The last part of the names of all layers that can have an adapter -> their whole names; output layers are left out."""
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    found: dict[str, list[str]] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | Conv1D) and module is not head and "." in name:
            found.setdefault(name.rpartition(".")[2], []).append(name)
    return found


def _with_adapters(model: Any, lora: LoraConfig, task: str) -> Any:
    from peft import LoraConfig as PeftConfig
    from peft import get_peft_model
    from transformers.pytorch_utils import Conv1D

    layers = linear_layers(model)
    names = [name for group in layers.values() for name in group]
    wanted = list(layers) if lora.target_modules == [ALL_LINEAR] else list(lora.target_modules)
    for name in wanted:
        if not any(own == name or own.endswith(f".{name}") for own in names):
            there = ", ".join(list(layers)[:MOST_TOLD])
            raise ModelFolderError(f"lora.target_modules: the model has no linear layer {shown_value(name)}; it has {there}")
    targets = [m for own, m in model.named_modules() if any(own == name or own.endswith(f".{name}") for name in wanted)]
    turned = {isinstance(target, Conv1D) for target in targets}
    settings = PeftConfig(
        r=lora.r,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=wanted,
        fan_in_fan_out=turned == {True},
        task_type="CAUSAL_LM" if task == "causal_lm" else "SEQ_CLS",
    )
    try:
        return get_peft_model(model, settings)
    except Exception as error:
        raise ModelFolderError(f"lora: peft cannot put adapters on this model ({_reason(error)}); try other target_modules") from None


def _freeze(model: nn.Module, parts: Sequence[str]) -> None:
    named = dict(model.named_parameters(remove_duplicate=False))  # tied weights have two names
    for part in parts:
        own = [p for name, p in named.items() if name == part or name.startswith(f"{part}.")]
        if not own:
            there = ", ".join(sorted({".".join(name.split(".")[:2]) for name in named})[:MOST_TOLD])
            raise ModelFolderError(f"model.freeze: no parameter's name begins with {shown_value(part)}; they begin with {there}")
        for p in own:
            p.requires_grad_(False)
    if not any(p.requires_grad for p in named.values()):
        raise ModelFolderError("model.freeze: everything is frozen, so nothing would learn; leave a part out of the list")


# ---------------------------------------------------------------------------------------------------------------------
# Other libraries' talk


@contextmanager
def _in_silence() -> Iterator[None]:
    """Inside, transformers and peft print no reports and no bars: they would end up in the middle of the game's screen."""
    from transformers.utils import logging

    talk: Any = logging
    level, bars = talk.get_verbosity(), talk.is_progress_bar_enabled()
    talk.set_verbosity(talk.CRITICAL)
    talk.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        talk.set_verbosity(level)
        if bars:
            talk.enable_progress_bar()


def _reason(error: Exception) -> str:
    """What another library says, as half a line."""
    first = next(iter(str(error).strip().splitlines()), "")
    return one_line(first or type(error).__name__, 120).rstrip(".")
