"""What replays and followed runs share: the keys that look around, where nothing can be asked of the run."""

from typing import TYPE_CHECKING, cast

from textual.binding import Binding

from rolltrain_tui.protocol.events import Event, ItemFound
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.threads.messages import Left, Message

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.runs.follow import Followed
    from rolltrain_tui.tui.expedition.reel import ReplaySource

DIAGNOSE = Binding("d", "diagnose", "Diagnose", tooltip="Every signal and every layer at the last examination")


class OnlookerScreen(ExpeditionScreen, inherit_bindings=False):
    """The expedition's screen for a run that somebody else plays, or has played."""

    commands = False

    @property
    def campaign(self) -> "CampaignConfig | None":
        return cast("ReplaySource | Followed", self.bridge.run).campaign

    def take_leave(self) -> None:
        self.leaving = True

    def action_diagnose(self) -> None:
        self.app.push_screen(DiagnosisScreen(self.scene, self.campaign))

    def _receive(self, message: Message) -> None:
        if not isinstance(message, Left):  # it comes because the onlooker leaves, or after a failure that was told
            super()._receive(message)

    def _react(self, event: Event) -> None:
        if not isinstance(event, ItemFound):  # the bag cannot be opened here
            super()._react(event)
