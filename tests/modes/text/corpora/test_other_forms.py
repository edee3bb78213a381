"""JSON, tables and pages that are named as a text are refused in words before a turn; plain text that looks like them is not."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finetuning import lab
from support.shell import Answer

from rolltrain_tui.modes.text.corpora.other_forms import refuse_other_forms
from rolltrain_tui.modes.text.corpora.text_file import DataError

ROWS = [{"id": f"{n}", "a tale": f"The elf sings number {n}, and sleeps.", "n": n} for n in range(400)]
FORMS = {
    "x.jsonl": "\n".join(map(json.dumps, ROWS)),
    "x.NDJSON": "\ufeff\n" + "\n".join(map(json.dumps, ROWS)),
    "x.json": json.dumps(ROWS, indent=1),
    "x.ipynb": json.dumps({"cells": ROWS}),
    "x.csv": "text;n\n" + "\n".join(f'"{row["a tale"]}";1' for row in ROWS),
    "x.tsv": "text\tn\n" + "\n".join(f"{row['a tale']}\t1" for row in ROWS),
    "x.html": "<!DOCTYPE html>\n<p>" + "\n<p>".join(str(row["a tale"]) for row in ROWS),
    "x.xml": "<?xml version='1.0'?><t>" + "\n".join(str(row["a tale"]) for row in ROWS) + "</t>",
}
PLAIN = "\n".join(str(row["a tale"]) for row in ROWS)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_named_with_its_remedy_before_a_turn(name: str, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """On the command line, in a campaign that is checked, for an agent of the arena, and in a campaign for a model of one's own."""
    path = tmp_path / name
    path.write_text(FORMS[name], "utf-8")
    answers = [
        call("train", "tiny_gpt", "--data", path, "--steps", 1, "--out", tmp_path / "runs"),
        call("arena", "create", "A", 8, 1, 2, "--data", path),
    ]
    campaign = tmp_path / "my.yaml"
    assert call("new", "supervised", campaign).code == 0
    lines = campaign.read_text("utf-8").replace("corpus: names", "corpus: file").replace("path: null", f"path: {name}")
    campaign.write_text(lines, "utf-8")
    answers.append(call("check", campaign))
    if path.suffix in (".html", ".xml", ".ipynb"):
        answers.append(call("new", "finetune", tmp_path / "it.yaml", "--model", lab().gpt, "--data", path))
    for answer in answers:
        assert answer.code != 0
        assert f"{name}' is " in answer.out + answer.err
        assert "not plain text: " in answer.out + answer.err
        assert "name it .txt" in answer.out + answer.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["x.txt", "x.md", "x", "x.log"])
@pytest.mark.parametrize("form", FORMS)
def test_a_plain_text_may_hold_anything(name: str, form: str, tmp_path: Path) -> None:
    """Who wants the marks learned names the file .txt."""
    (tmp_path / name).write_text(FORMS[form], "utf-8")
    refuse_other_forms(tmp_path / name)


@pytest.mark.parametrize("name", [name for name in FORMS if Path(name).suffix not in (".csv", ".tsv")])
@pytest.mark.parametrize("text", [PLAIN, "{curly} words\n" + PLAIN, "[Enter GHOST]\n" + PLAIN, "<3 is a heart\n" + PLAIN, "", "\n\n"])
def test_a_text_with_another_ending_is_a_text(name: str, text: str, tmp_path: Path) -> None:
    """The ending alone makes no form: the beginning must be one too. A file that is not there is for its reader to tell of."""
    refuse_other_forms(tmp_path / name)
    (tmp_path / name).write_text(text, "utf-8")
    refuse_other_forms(tmp_path / name)


@pytest.mark.skipif(shutil.which("jq") is None, reason="without jq")
@pytest.mark.parametrize("name", ["rows.jsonl", "it's my rows.jsonl"])
def test_the_command_that_is_told_takes_the_texts_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest field of the first line, whatever it and the file are called."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(FORMS["x.jsonl"], "utf-8")
    with pytest.raises(DataError) as caught:
        refuse_other_forms(Path(name))
    command = "jq " + str(caught.value).partition("(jq ")[2].partition("), or fine-tune")[0]
    assert shlex.split(command)[:2] == ["jq", "-r"]
    subprocess.run(command, shell=True, check=True)
    assert Path("texts.txt").read_text("utf-8") == PLAIN + "\n"
