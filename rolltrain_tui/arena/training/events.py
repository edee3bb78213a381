"""What happens in the training of one agent, as plain values for screens, pipes and tests."""

from dataclasses import dataclass

from rolltrain_tui.arena.agents.agent_file import Champion


@dataclass(frozen=True, slots=True)
class Progressed:
    """Some steps were taken."""

    step: int
    """Steps of the agent in all."""
    done: float
    """Part of this training that is done, 0 to 1."""
    loss: float
    """Mean over the steps since the last such event, in nats per character."""
    grad_norm: float
    """Mean over the same steps."""


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A value of the recipe was changed. It acts from the step after `step`."""

    agent: str
    name: str
    before: str
    after: str
    step: int


@dataclass(frozen=True, slots=True)
class SettingRefused:
    reason: str


@dataclass(frozen=True, slots=True)
class Trained:
    """The training is over. The reader of this event must write the agent to disk."""

    champion: Champion
    stopped: bool
    """The player stopped it before all steps were taken."""


TrainingEvent = Progressed | SettingChanged | SettingRefused | Trained
