"""What an evaluation measures: its name, its unit, and which way is better."""

from dataclasses import dataclass
from math import isfinite, isnan
from typing import Literal

from rolltrain_tui.base.grammar import capital, decimals, minus

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One number that tells how good the trained model is, measured on data it does not train on."""

    name: str = "validation loss"
    """As it stands inside a sentence."""
    unit: str = "nats per token"
    """Behind the number, where there is room; "" for a plain number."""
    better: Better = "lower"
    step: float = 1.0
    """The improvement that is worth 1000 XP. Wounds, predictions and tolerances are counted in it too."""
    digits: int = 3
    """Decimals that are worth showing."""
    chance: float | None = None
    """The value of a model that has learned nothing; None when that is not known."""
    limit: float | None = None
    """The value that no model can beat; None when that is not known."""

    of_loss: bool = True
    """It is the training loss, measured on other data: both may stand on one axis."""

    surrogate: bool = False
    """The training loss is only a means, as PPO's is, or a Q-learner's against moving targets: its fall or rise is no sign of health."""

    par: str = "plain training"
    """What the ghost is, whose line a run is held against, as it stands inside a sentence."""

    @property
    def short_par(self) -> str:
        """What the ghost is, in a word or two: "plain", "Zeillinger"; "the bar" where that would be long."""
        return "plain" if self.par == "plain training" else self.par if " " not in self.par else "the bar"

    @property
    def label(self) -> str:
        """The name in front of its number: "validation" for a loss, which stands beside the training loss."""
        return "validation" if self.of_loss else self.name

    @property
    def title(self) -> str:
        """The name as it begins a line."""
        return capital(self.name)

    @property
    def short_label(self) -> str:
        """The label where there is hardly room: "val"."""
        return "val" if self.of_loss else self.name

    @property
    def limit_name(self) -> str:
        return "floor" if self.better == "lower" else "ceiling"

    @property
    def short_unit(self) -> str:
        """The unit's first word, for narrow places: "nats"."""
        return self.unit.partition(" ")[0]

    @property
    def unit_behind(self) -> str:
        """What follows a number: " nats", or "" for a plain one."""
        return f" {self.short_unit}" if self.unit else ""

    def gain(self, before: float, after: float) -> float:
        """How many steps better `after` is than `before`; negative where it is worse."""
        return (before - after if self.better == "lower" else after - before) / self.step

    def improves(self, value: float, on: float | None) -> bool:
        """Whether `value` is better than `on`; anything is better than nothing, and a number than none."""
        return on is None or (isnan(on) and not isnan(value)) or (value < on if self.better == "lower" else value > on)

    def reaches(self, value: float, bar: float) -> bool:
        """Whether `value` is at least as good as `bar`. A value that is not a number reaches nothing."""
        return value <= bar if self.better == "lower" else value >= bar

    def worse(self, value: float, than: float) -> float:
        """How much worse `value` is than another one, in the objective's own unit; negative where it is better."""
        return value - than if self.better == "lower" else than - value

    def worse_by(self, value: float, amount: float) -> float:
        """The value that is `amount`, in the objective's own unit, worse than `value`."""
        return value + amount if self.better == "lower" else value - amount

    @property
    def worst(self) -> float:
        """Worse than every finite value."""
        return float("inf") if self.better == "lower" else float("-inf")

    def text(self, value: float, digits: int | None = None, *, unit: bool = True, sign: bool = False) -> str:
        """The value in words: "1.234 nats"; "not finite" where it is no number."""
        if not isfinite(value):
            return "not finite"
        number = minus(decimals(value, self.digits if digits is None else digits, "+" if sign else ""))
        return f"{number}{self.unit_behind}" if unit else number


VALIDATION_LOSS = Objective()
