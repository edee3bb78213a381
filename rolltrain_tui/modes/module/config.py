"""A campaign whose training is a program of the player's own: the table's part of a campaign file, and a record of what is trained.

No such file is read to build anything: model, optimiser and data come from the program. It is kept beside the run, for people.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError

from rolltrain_tui.config.campaign_errors import Guide, faults
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.section import Section
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

    @classmethod
    def of(cls, table: Mapping[str, Any], trained: Mapping[str, Any]) -> Self:
        """The campaign, from the game's part of it and what is trained. ValueError, in words, for wrong values of a program."""
        try:
            return cls.model_validate({**table, "kind": "module", "trained": trained})
        except ValidationError as error:
            found = faults(error, Guide(cls.model_json_schema), lambda _: None)
            raise ValueError("; ".join(f"{'.'.join(map(str, fault.where))} {fault.text}" for fault in found)) from None

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
