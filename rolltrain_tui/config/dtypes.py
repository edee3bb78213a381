"""`device.dtype: auto` is settled once for a run: afterwards its campaign names the dtype."""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # modes are listed without loading the library of campaign files
    from rolltrain_tui.config.schema import CampaignConfig

Config = TypeVar("Config", bound="CampaignConfig")


def left_open(config: "CampaignConfig") -> bool:
    """Whether the campaign leaves the choice to the machine. A mode may have no such section."""
    return getattr(getattr(config, "device", None), "dtype", None) == "auto"


def in_its_dtype(config: Config, dtype: str) -> Config:
    """`auto` becomes the dtype that the run has trained in: it is chosen once, and another machine does not choose again.

    `dtype`: as the learner or the save tells it; "" where it does not, and then nothing is settled.
    """
    if not dtype or not left_open(config):
        return config
    return config.model_copy(update={"device": config.device.model_copy(update={"dtype": dtype})})  # type: ignore[attr-defined]
