"""The story of a run in a few lines, for its last page."""

from rolltrain_tui.protocol.events import (
    AbilityUsed,
    ActBegan,
    CampaignBegan,
    CampaignEnded,
    Event,
    GateFaced,
    HeroFell,
    LevelGained,
    MonsterFell,
)
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene

LINES = 10
WEIGHT: dict[type, int] = {
    CampaignBegan: 9,
    CampaignEnded: 9,
    GateFaced: 3,
    ActBegan: 1,
    HeroFell: 8,
    LevelGained: 5,
    MonsterFell: 4,
    AbilityUsed: 2,
}


def highlights(scene: Scene, most: int = LINES) -> list[str]:
    """The weightiest milestones in the order they happened, each with its turn; of equals the later ones."""
    events: list[Event] = list(scene.milestones)
    ranked = sorted(range(len(events)), key=lambda i: (-WEIGHT.get(type(events[i]), 0), -i))[:most]
    return [f"Turn {events[i].turn}: {tell(events[i], scene.objective)}" for i in sorted(ranked)]
