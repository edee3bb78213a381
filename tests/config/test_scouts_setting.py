"""`diagnosis.scouts` in a campaign file: five words, and none in older files."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.config.campaign_file_error import CampaignFileError
from rolltrain_tui.modes.campaign_file import load

SHIPPED = sorted(CAMPAIGNS.glob("*.yaml"))


def changed(folder: Path, line: str) -> Path:
    """The tutorial with this instead of its line about scouts."""
    text = (CAMPAIGNS / "tutorial.yaml").read_text("utf-8")
    [old] = [one for one in text.splitlines(keepends=True) if one.strip().startswith("scouts:")]
    path = folder / "changed.yaml"
    path.write_text(text.replace(old, line), "utf-8")
    return path


def test_an_older_file_sends_none(tmp_path: Path) -> None:
    """A file without the line is read as one that says `off`, and so is a campaign that a save brought along."""
    older = load(changed(tmp_path, ""))
    assert "off" == older.diagnosis.scouts
    told = older.model_dump()
    del told["diagnosis"]["scouts"]
    assert older == type(older).model_validate(told)


@pytest.mark.parametrize("word", ["camps", "early", "seldom", "asked", "off"])
def test_the_words_are_kept(tmp_path: Path, word: str, call: Callable[..., Answer]) -> None:
    """In quotes or not; `check` takes them."""
    for written in (word, f'"{word}"'):
        path = changed(tmp_path, f"  scouts: {written}\n")
        assert word == load(path).diagnosis.scouts
        assert 0 == call("check", path).code
    assert word == load(CAMPAIGNS / "tutorial.yaml", (f"diagnosis.scouts={word}",)).diagnosis.scouts


@pytest.mark.parametrize("word", ["never", "camp", "yes", "1", "null", "[camps]"])
def test_another_word_is_refused_with_the_five(tmp_path: Path, word: str, call: Callable[..., Answer]) -> None:
    """`check` names the place and what may stand there."""
    path = changed(tmp_path, f"  scouts: {word}\n")
    with pytest.raises(CampaignFileError, match=r"diagnosis\.scouts"):
        load(path)
    answer = call("check", path)
    assert 2 == answer.code
    assert all(known in answer.out + answer.err for known in ("camps", "early", "seldom", "asked", "off"))


def test_a_wrong_line_beside_it_is_no_older_file(tmp_path: Path) -> None:
    """A misspelt name is told as such."""
    with pytest.raises(CampaignFileError, match="scoots"):
        load(changed(tmp_path, "  scoots: camps\n"))


def test_the_schema_knows_the_five_words(call: Callable[..., Answer]) -> None:
    """An editor offers them."""
    answer = call("schema")
    assert 0 == answer.code
    assert all(f'"{word}"' in answer.out for word in ("camps", "early", "seldom", "asked", "off"))
    assert "scouts" in answer.out


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_campaign_says_which(path: Path) -> None:
    """Nothing that ships relies on what older files mean."""
    assert yaml.safe_load(path.read_text("utf-8"))["diagnosis"]["scouts"] in ("camps", "early", "seldom", "asked", "off")
