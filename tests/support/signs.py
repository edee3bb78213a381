"""Healthy values of a mode's signals made sick, and the monster that such values bring."""

from collections.abc import Iterable, Mapping

from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.health.signals import Signal
from rolltrain_tui.rules.monsters.due_monsters import DueMonsters
from rolltrain_tui.rules.monsters.monster import Symptom

BEYOND = 1e-4


def who_comes(values: Mapping[str, float], examinations: int) -> str:
    """The monster that is due after so many examinations with these values; "" where none is."""
    monitor, due = SignalMonitor(), DueMonsters()
    for turn in range(examinations):
        monitor.examined(turn, values)
        due.hear(monitor, "examination")
    found = due.due(examinations, None, scouting=False)
    return found.monster.name if found is not None else ""


def sick(symptom: Symptom, signals: Iterable[Signal], healthy: Mapping[str, float]) -> dict[str, float]:
    """Healthy values, but for those of the symptom, which are a little beyond their bounds."""
    rows = {signal.name: signal for signal in signals}
    bounds = {name: rows[name].high if side == "high" else rows[name].low for name, side in symptom.signs}
    return {**healthy, **{name: (bounds[name] or 0.0) + (BEYOND if side == "high" else -BEYOND) for name, side in symptom.signs}}
