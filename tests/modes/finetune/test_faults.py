"""What may be wrong with a folder, a file or a campaign: each is one sentence with a remedy, exit code 2, and no traceback."""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finetuning import LORA, lab, settings_of
from support.shell import Answer

from rolltrain_tui.modes import campaign_file

Call = Callable[..., Answer]
Damage = Callable[[Path], object]
ROWS = [f"good {n},positive" for n in range(8)] + [f"bad {n},negative" for n in range(8)]


@pytest.fixture
def refused(call: Call, tmp_path: Path) -> Callable[..., str]:
    """`refused(task, *overrides)`: what `train` says to a campaign of the writer or the classifier with these values."""

    def say(task: str, *overrides: str) -> str:
        campaign = tmp_path / "it.yaml"
        campaign.write_text(campaign_file.template("finetune"), "utf-8")
        words = [word for value in (*lab().overrides(task), *overrides) for word in ("--set", value)]
        answer = call("train", campaign, *words, "--out", tmp_path / "runs")
        assert answer.code == 2
        assert "Traceback" not in answer.err
        assert answer.err.replace("\n", "").isprintable()
        return answer.err

    return say


def only(*kept: str) -> Damage:
    """Leave only these files."""
    return lambda folder: [path.unlink() for path in folder.iterdir() if path.name not in kept]


def wrote(name: str, content: str | bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def renamed(old: str, new: str) -> Damage:
    return lambda folder: (folder / old).rename(folder / new)


def cut(name: str, size: int) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


FOLDERS: dict[str, tuple[Damage, str]] = {
    "gone": (shutil.rmtree, "there is no such folder; nothing is fetched from a hub"),
    "empty": (only(), "is empty"),
    "no settings": (renamed("config.json", "x.json"), "has no config.json"),
    "an adapter": (renamed("config.json", "adapter_config.json"), "holds an adapter (LoRA), not a model"),
    "a GGUF": (renamed("config.json", "model.gguf"), "is a GGUF file"),
    "settings that are no JSON": (wrote("config.json", "{"), "cannot be read as JSON"),
    "settings that are a list": (wrote("config.json", "[]"), "holds no JSON object"),
    "no type": (wrote("config.json", "{}"), "names no model_type"),
    "an unknown type": (lambda folder: settings_of(folder, model_type="golem"), "does not know the model type 'golem'"),
    "code of its own": (
        lambda folder: settings_of(folder, model_type="golem", auto_map={"AutoConfig": "g.G"}),
        "it brings code of its own, which is not run here",
    ),
    "an encoder-decoder": (lambda folder: settings_of(folder, model_type="t5", is_encoder_decoder=True), "holds an encoder-decoder (t5)"),
    "quantised": (lambda folder: settings_of(folder, quantization_config={"bits": 4}), "holds quantised weights"),
    "a model of pictures": (lambda folder: settings_of(folder, model_type="vit"), "a model of type 'vit' cannot write text"),
    "another shape": (lambda folder: settings_of(folder, n_embd=32), "in the weights and"),
    "another type": (lambda folder: settings_of(folder, model_type="opt"), "lacks"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    "a pickle": (renamed("model.safetensors", "pytorch_model.bin"), "as a pickle (pytorch_model.bin), which could run code"),
    "Keras": (renamed("model.safetensors", "tf_model.h5"), "has its weights as Keras"),
    "weights cut short": (cut("model.safetensors", 2000), "cannot be loaded"),
    "no weights inside": (wrote("model.safetensors", b""), "cannot be loaded"),
    "an index of nothing": (
        lambda folder: (
            renamed("model.safetensors", "model.safetensors.index.json")(folder),
            wrote("model.safetensors.index.json", "{}")(folder),
        ),
        "names no files of weights",
    ),
    "a missing part": (
        lambda folder: (
            (folder / "model.safetensors").unlink(),
            wrote("model.safetensors.index.json", json.dumps({"weight_map": {"a": "model-1.safetensors"}}))(folder),
        ),
        "lacks 1 of 1 files of weights, such as model-1.safetensors",
    ),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
    "a broken tokenizer": (wrote("tokenizer.json", "{}"), "tokenizer in"),
    "a tokenizer cut short": (cut("tokenizer.json", 500), "cannot be read"),
    "another tokenizer": (lambda folder: settings_of(folder, vocab_size=20), "16] in the weights and [20, 16] by config.json"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folders(name: str, refused: Callable[..., str], tmp_path: Path) -> None:
    """A folder that cannot be trained is named with the reason."""
    damage, words = FOLDERS[name]
    folder = tmp_path / "damaged"
    shutil.copytree(lab().gpt, folder)
    damage(folder)
    told = refused("causal_lm", f"model.path={folder}")
    assert words in told, told
    assert "damaged" in told or "config.json" in told


SETTINGS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "a file": ("causal_lm", (f"model.path={__file__}",), "is a file; name the folder"),
    "too long": ("causal_lm", ("model.length=65",), "model.length: 65 tokens are more than the 64"),
    "too little text": ("causal_lm", ("data.validation_fraction=1e-3",), "and model.length 8 needs 9"),
    "freezes nothing": ("causal_lm", ("model.freeze=[transformer.hh]",), "no parameter's name begins with 'transformer.hh'"),
    "freezes all": ("causal_lm", ("model.freeze=[transformer]",), "everything is frozen"),
    "adapters on nothing": (
        "causal_lm",
        ("lora={r: 2, alpha: 4, dropout: 0, target_modules: [q_proj]}",),
        "no linear layer 'q_proj'; it has c_attn, c_proj, c_fc",
    ),
    "freezes beside adapters": ("causal_lm", ("model.freeze=[a]", LORA), "write freeze: []"),
    "labels of a writer": ("causal_lm", ("data.labels=[a, b]",), "a language model has no labels"),
    "columns of a text": ("causal_lm", ("data.text=story",), "format text has no columns"),
    "a compiled model": ("causal_lm", ("device.compile=true",), "write false"),
    "a missing device": ("causal_lm", ("device.device=mps",), "this machine has no mps"),
    "no column": ("classifier", ("data.text=null",), "names no column"),
    "no labels": ("classifier", ("data.labels=null",), "all labels, such as"),
    "no label": ("classifier", ("data.label=null",), "the column of the labels"),
    "one label": ("classifier", ("data.labels=[positive]",), "names fewer than two labels"),
    "a label twice": ("classifier", ("data.labels=[a, b, a]",), "is named twice"),
    "a text to classify": ("classifier", ("data.format=text", "data.text=null"), "a classifier needs labels"),
    "a wrong column": ("classifier", ("data.text=revue",), "there is no column 'revue', only 'review', 'label'"),
    "a wrong label column": ("classifier", ("data.label=stars",), "there is no column 'stars'"),
    "a wrong label": ("classifier", ("data.labels=[positive, mixed]",), "label 'negative' must be one of 'positive', 'mixed'"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name: str, refused: Callable[..., str]) -> None:
    """A value that does not fit model or data is named with what would."""
    task, overrides, words = SETTINGS[name]
    assert words in refused(task, *overrides)


DATA: dict[str, tuple[str, str | bytes, str]] = {
    "no file": ("csv", b"", "does not exist"),
    "white space": ("csv", " \n", "holds nothing but white space"),
    "a header alone": ("csv", "text,label\n", "has a header and no rows"),
    "binary": ("csv", b"\x00\x01\x02", "is binary"),
    "Latin-1": ("csv", "text,label\nd\xe9j\xe0,positive\n".encode("latin-1"), "is not UTF-8"),
    "a row too long": ("csv", "text,label\ngood, fine,positive\n", ":2: 3 values for 2 columns"),
    "an open quote": ("csv", 'text,label\n"good,positive\n', "not CSV"),
    "a column twice": ("csv", "text,text\na,b\n", "must name each column once"),
    "no header": ("csv", "good,positive\nbad,negative\n", ":1: there is no column 'text', only 'good', 'positive'"),
    "empty texts": ("csv", "text,label\n,positive\n ,negative\n", "is empty in every row"),
    "a label out of range": ("csv", "text,label\na,0\nb,2\n", ":3: label '2' must be one of"),
    "a label that is no number": ("csv", "text,label\na,0\nb,0.5\n", ":3: label '0.5' must be one of"),
    "no label": ("csv", "text,label\na,0\nb,\n", ":3: label '' must be one of"),
    "one label only": ("csv", "\n".join(["text,label", *ROWS[:8]]), "every row has the label 'positive'"),
    "too few": ("csv", "text,label\na,0\nb,1\n", "too few to learn anything"),
    "no JSON": ("jsonl", '{"text": "a", "label": 0}\n{"text": }\n', ":2:10: not JSON"),
    "a list": ("jsonl", '[{"text": "a"}]', "holds one JSON list"),
    "no objects": ("jsonl", '"a"\n"b"\n', ":1: must be a JSON object"),
    "a number as text": ("jsonl", '{"text": 3, "label": 0}\n', ":1: column 'text' must hold text (got 3)"),
    "a label that is null": ("jsonl", '{"text": "a", "label": null}\n', ":1: label null must be one of"),
    "a label that is a list": ("jsonl", '{"text": "a", "label": [1, 0]}\n', ":1: label a list of 2 must be one of"),
    "half of a character": ("jsonl", '{"text": "\\ud83d", "label": 0}\n', ":1: column 'text' holds half of a character"),
    "columns without names": ("csv", ",\na,b\n", "must name each column once"),
    "a row without the column": ("jsonl", '{"text": "a", "label": 0}\n{"label": 1}\n', ":2: there is no column 'text', only 'label'"),
    "deep": ("jsonl", "[" * 3000, "JSON"),
}


@pytest.mark.parametrize("name", DATA)
def test_data(name: str, refused: Callable[..., str], tmp_path: Path) -> None:
    """A file that cannot be read is named with line and value."""
    form, content, words = DATA[name]
    path = tmp_path / "rows"
    if content:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    told = refused("classifier", f"data.path={path}", f"data.format={form}", "data.text=text")
    assert words in told, told


def test_a_tokenizer_with_more_tokens(refused: Callable[..., str], tmp_path: Path) -> None:
    """A mark that was added to the tokenizer alone is told before the model looks it up."""
    from transformers import AutoTokenizer

    folder = tmp_path / "wider"
    shutil.copytree(lab().gpt, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(folder)
    told = refused("classifier", f"model={{path: {folder}, task: classifier, length: 12, freeze: []}}")
    assert "the tokenizer gives token" in told
    assert "copy both from the same place" in told


@pytest.mark.parametrize(
    ("package", "overrides", "command"),
    [("transformers", (), "pip install 'rolltrain-tui[hf]'"), ("peft", (LORA,), "pip install 'rolltrain-tui[lora]'")],
)
def test_a_missing_package(
    package: str, overrides: tuple[str, ...], command: str, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not installed is named with the command that installs it."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == package else find(name, *more))
    assert command in refused("causal_lm", *overrides)


def test_a_writer_that_cannot_classify_alone(refused: Callable[..., str], tmp_path: Path) -> None:
    """A tokenizer without any mark to fill up with is refused."""
    folder = tmp_path / "bare"
    shutil.copytree(lab().gpt, folder)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).unlink(missing_ok=True)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}', "utf-8")
    model = f"model={{path: {folder}, task: classifier, length: 12, freeze: []}}"
    assert "has no token to fill up shorter texts with" in refused("classifier", model)
