"""The story of a run in a few lines, for its last page."""

from dataclasses import replace

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

    Of the hero's falls and of those of one kind of monster the last is told; the others come after all else.
    """
    events: list[ev.Event] = [
        replace(event, title="") if isinstance(event, ev.CampaignEnded) else event  # the page begins with that text
        for event in scene.milestones
    ]
    fallen = [
        event.monster if isinstance(event, ev.MonsterFell) else "hero" if isinstance(event, ev.HeroFell) else None for event in events
    ]
    last_fall = {who: i for i, who in enumerate(fallen)}

    def weight(i: int) -> int:
        again = fallen[i] is not None and last_fall[fallen[i]] != i
        return 0 if again else WEIGHT.get(type(events[i]), 0)

    ranked = sorted(range(len(events)), key=lambda i: (-weight(i), -i))[:most]
    return [f"Turn {events[i].turn}: {tell(events[i], scene.objective)}" for i in sorted(ranked)]
