"""Ready models played by keys, from the choice of a hero to the ending; every word on the screens is true of them."""

import re
from asyncio import timeout
from pathlib import Path

import pytest
from support.finetuning import LORA, lab
from support.patience import PATIENCE
from support.screens_host import shown

from rolltrain_tui.modes.campaign_file import dump, load_text, template
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.runs.log.event_log import read_from
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.ending import EndingScreen

pytestmark = pytest.mark.slow

TURNS = 20
QUIET = (
    "encounters.mode=off",
    "camps.every=100",
    "save={autosave_every: 100, keep: 1}",
    "pace.turns_per_second=1",  # the run does not end before the keys, however late they are
    f"turns={TURNS}",
    "speech.every=0",
)


def honest(text: str, unit: str) -> str:
    """The text, in which nothing is counted in characters, and the loss in no other unit."""
    assert not re.search(rf"nats per (?!{unit})|vocabulary|characters? ", text), text
    return text


@pytest.mark.parametrize(
    ("task", "more", "size", "unit"), [("causal_lm", (LORA,), (80, 24), "token"), ("classifier", (), (120, 36), "example")]
)
async def test_played_by_keys(task: str, more: tuple[str, ...], size: tuple[int, int], unit: str, tmp_path: Path) -> None:
    """Enter sets out, 1 rages, v makes it speak, s saves, + hurries to the ending; all that was asked for is in the run."""
    campaign = tmp_path / "it.yaml"
    campaign.write_text(dump(load_text(template("finetune"), "it", (*lab().overrides(task), *QUIET, *more))), "utf-8")
    app = RolltrainApp(Launch(campaign=campaign, runs=tmp_path / "runs", explain=False))
    seen, keys = list[str](), ["space", "1", "v", "s", *["plus"] * 5, "space"]
    async with app.run_test(size=size) as pilot, timeout(PATIENCE):
        while not isinstance(app.screen, EndingScreen):
            seen.append(honest(shown(app), unit))
            if not isinstance(app.screen, ExpeditionScreen):  # the choice of a hero, and cards
                await pilot.press("enter")
            elif keys and "felt" in seen[-1]:
                await pilot.press(keys.pop(0))
            await pilot.pause(0.02)
        seen.append(honest(shown(app), unit))
    assert any(f"Loss (nats per {unit})" in text for text in seen)
    [run] = (tmp_path / "runs").iterdir()
    story = [event for event, _ in read_from(run / "chronicle.jsonl")]
    assert {ev.AbilityUsed, ev.Spoke, ev.CampaignEnded} <= {type(event) for event in story}
    assert (story[-1].turn, keys) == (TURNS, [])
    assert len(list((run / "saves").iterdir())) > 1
