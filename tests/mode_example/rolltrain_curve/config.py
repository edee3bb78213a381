"""What a campaign file says about fitting a curve."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from rolltrain_tui.plugins import CampaignConfig, Objective, OptimizerConfig, ScheduleConfig, Section


class DataConfig(Section):
    """The points."""

    points: Annotated[int, Field(ge=2, le=1_000_000)]
    """Points to train on; as many again are kept for validation."""
    noise: Annotated[float, Field(ge=0, le=10)]
    """Standard deviation of the noise on y."""


class ModelConfig(Section):
    """The network."""

    width: Annotated[int, Field(ge=1, le=4096)]
    """Units of each hidden layer."""
    depth: Annotated[int, Field(ge=1, le=32)]
    """Hidden layers."""


class BatchConfig(Section):
    """How many points one turn reads."""

    points: Annotated[int, Field(ge=1)]
    """Per micro-batch."""
    accumulation: Annotated[int, Field(ge=1, le=4096)]
    """Micro-batches per turn; their mean gradient makes one optimiser step."""


class CurveConfig(CampaignConfig):
    """One adventure in which a network learns a curve."""

    kind: Literal["curve"]
    """What is trained; curve: a network on points of a curve."""
    data: DataConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    batch: BatchConfig

    @property
    def objective(self) -> Objective:
        return Objective(name="R²", unit="", better="higher", step=0.1, digits=3, chance=0.0, limit=1.0, of_loss=False)

    @property
    def micro_batches(self) -> int:
        return self.batch.accumulation

    def shortened(self, turns: int) -> Mapping[str, Any]:
        """The warm-up keeps its share of the turns."""
        warmup = self.schedule.warmup_turns
        return {"schedule.warmup_turns": turns * warmup // self.turns} if warmup >= turns else {}

    def card(self) -> Mapping[str, str]:
        return {
            "Model": f"{self.model.depth} hidden layers, {self.model.width} wide",
            "Data": f"{self.data.points} points, noise {self.data.noise:g}",
        }

    @property
    def size(self) -> str:
        width, depth = self.model.width, self.model.depth
        return f"{3 * width + 1 + (depth - 1) * (width + 1) * width:,} weights"


def template() -> str:
    """A complete campaign, with comments."""
    return Path(__file__).with_name("curve.yaml").read_text("utf-8")
