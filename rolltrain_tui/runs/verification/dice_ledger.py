"""The dice of a record, cast again: they follow from the seed alone, so no machine and no training changes them."""

from collections.abc import Iterable
from typing import Any

from rolltrain_tui.protocol.events import CampaignBegan, DiceRolled, Event, SettingsChanged, StepTaken
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.runs.verification.differences import Difference


def forged_roll(dice: Any, sides: int, story: Iterable[Event]) -> Difference | None:
    """The first roll that dice in this state (`state_dict`) did not show, or a step that no roll precedes; None where all are right."""
    again = SeededDice(0)
    again.load_state_dict(dice)
    rolled = True  # a turn that was left half-way has been rolled before the story begins
    for event in story:
        if isinstance(event, CampaignBegan):
            rolled = False
        if isinstance(event, SettingsChanged):
            sides = event.die
        if isinstance(event, DiceRolled):
            rolled = True
            if (wrong := _wrong(event, again, sides)) is not None:
                return wrong
        if isinstance(event, StepTaken):
            if not rolled:
                return Difference(event.turn, "dice", "DiceRolled", "no roll", "a roll before the step")
            rolled = False
    return None


def _wrong(event: DiceRolled, dice: SeededDice, sides: int) -> Difference | None:
    count = len(event.naturals)
    if event.die != sides or count not in (1, 2):
        return Difference(event.turn, "dice", "DiceRolled.die", f"{count} d{event.die}", f"one or two d{sides}")
    shown = tuple(dice.roll(sides) for _ in event.naturals)
    if shown != event.naturals:
        return Difference(event.turn, "dice", "DiceRolled.naturals", str(event.naturals), str(shown))
    if not min(shown) <= event.natural <= sides or event.total != event.natural + event.modifier:
        told = f"{event.natural}, {event.total}"
        return Difference(event.turn, "dice", "DiceRolled.natural", told, f"one of {shown}, and the modifier {event.modifier}")
    return None
