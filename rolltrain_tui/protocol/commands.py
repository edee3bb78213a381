"""What a player may ask of a run: frozen, imperative values. `rolltrain_tui.protocol.inbox` brings them to the campaign."""

from dataclasses import dataclass
from typing import Literal

Guess = Literal["lower", "level", "higher"]


@dataclass(frozen=True, slots=True)
class UseAbility:
    """Use a class ability's live form at the next turn (or end a held one: option "dismiss")."""

    ability: str
    option: str = ""


@dataclass(frozen=True, slots=True)
class SetAuto:
    """Let an ability's passive form trigger by itself (and spend its charges), or not."""

    ability: str
    on: bool


@dataclass(frozen=True, slots=True)
class TakeShortRest:
    """Rest before the next turn: some charges back, hit dice spent to heal."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Ask the model for a sample of its text now."""


@dataclass(frozen=True, slots=True)
class SendScouts:
    """Send scouts after the next turn, to measure which step size is best now."""


@dataclass(frozen=True, slots=True)
class SaveGame:
    """Write a save at the next turn boundary. An empty name means the usual slot."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Predict:
    """Predict the next evaluation: lower or higher by more than 3/4 of its last change (and than 1 %), or level."""

    guess: Guess


@dataclass(frozen=True, slots=True)
class SpendInspiration:
    """Give up inspiration for advantage on the next turn's roll."""


@dataclass(frozen=True, slots=True)
class UseItem:
    """Use up a thing from the bag."""

    item: str


@dataclass(frozen=True, slots=True)
class RaiseStat:
    """Raise an ability score by 2, to 20 at most, with a choice that a level brought."""

    stat: str


@dataclass(frozen=True, slots=True)
class TurnDial:
    """Change how this kind of training learns, from the next turn on. `CampaignConfig.dials` has what can be turned, and to what."""

    dial: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class ReportVote:
    """Tell in the story how a room has voted. It changes nothing; what the room chose follows as an order of its own."""

    question: str
    votes: tuple[tuple[str, int], ...]
    """Each option with its votes."""
    winner: str


Command = (
    UseAbility
    | SetAuto
    | TakeShortRest
    | Speak
    | SendScouts
    | SaveGame
    | Predict
    | SpendInspiration
    | UseItem
    | RaiseStat
    | TurnDial
    | ReportVote
)
