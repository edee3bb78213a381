"""The story of a run in a few lines, for its last page."""

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene

LINES = 10
WEIGHT: dict[type, int] = {
    ev.CampaignBegan: 9,
    ev.CampaignEnded: 9,
    ev.GateFaced: 3,
    ev.ActBegan: 1,
    ev.HeroFell: 8,
    ev.LevelGained: 5,
    ev.MonsterFell: 4,
    ev.AbilityUsed: 2,
}


def highlights(scene: Scene, most: int = LINES) -> list[str]:
    """The weightiest milestones in the order they happened, each with its turn; of equals the later ones.

    The last fall tells how many there were; the others come after all else.
    """
    events: list[ev.Event] = list(scene.milestones)
    last_fall = max((i for i, event in enumerate(events) if isinstance(event, ev.HeroFell)), default=0)

    def weight(i: int) -> int:
        return 0 if isinstance(events[i], ev.HeroFell) and i != last_fall else WEIGHT.get(type(events[i]), 0)

    ranked = sorted(range(len(events)), key=lambda i: (-weight(i), -i))[:most]
    return [f"Turn {events[i].turn}: {tell(events[i], scene.objective)}" for i in sorted(ranked)]
