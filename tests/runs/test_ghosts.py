"""Where recordings of plain training are kept, looked for, and not lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.config import shipped
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.runs import ghosts
from rolltrain_tui.runs.layout import GHOST
from rolltrain_tui.runs.saves import saves_root

FAST = ("--set", "turns=4", "--set", "schedule.warmup_turns=1", "--set", "evaluation.sequences=4")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_config: Callable[..., CampaignConfig]) -> Path:
    """A folder of shipped campaigns, with a ghost for its only one."""
    folder = tmp_path / "site-packages" / "_campaigns"
    (folder / "ghosts").mkdir(parents=True)
    (folder / "tutorial.yaml").write_text(campaign_file.dump(tiny_config("gate.mode=ghost")), encoding="utf-8")
    shutil.copy(CAMPAIGNS / "ghosts" / "tutorial.json", folder / "ghosts")
    monkeypatch.setattr(shipped, "_folder", lambda: folder)
    return folder


def test_a_shipped_ghost_is_never_written_over(package: Path, call: Callable[..., Answer]) -> None:
    """The recording of a shipped campaign goes to the user's own folder, and the package stays as it was installed."""
    before = {path: path.read_bytes() for path in package.rglob("*.json")}
    code, out, err = call("ghost", "tutorial", *FAST)
    assert err.startswith("Training The Tiny GPT plainly, 4 turns.\n")
    target = saves_root(None) / "ghosts" / "tutorial.json"
    assert (0, f"{target}\n") == (code, out)
    assert 4 == baseline.read(target).points[-1].turn
    assert before == {path: path.read_bytes() for path in package.rglob("*.json")}
    assert "[]\n" == call("saves", "list", "--json").out  # the folder of ghosts is no run


def test_the_first_recording_that_fits_is_raced(package: Path) -> None:
    """The user's own comes first, then the shipped one; if none fits, the reason of the first is told."""
    own, came = ghosts.places(package / "tutorial.yaml")
    assert (saves_root(None) / "ghosts" / "tutorial.json", package / "ghosts" / "tutorial.json") == (own, came)
    ghost = baseline.read(came)
    assert (ghost, "") == ghosts.find((own, came), ghost.recipe)
    nobody = tuple((name, "11" if name == "turns" else value) for name, value in ghost.recipe)
    assert "turns" in ghosts.find((own, came), nobody)[1]  # where the first is not there
    own.parent.mkdir(parents=True)
    other = tuple((name, "10" if name == "turns" else value) for name, value in ghost.recipe)
    baseline.write(own, baseline.Ghost(ghost.campaign, 9, "", "cpu", "float32", other, ghost.points))
    assert (ghost, "") == ghosts.find((own, came), ghost.recipe)
    assert 9 == ghosts.find((own, came), other)[0].seed  # type: ignore[union-attr]
    found, note = ghosts.find((own, came), nobody)
    assert found is None
    assert "turns 10, and here it is 11" in note


def test_a_recording_with_other_settings_is_replaced_only_by_force(package: Path, call: Callable[..., Answer]) -> None:
    """The same settings may be recorded again. Other settings are refused before any training, and --force replaces."""
    assert 0 == call("ghost", "tutorial", *FAST).code
    assert 0 == call("ghost", "tutorial", *FAST, "--set", "seed=99").code
    target = saves_root(None) / "ghosts" / "tutorial.json"
    before = target.read_bytes()
    code, out, err = call("ghost", "tutorial", *FAST, "--set", "turns=6")
    assert (2, "") == (code, out)
    assert "was made with turns 4, and here it is 6. --force replaces it, and --out FILE keeps both." in err
    assert before == target.read_bytes()
    assert 0 == call("ghost", "tutorial", *FAST, "--set", "turns=6", "--force").code
    assert 6 == baseline.read(target).points[-1].turn


def test_a_file_that_is_no_ghost_is_not_replaced(package: Path, call: Callable[..., Answer], tmp_path: Path) -> None:
    """--out names the wrong file easily; a damaged recording in its usual place is there to be replaced."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("precious")
    code, _, err = call("ghost", "tutorial", *FAST, "--out", mine)
    assert (2, "precious") == (code, mine.read_text())
    assert "is no ghost" in err
    usual = saves_root(None) / "ghosts" / "tutorial.json"
    usual.parent.mkdir(parents=True)
    usual.write_text("damaged")
    assert 0 == call("ghost", "tutorial", *FAST).code


def test_a_ghost_of_ones_own_campaign_lies_beside_it(tmp_path: Path) -> None:
    """Only what came with the game is kept elsewhere."""
    assert (tmp_path / "ghosts" / "quest.json",) == ghosts.places(tmp_path / "quest.yaml")


def test_a_text_of_ones_own_is_raced_as_it_was_recorded(
    package: Path, call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same --data; the same campaign on another text has no ghost."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "other"):
        Path(f"{name}.txt").write_text("\n".join(f"{name} line {number}" for number in range(400)), encoding="utf-8")
    assert 0 == call("ghost", "tutorial", *FAST, "--data", "mine.txt").code
    raced = {}
    for name in ("mine", "other"):
        assert 0 == call("train", "tutorial", *FAST, "--data", f"{name}.txt", "--out", name).code
        [run] = Path(name).iterdir()
        raced[name] = (run / GHOST).exists()
    assert raced == {"mine": True, "other": False}
