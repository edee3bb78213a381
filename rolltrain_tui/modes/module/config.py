"""A campaign whose training is a program of the player's own: the table's part of a campaign file, and a record of what is trained.

No such file is read to build anything: model, optimiser and data come from the program. It is kept beside the run, for people.
"""

from typing import Annotated, Literal

from pydantic import Field

from rolltrain_tui.config.schema import CampaignConfig, Section
from rolltrain_tui.protocol.objective import Objective


class TrainedConfig(Section):
    """What the program brought along."""

    model: str
    """The class of the model."""
    optimizer: str
    """The class of the optimiser."""
    scheduler: str | None
    """The class of the learning-rate schedule; null: none."""
    clip: Annotated[float, Field(gt=0)] | None
    """Gradient-norm threshold; null: no clipping."""
    dtype: Literal["float32", "bfloat16"]
    """bfloat16: matrix products in bf16 (autocast)."""
    accumulation: Annotated[int, Field(ge=1)]
    """Micro-batches per turn; their mean gradient makes one optimiser step."""
    epoch: Annotated[int, Field(ge=1)]
    """Turns of an epoch."""
    scheduler_every: Literal["epoch", "turn"]
    """When the schedule takes a step."""


class ModuleConfig(CampaignConfig):
    """One adventure on a model of the player's own."""

    kind: Literal["module"]
    """module: a model of the player's own."""
    trained: TrainedConfig

    @property
    def objective(self) -> Objective:
        """The program's own loss, in whatever unit it has."""
        return Objective(unit="")

    @property
    def micro_batches(self) -> int:
        return self.trained.accumulation

    @property
    def down_scale(self) -> float:
        """Without dice a hero who is down does not slow the training."""
        return 1.0 if self.dice.rulebook == "off" else super().down_scale
