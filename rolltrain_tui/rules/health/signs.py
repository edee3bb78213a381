"""What the signals of a run say about it by themselves. They suspect; scouts measure."""

from math import nan
from typing import Literal

from rolltrain_tui.protocol.events import Examined
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective

State = Literal["slow", "hot", "overfit", "well"]
"""The state of a run, as its signals alone tell it."""
TRAVELLING = -0.005
"""Steps of the objective. A temperature below this shows a run on its way; nearer to zero it may be noise."""


def temperature(examined: Examined, objective: Objective) -> float:
    """The temperature in steps of the objective; NaN where it is not known, which no comparison finds above or below a bound."""
    return next((reading.value / objective.step for reading in examined.readings if reading.signal == "temperature"), nan)


def signs_of(examined: Examined, objective: Objective = VALIDATION_LOSS) -> State:
    """The state of the run by its signals. Heat is looked for first, since a hot run may overfit or be slow because of it.

    A gradient that leaps and a few dead units are part of learning while the run is on its way, not heat.
    """
    readings = {reading.signal: reading for reading in examined.readings}

    def above(*signals: str) -> bool:
        return any(beyond(examined, name, "high") for name in signals)

    def below(signal: str) -> bool:
        return beyond(examined, signal, "low")

    def known(signal: str) -> bool:
        return signal in readings and readings[signal].condition != "unknown"

    on_its_way = temperature(examined, objective) < TRAVELLING
    if above("non_finite", "loss_rise", "temperature", "update_ratio", "weight_growth"):
        return "hot"
    if above("gradient_spike", "dead_units") and not on_its_way:
        return "hot"
    if above("gap") and above("val_rise"):
        return "overfit"
    if on_its_way or below("update_ratio"):
        return "slow"
    # Flat with a temperature about zero is a run that has arrived, or bounces a little: a push would not help it.
    return "slow" if below("projected_gain") and not known("temperature") else "well"


def beyond(examined: Examined, name: str, side: Literal["low", "high"]) -> bool:
    """The signal is beyond its bound on this side. What is not known is beyond nothing."""
    for reading in examined.readings:
        if reading.signal == name:
            bound = reading.low if side == "low" else reading.high
            return bound is not None and (reading.value < bound if side == "low" else reading.value > bound)
    return False
