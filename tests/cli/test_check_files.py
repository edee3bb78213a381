"""`rolltrain check` reads the files that a campaign names, and tells what is wrong with them where the campaign names them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finetuning import lab
from support.shell import Answer

from rolltrain_tui.modes import build, campaign_file

LONG = "The goblin sings. " * 200


def changed(kind: str, *changes: tuple[str, str]) -> str:
    text = campaign_file.template(kind)
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"short", "is too short for a context of 64"),
        (LONG.encode("utf-16"), "is UTF-16LE text"),
        (LONG.replace("o", "ö").encode("latin-1"), "is not UTF-8 text"),
        (LONG.encode(), ""),
    ],
)
def test_a_text(call: Callable[..., Answer], tmp_path: Path, content: bytes | None, wrong: str) -> None:
    """The line is that of data.path, and the sentence is the one that the training would end with, remedy included."""
    text = changed("supervised", ("corpus: names", "corpus: file"), ("path: null", "path: tale.txt"))
    campaign = tmp_path / "own.yaml"
    campaign.write_text(text, encoding="utf-8")
    if content is not None:
        (tmp_path / "tale.txt").write_bytes(content)
    answer = call("check", campaign)
    line = text[: text.index("path: tale.txt")].count("\n") + 1
    assert (2 if wrong else 0) == answer.code
    assert wrong in answer.err
    assert answer.err.startswith(f"{campaign}:{line}:") == bool(wrong)
    trained = call("train", campaign, "--set", "turns=1", "--set", "schedule.warmup_turns=0") if wrong else answer
    assert answer.err.partition("data.path: ")[2] == trained.err if wrong else not trained.err


def test_a_built_in_text_that_is_too_short(call: Callable[..., Answer], tmp_path: Path) -> None:
    """A context that no part of it fills is the campaign's mistake as well."""
    (tmp_path / "own.yaml").write_text(changed("supervised", ("context: 64", "context: 60000")), encoding="utf-8")
    answer = call("check", tmp_path / "own.yaml")
    assert 2 == answer.code
    assert "data.corpus: The built-in corpus names is too short" in answer.err


def test_a_model_and_its_rows(call: Callable[..., Answer], tmp_path: Path) -> None:
    """Of a campaign that fine-tunes both are looked at, and each mistake has its place."""
    (tmp_path / "own.yaml").write_text(campaign_file.template("finetune"), encoding="utf-8")
    answer = call("check", tmp_path / "own.yaml")
    assert 2 == answer.code
    assert ["model.path", "data.path"] == [line.split(": ")[1] for line in answer.err.splitlines()]
    assert all(line.startswith(f"{tmp_path / 'own.yaml'}:") for line in answer.err.splitlines())


@pytest.mark.slow
def test_labels_that_differ_in_capitals_or_blanks_alone(call: Callable[..., Answer], tmp_path: Path) -> None:
    """They are classes of their own: no mistake, and yet hardly meant."""
    text = (
        "model={path: bert, task: classifier, length: 12, freeze: []}",
        "data={path: rows.csv, format: csv, text: review, label: label, labels: [Good, bad, 'good ', grim], validation: null, "
        "validation_fraction: 0.2}",
    )
    (tmp_path / "rows.csv").write_text("review,label\nx,Good\ny,bad\nz,Good\nw,bad\n", encoding="utf-8")
    shutil.copytree(lab().bert, tmp_path / "bert")
    own = tmp_path / "own.yaml"
    own.write_text(campaign_file.dump(campaign_file.load_text(campaign_file.template("finetune"), "own", text)), encoding="utf-8")
    answer = call("check", own)
    assert (answer.code, answer.err) == (0, "")
    [_, told] = answer.out.splitlines()
    assert told.startswith(f"{own}: warning: data.labels: 'Good', 'good ' differ in capitals or blanks alone")
    assert json.loads(call("check", own, "--json").out)["warnings"] == [told.partition("warning: ")[2]]
    assert told.partition("warning: ")[2] in build(campaign_file.load(own), base=tmp_path).info().note


def test_a_model_for_the_dungeon(call: Callable[..., Answer], tmp_path: Path) -> None:
    """A folder without a model is told at its line."""
    text = changed("dungeon", ("hf: null", "hf: {path: nowhere, freeze: []}"))
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    answer = call("check", tmp_path / "own.yaml")
    assert 2 == answer.code
    assert "hf.path: " in answer.err
    assert "there is no such folder" in answer.err
