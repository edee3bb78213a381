"""A finished run to show on the ending screen."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rolltrain_tui.protocol.events import (
    CampaignBegan,
    CampaignEnded,
    Evaluated,
    Event,
    GateFaced,
    GhostPoint,
    GhostSeen,
    Spoke,
    TwinJudged,
)
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.wording.run_story import RunStory

HERO = Sheet(name="Brakka\x1b", hero_class="barbarian", level=5, hp=30, max_hp=44, xp=6510, deaths=1)
ENDED = CampaignEnded(2000, "victory", 1.39, 1.4123, 0.0042, 1.4021, HERO, 2310.5)
OBJECTIVE = Objective(limit=1.31, chance=4.2)
PATH = Path("campaigns/tiny_gpt.yaml")
FOLDER = Path("/saves/the-tiny-gpt-seed7")
HELPED = TwinJudged(140, "rage", 120, 20, -0.0253, 0.0003, "helped", 40.0)
HURT = TwinJudged(300, "rage", 280, 20, 0.0311, 0.0041, "hurt", 88.75)


def ghost(value: float = 1.52, error: float = 0.012, turn: int = 2000) -> GhostSeen:
    """Plain training that ends there."""
    return GhostSeen(0, 7, (GhostPoint(0, 4.2, 4.2, 0.02), GhostPoint(turn, value, value, error)))


def events_of(
    ended: CampaignEnded = ENDED,
    *,
    plain: GhostSeen | None = None,
    last: float | None = None,
    objective: Objective = OBJECTIVE,
    middle: Iterable[Event] = (),
) -> list[Event]:
    """A run from its beginning to this ending; `last` is its value on the probe set of plain training."""
    value = ended.value if last is None else last
    return [
        CampaignBegan(
            0, "The [/] GPT", "supervised", 7, ended.turn, "hero", 20, 12, HERO, objective, 795_000, "795,000 weights", "cpu", "float32"
        ),
        *([plain] if plain is not None else []),
        Evaluated(0, 4.2, 0.02, 4.2, 4.2, True),
        *middle,
        Evaluated(ended.turn, value, 0.01, ended.best, ended.train_loss, False),
        ended,
    ]


MIDDLE = (
    Spoke(100, "qx [b]zz", 3.4),
    HELPED,
    GateFaced(250, 2.0, 1.9, 1.95, False, -20),
    HURT,
    GateFaced(500, 1.6, 1.7, 1.75, True, 100),
    Spoke(2000, "the old ranger", 1.4),
)


def story(ended: CampaignEnded = ENDED, *, path: Path | None = PATH, folder: Path = FOLDER, **how: Any) -> RunStory:
    scene = Scene.of(events_of(ended, **{"plain": ghost(), "middle": MIDDLE, **how}))
    return RunStory(scene=scene, folder=folder, path=path, overrides=("hero.name=Brakka",))
