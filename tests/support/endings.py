"""A finished run to show on the ending screen."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rolltrain_tui.protocol.events import CampaignEnded
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.tui.screens.ending import RunStory

ENDED = CampaignEnded(2000, "victory", 1.39, 1.4123, 0.0042, 1.4021, Sheet(level=5, xp=6510, deaths=1), 2310.5)
OBJECTIVE = Objective(limit=1.31)
LINES = tuple(f"Line {n} of the [b]story[/b]." for n in range(12))
PATH = Path("campaigns/tiny_gpt.yaml")


def story(**changes: Any) -> RunStory:
    whole = RunStory(
        ended=ENDED,
        campaign="The [/] GPT",
        hero="Brakka\x1b",
        folder=Path("/saves/the-tiny-gpt-seed7"),
        lines=LINES,
        losses=[4.0, 3.0, float("nan"), 2.0, float("inf"), 1.5],
        objective=OBJECTIVE,
        path=PATH,
        overrides=("hero.name=Brakka",),
    )
    return replace(whole, **changes)
