"""What stands in the shell once the game has been left: where the run is, how to go on, and the last word of its story."""

import shlex

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.events import CampaignResumed, CampaignStopped, Saved, SaveFailed
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.threads.bridge import Bridge

SILENT = (Saved, SaveFailed, CampaignStopped, CampaignResumed)


def farewell(bridge: Bridge | None) -> str:
    """Empty where no run was played."""
    if bridge is None or bridge.run is None or bridge.run.config is None:
        return ""
    scene, folder = bridge.scene, shlex.quote(str(bridge.run.folder))
    if isinstance(failed := scene.saved, SaveFailed):
        lost = f"Turn {failed.turn} could not be saved in {folder}: {clean(failed.error)}."
        return f"{lost} Only the saves before are kept.\nOnce that is mended, go on from the last of them: rolltrain play {folder}"
    if scene.ending is not None:
        return f"The run is over after turn {scene.turn}. It is kept in {folder}.\nWatch it again: rolltrain replay {folder}"
    if scene.failure:
        return f"Training failed in turn {scene.turn + 1}: {clean(scene.failure)}\nGo on from the last save: rolltrain play {folder}"
    return "\n".join(
        line for line in (_last_line(scene), f"Saved after turn {scene.turn} in {folder}.", f"Go on: rolltrain play {folder}") if line
    )


def _last_line(scene: Scene) -> str:
    events = (line.event for line in reversed(scene.story) if not isinstance(line.event, SILENT))
    return next((f"Turn {event.turn}: {clean(words)}" for event in events if (words := tell(event, scene.objective).strip())), "")
