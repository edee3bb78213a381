"""The state that screens draw: a pure fold of the run's events, without clock, terminal or torch."""

from rolltrain_tui.story.scene.scene import Scene

__all__ = ["Scene"]
