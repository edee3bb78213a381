"""The sections about plain training, of which each mode takes those it has: the optimiser, its schedule, the device.

Each field gives its bounds and its meaning.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, ValidationInfo

from rolltrain_tui.config.section import Section, wrong_field


class OptimizerConfig(Section):
    """The optimiser."""

    name: Literal["adamw", "sgd"]
    """adamw: AdamW; sgd: stochastic gradient descent with momentum."""
    learning_rate: Annotated[float, Field(gt=0)]
    """The peak, reached after the warm-up."""
    beta1: Annotated[float, Field(ge=0, lt=1)]
    """AdamW's first-moment decay; SGD's momentum."""
    beta2: Annotated[float, Field(ge=0, lt=1)]
    """AdamW's second-moment decay; SGD does not use it."""
    eps: Annotated[float, Field(gt=0)]
    """AdamW's denominator floor; SGD does not use it."""
    weight_decay: Annotated[float, Field(ge=0)]
    """Decoupled for AdamW, on matrices only."""
    clip: Annotated[float, Field(gt=0)] | None
    """Gradient-norm threshold; null: no clipping."""


class ScheduleConfig(Section):
    """The learning-rate schedule."""

    warmup_turns: Annotated[int, Field(ge=0)]
    """Learning rate rises linearly over these turns."""
    decay: Literal["cosine", "constant"]
    """After the warm-up: half a cosine down, or constant."""
    final_fraction: Annotated[float, Field(ge=0, le=1)]
    """Where the cosine ends at the last turn, as a fraction of learning_rate."""

    def shortened(self, turns: int, usual: int) -> Mapping[str, Any]:
        """For fewer turns than usual: the warm-up keeps its share of them. Values by dotted path."""
        return {"schedule.warmup_turns": turns * self.warmup_turns // usual} if self.warmup_turns >= turns else {}


class DeviceConfig(Section):
    """Where and how the numbers are computed."""

    device: Literal["auto", "cpu", "cuda", "mps"]
    """auto: the fastest this computer has."""
    dtype: Literal["auto", "float32", "bfloat16"]
    """bfloat16: matrix products in bf16 (autocast), weights stay fp32; auto: the faster of the two, measured when a run begins."""
    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"]
    """CPU threads; auto goes by model size. Bit-exact replays need the same number."""
    compile: StrictBool
    """torch.compile: slow start (tens of seconds), faster turns."""


def uncompiled(why: str) -> Callable[[DeviceConfig], DeviceConfig]:
    """A check of the section `device`, for training that compiles nothing. `why`: such as "is not served for so small a network"."""

    def check(device: DeviceConfig) -> DeviceConfig:
        if device.compile:
            raise wrong_field(device, "compile", why, "write false")
        return device

    return check


def _warmup_ends_in_time(schedule: ScheduleConfig, info: ValidationInfo) -> ScheduleConfig:
    turns = info.data.get("turns")
    if turns is not None and schedule.warmup_turns >= turns:
        raise wrong_field(schedule, "warmup_turns", f"must be less than turns, which is {turns}", "shorten the warm-up or add turns")
    return schedule


Schedule = Annotated[ScheduleConfig, AfterValidator(_warmup_ends_in_time)]
"""The section of a campaign that has `turns`."""
