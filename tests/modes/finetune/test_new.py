"""`rolltrain new finetune FILE --model DIR --data FILE`: what is seen of both becomes a campaign that trains."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finetuning import lab, settings_of
from support.shell import Answer

from rolltrain_tui.modes import build, campaign_file
from rolltrain_tui.modes.finetune.config import FinetuneConfig
from rolltrain_tui.protocol.effects import NEUTRAL

ROWS = [(f"the elf sings {n}", "merry" if n % 2 else "sad") for n in range(40)]


@pytest.fixture
def new(call: Callable[..., Answer], tmp_path: Path) -> Callable[..., FinetuneConfig]:
    """The campaign for a model and a file; it checks, and it trains."""

    def write(model: Path, data: Path) -> FinetuneConfig:
        path = tmp_path / "it.yaml"
        answer = call("new", "finetune", path, "--model", model, "--data", data, "--force")
        assert answer.code == 0, answer.err
        assert call("check", path).code == 0
        config = campaign_file.load(path)
        assert isinstance(config, FinetuneConfig)
        assert build(config, base=tmp_path).step(NEUTRAL).finite
        return config

    return write


def test_a_text(new: Callable[..., FinetuneConfig]) -> None:
    """A writer and a text: no columns, a length that the model can read, and as many turns as go with its size."""
    config = new(lab().gpt, lab().tales)
    assert (config.model.task, config.data.format, config.data.text, config.data.labels) == ("causal_lm", "text", None, None)
    assert config.model.length <= 64
    assert config.batch.sequences > 1
    assert config.schedule.warmup_turns < config.turns
    windows = len(lab().tales.read_text("utf-8").split()) / config.model.length  # about a token a word, or more
    assert config.turns >= min(60, 2 * windows / config.batch.sequences)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", "text,mood\n" + "\n".join(f"{text},{label}" for text, label in ROWS)),
        ("rows.tsv", "mood\tstory\n" + "\n".join(f"{label}\t{text}" for text, label in ROWS)),
        ("rows.CSV", "story;label;n\n" + "\n".join(f"{text};{label};1" for text, label in ROWS)),
        ("rows.jsonl", "\n".join(json.dumps({"n": 1, "text": text, "category": label}) for text, label in ROWS)),
    ],
)
def test_rows_for_a_classifier(name: str, content: str, new: Callable[..., FinetuneConfig], tmp_path: Path) -> None:
    """Columns are found by their usual names, else the longest texts and the fewest values; labels stand in order."""
    path = tmp_path / name
    path.write_text(content, "utf-8")
    config = new(lab().bert, path)
    data = config.data
    assert (config.model.task, data.format) == ("classifier", "jsonl" if name.endswith("l") else "csv")
    assert data.text in ("text", "story")
    assert data.label in ("mood", "label", "category")
    assert data.labels == ["merry", "sad"]
    assert config.model.length <= 16


def test_rows_for_a_writer(new: Callable[..., FinetuneConfig], tmp_path: Path) -> None:
    """A language model reads the column of texts, one after the other, labels or not."""
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS), "utf-8")
    config = new(lab().gpt, path)
    assert (config.model.task, config.data.text, config.data.label) == ("causal_lm", "text", None)


def lines(*rows: dict[str, object]) -> str:
    return "\n".join(map(json.dumps, rows))


def told(**changes: object) -> str:
    """The rows as JSONL, with another last one."""
    rows: list[dict[str, object]] = [{"text": text, "label": label} for text, label in ROWS]
    return lines(*rows[:-1], {**rows[-1], **changes})


@pytest.mark.parametrize(
    ("name", "first", "row", "columns", "labels"),
    [
        ("i.csv", ",text,mood", lambda text, label: f"7,{text},{label}", ("text", "mood"), ["merry", "sad"]),
        ("end.csv", "text,mood,", lambda text, label: f"{text},{label},", ("text", "mood"), ["merry", "sad"]),
        ("body.csv", "text,body,mood", lambda text, label: f",{text},{label}", ("body", "mood"), ["merry", "sad"]),
        ("twice.csv", "Text,text,mood", lambda text, label: f"{text},,{label}", ("Text", "mood"), ["merry", "sad"]),
        ("signs.csv", "text,mood", lambda text, label: f"{text},{'--5' if label == 'sad' else '²'}", ("text", "mood"), ["--5", "²"]),
        ("ids.jsonl", "", lambda text, label: lines({"text": text, "n": 1e6 + (label == "sad")}), ("text", "n"), ["1000000", "1000001"]),
        ("no_name.jsonl", "", lambda text, label: lines({"": text, "story": text, "n": label}), ("story", "n"), ["merry", "sad"]),
        ("no_text.jsonl", lines({"text": " ", "n": "odd"}), lambda text, n: lines({"text": text, "n": n}), ("text", "n"), ["merry", "sad"]),
    ],
)
def test_odd_rows(
    name: str,
    first: str,
    row: Callable[[str, str], str],
    columns: tuple[str, str],
    labels: list[str],
    new: Callable[..., FinetuneConfig],
    tmp_path: Path,
) -> None:
    """Columns without a name or without texts are passed over, and labels are told apart as they are written."""
    path = tmp_path / name
    path.write_text("\n".join((first, *(row(*values) for values in ROWS))).lstrip("\n"), "utf-8")
    data = new(lab().bert, path).data
    assert ((data.text, data.label), data.labels) == (columns, labels)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (told(label=None), ":40: column 'label' must hold a label, a number or at most 200 characters of text (got nothing)"),
        (told(label=float("nan")), "(got nothing)"),
        (told(label=" "), "(got nothing)"),
        (told(label=["sad"]), "(got a list of 1)"),
        (told(label="x" * 201), ":40: column 'label' must hold a label"),
        (told(label="\ud800"), "(got '\\ud800')"),
        (told(text="the \ud83d elf"), ":40: column 'text' holds half of a character"),
        (lines({"text": "a"}, *({"text": text, "label": label} for text, label in ROWS)), ":1: column 'label' must hold a label"),
        (lines(*({"label": text} for text, _ in ROWS)), "(column 'label' holds 40 different values in 40 rows, and 10 would do)"),
        (lines(*({"text": text, "label": "sad"} for text, _ in ROWS)), "(column 'label' holds one value only)"),
        (lines(*({"text": text, "mood": 1} for text, _ in ROWS)), "no column looks like labels among 'text', 'mood'"),
    ],
)
def test_rows_that_no_campaign_can_name(content: str, said: str, call: Callable[..., Answer], tmp_path: Path) -> None:
    """What no campaign could train on is refused before one is written, with the line of the file."""
    data = tmp_path / "rows.jsonl"
    data.write_text(content, "utf-8")
    answer = call("new", "finetune", tmp_path / "it.yaml", "--model", lab().bert, "--data", data)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err, answer.err
    assert not (tmp_path / "it.yaml").exists()


@pytest.mark.parametrize("value", [0, "sad"])
def test_labels_of_a_trained_classifier(value: object, new: Callable[..., FinetuneConfig], tmp_path: Path) -> None:
    """A model that classifies already keeps the order of its labels, whether the rows have their names or their numbers."""
    folder, path = tmp_path / "judge", tmp_path / "rows.jsonl"
    shutil.copytree(lab().bert, folder)
    names = {"0": "sad", "1": "merry", "2": "angry"}
    settings_of(
        folder, architectures=["BertForSequenceClassification"], id2label=names, label2id={name: int(i) for i, name in names.items()}
    )
    other = 1 if value == 0 else "merry"
    rows = [{"text": text, "label": value if label == "sad" else other} for text, label in ROWS]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert new(folder, path).data.labels == ["sad", "merry", "angry"]


def test_paths_stay_short(call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies beside the campaign is named relative to it, anything else in full; the campaign can be trained from elsewhere."""
    beside = tmp_path / "beside"
    shutil.copytree(lab().gpt, beside / "gpt")
    assert call("new", "finetune", beside / "it.yaml", "--model", beside / "gpt", "--data", lab().tales).code == 0
    config = campaign_file.load(beside / "it.yaml")
    assert isinstance(config, FinetuneConfig)
    assert (config.model.path, config.data.path) == ("gpt", str(lab().tales))
    monkeypatch.chdir(tmp_path)
    short = ("--steps", 2, "--set", "evaluation.sequences=4", "--set", "evaluation.final_sequences=4")
    assert call("train", "beside/it.yaml", *short, "--out", tmp_path / "runs").code == 0
    (tmp_path / "other.txt").write_text(lab().tales.read_text("utf-8"), "utf-8")
    assert call("train", "beside/it.yaml", *short, "--data", "other.txt", "--out", tmp_path / "more").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("finetune", "x.yaml", "--model", "gpt"), "--model is not enough"),
        (("finetune", "x.yaml", "--data", "rows.csv"), "--data is not enough"),
        (("supervised", "x.yaml", "--model", "gpt", "--data", "rows.csv"), "--model and --data are for finetune"),
        (("finetune", "x.yaml", "--model", "gone", "--data", "rows.csv"), "there is no such folder"),
        (("finetune", "x.yaml", "--model", "bert", "--data", "gone.csv"), "does not exist"),
        (("finetune", "x.yaml", "--model", "bert", "--data", "empty.txt"), "is empty"),
        (("finetune", "x.yaml", "--model", "bert", "--data", "numbers.csv"), "has no column with texts, only"),
        (("finetune", "x.yaml", "--model", "bert", "--data", "rows.csv"), "no column looks like labels"),
        (("finetune", "x.yaml", "--model", "bert", "--data", "plain.txt"), "no column looks like labels"),
    ],
)
def test_what_is_missing(
    words: tuple[str, ...], said: str, call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the options, or a folder or file that cannot be used: a sentence, exit code 2, and no file written."""
    monkeypatch.chdir(tmp_path)
    for name in ("gpt", "bert"):
        (tmp_path / name).symlink_to(getattr(lab(), name))
    (tmp_path / "rows.csv").write_text("text\na\nb\n", "utf-8")
    (tmp_path / "plain.txt").write_text("a tale\n", "utf-8")
    (tmp_path / "empty.txt").write_text("", "utf-8")
    (tmp_path / "numbers.csv").write_text("label\n1\n0\n1\n0\n", "utf-8")
    answer = call("new", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err, answer.err
    assert not (tmp_path / "x.yaml").exists()
