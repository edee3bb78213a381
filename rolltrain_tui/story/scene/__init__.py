"""What a screen shows of a run, as a pure fold of events: no clock, no terminal, no torch. Fronts of every kind read it."""

from rolltrain_tui.story.scene.scene import Scene

__all__ = ["Scene"]
