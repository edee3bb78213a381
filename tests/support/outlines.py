"""What a story is besides its numbers."""

import json
from collections.abc import Sequence
from typing import Any


def outline(story: Sequence[str]) -> list[tuple[Any, ...]]:
    """What happened when, with every roll and every order; numbers that training measures are left out."""
    events = [json.loads(line) for line in story]
    asked = ("type", "turn", "rolls", "kept", "outcome", "command", "ability", "monster", "k_requested", "verdict", "finite", "to")
    return [tuple(str(event.get(name)) for name in asked) for event in events if event["type"] != "MachineChanged"]
