"""What the panels' tests share: the characters of drawn lines, and a scene after some turns."""

from pathlib import Path

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.panel import Line
from support.fakes import FakeExpedition, fake_config


def text_of(lines: list[Line] | Line) -> str:
    """The characters, without their tones."""
    rows = [lines] if lines and isinstance(lines[0], tuple) else lines
    return "\n".join("".join(span[0] for span in line) for line in rows)  # type: ignore[union-attr]


def scene_after(turn: int, **how: object) -> Scene:
    """The fake expedition's scene after so many turns; Rage was asked for in turn 1."""
    inbox = Inbox([UseAbility("rage")])
    scene = Scene()
    for event in FakeExpedition(Path("nowhere"), fake_config(), **how).play(inbox):  # type: ignore[arg-type]
        scene.apply(event)
        if isinstance(event, StepTaken) and event.turn == turn:
            break
    return scene
