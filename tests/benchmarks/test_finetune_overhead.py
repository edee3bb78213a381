from pathlib import Path

import pytest
from finetune_overhead import main
from support.finetuning import lab

from rolltrain_tui.modes.campaign_file import dump, load_text, template

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def test_it_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a toy it runs its pairs to the end and tells both medians; what they are is not for a test to say."""
    campaign = tmp_path / "it.yaml"
    campaign.write_text(dump(load_text(template("finetune"), "it", lab().overrides())), "utf-8")
    found = main([str(campaign), "--turns", "12", "--clock", "cpu"])
    assert found["pairs"] == 7
    assert found["game_ms"] > 0 < found["plain_ms"]
    assert "a turn takes" in capsys.readouterr().out
