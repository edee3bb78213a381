"""The events at which the game pauses by itself: the rules of `pace.pause_on`."""

from collections.abc import Collection

from rolltrain_tui.protocol.events import DiceRolled, Event, HeroFell, LevelGained, MonsterAppeared, Rested, StepTaken


def pause_reason(event: Event, pause_on: Collection[str]) -> str | None:
    """The rule of `pause_on` that this event meets."""
    match event:
        case MonsterAppeared():
            rule = "encounter"
        case DiceRolled(outcome="fumble" | "crit"):
            rule = event.outcome
        case LevelGained():
            rule = "level"
        case Rested(kind="long"):
            rule = "camp"
        case HeroFell():
            rule = "fallen"
        case StepTaken(finite=False):
            rule = "nan"
        case _:
            return None
    return rule if rule in pause_on else None
