"""What the model says: foreign text, cleaned and shown letter by letter as it is."""

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, wrap


class VoicePanel(ScenePanel):
    ALLOW_SELECT = True
    asks = True
    """Whoever looks can ask the run to speak."""

    def show_scene(self, scene: Scene) -> None:
        spoke = scene.spoke
        self.name_box("It says" if spoke is None else f"It says · turn {spoke.turn}{_heard(spoke.value, scene)}")
        self.show(voice_lines(scene, self.content_size.width, self.content_size.height, asks=self.asks))


def _heard(value: float | None, scene: Scene) -> str:
    return "" if value is None else f" · {scene.objective.short_label} {fixed(value, 2)}"


def voice_lines(scene: Scene, width: int, height: int, *, asks: bool = True) -> list[Line]:
    if scene.spoke is None and not asks:
        return [[("Nothing yet.", "muted")]]
    if scene.spoke is None:
        return [[("Nothing yet.", "muted"), (" v", "key"), (" asks it to speak.", "muted")]]
    text = clean(scene.spoke.text).strip("\n")
    lines = wrap(text, width)
    if len(lines) > height:
        lines = wrap(text.replace("\n", " ↵ "), width)
    if len(lines) > height > 0:
        lines = [*lines[: height - 1], lines[height - 1][: max(0, width - 1)] + "…"]
    return [[(line, "")] for line in lines]
