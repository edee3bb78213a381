"""Screens that close with an answer."""

from typing import Any, ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

from rolltrain_tui.tui.screens.kinds.while_open import while_open

T = TypeVar("T")


class AnswersOnce:
    """For a screen: keys typed fast reach it after it has closed. Textual would then close the one below it, down to none.

    It is no Screen itself: of several, Textual takes styles from the first alone.
    """

    is_active: bool

    def dismiss(self, result: Any = None) -> AwaitComplete:
        if not self.is_active:
            return AwaitComplete()
        closed: AwaitComplete = super().dismiss(result)  # type: ignore[misc]
        return closed


class Dialog(AnswersOnce, ModalScreen[T]):
    """Over another screen, which stays in sight."""

    BY_ITSELF: ClassVar[bool] = False
    """It opens without a key. One that was asked for takes earlier notices away, which would lie over its buttons."""

    @while_open
    def on_mount(self) -> None:
        if not self.BY_ITSELF:
            self.app.clear_notifications()
